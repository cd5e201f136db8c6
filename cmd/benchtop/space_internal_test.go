package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"benchtop/engine/record"
)

func TestAPlaceIsTriedBeforeTheRun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, out, runs, want string }{
		{"a new folder, deep down", filepath.Join(dir, "a", "b"), dir, ""},
		{"an empty one", t.TempDir(), dir, ""},
		{"the saved runs", "", filepath.Join(dir, "runs"), ""},
		{"below a file", filepath.Join(file, "x"), dir, "--out: "},
		{"one with something in it", full, dir, `is not empty (it holds "x")`},
		{"saved runs below a file", "", filepath.Join(file, "x"), "$BENCHTOP_RUNS: the run could not be written"},
		{"saved runs at home, below a file", "", "", "the folder of saved runs: the run could not be written"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("BENCHTOP_RUNS", tt.runs)
			t.Setenv("XDG_DATA_HOME", file)
			b := &backend{run: runOptions{out: tt.out}}
			err := b.checkPlace(sweep{})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			for _, left := range []string{filepath.Join(dir, "a"), filepath.Join(dir, "runs")} {
				if _, err := os.Stat(left); err == nil {
					t.Errorf("%s was left behind", left)
				}
			}
		})
	}
}

func TestASweepTooLargeForTheDiskIsSaid(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("free space is not known here")
	}
	b := &backend{run: runOptions{out: filepath.Join(t.TempDir(), "not", "there")}}
	p := record.DefaultPlan()
	p.Rates = []float64{0.001}
	p.Requests = 1
	if line := b.spaceWarning(p, 1); line != "" {
		t.Errorf("one request is too much: %s", line)
	}
	p.Rates, p.Requests, p.Workload.OutputTokens = []float64{1000}, 9_000_000, 10_000_000 // 540 TB
	if line := b.spaceWarning(p, 1); !strings.Contains(line, "the run may need 540") || !strings.Contains(line, "--out") {
		t.Errorf("warning %q", line)
	}
}
