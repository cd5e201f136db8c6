package main

import (
	"os"
	"path/filepath"
	"testing"

	"benchtop/engine/sim"
)

func TestRunAppendsToTheStepSummary(t *testing.T) {
	url := serve(t, sim.Config{})
	file := filepath.Join(t.TempDir(), "summary.md")
	if err := os.WriteFile(file, []byte("# An earlier step\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(summaryEnv, file)
	got := invoke(t, quick(url, filepath.Join(t.TempDir(), "run"), "--gate", "capacity>=1000")...)
	if got.code != exitGate && got.code != exitUntrusted { // a busy machine may send late
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "summary", string(b), []string{"# An earlier step\n", "# GPU benchmarks", "## Gates", "capacity&gt;=1000", "```text"})

	t.Setenv(summaryEnv, filepath.Join(file, "not a folder"))
	got = invoke(t, quick(url, filepath.Join(t.TempDir(), "run"))...)
	if got.code != exitOK && got.code != exitUntrusted {
		t.Errorf("a summary that cannot be written changed the exit code to %d: %s", got.code, got.err)
	}
	wantAll(t, "stderr", got.err, []string{"$GITHUB_STEP_SUMMARY: open "})
}
