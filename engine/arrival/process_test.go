package arrival_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"benchtop/engine/arrival"
	"benchtop/engine/stats"
)

// window is the window's arrivals in s after it opens.
func window(s arrival.Schedule) []float64 {
	out := make([]float64, 0, s.Window())
	for _, at := range s.TimesNS[s.First:] {
		out = append(out, float64(at-s.WarmupNS)/1e9)
	}
	return out
}

func gaps(at []float64) []float64 {
	out := make([]float64, len(at)-1)
	for i := range out {
		out[i] = at[i+1] - at[i]
	}
	return out
}

// Over 400 seeds of a step, the tests reject as many schedules as they should: 5 % give or take 3.5
// standard errors (3.8 %). A generator that bunches, rescales or repeats would be far off.
func TestPoissonIsPoisson(t *testing.T) {
	const seeds = 400
	for _, process := range []string{arrival.Poisson, arrival.PoissonFree} {
		for _, rate := range []float64{1, 16} {
			var notUniform, notExponential int
			for seed := range uint64(seeds) {
				s := mustNew(t, arrival.Spec{Process: process, Rate: rate, Warmup: 5 * time.Second, Window: time.Minute, Seed: seed})
				at := window(s)
				if stats.KSUniform(at, 0, 60) < 0.05 {
					notUniform++
				}
				if stats.KSExponential(gaps(at), 60/float64(len(at))) < 0.05 {
					notExponential++
				}
			}
			for name, n := range map[string]int{"uniform": notUniform, "exponential": notExponential} {
				// The mean gap is taken from the count, which makes the exponential test milder.
				if share := float64(n) / seeds; share > 0.05+0.038 {
					t.Errorf("%s at %g/s: %.1f %% of the schedules are not %s at 5 %%", process, rate, 100*share, name)
				}
			}
		}
	}
}

// Counts of seconds have a variance as large as their mean, and gaps know nothing of each other:
// one long step of 100,000 arrivals, bounds of 3.5 standard errors.
func TestDispersionAndMemory(t *testing.T) {
	for _, process := range []string{arrival.Poisson, arrival.PoissonFree} {
		s := mustNew(t, arrival.Spec{Process: process, Rate: 20, Requests: 100_000, Seed: 3})
		at := window(s)
		counts := make([]float64, int(float64(s.WindowNS)/1e9))
		for _, x := range at {
			if i := int(x); i < len(counts) {
				counts[i]++
			}
		}
		mean, variance := 0.0, 0.0
		for _, n := range counts {
			mean += n / float64(len(counts))
		}
		for _, n := range counts {
			variance += (n - mean) * (n - mean) / float64(len(counts)-1)
		}
		if d := variance / mean; math.Abs(d-1) > 3.5*math.Sqrt(2/float64(len(counts))) {
			t.Errorf("%s: variance of counts is %.3f of their mean, want 1", process, d)
		}
		if r := stats.Autocorrelation(gaps(at)); math.Abs(r) > 3.5/math.Sqrt(1e5) {
			t.Errorf("%s: neighbouring gaps correlate by %.4f, want 0", process, r)
		}
	}
}

// Neither neighbouring seeds nor rates nor repeats have arrivals in common.
func TestSchedulesAreIndependent(t *testing.T) {
	base := arrival.Spec{Rate: 8, Requests: 2000, Seed: 42}
	a := gaps(window(mustNew(t, base)))
	for name, edit := range map[string]func(*arrival.Spec){
		"seed":   func(s *arrival.Spec) { s.Seed = 43 },
		"repeat": func(s *arrival.Spec) { s.Repeat = 1 },
		"rate":   func(s *arrival.Spec) { s.Rate = 16 },
	} {
		spec := base
		edit(&spec)
		b := gaps(window(mustNew(t, spec)))
		if r := correlation(a, b); math.Abs(r) > 3.5/math.Sqrt(2000) {
			t.Errorf("another %s: gaps correlate by %.3f, want 0", name, r)
		}
	}
}

func correlation(a, b []float64) float64 {
	n := float64(min(len(a), len(b)))
	var ma, mb, sa, sb, sab float64
	for i := range int(n) {
		ma, mb = ma+a[i]/n, mb+b[i]/n
	}
	for i := range int(n) {
		sa += (a[i] - ma) * (a[i] - ma)
		sb += (b[i] - mb) * (b[i] - mb)
		sab += (a[i] - ma) * (b[i] - mb)
	}
	return sab / math.Sqrt(sa*sb)
}

func ExampleSchedule_Shard() {
	s, err := arrival.New(arrival.Spec{Process: arrival.Constant, Rate: 1, Window: 7 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Shard(0, 3), s.Shard(1, 3), s.Shard(2, 3))
	// Output: [0 3 6] [1 4] [2 5]
}
