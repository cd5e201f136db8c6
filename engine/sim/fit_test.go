package sim_test

import (
	"math"
	"slices"
	"testing"

	"benchtop/engine/sim"
)

// published holds the medians of Kaito's published GuideLLM 0.3 runs: 1,000 requests of 200 prompt
// and 200 output tokens, phi-4-mini-instruct. What GuideLLM 0.3 calls ITL is a mean per request, our
// TPOT. completed is 1,000 requests over the time from the first request to the last reply.
//
// Past the knee (A10 at 16, A100 at 64) requests queue for most of the run; the A100's last row is
// shown and not required.
var published = []struct {
	profile        string
	rate           float64
	ttftMS, tpotMS float64
	completedRPS   float64
	check          string
}{
	{"a10", 1, 367.7, 20.16, 0.946, "latency"},
	{"a10", 2, 393.0, 21.48, 1.890, "latency"},
	{"a10", 4, 378.9, 25.06, 3.752, "latency"},
	{"a10", 8, 478.4, 53.82, 7.327, "latency"},
	{"a10", 16, 12345.4, 140.59, 8.696, "saturated"},
	{"a100", 2, 282.0, 8.09, 1.899, "latency"},
	{"a100", 4, 282.9, 8.39, 3.791, "latency"},
	{"a100", 8, 285.1, 9.15, 7.563, "latency"},
	{"a100", 16, 290.6, 10.69, 15.032, "latency"},
	{"a100", 32, 334.7, 25.06, 28.592, "latency"},
	{"a100", 64, 3953.2, 39.59, 31.325, ""},
}

// TestFit shows simulated beside published (-v) for GuideLLM's own arrival sequence, and fails where
// the simulation leaves the bounds: 10 % on median TTFT and TPOT below the knee; past it, 10 % on a
// TTFT of 12 s and 5 % on 8.7 completed requests a second.
func TestFit(t *testing.T) {
	t.Log("target  rate | TTFT p50 ms: simulated published      % | TPOT p50 ms: sim  publ.      % | completed req/s: sim  publ.      %")
	for _, p := range published {
		prof, err := sim.ProfileByName(p.profile)
		if err != nil {
			t.Fatal(err)
		}
		arrivals := guideLLMArrivals(p.rate, 1000)
		replies, err := sim.Simulate(prof.Step, sim.Limits{MaxNumSeqs: 256, TokenBudget: 2048, KVBlocks: prof.KVBlocks}, arrivals, 200, 200)
		if err != nil {
			t.Fatal(err)
		}
		pathMS := prof.Path.Seconds() * 1e3
		var ttft, tpot []float64
		end := int64(0)
		for _, r := range replies {
			ttft = append(ttft, float64(r.FirstNS-r.ArrivedNS)/1e6+pathMS)
			tpot = append(tpot, float64(r.LastNS-r.FirstNS)/1e6/199)
			end = max(end, r.LastNS)
		}
		ttftMS, tpotMS := median(ttft), median(tpot)
		completed := 1000 / (float64(end)/1e9 + prof.Path.Seconds())
		t.Logf("%-6s %5g | %22.1f %9.1f %+5.1f%% | %16.2f %6.2f %+5.1f%% | %20.3f %6.3f %+5.1f%%", p.profile, p.rate,
			ttftMS, p.ttftMS, percent(ttftMS, p.ttftMS), tpotMS, p.tpotMS, percent(tpotMS, p.tpotMS),
			completed, p.completedRPS, percent(completed, p.completedRPS))
		switch p.check {
		case "latency":
			within(t, p.profile, p.rate, "median TTFT in ms", ttftMS, p.ttftMS, 10)
			within(t, p.profile, p.rate, "median TPOT in ms", tpotMS, p.tpotMS, 10)
		case "saturated":
			within(t, p.profile, p.rate, "median TTFT in ms", ttftMS, 12_000, 10)
			within(t, p.profile, p.rate, "completed req/s", completed, 8.7, 5)
		}
	}
}

// The time of the 1,000th arrival is known from the published runs for the rates that did not saturate:
// it shows that the sequence is GuideLLM's.
func TestGuideLLMArrivals(t *testing.T) {
	for rate, want := range map[float64]float64{1: 1053.12, 2: 525.06, 4: 262.27, 8: 130.60, 16: 64.79} {
		got := float64(guideLLMArrivals(rate, 1000)[999]) / 1e9
		if math.Abs(got-want) > 0.01 {
			t.Errorf("rate %g: last arrival at %.2f s, want %.2f", rate, got, want)
		}
	}
}

func within(t *testing.T, profile string, rate float64, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(percent(got, want)) > tolerance {
		t.Errorf("%s at %g req/s: %s is %.2f, want %.2f within %g %%", profile, rate, what, got, want, tolerance)
	}
}

func percent(got, want float64) float64 { return 100 * (got/want - 1) }

// median is the nearest-rank median, which is GuideLLM's too.
func median(v []float64) float64 {
	slices.Sort(v)
	return v[(len(v)-1)/2]
}
