package verdict_test

import (
	"testing"
	"time"

	"benchtop/engine/arrival"
	"benchtop/engine/record"
	"benchtop/engine/sim"
	"benchtop/engine/verdict"
)

// trial is one step on the simulated server, in virtual time.
type trial struct {
	profile string
	slower  float64 // share by which each engine step takes longer
	rate    float64
	window  time.Duration
	seed    uint64
	slos    []verdict.SLO
}

// requests are what the engine would have recorded of the trial: 200 prompt and 200 output tokens,
// 30 s of warm-up, and every request waited for.
func (tr trial) requests(t testing.TB) (verdict.Meta, []record.Request) {
	t.Helper()
	p, err := sim.ProfileByName(tr.profile)
	if err != nil {
		t.Fatal(err)
	}
	p.Step.BaseMS *= 1 + tr.slower
	p.Step.SeqMS *= 1 + tr.slower
	p.Step.PrefillMS *= 1 + tr.slower
	sched, err := arrival.New(arrival.Spec{Rate: tr.rate, Warmup: 30 * time.Second, Window: tr.window, Seed: tr.seed})
	if err != nil {
		t.Fatal(err)
	}
	e, err := sim.NewEngine(p.Step, sim.Limits{MaxNumSeqs: 256, TokenBudget: 2048, KVBlocks: p.KVBlocks})
	if err != nil {
		t.Fatal(err)
	}
	const prompt, output = 200, 200
	seqs := make([]sim.Seq, len(sched.TimesNS))
	index := make(map[*sim.Seq]int, len(seqs))
	out := make([]record.Request, len(seqs))
	for k, at := range sched.TimesNS {
		seqs[k] = sim.Seq{Prompt: prompt, Max: output, ArrivedNS: at}
		index[&seqs[k]] = k
		if err := e.Add(&seqs[k]); err != nil {
			t.Fatal(err)
		}
		out[k] = record.Request{K: k, Warmup: k < sched.First, SchedNS: at, StartNS: at + 1, SentNS: at + 1,
			PromptTokens: prompt, OutputTokens: output, Events: output, Status: record.StatusOK, KernelStamps: true}
	}
	start, end := sched.WarmupNS, sched.WarmupNS+sched.WindowNS
	last := int64(0)
	for now, ok := e.Begin(0); ok; now, ok = e.Begin(now) {
		for _, s := range e.End() {
			r := &out[index[s]]
			if r.FirstTokenNS == 0 {
				r.FirstTokenNS = now
			} else {
				r.GapsUS = append(r.GapsUS, uint32((now-r.LastTokenNS+500)/1000))
			}
			if now >= start && now < end {
				r.InWindowTokens++
			}
			r.LastTokenNS, r.DoneNS, last = now, now, now
		}
	}
	return verdict.Meta{Target: tr.profile, Rate: tr.rate, WindowStartNS: start, WindowEndNS: end, EndNS: max(end, last),
		OutputTokens: output, Arrivals: "poisson", SLOs: tr.slos}, out
}

// step is the judged summary of the trial.
func (tr trial) step(t testing.TB) record.Step {
	t.Helper()
	meta, requests := tr.requests(t)
	tally := verdict.NewTally(meta)
	for i := range requests {
		tally.Add(&requests[i])
	}
	s := tally.Step()
	s.Verdict = verdict.Judge(&s, verdict.Evidence{PromptTokens: 200, OutputTokens: 200})
	return s
}
