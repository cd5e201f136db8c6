package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"benchtop/engine/stats"
)

// rejected is the share of n samples whose p value is below 5 %.
func rejected(n int, p func(r *rand.Rand) float64) float64 {
	r := rand.New(rand.NewPCG(11, 12))
	count := 0
	for range n {
		if p(r) < 0.05 {
			count++
		}
	}
	return float64(count) / float64(n)
}

func draw(r *rand.Rand, n int, f func(*rand.Rand) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = f(r)
	}
	return out
}

// A true hypothesis is rejected in 5 % of 2,000 samples, give or take 3.5 standard errors (1.7 %);
// a wrong one is found.
func TestKS(t *testing.T) {
	exponential := (*rand.Rand).ExpFloat64
	uniform := (*rand.Rand).Float64
	for _, n := range []int{5, 20, 300} {
		u := rejected(2000, func(r *rand.Rand) float64 { return stats.KSUniform(draw(r, n, uniform), 0, 1) })
		e := rejected(2000, func(r *rand.Rand) float64 { return stats.KSExponential(draw(r, n, exponential), 1) })
		if math.Abs(u-0.05) > 0.017 || math.Abs(e-0.05) > 0.017 {
			t.Errorf("n = %d: rejects %.1f %% of uniform and %.1f %% of exponential samples, want 5 %%", n, 100*u, 100*e)
		}
	}
	if got := rejected(100, func(r *rand.Rand) float64 {
		return stats.KSExponential(draw(r, 300, exponential), 1.3)
	}); got < 0.9 {
		t.Errorf("finds a mean that is 30 %% off in %.0f %% of samples", 100*got)
	}
	if got := rejected(100, func(r *rand.Rand) float64 {
		return stats.KSExponential(draw(r, 300, func(*rand.Rand) float64 { return 1 }), 1)
	}); got < 1 {
		t.Errorf("finds constant gaps in %.0f %% of samples", 100*got)
	}
	if got := stats.KSUniform(nil, 0, 1); got != 1 {
		t.Errorf("no values: p = %g, want 1", got)
	}
}

func TestTrend(t *testing.T) {
	x := []float64{0, 1, 2, 3, 4}
	// By hand: slope 0.6, intercept 2.2, residual sum 3.6, standard error sqrt(1.2/10).
	slope, tv := stats.Trend(x, []float64{2, 4, 2, 4, 5})
	if math.Abs(slope-0.6) > 1e-12 || math.Abs(tv-0.6/math.Sqrt(0.12)) > 1e-12 {
		t.Errorf("Trend = %g, t %g; want 0.6, %g", slope, tv, 0.6/math.Sqrt(0.12))
	}
	for _, tc := range []struct {
		name string
		x, y []float64
		want float64
	}{
		{"two points", x[:2], x[:2], 0},
		{"no spread in x", []float64{1, 1, 1}, []float64{1, 2, 3}, 0},
		{"constant", x, []float64{7, 7, 7, 7, 7}, 0},
		{"a perfect line", x, []float64{0, 2, 4, 6, 8}, math.Inf(1)},
	} {
		if _, got := stats.Trend(tc.x, tc.y); got != tc.want {
			t.Errorf("%s: t = %g, want %g", tc.name, got, tc.want)
		}
	}
	// White noise has |t| > 2.1 (18 degrees of freedom) in 5 % of 2,000 samples.
	at := draw(rand.New(rand.NewPCG(1, 1)), 20, (*rand.Rand).Float64)
	got := rejected(2000, func(r *rand.Rand) float64 {
		_, tv := stats.Trend(at, draw(r, 20, (*rand.Rand).NormFloat64))
		return 0.05 * 2.101 / math.Abs(tv)
	})
	if math.Abs(got-0.05) > 0.017 {
		t.Errorf("%.1f %% of noise has a trend at 5 %%", 100*got)
	}
}

func TestEffectiveN(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, tc := range []struct {
		name   string
		series []float64
		lo, hi float64
	}{
		{"nothing", nil, 0, 0},
		{"one value", []float64{3}, 1, 1},
		{"constant", draw(r, 100, func(*rand.Rand) float64 { return 7 }), 100, 100},
		{"independent", draw(r, 4000, (*rand.Rand).NormFloat64), 3000, 4000},
		{"independent, in blocks", draw(r, 100_000, (*rand.Rand).NormFloat64), 75_000, 100_000},
		// An AR(1) of 0.8 has τ = 9: 4,000 values are worth 444, less what is for safety.
		{"correlated", walk(0.8).draw(r, 4000), 220, 450},
		{"correlated, in blocks", walk(0.8).draw(r, 100_000), 5_000, 12_000},
		{"a ramp", []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 1, 1},
	} {
		if got := stats.EffectiveN(tc.series); got < tc.lo || got > tc.hi {
			t.Errorf("%s: %g independent values, want %g to %g", tc.name, got, tc.lo, tc.hi)
		}
	}
	if got := stats.Autocorrelation(walk(0.8).draw(r, 4000)); math.Abs(got-0.8) > 0.05 {
		t.Errorf("autocorrelation %g, want 0.8", got)
	}
}

func TestIntervalsRefuse(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	few := draw(r, 11, (*rand.Rand).NormFloat64)
	cut := draw(r, 400, (*rand.Rand).NormFloat64)
	for i := 0; i < len(cut); i += 20 {
		cut[i] = math.Inf(1)
	}
	for _, tc := range []struct {
		name   string
		series []float64
		p      float64
		ok     bool
	}{
		{"nothing", nil, 50, false},
		{"too few", few, 50, false},
		{"too few for p99", draw(r, 300, (*rand.Rand).NormFloat64), 99, false},
		{"upper end is censored", cut, 95, false},
		{"below the censored", cut, 50, true},
		{"constant", draw(r, 100, func(*rand.Rand) float64 { return 7 }), 50, true},
	} {
		v := stats.Intervals(tc.series, tc.p)[0]
		if v.OK != tc.ok || v.OK == (v.Why != "") {
			t.Errorf("%s: %+v, want an interval: %v", tc.name, v, tc.ok)
		}
		if v.OK && !(v.Lo <= v.Hi) || v.OK99 && !(v.Lo99 <= v.Lo && v.Hi <= v.Hi99) {
			t.Errorf("%s: ends out of order: %+v", tc.name, v)
		}
	}
}
