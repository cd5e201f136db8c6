package engine_test

import (
	"testing"

	"benchtop/engine"
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
