package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"benchtop/ui/uitest"
)

// invocation is what a command line did.
type invocation struct {
	out, err string
	code     int
}

// invoke runs a command line in process, without a terminal.
func invoke(t *testing.T, args ...string) invocation {
	t.Helper()
	return invokeAs(t, "benchtop", args...)
}

func invokeAs(t *testing.T, argv0 string, args ...string) invocation {
	t.Helper()
	var out, errw bytes.Buffer
	c := &cli{in: strings.NewReader(""), out: &out, errw: &errw, env: os.Getenv, signals: make(chan os.Signal)}
	code := c.execute(context.WithoutCancel(t.Context()), append([]string{argv0}, args...))
	return invocation{out.String(), errw.String(), code}
}

// anyVerdict as a row's code takes a sweep that was made: on a busy machine none of its steps may be
// valid.
const anyVerdict = -1

// A row is one command line and what must come of it. Every text of out and err must be there;
// nothing else is looked at.
type row struct {
	name     string
	args     []string
	code     int
	out, err []string
}

func checkRows(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got := invoke(t, r.args...)
			trusted := r.code != anyVerdict || got.code == exitOK || got.code == exitUntrusted
			if (r.code != anyVerdict && got.code != r.code) || !trusted {
				t.Errorf("exit code %d, want %d", got.code, r.code)
			}
			wantAll(t, "stdout", got.out, r.out)
			wantAll(t, "stderr", got.err, r.err)
			if r.code > 0 && got.code == r.code && got.out != "" && r.out == nil {
				t.Errorf("a failed command wrote to stdout: %q", got.out)
			}
			if strings.Contains(got.err, "goroutine ") || strings.Contains(got.err, "*errors.") {
				t.Errorf("stderr shows the program's inside: %s", got.err)
			}
		})
	}
}

func wantAll(t *testing.T, where, got string, want []string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s lacks %q:\n%s", where, w, got)
		}
	}
}

func TestCommandLine(t *testing.T) {
	t.Setenv("BENCHTOP_RUNS", t.TempDir())
	checkRows(t, []row{
		{name: "version", args: []string{"version"}, out: []string{"benchtop ", "go1."}},
		{name: "version takes no argument", args: []string{"version", "x"}, code: 2, err: []string{"error: ", "benchtop version --help"}},
		{name: "unknown flag", args: []string{"version", "--colour"}, code: 2, err: []string{"unknown flag: --colour", "--help"}},
		{name: "no saved runs", args: []string{"runs"}, err: []string{"no saved runs in ", "benchtop run --demo"}},
		{name: "no saved runs as JSON", args: []string{"runs", "-o", "json"}, out: []string{"[]"}},
		{name: "unknown format", args: []string{"runs", "-o", "xml"}, code: 2, err: []string{`-o "xml" is not a format; want table, wide, json, yaml, csv or md`}},
		{name: "sim: unknown profile", args: []string{"sim", "--profile", "h100"}, code: 2, err: []string{`no simulated GPU is called "h100"`}},
		{name: "sim: unknown fault", args: []string{"sim", "--fault", "boom"}, code: 2, err: []string{`no fault is called "boom"`}},
		{name: "sim: unknown setting of a fault", args: []string{"sim", "--fault", "cut,often=1"}, code: 2, err: []string{"often"}},
		{name: "sim: setting that is no number", args: []string{"sim", "--fault", "cut,every=x"}, code: 2, err: []string{"every"}},
		{name: "sim: address in use", args: []string{"sim", "--listen", "256.0.0.1:1"}, code: 1, err: []string{`serve on "256.0.0.1:1" (--listen)`}},
	})
}

func TestKubectlPluginSaysItsName(t *testing.T) {
	for argv0, want := range map[string]string{
		"benchtop":                "benchtop version",
		"kubectl-kaito-bench":     "kubectl kaito bench version",
		"kubectl-kaito-bench.exe": "kubectl kaito bench version",
	} {
		got := invokeAs(t, argv0, "version", "--help")
		wantAll(t, argv0, got.out, []string{want})
	}
}

func TestReadAPIKey(t *testing.T) {
	env := func(name string) string { return map[string]string{"KEY": " sk-canary \n", "BAD": "a\x00b"}[name] }
	file := t.TempDir() + "/key"
	if err := os.WriteFile(file, []byte("sk-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, variable, file, want, wantErr string }{
		{name: "none"},
		{name: "from the environment", variable: "KEY", want: "sk-canary"},
		{name: "from a file", file: file, want: "sk-file"},
		{name: "both", variable: "KEY", file: file, wantErr: "exclude each other"},
		{name: "unset variable", variable: "NONE", wantErr: `"NONE" (--api-key-env) is empty`},
		{name: "control character", variable: "BAD", wantErr: "a header cannot carry"},
		{name: "no such file", file: file + "x", wantErr: "read the API key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readAPIKey(env, tt.variable, tt.file)
			if got != tt.want || (err == nil) != (tt.wantErr == "") {
				t.Fatalf("got %q, %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.wantErr) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("error %q, want one with %q and without the key", err, tt.wantErr)
			}
		})
	}
}

func TestUsageTexts(t *testing.T) {
	for _, args := range [][]string{{}, {"run"}, {"list"}, {"show"}, {"compare"}, {"report"}, {"export"}, {"import"},
		{"bundle"}, {"rbac"}, {"sim"}, {"runs"}} {
		got := invoke(t, append(args, "--help")...)
		if got.code != 0 || got.err != "" {
			t.Errorf("%v --help: exit code %d, stderr %q", args, got.code, got.err)
		}
		uitest.Golden(t, "help-"+strings.Join(append([]string{"benchtop"}, args...), "-"), got.out)
	}
}
