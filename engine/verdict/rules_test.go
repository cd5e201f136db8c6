package verdict_test

import (
	"testing"
	"time"

	"benchtop/engine/record"
)

// cell is one GPU at one rate.
type cell struct {
	profile string
	rate    float64
}

// The simulated A10 serves about 9 requests/s of 200 + 200 tokens, the A100 about 33.
var (
	healthy  = []cell{{"a10", 1}, {"a10", 2}, {"a10", 4}, {"a10", 8}, {"a100", 2}, {"a100", 8}, {"a100", 16}, {"a100", 32}}
	overload = []cell{{"a10", 16}, {"a100", 48}, {"a100", 64}}
)

// TestSaturationRule simulates how often the rule calls a healthy step saturated and how often it
// misses one past the knee, for windows of 20 and 60 s. Run it with -v for the table.
func TestSaturationRule(t *testing.T) {
	t.Parallel()
	seeds := uint64(10)
	if testing.Short() {
		seeds = 4
	}
	calls := func(cells []cell, window time.Duration) (called, of int) {
		for _, c := range cells {
			n := 0
			for seed := range seeds {
				if (trial{profile: c.profile, rate: c.rate, window: window, seed: seed}).step(t).Verdict.Saturated {
					n++
				}
			}
			t.Logf("%-4s %2g/s %v: called in %d of %d", c.profile, c.rate, window, n, seeds)
			called, of = called+n, of+int(seeds)
		}
		return called, of
	}
	for _, window := range []time.Duration{20 * time.Second, time.Minute} {
		if n, of := calls(healthy, window); float64(n) > 0.02*float64(of) {
			t.Errorf("%v: %d of %d healthy steps are called saturated, want at most 2 %%", window, n, of)
		}
		if n, of := calls(overload, window); n < of {
			t.Errorf("%v: %d of %d steps past the knee are called saturated, want all", window, n, of)
		}
	}
}

// told says whether the p95 of b is above that of a by more than 5 % and by the rule of 99 %
// intervals.
func told(a, b *record.Dist) bool {
	x, okA := a.CI99["p95"]
	y, okB := b.CI99["p95"]
	return okA && okB && y[0] > x[1] && *b.P95 > 1.05**a.P95
}

// sweepTold says whether two sweeps are told apart at any rate, by TTFT p95 or ITL p95.
func sweepTold(a, b []record.Step) bool {
	for i := range a {
		if !a[i].Verdict.Saturated && !b[i].Verdict.Saturated && (told(&a[i].TTFT, &b[i].TTFT) || told(&a[i].ITL, &b[i].ITL)) {
			return true
		}
	}
	return false
}

// TestComparisons: of 100 pairs of sweeps of the same server, each with arrivals of its own, at most
// 2 may pass for a regression at any of their rates; and of 100 sweeps with engine steps that take
// 10 % longer, at least 90 must.
func TestComparisons(t *testing.T) {
	for _, tc := range []struct {
		profile string
		rates   []float64
		pairs   int
	}{{"a10", []float64{1, 2, 4, 8}, 100}, {"a100", []float64{1, 2, 4, 8, 16}, 20}} {
		t.Run(tc.profile, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				tc.pairs = 10
			}
			sweep := func(slower float64, seed int) (out []record.Step) {
				for _, rate := range tc.rates {
					out = append(out, trial{profile: tc.profile, rate: rate, slower: slower, window: time.Minute, seed: uint64(seed)}.step(t))
				}
				return out
			}
			alarms, found := 0, 0
			for i := range tc.pairs {
				base := sweep(0, 3*i)
				if sweepTold(base, sweep(0, 3*i+1)) {
					alarms++
				}
				if sweepTold(base, sweep(0.1, 3*i+2)) {
					found++
				}
			}
			t.Logf("%d of %d equal sweeps and %d of %d slower ones pass for a regression", alarms, tc.pairs, found, tc.pairs)
			if alarms > tc.pairs*2/100 {
				t.Errorf("%d of %d equal sweeps pass for a regression, want at most 2 %%", alarms, tc.pairs)
			}
			if found < tc.pairs*9/10 {
				t.Errorf("%d of %d slower sweeps are told, want 90 %%", found, tc.pairs)
			}
		})
	}
}
