package engine_test

import (
	"testing"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/sim"
	"benchtop/engine/verdict"
)

// A server whose capacity lies between 20 and 160 req/s is bracketed by halving.
func TestRefineNarrowsTheBracket(t *testing.T) {
	t.Parallel()
	p := quick(t)
	url, _ := serve(t, sim.Config{Profile: p, MaxNumSeqs: 4})
	pl := plan(20, 160)
	pl.SLO = []string{"ttft.p50<100ms"}
	pl.Refine = true
	res := run(t, pl, target("a", url))
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	slo, err := verdict.ParseSLO(pl.SLO[0])
	if err != nil {
		t.Fatal(err)
	}
	wide := verdict.CapacityOf(slo, "a", res.Run.Steps[:2])
	if wide.Holds == 0 || wide.Fails == 0 {
		t.Skipf("this machine was too busy for a bracket to begin with: %s", wide)
	}
	if len(res.Run.Steps) < 3 {
		t.Fatalf("no step was added to the bracket %s", wide)
	}
	added, narrow := res.Run.Steps[2], verdict.CapacityOf(slo, "a", res.Run.Steps[:3])
	if rate, _ := wide.Refine(); added.Rate != rate {
		t.Errorf("added %g req/s to the bracket %s, want %g", added.Rate, wide, rate)
	}
	// A busy machine makes the added step invalid, and then it must not move the bracket:
	// only a later step may.
	outcome, _ := verdict.Holds(slo, &added)
	tells := verdict.Usable(&added) && outcome != verdict.Unknown
	if moved := narrow.Fails-narrow.Holds < wide.Fails-wide.Holds; moved != tells {
		t.Errorf("bracket %s, was %s, after a step with %+v", narrow, wide, added.Verdict)
	}
	if _, err := engine.Load(res.Dir); err != nil {
		t.Error(err)
	}
}

// A resumed run takes up the steps that were added to its bracket: it does not make them again, and
// gives their indices, of which request ids and prompts are made, to no other step.
func TestResumeKnowsAddedSteps(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	p := plan(20, 160)
	p.Refine = true
	step := func(index int, rate float64, saturated bool) record.Step {
		return record.Step{Target: "a", Index: index, Rate: rate, Try: 1, Sent: 10, OK: 10, WindowS: 30, WarmupS: 5,
			Verdict: record.Verdict{Valid: true, Saturated: saturated}}
	}
	dir := t.TempDir()
	w, err := record.Create(dir, &record.Run{
		ID: "r", State: record.StateInterrupted, StartedAt: time.Now().Add(-time.Minute), Plan: p, Targets: []record.Target{{Name: "a"}},
		Steps: []record.Step{step(0, 20, false), step(1, 160, true), step(2, 90, true), step(3, 55, true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	res := resumed(t, p, url, dir)
	if len(res.Run.Steps) < 5 {
		t.Fatalf("%d steps: none was added to 20 and 55 req/s", len(res.Run.Steps))
	}
	if s := res.Run.Steps[4]; s.Rate != 37.5 || s.Index != 4 {
		t.Errorf("the next step is %g req/s with index %d, want 37.5 with 4", s.Rate, s.Index)
	}
}
