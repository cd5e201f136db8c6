package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/sim"
)

// sweepOn starts a sweep of one short step and one that does not end by itself.
func sweepOn(t *testing.T, opt engine.Options) (*engine.Run, error) {
	t.Helper()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	plan := record.DefaultPlan()
	plan.Rates, plan.Repeat, plan.Duration = []float64{20}, 1000, record.Duration(time.Second)
	plan.Warmup = record.Warmup{Fixed: true}
	plan.Workload.PromptTokens, plan.Workload.OutputTokens = 40, 20
	return engine.Start(t.Context(), plan, []engine.Target{target("a", url)}, opt)
}

func stepsDone(r *engine.Run) (n int) {
	for _, s := range r.Snapshot().Targets[0].Steps {
		if s.Summary != nil {
			n++
		}
	}
	return n
}

func awaitStep(t *testing.T, r *engine.Run) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); stepsDone(r) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("no step ended within a minute")
		}
	}
}

func TestARunStopsBeforeTheDiskIsFull(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	free.Store(engine.MinSpace - 1)
	look := func(string) (uint64, bool) { return free.Load(), true }
	if _, err := sweepOn(t, engine.WithFreeSpace(engine.Options{Dir: filepath.Join(t.TempDir(), "run")}, look)); !errors.Is(err, engine.ErrDisk) {
		t.Fatalf("started on a full disk: %v", err)
	}
	free.Store(engine.MinSpace)
	r, err := sweepOn(t, engine.WithFreeSpace(engine.Options{Dir: filepath.Join(t.TempDir(), "run")}, look))
	if err != nil {
		t.Fatal(err)
	}
	awaitStep(t, r)
	free.Store(5_000_000)
	res, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(res.Err, engine.ErrDisk) || res.Run.State != record.StateInterrupted || !strings.Contains(res.Run.Reason, "5.0 MB free") {
		t.Errorf("error %v, state %s: %s", res.Err, res.Run.State, res.Run.Reason)
	}
	if len(res.Run.Steps) == 0 || len(res.Run.Open) != 0 || res.Run.Steps[0].OK != 20 {
		t.Errorf("what was measured is not kept: %d steps, %d open", len(res.Run.Steps), len(res.Run.Open))
	}
	told := 0
	for e := range r.Events() {
		if strings.Contains(e.Text, engine.ErrDisk.Error()) {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
}

func TestARecordThatCannotBeWrittenIsStillKnown(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	r, err := sweepOn(t, engine.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	awaitStep(t, r)
	// Moved, not removed: the run goes on writing into it while one removes.
	if err := os.Rename(dir, dir+".gone"); err != nil {
		t.Fatal(err)
	}
	res, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	var lost *engine.RecordError
	if !errors.As(res.Err, &lost) || strings.Contains(res.Err.Error(), "\n") || !errors.Is(res.Err, os.ErrNotExist) {
		t.Errorf("error %v", res.Err)
	}
	if res.Run == nil || len(res.Run.Steps) < 2 || res.Run.State != record.StateInterrupted {
		t.Fatalf("the run: %+v", res.Run)
	}
	told := 0
	for e := range r.Events() {
		if strings.Contains(e.Text, "cannot write the record") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
}
