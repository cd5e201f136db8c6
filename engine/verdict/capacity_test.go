package verdict_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// at is a valid step of a10 at a rate with the given TTFT p95 and 200 output tokens a request.
func at(rate, ttftP95 float64) record.Step {
	out, total := rate*200, rate*400
	return record.Step{Target: "a10", Rate: rate, Sent: int(rate * 60), OK: int(rate * 60), WindowS: 60,
		OfferedRPS: rate, CompletedRPS: rate, OutputTokensPerS: &out, TotalTokensPerS: &total,
		TTFT: record.Dist{N: 100, P95: &ttftP95}, Verdict: record.Verdict{Valid: true}}
}

func edit(s record.Step, f func(*record.Step)) record.Step { f(&s); return s }
func saturated(s *record.Step)                             { s.Verdict.Saturated = true }
func invalid(s *record.Step) {
	s.Verdict.Valid = false
	s.Verdict.Reasons = []string{"the client sent late"}
}
func short(s *record.Step) {
	p50 := 4000.0
	s.E2E.P50, s.WindowS, s.WarmupS = &p50, 10, 2
	s.Verdict = verdict.Judge(s, verdict.Evidence{})
}
func void(s *record.Step) { s.Verdict.Valid, s.Verdict.Void = false, true }

// cutAfter cuts one request in four after a drain of so many seconds; the median reply takes 4 s.
func cutAfter(drainS float64) func(*record.Step) {
	return func(s *record.Step) {
		p50 := 4000.0
		s.E2E.P50, s.DrainS = &p50, drainS
		s.Incomplete = s.Sent / 4
		s.OK -= s.Incomplete
		s.Censored = s.Incomplete
	}
}

func slo500(t testing.TB) verdict.SLO {
	t.Helper()
	s, err := verdict.ParseSLO("ttft.p95<500ms")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCapacity(t *testing.T) {
	for _, tc := range []struct {
		name  string
		steps []record.Step
		want  string
		note  string
		next  float64 // of Refine; 0 = none
	}{
		{"nothing", nil, "unknown: no usable step", "", 0},
		{"all hold", []record.Step{at(1, 300), at(2, 310)}, "holds 2+ req/s", "", 0},
		{"a bracket", []record.Step{at(16, 900), at(8, 480), at(4, 400)}, "holds 8, breaks at 16 req/s", "", 12},
		{"narrow enough", []record.Step{at(10, 480), at(11, 900)}, "holds 10, breaks at 11 req/s", "", 0},
		{"none holds", []record.Step{at(1, 501), at(2, 600)}, "breaks at 1 req/s, the lowest rate tried", "", 0.5},
		{"saturated breaks although fast", []record.Step{at(1, 300), edit(at(2, 300), saturated)}, "holds 1, breaks at 2 req/s", "", 1.5},
		{"one in four never ended", []record.Step{at(1, 300), edit(at(2, 300), cutAfter(5))}, "holds 1, breaks at 2 req/s", "", 1.5},
		{"cut by a short drain", []record.Step{at(1, 300), edit(at(2, 300), cutAfter(1))}, "holds 1+ req/s", "2 req/s is not used: 25.0 % of the requests were cut before the end by a drain too short to tell; give --drain 4s or more", 0},
		{"too short to tell", []record.Step{at(1, 300), edit(at(2, 300), short)}, "holds 1+ req/s", "2 req/s is not used: too short to tell whether the target keeps up", 0},
		{"too short, and too slow all the same", []record.Step{at(1, 300), edit(at(2, 900), short)}, "holds 1, breaks at 2 req/s", "", 1.5},
		{"all too short", []record.Step{edit(at(1, 300), short), edit(at(2, 300), short)}, "unknown: no step tells", "1, 2 req/s are not used: too short", 0},
		{"too short below one that breaks", []record.Step{at(1, 300), edit(at(2, 300), short), at(4, 900)}, "holds 1, breaks at 4 req/s", "2 req/s is not used", 3},
		{"slow and cut by a short drain", []record.Step{at(1, 300), edit(at(2, 900), cutAfter(1))}, "holds 1, breaks at 2 req/s", "", 1.5},
		{"invalid is not used", []record.Step{at(1, 300), edit(at(2, 900), invalid), at(4, 400)}, "holds 4+ req/s", "2 req/s is not used: invalid (the client sent late)", 0},
		{"void is passed over", []record.Step{at(1, 300), edit(at(2, 900), void), at(2, 300)}, "holds 2+ req/s", "", 0},
		{"the middle is invalid", []record.Step{edit(at(8, 1), invalid), at(16, 900)}, "breaks at 16 req/s, the lowest rate that tells", "8 req/s is not used", 4},
		{"both sides of it too", []record.Step{at(2, 300), edit(at(8, 1), invalid), edit(at(5, 1), invalid), at(16, 900)}, "holds 2, breaks at 16 req/s", "5, 8 req/s are not used", 12},
		{"only invalid", []record.Step{edit(at(1, 300), invalid)}, "unknown: no usable step", "1 req/s is not used", 0},
		{"holds again above", []record.Step{at(1, 300), at(2, 900), at(4, 400)}, "holds 1, breaks at 2 req/s", "4 req/s holds although 2 req/s does not: not counted", 1.5},
		{"most repeats hold", []record.Step{at(2, 300), at(2, 300), at(2, 900)}, "holds 2+ req/s", "2 req/s holds in 2 of 3 repeats", 0},
		{"half the repeats hold", []record.Step{at(2, 300), at(2, 900)}, "breaks at 2 req/s, the lowest rate tried", "2 req/s holds in 1 of 2 repeats", 1},
		{"one of two repeats is invalid", []record.Step{at(2, 300), edit(at(2, 900), invalid)}, "holds 2+ req/s", "a measurement of 2 req/s is not used: invalid (the client sent late)", 0},
		{"other targets", []record.Step{edit(at(2, 300), func(s *record.Step) { s.Target = "a100" })}, "unknown: no usable step", "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := verdict.CapacityOf(slo500(t), "a10", tc.steps)
			if got := c.String(); got != tc.want {
				t.Errorf("capacity: %s, want: %s", got, tc.want)
			}
			if notes := strings.Join(c.Notes, "\n"); tc.note == "" && notes != "" || !strings.HasPrefix(notes, tc.note) {
				t.Errorf("notes: %q, want %q", notes, tc.note)
			}
			next, ok := c.Refine()
			if next != tc.next || ok != (tc.next > 0) {
				t.Errorf("Refine = %g, %v; want %g", next, ok, tc.next)
			}
			if (c.Step != nil) != (c.Holds > 0) || c.Step != nil && c.Step.Rate != c.Holds {
				t.Errorf("Step = %+v for a capacity of %g", c.Step, c.Holds)
			}
		})
	}
}

// A drain that left open what its cut requests mean is said with the one that would not.
func TestJudgeNamesTheDrainThatTells(t *testing.T) {
	half := func(s *record.Step) { s.E2E.P50, s.LowerBounds = nil, map[string]float64{"e2e_p50_ms": 3200} }
	for _, tc := range []struct {
		name string
		step record.Step
		want string
	}{
		{"long enough", edit(at(2, 300), cutAfter(5)), "lower bounds"},
		{"shorter than a reply", edit(at(2, 300), cutAfter(1)), "lower bounds; give --drain 4s or more"},
		{"no median reply", edit(edit(at(2, 300), cutAfter(1)), half), "lower bounds; give --drain more than 4s"},
		{"of another tool", edit(edit(at(2, 300), cutAfter(0)), func(s *record.Step) { s.Censored = 0 }), "lower bounds"},
		{"stopped", edit(edit(at(2, 300), cutAfter(1)), func(s *record.Step) { s.Partial = true }), "lower bounds"},
	} {
		if notes := strings.Join(verdict.Judge(&tc.step, verdict.Evidence{}).Notes, "\n"); !strings.HasSuffix(notes, tc.want) {
			t.Errorf("%s: notes %q, want the end %q", tc.name, notes, tc.want)
		}
	}
}

// A true knee anywhere between two rates is found within 10 % by refining, and each step narrows.
func TestRefineConverges(t *testing.T) {
	for knee := 0.03; knee < 16; knee *= 1.17 {
		steps := []record.Step{}
		try := func(rate float64) {
			ttft := 300.0
			if rate > knee {
				ttft = 900
			}
			steps = append(steps, at(rate, ttft))
		}
		for _, r := range []float64{1, 2, 4, 8, 16} {
			try(r)
		}
		for n := 0; ; n++ {
			c := verdict.CapacityOf(slo500(t), "a10", steps)
			rate, ok := c.Refine()
			if !ok {
				if c.Holds > knee || c.Fails <= knee || c.Fails-c.Holds > 0.1001*c.Fails {
					t.Errorf("knee %g: ended at %g..%g", knee, c.Holds, c.Fails)
				}
				break
			}
			if rate <= c.Holds || rate >= c.Fails || n > 12 {
				t.Fatalf("knee %g: step %d tries %g within %g..%g", knee, n, rate, c.Holds, c.Fails)
			}
			try(rate)
		}
	}
}

func ExampleCostOf() {
	price := 3.673
	tokens := 5718.0
	c := verdict.CostOf(&price, &record.Step{OutputTokensPerS: &tokens, CompletedRPS: 28.59})
	fmt.Printf("$%.3f per 1M output tokens, $%.4f per 1,000 requests\n", *c.PerMillionOutput, *c.Per1kRequests)
	// Output: $0.178 per 1M output tokens, $0.0357 per 1,000 requests
}

func TestCostUnknown(t *testing.T) {
	price, nothing := 3.2, 0.0
	for name, c := range map[string]verdict.Cost{
		"no price":       verdict.CostOf(nil, &record.Step{CompletedRPS: 1}),
		"no step":        verdict.CostOf(&price, nil),
		"nothing served": verdict.CostOf(&price, &record.Step{OutputTokensPerS: &nothing}),
	} {
		if c.PerMillionOutput != nil || c.PerMillionTotal != nil || c.Per1kRequests != nil {
			t.Errorf("%s: cost %+v, want unknown", name, c)
		}
	}
}

func TestFleet(t *testing.T) {
	price := 3.2
	c := verdict.Capacity{Target: "a10", Holds: 8, Fails: 16}
	for _, tc := range []struct {
		name      string
		rps, util float64
		replicas  int // 0 = not ok
		headroom  float64
	}{
		{"exactly one", 8, 1, 1, 0},
		{"a little more than one", 8.01, 1, 2, 1 - 8.01/16},
		{"rounding does not buy a node", 0.1 * 3 * 8, 0.1, 3, 0.9},
		{"at 70 %", 40, 0.7, 8, 0.375},
		{"no rate", 0, 1, 0, 0},
		{"utilisation above one", 8, 1.1, 0, 0},
		{"utilisation of nothing", 8, 0, 0, 0},
		{"not a number", math.NaN(), 1, 0, 0},
		{"beyond counting", 1e300, 1, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, ok := verdict.FleetFor(tc.rps, tc.util, c, &price)
			if ok != (tc.replicas > 0) || f.Replicas != tc.replicas || math.Abs(f.Headroom-tc.headroom) > 1e-9 {
				t.Errorf("FleetFor = %+v, %v; want %d replicas, headroom %g", f, ok, tc.replicas, tc.headroom)
			}
			if ok && math.Abs(*f.USDPerMonth-float64(tc.replicas)*3.2*730) > 1e-9 {
				t.Errorf("USDPerMonth = %g", *f.USDPerMonth)
			}
		})
	}
	// GuideLLM 0.3 was asked for 8 req/s and sent 7.65; a count of requests is whole.
	sent := func(rate, offered float64) verdict.Capacity {
		return verdict.Capacity{Holds: rate, Fails: 2 * rate, Step: &record.Step{Rate: rate, OfferedRPS: offered, WindowS: 60}}
	}
	if f, _ := verdict.FleetFor(31, 1, sent(8, 7.65), nil); f.Replicas != 5 || math.Abs(f.Headroom-(1-31/38.25)) > 1e-9 {
		t.Errorf("31 req/s by what held 7.65 take %+v, want 5 replicas", f)
	}
	if f, _ := verdict.FleetFor(1.3, 1, sent(1.3, 77.5/60), nil); f.Replicas != 1 {
		t.Errorf("half a request less than asked for buys a node: %+v", f)
	}
	if _, ok := verdict.FleetFor(8, 1, verdict.Capacity{}, nil); ok {
		t.Error("a fleet for an unknown capacity")
	}
	cheap, dear := 100.0, 200.0
	fleets := []verdict.Fleet{{Target: "unpriced"}, {Target: "dear", USDPerMonth: &dear}, {Target: "cheap", USDPerMonth: &cheap}}
	verdict.SortCheapest(fleets)
	if fleets[0].Target != "cheap" || fleets[2].Target != "unpriced" {
		t.Errorf("order: %v", fleets)
	}
}

func TestGates(t *testing.T) {
	price := 3.2
	target := record.Target{Name: "a10", USDPerHour: &price}
	good := 0.97
	steps := []record.Step{at(4, 400), edit(at(8, 450), func(s *record.Step) { s.GoodShare = &good; s.Failed = 2 }), at(16, 900)}
	censored := edit(at(32, 0), func(s *record.Step) {
		s.TTFT.P95 = nil
		s.LowerBounds = map[string]float64{"ttft_p95_ms": 30_000}
	})
	share := func(v float64) record.Step { return edit(at(8, 450), func(s *record.Step) { s.GoodShare = &v }) }
	for _, tc := range []struct {
		name, gate string
		steps      []record.Step
		want       verdict.Outcome
		text       string
	}{
		{"capacity shown", "capacity>=8", steps, verdict.Met, "a10: capacity>=8: holds 8, breaks at 16 req/s, met"},
		{"capacity not shown", "capacity>8", steps, verdict.NotMet, ""},
		{"capacity above what was tried", "capacity>=10", steps[:2], verdict.Unknown, "holds 8+ req/s, unknown"},
		{"capacity behind an invalid step", "capacity>=8", []record.Step{at(4, 400), edit(at(8, 1), invalid), at(16, 900)}, verdict.Unknown, ""},
		{"capacity at most", "capacity<=8", steps, verdict.Met, ""},
		{"capacity at most, exceeded", "capacity<4", steps, verdict.NotMet, ""},
		{"capacity at most, never broke", "capacity<=8", steps[:2], verdict.Unknown, ""},
		{"capacity of nothing", "capacity<=8", nil, verdict.Unknown, ""},
		{"latency", "ttft.p95@8<500ms", steps, verdict.Met, "a10: ttft.p95@8<500ms: 450 ms, met"},
		{"latency too high", "ttft.p95@16<500ms", steps, verdict.NotMet, ""},
		{"latency too high even in a short step", "ttft.p95@8<500ms", []record.Step{edit(at(8, 600), short)}, verdict.NotMet, ""},
		{"latency of a short step", "ttft.p95@8<500ms", []record.Step{edit(at(8, 450), short)}, verdict.Unknown, "a10: ttft.p95@8<500ms: 450 ms in a step too short to tell, unknown"},
		{"capacity of a short step", "capacity>=8", []record.Step{at(4, 400), edit(at(8, 450), short)}, verdict.Unknown, "a10: capacity>=8: holds 4+ req/s (unclear at 8), unknown"},
		{"capacity of short steps only", "capacity>=8", []record.Step{edit(at(8, 450), short)}, verdict.Unknown, "a10: capacity>=8: no step tells, unknown"},
		{"cost of a short step, too high", "cost@8<0.1", []record.Step{edit(at(8, 450), short)}, verdict.Unknown, ""},
		{"cost of a short step, low enough", "cost@8<5", []record.Step{edit(at(8, 450), short)}, verdict.Met, ""},
		{"errors of a short step", "errors@8<1%", []record.Step{edit(at(8, 450), short)}, verdict.Unknown, ""},
		{"rate not measured", "ttft.p95@5<500ms", steps, verdict.Unknown, "no usable step at 5 req/s"},
		{"rate invalid", "ttft.p95@8<500ms", []record.Step{edit(at(8, 1), invalid)}, verdict.Unknown, ""},
		{"lower bound above", "ttft.p95@32<20s", []record.Step{censored}, verdict.NotMet, "above 30.0 s"},
		{"lower bound below", "ttft.p95@32<40s", []record.Step{censored}, verdict.Unknown, ""},
		{"median of three repeats", "ttft.p95@8<500ms", []record.Step{at(8, 450), at(8, 480), at(8, 900)}, verdict.Met, "480 ms"},
		{"one of two repeats", "ttft.p95@8<500ms", []record.Step{at(8, 450), at(8, 900)}, verdict.NotMet, "900 ms"},
		{"goodput of one of two repeats", "goodput@8>=0.95", []record.Step{share(0.9), share(0.99)}, verdict.NotMet, "90.0 %"},
		{"lower bound beside two repeats", "ttft.p95@32<500ms", []record.Step{censored, at(32, 450), at(32, 480)}, verdict.Met, ": 480 ms, met"},
		{"two lower bounds of three repeats", "ttft.p95@32<40s", []record.Step{censored, at(32, 450), censored}, verdict.Unknown, "above 30.0 s"},
		{"goodput", "goodput@8>=0.95", steps, verdict.Met, "97.0 %"},
		{"goodput in per cent", "goodput@8>=98%", steps, verdict.NotMet, ""},
		{"a little less goodput", "goodput@8>=97%", []record.Step{share(0.9696)}, verdict.NotMet, ": 96.96 %, not met"},
		{"a little above", "ttft.p95@8<450ms", []record.Step{at(8, 450.04)}, verdict.NotMet, ": 450.04 ms, not met"},
		{"cost of nothing", "cost<0.6", []record.Step{edit(at(8, 1), invalid)}, verdict.Unknown, "a10: cost<0.6: no usable step, unknown"},
		{"goodput without an objective", "goodput@4>=0.95", steps, verdict.Unknown, ""},
		{"errors", "errors@8<1%", steps, verdict.Met, "0.417 %"},
		{"errors, with requests cut after a long drain", "errors@8<10%", []record.Step{edit(at(8, 450), cutAfter(5))}, verdict.NotMet, "25.0 %"},
		{"errors, with requests cut by a short drain", "errors@8<10%", []record.Step{edit(at(8, 450), cutAfter(1))}, verdict.Unknown, "above 0 %"},
		{"errors, with few requests cut by a short drain", "errors@8<30%", []record.Step{edit(at(8, 450), cutAfter(1))}, verdict.Met, ": 0 %"},
		{"cost at capacity", "cost<0.6", steps, verdict.Met, "$0.556 per 1M output tokens"},
		{"cost at a rate", "cost@4<0.6", steps, verdict.NotMet, "$1.11"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			gates, err := verdict.ParseGates(tc.gate)
			if err != nil {
				t.Fatal(err)
			}
			r := verdict.EvalGates(gates, slo500(t), []record.Target{target}, tc.steps)
			if len(r) != 1 || r[0].Outcome != tc.want || !strings.Contains(r[0].Text, tc.text) {
				t.Errorf("EvalGates = %+v, want %v with %q", r, tc.want, tc.text)
			}
		})
	}
}

func TestBadGatesAndStops(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"", "want NAME[@RATE]"},
		{"capacity", "want NAME[@RATE]"},
		{"capacity>=x", "want a number"},
		{"capacity>=0", "above 0"},
		{"capacity@8>=8", "leave out the @"},
		{"goodput>=0.9", "say at which rate: goodput@RATE"},
		{"goodput@8>=2", "want 0 to 1"},
		{"ttft.p95<500ms", "say at which rate"},
		{"ttft.p95@0<500ms", "want a number above 0"},
		{"ttft.p95@8<500", "with a unit"},
		{"speed@8<5ms", "capacity, cost, goodput, errors or a latency"},
		{"cost<NaN", "want a number"},
	} {
		if _, err := verdict.ParseGates(tc.in); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("ParseGates(%q) = %v, want %q", tc.in, err, tc.want)
		}
	}
	for _, tc := range []struct{ in, want string }{
		{"", "want saturated or errors"},
		{"errors>5%,full", `stop-when "full"`},
		{"errors>0%", "above 0"},
		{"errors>100%", "below 100"},
		{"errors>x", "want 0 to 1"},
	} {
		if _, err := verdict.ParseStop(tc.in); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("ParseStop(%q) = %v, want %q", tc.in, err, tc.want)
		}
	}
}

func TestStop(t *testing.T) {
	stop, err := verdict.ParseStop("saturated", "errors > 5%")
	if err != nil {
		t.Fatal(err)
	}
	failing := func(s *record.Step) { s.Failed, s.Rejected = 10, 20 }
	for _, tc := range []struct {
		name string
		stop verdict.Stop
		step record.Step
		want string
	}{
		{"healthy", stop, at(8, 300), ""},
		{"saturated", stop, edit(at(8, 300), saturated), "saturated at 8 req/s"},
		{"errors", stop, edit(at(8, 300), failing), "6.25 % errors at 8 req/s"},
		{"cut after a long drain", stop, edit(edit(at(8, 300), failing), cutAfter(5)), "31.2 % errors, cut requests among them, at 8 req/s"},
		{"cut by a short drain", stop, edit(at(8, 300), cutAfter(1)), ""},
		{"cut by a short drain, and behind", verdict.Stop{Errors: 0.05}, edit(edit(at(8, 300), cutAfter(1)), saturated), "25.0 % errors, cut requests among them, at 8 req/s"},
		{"void", stop, edit(edit(at(8, 300), failing), void), ""},
		{"no rule", verdict.Stop{}, edit(at(8, 300), saturated), ""},
	} {
		if got := tc.stop.Why(&tc.step); got != tc.want {
			t.Errorf("%s: Why = %q, want %q", tc.name, got, tc.want)
		}
	}
}
