package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"benchtop/engine/stats"
)

func ExampleSample() {
	var s stats.Sample
	for _, ms := range []float64{210, 190, 250, 230} {
		s.Add(ms)
	}
	s.AddCensored(30_000) // cut after 30 s
	p50, _ := s.Percentile(50)
	p99, bound := s.Percentile(99)
	fmt.Println(p50, p99, bound)
	_, ok := s.Mean()
	fmt.Println(ok)
	// Output:
	// 230 30000 true
	// false
}

func ExampleCounter() {
	var c stats.Counter
	for _, us := range []uint32{20_100, 20_300, 19_900, 250_000} {
		c.Add(us)
	}
	p50, _ := c.PercentileUS(50)
	max, _ := c.MaxUS()
	fmt.Println(p50, max)
	// Output: 20100 250000
}

func ExampleHist() {
	var h stats.Hist
	for ns := int64(1); ns <= 1_000_000; ns++ {
		h.Add(ns)
	}
	p, n := h.Percentiles(nil, 50, 99)
	fmt.Printf("%d values, p50 %.0f, p99 %.0f\n", n, p[0], p[1])
	// Output: 1000000 values, p50 500736, p99 989184
}

func TestRank(t *testing.T) {
	for _, tc := range []struct {
		p       float64
		n, want int
	}{
		{50, 1, 1}, {50, 2, 1}, {50, 3, 2}, {95, 20, 19}, {95, 21, 20}, {99, 100, 99}, {99, 101, 100},
		{99.9, 1000, 999}, {100, 7, 7}, {0.001, 7, 1}, {150, 7, 7},
		{0, 7, 0}, {-1, 7, 0}, {math.NaN(), 7, 0}, {50, 0, 0}, {50, -3, 0},
	} {
		if got := stats.Rank(tc.p, tc.n); got != tc.want {
			t.Errorf("Rank(%g, %d) = %d, want %d", tc.p, tc.n, got, tc.want)
		}
	}
	// Against integer arithmetic: ceil(p·n/100) for whole p.
	for n := 1; n <= 3000; n++ {
		for p := 1; p <= 100; p++ {
			if got, want := stats.Rank(float64(p), n), (p*n+99)/100; got != want {
				t.Fatalf("Rank(%d, %d) = %d, want %d", p, n, got, want)
			}
		}
	}
}

// slow is the definition itself: sort with censored values as +Inf, take the rank; if that is
// censored, sort with ages and take the same rank.
func slow(values, ages []float64, p float64) (float64, bool) {
	all := slices.Clone(values)
	for range ages {
		all = append(all, math.Inf(1))
	}
	slices.Sort(all)
	rank := int(math.Ceil(p * float64(len(all)) / 100 * (1 - 1e-12)))
	if v := all[max(rank, 1)-1]; !math.IsInf(v, 1) {
		return v, false
	}
	both := slices.Concat(values, ages)
	slices.Sort(both)
	return both[max(rank, 1)-1], true
}

func FuzzPercentiles(f *testing.F) {
	f.Add(uint64(1), 10, 3, 90.0)
	f.Add(uint64(2), 1, 0, 50.0)
	f.Add(uint64(3), 0, 5, 99.0)
	f.Fuzz(func(t *testing.T, seed uint64, n, cut int, p float64) {
		n, cut = n&1023, cut&255
		if n+cut == 0 || !(p > 0 && p <= 100) {
			t.Skip()
		}
		r := rand.New(rand.NewPCG(seed, 0))
		var s, front, back stats.Sample
		var c, c1, c2 stats.Counter
		var values, ages []float64
		spread := uint32(1) << r.IntN(32)
		add := func(list *[]float64, toS func(*stats.Sample, float64), toC func(*stats.Counter, uint32)) {
			us := r.Uint32N(spread)
			*list = append(*list, float64(us))
			toS(&s, float64(us))
			toC(&c, us)
			if r.IntN(2) == 0 {
				toS(&front, float64(us))
				toC(&c1, us)
			} else {
				toS(&back, float64(us))
				toC(&c2, us)
			}
		}
		for range n {
			add(&values, (*stats.Sample).Add, (*stats.Counter).Add)
		}
		for range cut {
			add(&ages, (*stats.Sample).AddCensored, (*stats.Counter).AddCensored)
		}
		front.Merge(&back)
		c1.Merge(&c2)
		want, wantBound := slow(values, ages, p)
		check := func(name string, got float64, bound bool) {
			if got != want || bound != wantBound {
				t.Errorf("%s: p%g of %d values and %d cut = %g, %v; want %g, %v", name, p, n, cut, got, bound, want, wantBound)
			}
		}
		v, b := s.Percentile(p)
		check("Sample", v, b)
		v, b = front.Percentile(p)
		check("merged Sample", v, b)
		v, b = c.PercentileUS(p)
		check("Counter", v, b)
		v, b = c1.PercentileUS(p)
		check("merged Counter", v, b)
		m1, ok1 := s.Mean()
		m2, ok2 := c.MeanUS()
		if ok1 != ok2 || ok1 != (n > 0 && cut == 0) || ok1 && math.Abs(m1-m2) > 1e-9*m1 {
			t.Errorf("mean: %g, %v and %g, %v", m1, ok1, m2, ok2)
		}
		x1, ok1 := s.Max()
		x2, ok2 := c.MaxUS()
		if ok1 != ok2 || ok1 && x1 != float64(x2) {
			t.Errorf("max: %g, %v and %d, %v", x1, ok1, x2, ok2)
		}
		if s.N() != n+cut || c.N() != uint64(n+cut) || c1.N() != c.N() || s.Censored() != cut || c.Censored() != cut {
			t.Errorf("counts: %d, %d, %d of %d + %d", s.N(), c.N(), c1.N(), n, cut)
		}
	})
}

func TestEmptyAndBad(t *testing.T) {
	var s stats.Sample
	s.Add(math.NaN())
	s.AddCensored(math.NaN())
	if v, bound := s.Percentile(50); !math.IsNaN(v) || bound || s.N() != 0 {
		t.Errorf("percentile of nothing = %g, %v of %d", v, bound, s.N())
	}
	var c stats.Counter
	if v, bound := c.PercentileUS(50); !math.IsNaN(v) || bound {
		t.Errorf("percentile of no gap = %g, %v", v, bound)
	}
	if _, ok := c.MaxUS(); ok {
		t.Error("no gap has a longest one")
	}
	if _, ok := c.MeanUS(); ok {
		t.Error("no gap has a mean")
	}
}

func TestCounterStaysExactWhenFull(t *testing.T) {
	var c stats.Counter
	one := new(stats.Counter)
	for us := uint32(5_000); us < 55_000; us++ {
		one.Add(us)
	}
	one.Add(4_000_000_000) // over an hour: kept apart
	for range 4000 {       // 200 million gaps
		c.Merge(one)
	}
	if c.N() != 4000*50_001 {
		t.Fatalf("N = %d", c.N())
	}
	for p, want := range map[float64]float64{1: 5_500, 50: 30_000, 99: 54_500, 100: 4_000_000_000} {
		if got, _ := c.PercentileUS(p); got != want {
			t.Errorf("p%g = %.0f µs, want %.0f", p, got, want)
		}
	}
}

func BenchmarkCounterAdd(b *testing.B) {
	var c stats.Counter
	b.ReportAllocs()
	us := uint32(0)
	for b.Loop() {
		us = (us*1664525 + 1013904223)
		c.Add(5_000 + us>>15)
	}
}
