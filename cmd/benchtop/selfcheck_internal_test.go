//go:build !windows

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"benchtop/engine/selfcheck"
)

func TestSelfcheckRefusals(t *testing.T) {
	checkRows(t, []row{
		{name: "a row that is none", args: []string{"selfcheck", "--rows", "64,many"}, code: exitUsage, err: []string{"--rows", `row "many"`}},
		{name: "a window that is too short", args: []string{"selfcheck", "--duration", "10ms"}, code: exitUsage, err: []string{"--duration must be 1s to 10m"}},
		{name: "a format that is none", args: []string{"selfcheck", "-o", "csv"}, code: exitUsage, err: []string{"table or json"}},
		{name: "an argument", args: []string{"selfcheck", "a10"}, code: exitUsage},
		{name: "help says what the columns are", args: []string{"selfcheck", "--help"}, out: []string{"SEND LAG", "98 not even the smallest"}},
	})
}

func TestSelfcheckMeasuresThisMachine(t *testing.T) {
	t.Parallel() // it mostly waits
	tmp := t.TempDir()
	cmd := program(t, "selfcheck", "--rows", "4/s", "--duration", "1s", "-o", "json")
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitUntrusted) { // on a machine that is too busy
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var rep selfcheck.Report
	if jerr := json.Unmarshal(stdout.Bytes(), &rep); jerr != nil {
		t.Fatal(jerr)
	}
	if len(rep.Rows) != 1 || rep.Rows[0].Requests != 4 || rep.Rows[0].Gaps != 4*199 || rep.Rows[0].Failed > 0 {
		t.Errorf("rows %+v", rep.Rows)
	}
	if rep.Rows[0].Trusted != (err == nil) {
		t.Errorf("trusted %v, but it ended with %v", rep.Rows[0].Trusted, err)
	}
	wantAll(t, "stderr", stderr.String(), []string{"row 1 of 1: 4 req/s"})
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestSelfcheckEndsOnCtrlC(t *testing.T) {
	t.Parallel()
	cmd := program(t, "selfcheck", "--rows", "4/s,8/s+hog")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as on a terminal, the children get it as well
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	var said strings.Builder
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "row 1") {
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // the state says how it ended
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d: %s", code, exitInterrupted, said.String())
	}
	wantAll(t, "stderr", said.String(), []string{"interrupted"})
	if err := syscall.Kill(-cmd.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("a child is left in the process group: %v", err)
	}
}
