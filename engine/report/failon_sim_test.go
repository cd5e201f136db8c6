package report_test

import (
	"slices"
	"testing"
	"time"

	"benchtop/engine/arrival"
	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/engine/sim"
	"benchtop/engine/verdict"
)

// simulated is a run of one target, an A10 whose engine steps take slower times as long, at 4 and 6
// req/s in virtual time.
func simulated(t *testing.T, seed uint64, slower float64) *record.Run {
	t.Helper()
	profile, err := sim.ProfileByName("a10")
	if err != nil {
		t.Fatal(err)
	}
	profile.Step.BaseMS *= slower
	profile.Step.SeqMS *= slower
	profile.Step.PrefillMS *= slower
	run := &record.Run{ID: "r", State: record.StateComplete, Simulated: true, Plan: record.DefaultPlan(), Targets: []record.Target{{Name: "a10"}}}
	run.Plan.Rates = []float64{4, 6}
	for i, rate := range run.Plan.Rates {
		sched, err := arrival.New(arrival.Spec{Rate: rate, Warmup: 20 * time.Second, Window: time.Minute, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		run.Steps = append(run.Steps, simulatedStep(t, profile, sched, i, rate))
	}
	return run
}

func simulatedStep(t *testing.T, profile sim.Profile, sched arrival.Schedule, index int, rate float64) record.Step {
	t.Helper()
	engine, err := sim.NewEngine(profile.Step, sim.Limits{MaxNumSeqs: 256, TokenBudget: 2048, KVBlocks: profile.KVBlocks})
	if err != nil {
		t.Fatal(err)
	}
	seqs := make([]sim.Seq, len(sched.TimesNS))
	requests := make(map[*sim.Seq]*record.Request, len(seqs))
	for k, at := range sched.TimesNS {
		seqs[k] = sim.Seq{Prompt: 200, Max: 200, ArrivedNS: at}
		requests[&seqs[k]] = &record.Request{K: k, Warmup: k < sched.First, SchedNS: at, SentNS: at + 1, Status: record.StatusOK, PromptTokens: 200, OutputTokens: 200, Events: 200}
		if err := engine.Add(&seqs[k]); err != nil {
			t.Fatal(err)
		}
	}
	end := int64(0)
	for now, ok := engine.Begin(0); ok; now, ok = engine.Begin(now) {
		for _, s := range engine.End() {
			r := requests[s]
			if r.FirstTokenNS == 0 {
				r.FirstTokenNS = now
			} else {
				r.GapsUS = append(r.GapsUS, uint32((now-r.LastTokenNS)/1000))
			}
			r.LastTokenNS, r.DoneNS, end = now, now, now
		}
	}
	tally := verdict.NewTally(verdict.Meta{Target: "a10", Rate: rate, Index: index, Try: 1, WindowStartNS: sched.WarmupNS,
		WindowEndNS: sched.WarmupNS + sched.WindowNS, EndNS: end, OutputTokens: 200})
	for i := range seqs {
		tally.Add(requests[&seqs[i]])
	}
	s := tally.Step()
	s.Verdict = verdict.Judge(&s, verdict.Evidence{})
	return s
}

// Of 100 pairs of runs that differ in their arrivals only, at most 2 may raise an alarm; an engine
// that is 10 % slower must raise it in at least 90 of 100. Seeds are fixed.
func TestFailOnRaisesFewFalseAlarmsAndMissesLittle(t *testing.T) {
	pairs := uint64(100)
	if testing.Short() {
		pairs = 10 // the same statement, for less time; virtual time is all computing
	}
	rules, err := report.ParseFailOn("ttft.p95:+10%,itl.p50:+5%,itl.p95:+5%")
	if err != nil {
		t.Fatal(err)
	}
	alarm := func(a, b *record.Run) bool {
		return slices.ContainsFunc(report.FailOn(rules, a, b), func(f report.Finding) bool { return f.Outcome == verdict.NotMet })
	}
	var falseAlarms, called uint64
	for seed := range pairs {
		base := simulated(t, seed, 1)
		if alarm(base, simulated(t, 1000+seed, 1)) {
			falseAlarms++
		}
		if alarm(base, simulated(t, 2000+seed, 1.1)) {
			called++
		}
	}
	t.Logf("of %d pairs: %d false alarms, 10 %% slower called in %d", pairs, falseAlarms, called)
	if falseAlarms*50 > pairs {
		t.Errorf("%d false alarms in %d pairs, want at most 2 %%", falseAlarms, pairs)
	}
	if called*10 < pairs*9 {
		t.Errorf("10 %% slower was called in %d of %d pairs, want at least 90 %%", called, pairs)
	}
}
