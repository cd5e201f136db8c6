package report_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// generate writes a run of two targets at the rates, with requests drawn from a seed: most succeed,
// some fail, are rejected or are cut. It returns the run's folder and the run as it is read.
func generate(t testing.TB, seed uint64, rates []float64, perStep int) (string, *record.Run) {
	t.Helper()
	return generateSlower(t, seed, rates, perStep, 1)
}

// generateSlower makes every gap and every first token slower by a factor.
func generateSlower(t testing.TB, seed uint64, rates []float64, perStep int, slower float64) (string, *record.Run) {
	t.Helper()
	run := sampleRun()
	run.Steps, run.Plan.Rates, run.Plan.SLO, run.State = nil, rates, []string{"ttft.p95<500ms,itl.p95<50ms"}, record.StateRunning
	slos, err := verdict.ParseSLOs(run.Plan.SLO)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	w, err := record.Create(dir, run)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 77))
	start := int64(1e9)
	for index, rate := range rates {
		window := int64(float64(perStep) / rate * 1e9)
		for _, target := range []string{"a10", "a100"} {
			tally := verdict.NewTally(verdict.Meta{
				Target: target, Rate: rate, Index: index, Try: 1, StartedAt: run.StartedAt.Add(time.Duration(start)), StartNS: start,
				WindowStartNS: start, Arrivals: "poisson", OutputTokens: 200, SLOs: slos,
			})
			last := start + window
			for k := range perStep {
				r := randomRequest(rng, slower)
				r.ID, r.Target, r.Step, r.Try, r.K = fmt.Sprintf("k3x9-%s-%d.1-%d", target, index, k), target, index, 1, k
				shift(&r, start+rng.Int64N(window))
				last = max(last, r.DoneNS)
				w.Request(&r)
				tally.Add(&r)
			}
			tally.Finish(start+window, last, false)
			step := tally.Step()
			step.Verdict = verdict.Judge(&step, verdict.Evidence{})
			if err := w.EndStep(step); err != nil {
				t.Fatal(err)
			}
		}
		start += 2 * window
	}
	if err := w.Update(func(r *record.Run) { r.State = record.StateComplete }); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	saved, err := record.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, saved
}

// randomRequest is scheduled at 0.
func randomRequest(rng *rand.Rand, slower float64) record.Request {
	lat := func(ms float64) int64 { return int64(ms * slower * (0.7 + 0.6*rng.Float64()) * 1e6) }
	r := record.Request{SentNS: rng.Int64N(400_000), PromptTokens: 200, Status: record.StatusOK, HTTPStatus: 200, KernelStamps: true}
	r.StartNS, r.HeadNS = max(r.SentNS-1000, 1), r.SentNS+lat(80)
	switch rng.IntN(40) {
	case 0:
		r.Status, r.HTTPStatus, r.Class, r.Error = record.StatusRejected, 429, "rejected", "queue is full"
		r.DoneNS = r.HeadNS
		return r
	case 1:
		r.Status, r.HTTPStatus, r.Class, r.Error = record.StatusFailed, 500, "http_500", "=cmd|' /C calc'!A0"
		r.DoneNS = r.HeadNS
		return r
	}
	r.FirstTokenNS = r.SentNS + lat(200)
	r.LastTokenNS = r.FirstTokenNS
	n := 20 + rng.IntN(30)
	for range n {
		g := lat(20) / 1000
		r.GapsUS = append(r.GapsUS, uint32(g))
		r.LastTokenNS += g * 1000
	}
	r.Events, r.OutputTokens, r.InWindowTokens = n+1, n+1, n/2
	r.DoneNS, r.Finish = r.LastTokenNS+50_000, "length"
	if rng.IntN(60) == 0 {
		r.Status, r.Class, r.Finish = record.StatusIncomplete, "cut", ""
	}
	return r
}

func shift(r *record.Request, ns int64) {
	r.SchedNS += ns
	for _, at := range []*int64{&r.StartNS, &r.SentNS, &r.HeadNS, &r.FirstTokenNS, &r.LastTokenNS, &r.DoneNS} {
		if *at != 0 {
			*at += ns
		}
	}
}
