//go:build e2e

// Package e2e drives the built binary against a real API server with two Kaito workspaces, by
// port-forward and through the service proxy, with the interface and without.
//
// It is built with the tag e2e only and uses the cluster that KUBECONFIG names, which must be said
// aloud: a default kubeconfig is never used, because the test puts load on what it finds.
package e2e

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The workspaces under load; BENCHTOP_E2E_TARGETS names others, separated by a space.
var targets = strings.Fields("a10=default/phi4-mini-a10 a100=default/phi4-mini-a100")

var binary string

// untrusted is the exit code of a sweep whose every step is invalid, as on a machine that is busy
// with something else. The numbers are there all the same.
const untrusted = 98

func TestMain(m *testing.M) {
	if os.Getenv("KUBECONFIG") == "" {
		fmt.Fprintln(os.Stderr, "end to end: set KUBECONFIG to a cluster made for tests")
		os.Exit(2)
	}
	if t := os.Getenv("BENCHTOP_E2E_TARGETS"); t != "" {
		targets = strings.Fields(t)
	}
	os.Exit(withBinary(m))
}

// withBinary builds benchtop, unless BENCHTOP_BIN names one, and runs the tests.
func withBinary(m *testing.M) int {
	if binary = os.Getenv("BENCHTOP_BIN"); binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "benchtop-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "benchtop")
	if out, err := exec.Command("go", "build", "-o", binary, "benchtop/cmd/benchtop").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// outcome is what one command did.
type outcome struct {
	out, err string
	code     int
}

// benchtop runs the binary without a terminal. Nothing of the user's own environment reaches it but
// KUBECONFIG.
func benchtop(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = environment(t)
	var out, errw bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errw
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("benchtop %s: %v", strings.Join(args, " "), err)
	}
	return outcome{out.String(), errw.String(), cmd.ProcessState.ExitCode()}
}

func environment(t *testing.T) []string {
	return []string{"KUBECONFIG=" + os.Getenv("KUBECONFIG"), "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"BENCHTOP_RUNS=" + t.TempDir(), "TERM=xterm-256color", "LANG=C.UTF-8"}
}

// sweepArgs is a short sweep over both workspaces.
func sweepArgs(via, dir string) []string {
	return append([]string{"run"}, append(targets, "--via", via, "--rates", "2,6", "--duration", "4s", "--warmup", "1s",
		"--output-tokens", "40", "--out", dir, "--yes")...)
}

func TestList(t *testing.T) {
	got := benchtop(t, "list", "-A", "-o", "json")
	if got.code != 0 {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(got.out), &list); err != nil {
		t.Fatalf("%v in %s", err, got.out)
	}
	byName := map[string]map[string]any{}
	for _, ws := range list {
		byName[fmt.Sprint(ws["namespace"], "/", ws["name"])] = ws
	}
	for _, target := range targets {
		_, name, _ := strings.Cut(target, "=")
		ws := byName[name]
		if ws == nil {
			t.Fatalf("%s is not listed in %v", name, byName)
		}
		if ws["benchmarkable"] != true || ws["gpu"] == nil || ws["instance_type"] == nil {
			t.Errorf("%s: %v", name, ws)
		}
	}
}

func TestUnknownWorkspaceNamesTheNearest(t *testing.T) {
	_, name, _ := strings.Cut(targets[0], "=")
	got := benchtop(t, "run", name+"x", "--no-tui", "--out", filepath.Join(t.TempDir(), "run"))
	if got.code == 0 || !strings.Contains(got.err, filepath.Base(name)) {
		t.Errorf("exit code %d, stderr %q: want the nearest name", got.code, got.err)
	}
}

func TestSweepWithoutInterface(t *testing.T) {
	for _, via := range []string{"port-forward", "proxy"} {
		t.Run(via, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			got := benchtop(t, append(sweepArgs(via, dir), "--no-tui")...)
			if got.code != 0 && got.code != untrusted {
				t.Fatalf("exit code %d: %s", got.code, got.err)
			}
			if csv := filepath.Join(dir, "steps.csv"); !strings.Contains(got.out, csv) {
				t.Errorf("stdout does not name %s:\n%s", csv, got.out)
			}
			checkSteps(t, dir, via)
			checkPrompts(t, dir)
		})
	}
}

// checkPrompts holds every reply to the prompt length that was asked for, by the server's count.
func checkPrompts(t *testing.T, dir string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "requests.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		var r struct {
			ID           string `json:"id"`
			PromptTokens int    `json:"prompt_tokens"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if r.PromptTokens != 200 {
			t.Errorf("%s: the server counted %d prompt tokens, want 200", r.ID, r.PromptTokens)
		}
	}
}

// checkSteps reads steps.csv: every step of both targets is there, nothing failed, the prompts have
// the tokens asked for and the offered rate is the nominal one.
func checkSteps(t *testing.T, dir, via string) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "steps.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 2*len(targets); len(rows) != want {
		t.Fatalf("steps.csv has %d rows, want %d: %v", len(rows), want, rows)
	}
	for _, cells := range rows[1:] {
		col := map[string]string{}
		for i, name := range rows[0] {
			col[name] = cells[i]
		}
		num := func(name string) float64 {
			v, err := strconv.ParseFloat(col[name], 64)
			if err != nil {
				t.Errorf("%s of %s: %v", name, col["target"], err)
			}
			return v
		}
		if col["via"] != via || col["instance_type"] == "" || col["gpu"] == "" {
			t.Errorf("via %q, instance type %q, gpu %q", col["via"], col["instance_type"], col["gpu"])
		}
		if num("ok") != num("sent") || num("sent") == 0 {
			t.Errorf("%s at %s req/s: %s of %s ok; %s", col["target"], col["rate_nominal_rps"], col["ok"], col["sent"], col["notes"])
		}
		if d := num("rate_offered_rps")/num("rate_nominal_rps") - 1; d < -0.005 || d > 0.005 {
			t.Errorf("offered %s for nominal %s", col["rate_offered_rps"], col["rate_nominal_rps"])
		}
		if num("ttft_p50_ms") <= 0 || num("itl_p50_ms") <= 0 || num("output_tokens_per_s") <= 0 {
			t.Errorf("%s at %s req/s lacks numbers: %v", col["target"], col["rate_nominal_rps"], col)
		}
	}
}
