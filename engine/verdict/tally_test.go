package verdict_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/verdict"

	"github.com/google/go-cmp/cmp"
)

const ms = int64(1e6)

// request is one of the window, complete: due at sched, sent 0.2 ms later, first token after ttft,
// then n-1 gaps.
func request(k int, sched, ttft, gap int64, tokens int) record.Request {
	r := record.Request{
		K: k, SchedNS: sched, StartNS: sched + ms/10, SentNS: sched + ms/5, FirstTokenNS: sched + ttft,
		Status: record.StatusOK, OutputTokens: tokens, PromptTokens: 200, Events: tokens, KernelStamps: true,
	}
	for range tokens - 1 {
		r.GapsUS = append(r.GapsUS, uint32(gap/1000))
	}
	r.LastTokenNS = r.FirstTokenNS + int64(tokens-1)*gap
	r.DoneNS = r.LastTokenNS + ms
	return r
}

func cut(r record.Request, at int64) record.Request {
	r.Status, r.DoneNS = record.StatusIncomplete, at
	return r
}

func meta() verdict.Meta {
	return verdict.Meta{Target: "a10", Rate: 2, StartNS: 0, WindowStartNS: 10_000 * ms, WindowEndNS: 20_000 * ms, EndNS: 25_000 * ms, OutputTokens: 5}
}

func TestStepOfFewRequests(t *testing.T) {
	slo, err := verdict.ParseSLO("ttft.p95<150ms,itl.max<=20ms")
	if err != nil {
		t.Fatal(err)
	}
	m := meta()
	m.SLOs = []verdict.SLO{slo}
	tally := verdict.NewTally(m)
	warm := request(0, 9_000*ms, 100*ms, 10*ms, 101) // done at 10,101 ms, in the window
	warm.Warmup, warm.InWindowTokens = true, 11
	tally.Add(&warm)
	good := request(1, 11_000*ms, 100*ms, 20*ms, 5)
	good.InWindowTokens = 5
	tally.Add(&good)
	slow := request(2, 12_000*ms, 200*ms, 20*ms, 5)
	slow.InWindowTokens, slow.Coalesced, slow.KernelStamps = 5, 1, false
	tally.Add(&slow)
	late := request(3, 19_950*ms, 100*ms, 10*ms, 5) // ends after the window
	tally.Add(&late)
	rejected := record.Request{K: 4, SchedNS: 13_000 * ms, SentNS: 13_000 * ms, DoneNS: 13_010 * ms, Status: record.StatusRejected, HTTPStatus: 429, Class: "rejected", Error: "too many"}
	tally.Add(&rejected)
	failed := record.Request{K: 5, SchedNS: 14_000 * ms, StartNS: 14_000 * ms, DoneNS: 14_001 * ms, Status: record.StatusFailed, Class: "connect", Error: "refused"}
	tally.Add(&failed)
	s := tally.Step()

	for name, got := range map[string][2]any{
		"sent":                {s.Sent, 5},
		"ok":                  {s.OK, 3},
		"rejected":            {s.Rejected, 1},
		"failed":              {s.Failed, 1},
		"completed in window": {s.CompletedInWindow, 3}, // warm-up, good, slow
		"offered":             {s.OfferedRPS, 0.5},
		"completed rate":      {s.CompletedRPS, 0.3},
		"output tok/s":        {*s.OutputTokensPerS, 2.1},
		"prompt tok/s":        {*s.PromptTokensPerS, 40.0}, // first tokens of good and slow
		"ttft n":              {s.TTFT.N, 3},
		"ttft p50":            {*s.TTFT.P50, 100.0},
		"ttft p99":            {*s.TTFT.P99, 200.0},
		"ttft sent p50":       {*s.TTFTSent.P50, 99.8},
		"itl n":               {s.ITL.N, 12},
		"itl p50":             {*s.ITL.P50, 20.0},
		"itl mean":            {*s.ITL.Mean, (8*20.0 + 4*10) / 12},
		"tpot p50":            {*s.TPOT.P50, 20.0},
		"e2e max":             {*s.E2E.Max, 281.0},
		"send lag n":          {s.SendLag.N, 4},
		"good share":          {*s.GoodShare, 0.4}, // good and late of five sent
		"goodput":             {*s.GoodputRPS, 0.2},
		"slo met":             {*s.SLOMet, false},
		"tokens per event":    {*s.TokensPerEvent, 1.0},
		"coalesced":           {s.CoalescedShare, 1.0 / 15},
		"stamps":              {s.Stamps, "mixed"},
		"error sample":        {s.ErrorSamples["connect"], "refused"},
		"errors":              {s.Errors["rejected"], 1},
		"max in flight":       {s.MaxInFlight, 1},
	} {
		if got[0] != got[1] {
			t.Errorf("%s = %v, want %v", name, got[0], got[1])
		}
	}
}

func TestCutRequestsAreCensored(t *testing.T) {
	tally := verdict.NewTally(meta())
	for k := range 8 {
		r := request(k, (11_000+int64(k))*ms, 100*ms, 10*ms, 5)
		tally.Add(&r)
	}
	midway := cut(request(8, 19_000*ms, 300*ms, 20*ms, 3), 25_000*ms)
	tally.Add(&midway)
	silent := record.Request{K: 9, SchedNS: 19_500 * ms, SentNS: 19_500 * ms, DoneNS: 25_000 * ms, Status: record.StatusIncomplete}
	tally.Add(&silent)
	s := tally.Step()
	if s.Censored != 2 || s.Incomplete != 2 || s.OK != 8 {
		t.Errorf("censored %d, incomplete %d, ok %d; want 2, 2, 8", s.Censored, s.Incomplete, s.OK)
	}
	want := map[string]float64{
		"ttft_p95_ms": 5500, "ttft_p99_ms": 5500, "ttft_sent_p95_ms": 5500, "ttft_sent_p99_ms": 5500,
		"e2e_p90_ms": 5500, "e2e_p95_ms": 6000, "e2e_p99_ms": 6000,
		// TPOT: the midway request had 5700 ms for its 4 gaps; 8 known, one at 0, one at 1425.
		"tpot_p90_ms": 10, "tpot_p95_ms": 1425, "tpot_p99_ms": 1425,
		// ITL: 32 gaps of 10 ms, 2 of 20 ms and one cut at 5660 ms.
		"itl_p99_ms": 5660,
	}
	if diff := cmp.Diff(want, s.LowerBounds); diff != "" {
		t.Errorf("lower bounds (-want +got):\n%s", diff)
	}
	if *s.TTFT.P90 != 300 || s.TTFT.P95 != nil || s.TTFT.Mean != nil || s.TTFT.Max != nil {
		t.Errorf("ttft = %+v: p90 is known, p95, mean and max are not", s.TTFT)
	}
	if *s.ITL.P95 != 20 || s.ITL.Max != nil {
		t.Errorf("itl = %+v: p95 is known, max is not", s.ITL)
	}
}

// The order in which requests end, and so their order on disk, must not change a digit.
func TestOrderDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var all []record.Request
	for k := range 400 {
		q := request(k, (5_000+int64(r.IntN(15_000)))*ms+int64(r.IntN(1e6)), int64(50+r.IntN(500))*ms, int64(1e6+r.IntN(5e7)), 2+r.IntN(20))
		for i := range q.GapsUS {
			q.GapsUS[i] += uint32(r.IntN(5000))
		}
		q.Warmup = q.SchedNS < 10_000*ms
		q.InWindowTokens = r.IntN(20)
		switch r.IntN(20) {
		case 0:
			q = cut(q, 25_000*ms)
		case 1:
			q.Status, q.Class, q.Error = record.StatusFailed, "cut", string(rune('a'+r.IntN(26)))
		}
		all = append(all, q)
	}
	slo, _ := verdict.ParseSLO("ttft.p95<300ms,tpot.mean<30ms,itl.p90<30ms,e2e.max<1s")
	m := meta()
	m.SLOs, m.Arrivals = []verdict.SLO{slo}, "poisson"
	summary := func() record.Step {
		tally := verdict.NewTally(m)
		for i := range all {
			tally.Add(&all[i])
		}
		return tally.Step()
	}
	want := summary()
	for range 5 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if diff := cmp.Diff(want, summary()); diff != "" {
			t.Fatalf("another order, another summary (-first +now):\n%s", diff)
		}
	}
}

// A server that stalls under constant arrivals: in flight is a line that no point misses, and its t is
// infinite, which JSON cannot hold. The step was lost for it.
func TestStepOfAPerfectLineCanBeWritten(t *testing.T) {
	m := verdict.Meta{Target: "a10", Rate: 1, WindowEndNS: 20_000 * ms, EndNS: 25_000 * ms, OutputTokens: 5}
	tally := verdict.NewTally(m)
	for k := range 20 {
		r := cut(request(k, int64(k)*1000*ms+1, 100*ms, 20*ms, 2), 25_000*ms)
		tally.Add(&r)
	}
	s := tally.Step()
	if b, err := json.Marshal(s); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	if !verdict.Saturated(&s) {
		t.Errorf("in flight grows by %g/s with t %g and nothing ends, but the step is not saturated", s.InFlightSlope, s.InFlightSlopeT)
	}
}

// A server that sends no usage does not tell how long its prompts were: 0 tokens/s are no answer.
func TestUnknownPromptTokens(t *testing.T) {
	m := meta()
	tally := verdict.NewTally(m)
	r := request(1, 11_000*ms, 100*ms, 20*ms, 5)
	r.PromptTokens, r.InWindowTokens = 0, 5
	tally.Add(&r)
	s := tally.Step()
	if s.PromptTokensPerS != nil || s.TotalTokensPerS != nil {
		t.Errorf("prompt and all tokens/s are %v and %v of a server that counts no prompt", deref(s.PromptTokensPerS), deref(s.TotalTokensPerS))
	}
	if s.OutputTokensPerS == nil || *s.OutputTokensPerS != 0.5 {
		t.Errorf("output tokens/s are %v, want 0.5", deref(s.OutputTokensPerS))
	}
}

func deref(v *float64) any {
	if v == nil {
		return "unknown"
	}
	return *v
}
