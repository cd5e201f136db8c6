package stats_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"benchtop/engine/stats"
)

// TestHistError holds the promise of 0.4 %: any percentile of any values is off by at most that.
func TestHistError(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, scale := range []float64{50, 1e4, 2e8, 5e13, 9e18} {
		var h stats.Hist
		var values []float64
		for range 3000 {
			v := int64(math.Pow(scale, r.Float64()))
			h.Add(v)
			values = append(values, float64(v))
		}
		slices.Sort(values)
		ps := []float64{1, 25, 50, 90, 99, 99.9, 100}
		got, n := h.Percentiles(nil, ps...)
		if n != 3000 {
			t.Errorf("n = %d, want 3000", n)
		}
		for i, p := range ps {
			want := values[stats.Rank(p, len(values))-1]
			if off := math.Abs(got[i]-want) / max(want, 1); off > 0.004 {
				t.Errorf("up to %g: p%g = %g, want %g: off by %.2f %%", scale, p, got[i], want, 100*off)
			}
		}
	}
}

func TestHistEdges(t *testing.T) {
	var h stats.Hist
	for _, v := range []int64{math.MinInt64, -1, 0, 1, 127, 128, 255, 256, math.MaxInt64} {
		h.Add(v)
	}
	got, n := h.Percentiles(nil, 1, 50, 100)
	if n != 9 || got[0] != 0 || got[1] != 127 || got[2] < math.MaxInt64*0.996 {
		t.Errorf("percentiles = %v of %d", got, n)
	}
	h.Reset()
	if got, n := h.Percentiles(nil, 50); n != 0 || got[0] != 0 {
		t.Errorf("an empty histogram has %v of %d", got, n)
	}
}

// A window is the difference of two pictures, also where counts have run over 2^32 meanwhile; and
// merging is adding.
func TestHistWindowAndMerge(t *testing.T) {
	var all, early, late, merged stats.Hist
	for v := range int64(1000) {
		all.Add(v * v)
		if v < 400 {
			early.Add(v * v)
		} else {
			late.Add(v * v)
		}
	}
	merged.Merge(&early)
	merged.Merge(&late)
	if merged != all {
		t.Error("the parts merged are not the whole")
	}
	window := all
	window.Sub(&early)
	if window != late {
		t.Error("the whole without the early part is not the late part")
	}
	var zero stats.Hist
	zero.Sub(&early) // as if early had run over
	zero.Merge(&all)
	if zero != late {
		t.Error("a count that ran over does not come back")
	}
}

func TestAtomicHist(t *testing.T) {
	var h stats.AtomicHist
	var want, got stats.Hist
	var wg sync.WaitGroup
	for w := range int64(4) {
		for v := range int64(5000) {
			want.Add(v*w + v)
		}
		wg.Go(func() {
			for v := range int64(5000) {
				h.Add(v*w + v)
			}
		})
	}
	h.Snapshot(&got) // while it changes
	if got.N() > 20_000 {
		t.Errorf("a picture has %d values of 20000", got.N())
	}
	wg.Wait()
	h.Snapshot(&got)
	if got != want {
		t.Error("values were lost or moved")
	}
}

func BenchmarkAtomicHistAdd(b *testing.B) {
	var h stats.AtomicHist
	b.ReportAllocs()
	v := int64(0)
	for b.Loop() {
		v = (v*1664525 + 1013904223) & 0xffffffff
		h.Add(v)
	}
}

func BenchmarkWindow(b *testing.B) {
	var h stats.AtomicHist
	var now, before stats.Hist
	b.ReportAllocs()
	var dst []float64
	for b.Loop() {
		h.Snapshot(&now)
		now.Sub(&before)
		dst, _ = now.Percentiles(dst[:0], 50, 90, 99)
	}
}
