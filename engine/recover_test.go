package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/sim"
)

// cutOff runs a sweep and copies its directory in the middle of the second step, as a kill would
// leave it. It returns the copy and how many requests it holds.
func cutOff(t *testing.T, p engine.Plan, url string) (dir string) {
	t.Helper()
	r, err := engine.Start(t.Context(), p, []engine.Target{target("a", url)}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "killed")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { s := r.Snapshot().Targets[0]; return s.Current == 1 && s.OK > 15 })
	until(t, func() bool { return lines(t, r.Dir()) > 60 })
	for _, f := range []string{"run.json", "requests.jsonl", "steps.csv"} {
		b, err := os.ReadFile(filepath.Join(r.Dir(), f))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.Abort()
	if _, err := r.Wait(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func lines(t *testing.T, dir string) int {
	b, err := os.ReadFile(filepath.Join(dir, "requests.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(b), "\n")
}

func TestLoadRebuildsTheStepThatWasKilled(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	p := plan(20, 40)
	p.Duration = record.Duration(2 * time.Second)
	run, err := engine.Load(cutOff(t, p, url))
	if err != nil {
		t.Fatal(err)
	}
	if run.State != record.StateInterrupted || len(run.Steps) != 2 {
		t.Fatalf("state %q, %d steps", run.State, len(run.Steps))
	}
	s := run.Steps[1]
	if !s.Partial || s.Verdict.Valid || s.OK < 5 || s.OK+s.Incomplete != s.Sent {
		t.Errorf("partial %v, valid %v, sent %d, ok %d, incomplete %d", s.Partial, s.Verdict.Valid, s.Sent, s.OK, s.Incomplete)
	}
	if !slices.ContainsFunc(s.Verdict.Reasons, func(r string) bool { return strings.Contains(r, "killed") }) {
		t.Errorf("reasons %q", s.Verdict.Reasons)
	}
}

// resumed goes on with the run in dir against one server, to its end.
func resumed(t *testing.T, p engine.Plan, url, dir string) *engine.Result {
	t.Helper()
	r, err := engine.Start(t.Context(), p, []engine.Target{target("a", url)}, engine.Options{Dir: dir, Resume: true})
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Wait()
	if err != nil || res.Err != nil {
		t.Fatal(err, res.Err)
	}
	return res
}

func TestResumeMakesOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	p := plan(20, 40)
	p.Duration = record.Duration(2 * time.Second)
	dir := cutOff(t, p, url)
	before, err := record.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	res := resumed(t, p, url, dir)
	if res.Run.ID != before.ID || res.Run.State != record.StateComplete {
		t.Fatalf("id %q, state %q", res.Run.ID, res.Run.State)
	}
	steps := res.Run.Steps
	if s := steps[len(steps)-1]; s.Index != 1 || s.Try != 2 || s.OK != 80 || s.Partial {
		t.Errorf("step %d, try %d, ok %d, partial %v", s.Index, s.Try, s.OK, s.Partial)
	}
	// A step that this machine was too busy to measure well is made again, a valid one is not.
	if valid := before.Steps[0].Verdict.Valid; valid != (len(steps) == 2) {
		t.Errorf("first step valid: %v; %d steps in all", valid, len(steps))
	}
}
