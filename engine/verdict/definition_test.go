package verdict_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// byDefinition is a percentile in the plainest form: censored values rank as +Inf; if the rank falls
// among them, the same rank with each at its age is a lower bound.
func byDefinition(values, ages []float64, p float64) (v float64, bound bool) {
	all := slices.Clone(values)
	for range ages {
		all = append(all, math.Inf(1))
	}
	slices.Sort(all)
	rank := int(math.Ceil(p * float64(len(all)) / 100))
	if v = all[rank-1]; !math.IsInf(v, 1) {
		return v, false
	}
	both := slices.Concat(values, ages)
	slices.Sort(both)
	return both[rank-1], true
}

// randomRequests are requests of a window of 10 s with every way to end, in any order.
func randomRequests(r *rand.Rand, n int) []record.Request {
	var out []record.Request
	for k := range n {
		tokens := 1 + r.IntN(30)
		q := request(k, 10_000*ms+r.Int64N(10_000*ms), r.Int64N(900*ms)+1, 0, tokens)
		q.GapsUS, q.LastTokenNS = nil, q.FirstTokenNS
		for range tokens - 1 {
			gap := r.Int64N(80 * ms)
			q.GapsUS = append(q.GapsUS, uint32((gap+500)/1000))
			q.LastTokenNS += gap
		}
		q.DoneNS = q.LastTokenNS + r.Int64N(ms)
		switch r.IntN(12) {
		case 0:
			q.Status = record.StatusFailed
		case 1:
			q.Status = record.StatusRejected
		case 2:
			q = cut(q, q.LastTokenNS+r.Int64N(5_000*ms))
		case 3: // cut before the first token
			q = cut(q, q.SentNS+r.Int64N(9_000*ms))
			q.FirstTokenNS, q.LastTokenNS, q.GapsUS, q.OutputTokens = 0, 0, nil, 0
		}
		out = append(out, q)
	}
	return out
}

// Every percentile of a step equals the plain computation over its requests to the last digit.
func TestPercentilesByDefinition(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 8))
		requests := randomRequests(r, 1+r.IntN(300))
		m := meta()
		m.OutputTokens = 30
		tally := verdict.NewTally(m)
		values, ages := map[string][]float64{}, map[string][]float64{}
		for i := range requests {
			q := &requests[i]
			tally.Add(q)
			in := func(metric string, from, to int64) {
				values[metric] = append(values[metric], float64(to-from)/1e6)
			}
			out := func(metric string, from, to int64) {
				ages[metric] = append(ages[metric], float64(to-from)/1e6)
			}
			ok, incomplete := q.Status == record.StatusOK, q.Status == record.StatusIncomplete
			if !ok && !incomplete {
				continue
			}
			if q.FirstTokenNS > 0 {
				in("ttft", q.SchedNS, q.FirstTokenNS)
			} else {
				out("ttft", q.SchedNS, q.DoneNS)
			}
			if ok {
				in("e2e", q.SchedNS, q.DoneNS)
			} else {
				out("e2e", q.SchedNS, q.DoneNS)
			}
			switch {
			case ok && q.OutputTokens > 1:
				values["tpot"] = append(values["tpot"], float64(q.LastTokenNS-q.FirstTokenNS)/1e6/float64(q.OutputTokens-1))
			case incomplete && q.FirstTokenNS > 0:
				ages["tpot"] = append(ages["tpot"], float64(q.DoneNS-q.FirstTokenNS)/1e6/29)
			case incomplete:
				ages["tpot"] = append(ages["tpot"], 0)
			}
			for _, g := range q.GapsUS {
				values["itl"] = append(values["itl"], float64(g)/1e3)
			}
			if incomplete && q.LastTokenNS > 0 {
				ages["itl"] = append(ages["itl"], math.Floor(float64(q.DoneNS-q.LastTokenNS+500)/1e3)/1e3)
			}
		}
		s := tally.Step()
		for _, metric := range []string{"ttft", "itl", "tpot", "e2e"} {
			for stat, p := range map[string]float64{"p50": 50, "p90": 90, "p95": 95, "p99": 99} {
				if len(values[metric])+len(ages[metric]) == 0 {
					continue
				}
				want, wantBound := byDefinition(values[metric], ages[metric], p)
				got, bound, ok := verdict.Value(&s, metric, stat)
				if !ok || got != want || bound != wantBound {
					t.Errorf("seed %d: %s.%s = %v, bound %v; want %v, bound %v", seed, metric, stat, got, bound, want, wantBound)
				}
			}
		}
	}
}

// A damaged file may hold any stamps: a summary must come out, with percentiles in order.
func FuzzTally(f *testing.F) {
	f.Add(int64(0), int64(10e9), int64(1e9), int64(2e9), int64(3e9), int64(4e9), uint32(20_000), 5, byte(0))
	f.Add(int64(math.MinInt64), int64(math.MaxInt64), int64(-1), int64(math.MaxInt64), int64(5), int64(0), uint32(math.MaxUint32), -5, byte(3))
	f.Fuzz(func(t *testing.T, start, end, sched, first, last, done int64, gap uint32, tokens int, kind byte) {
		slo, err := verdict.ParseSLO("ttft.p95<1s,itl.p95<50ms,tpot.mean<50ms,e2e.max<10s")
		if err != nil {
			t.Fatal(err)
		}
		tally := verdict.NewTally(verdict.Meta{WindowStartNS: start, WindowEndNS: end, EndNS: done, Arrivals: "poisson", OutputTokens: tokens, SLOs: []verdict.SLO{slo}})
		status := []string{record.StatusOK, record.StatusIncomplete, record.StatusFailed, "?"}[kind&3]
		for k := range 20 {
			i := int64(k)
			tally.Add(&record.Request{K: k * tokens, Status: status, SchedNS: sched * i, SentNS: sched * (i + 1), FirstTokenNS: first - i, LastTokenNS: last + i,
				DoneNS: done * i, GapsUS: []uint32{gap, gap << (k & 31)}, OutputTokens: tokens, Events: tokens, InWindowTokens: tokens, Warmup: kind&4 > 0})
		}
		s := tally.Step()
		s.Verdict = verdict.Judge(&s, verdict.Evidence{})
		for _, d := range []record.Dist{s.TTFT, s.ITL, s.TPOT, s.E2E} {
			if d.P50 != nil && d.P99 != nil && !(*d.P50 <= *d.P99) {
				t.Errorf("p50 %g is above p99 %g", *d.P50, *d.P99)
			}
		}
		if s.Sent != s.OK+s.Rejected+s.Failed+s.Incomplete {
			t.Errorf("%d sent, but %d + %d + %d + %d ended", s.Sent, s.OK, s.Rejected, s.Failed, s.Incomplete)
		}
	})
}
