//go:build !windows

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/sim"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// program prepares the real program in a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	// With CI set nothing asks the terminal anything, and there would be nothing to see.
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CI=") })
	cmd.Env = append(env, asProgram+"=1", "TERM=xterm-256color", "BENCHTOP_RUNS="+t.TempDir())
	return cmd
}

// A tty is a program on a pseudo-terminal and all it has written. The terminal answers no query.
type tty struct {
	t    *testing.T
	cmd  *exec.Cmd
	ptmx *os.File
	all  bytes.Buffer
	data chan []byte // closed when the program has closed its side
}

func onTerminal(t *testing.T, cmd *exec.Cmd) *tty {
	t.Helper()
	ptmx, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	p := &tty{t: t, cmd: cmd, ptmx: ptmx, data: make(chan []byte, 64)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(p.data)
		for {
			buf := make([]byte, 32<<10)
			n, err := ptmx.Read(buf)
			if n > 0 {
				p.data <- buf[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // most have ended by themselves
		_ = ptmx.Close()
		for range p.data {
		}
		<-done
	})
	return p
}

// until reads until the output holds text; false if the program ends first.
func (p *tty) until(text string) bool {
	p.t.Helper()
	for !strings.Contains(p.all.String(), text) {
		b, ok := <-p.data
		if !ok {
			return false
		}
		p.all.Write(b)
	}
	return true
}

func (p *tty) mustSee(text string) {
	p.t.Helper()
	if !p.until(text) {
		p.t.Fatalf("the program ended without %q:\n%q", text, p.all.String())
	}
}

// end reads to the end and returns the exit code.
func (p *tty) end() int {
	p.t.Helper()
	for b := range p.data {
		p.all.Write(b)
	}
	_ = p.cmd.Wait() // the state says how it ended
	return p.cmd.ProcessState.ExitCode()
}

// TestVersionAsksTheTerminalNothing guards against Bubble Tea's query at start, which waits 5 s for
// an answer. The limit leaves room for a busy machine.
func TestVersionAsksTheTerminalNothing(t *testing.T) {
	start := time.Now()
	p := onTerminal(t, program(t, "version"))
	if code := p.end(); code != 0 {
		t.Fatalf("exit code %d: %s", code, p.all.String())
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("took %s", took)
	}
	if strings.ContainsRune(p.all.String(), '\x1b') {
		t.Errorf("wrote an escape sequence: %q", p.all.String())
	}
}

// modes are the terminal's settings that a shell needs back.
func (p *tty) modes() *term.State {
	p.t.Helper()
	m, err := term.GetState(int(p.ptmx.Fd()))
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

func TestDemoOpensAndGivesTheTerminalBack(t *testing.T) {
	start := time.Now()
	p := onTerminal(t, program(t, "--demo"))
	before := p.modes()
	p.mustSee("phi4-mini-a100")
	if took := time.Since(start); took > 5*time.Second { // 0.5 s on an idle machine
		t.Errorf("the first screen took %s", took)
	}
	if _, err := p.ptmx.WriteString("q"); err != nil {
		t.Fatal(err)
	}
	p.mustSee("\x1b[?1049l") // leaves the alternate screen
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	after := p.modes()
	if !reflect.DeepEqual(before, after) {
		t.Errorf("terminal modes before %+v, after %+v", before, after)
	}
}

// longRun is a sweep that does not end before the test ends it.
func longRun(url, dir string, more ...string) []string {
	return append(quick(url, dir, more...), "--duration", "5m", "--rates", "40")
}

// waitFor polls what a process writes: there is nothing else to wait on.
func waitFor(t *testing.T, path, what string, there func([]byte) bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if b, err := os.ReadFile(path); err == nil && there(b) {
			return
		}
	}
	t.Fatalf("%s holds no %s", path, what)
}

func waitForText(t *testing.T, path, text string) {
	t.Helper()
	waitFor(t, path, text, func(b []byte) bool { return bytes.Contains(b, []byte(text)) })
}

// waitForLines waits until a file of a run has n whole lines.
func waitForLines(t *testing.T, dir, file string, n int) {
	t.Helper()
	waitFor(t, filepath.Join(dir, file), "more lines", func(b []byte) bool { return bytes.Count(b, []byte("\n")) >= n })
}

func TestKilledRunKeepsItsRequests(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	// 10 s of the second step are planned; it is cut as soon as some of its requests are saved.
	cmd := program(t, "run", "t="+serve(t, sim.Config{}), "--rates", "100,40", "--requests", "400", "--warmup", "0s",
		"--prompt-tokens", "20", "--output-tokens", "5", "--no-tui", "--out", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitForLines(t, dir, "steps.csv", 2) // header and first step
	waitForLines(t, dir, "requests.jsonl", 440)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	got := invoke(t, "show", dir, "-o", "json")
	if got.code != 0 {
		t.Fatalf("show: exit code %d: %s", got.code, got.err)
	}
	var run record.Run
	if err := json.Unmarshal([]byte(got.out), &run); err != nil {
		t.Fatal(err)
	}
	if len(run.Steps) != 2 || run.State != record.StateInterrupted || run.Reason != "killed" {
		t.Fatalf("%d steps, state %q (%s); want the finished and the cut step", len(run.Steps), run.State, run.Reason)
	}
	if whole := run.Steps[0]; whole.OK != 400 || whole.Partial {
		t.Errorf("the finished step: %d ok, partial %v", whole.OK, whole.Partial)
	}
	if cut := run.Steps[1]; cut.OK < 40 || !cut.Partial || cut.Verdict.Valid {
		t.Errorf("the cut step: %d ok, partial %v, valid %v", cut.OK, cut.Partial, cut.Verdict.Valid)
	}
	wantAll(t, "show", invoke(t, "show", dir).out, []string{"interrupted (killed)", "incomplete (killed)"})
}

func TestSignalsStopAndSave(t *testing.T) {
	tests := []struct {
		name    string
		signals []syscall.Signal
		faults  []sim.Fault // so that something is in flight for ever
		want    string
	}{
		{name: "Ctrl-C stops, waits for replies and saves", signals: []syscall.Signal{syscall.SIGINT}, want: "waiting for the replies in flight"},
		{name: "a second Ctrl-C cuts", signals: []syscall.Signal{syscall.SIGINT, syscall.SIGINT},
			faults: []sim.Fault{{Kind: sim.FaultStall, Every: 7, After: 1}}, want: "cutting what is in flight"},
		{name: "a hang-up cuts and saves", signals: []syscall.Signal{syscall.SIGHUP},
			faults: []sim.Fault{{Kind: sim.FaultStall, Every: 7, After: 1}}, want: "cutting what is in flight"},
		{name: "a termination cuts and saves", signals: []syscall.Signal{syscall.SIGTERM}, want: "cutting what is in flight"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			cmd := program(t, append(longRun(serve(t, sim.Config{Faults: tt.faults}), dir, "--no-tui"), "--drain", "1h")...)
			told := filepath.Join(t.TempDir(), "stderr")
			stderr, err := os.Create(told)
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			cmd.Stderr = stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitForLines(t, dir, "requests.jsonl", 10)
			for i, sig := range tt.signals {
				if i > 0 {
					waitForText(t, told, "waiting for the replies")
				}
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
				t.Errorf("exit code %d, want %d", code, exitInterrupted)
			}
			text, err := os.ReadFile(told)
			if err != nil {
				t.Fatal(err)
			}
			wantAll(t, "stderr", string(text), []string{tt.want, "--resume"})
			run, err := record.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if run.State != record.StateInterrupted {
				t.Errorf("state %q", run.State)
			}
		})
	}
}
