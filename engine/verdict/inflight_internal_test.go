package verdict

import (
	"math"
	"math/rand/v2"
	"testing"

	"benchtop/engine/stats"
)

// slowLoad counts in flight at every instant at which it can change.
func slowLoad(spans []span, start, end int64) (most int, mean float64) {
	for at := start; at < end; at++ {
		n := 0
		for _, s := range spans {
			if s.from <= at && at < s.to {
				n++
			}
		}
		most = max(most, n)
		mean += float64(n)
	}
	return most, mean / float64(end-start)
}

func TestLoadAgainstCounting(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 300 {
		var spans []span
		for range r.IntN(30) {
			from := r.Int64N(120)
			spans = append(spans, span{from, from + r.Int64N(60) - 5}) // some end before they begin
		}
		start := r.Int64N(60)
		end := start + 1 + r.Int64N(60)
		most, mean := slowLoad(spans, start, end)
		if got := loadOf(spans, start, end); got.max != most || math.Abs(got.mean-mean) > 1e-9 {
			t.Fatalf("%v in [%d, %d): max %d, mean %g; want %d, %g", spans, start, end, got.max, got.mean, most, mean)
		}
	}
	if got := loadOf([]span{{0, 9}}, 5, 5); got != (load{}) {
		t.Errorf("an empty window has load %+v", got)
	}
}

func TestLoadSlope(t *testing.T) {
	// One more every second for a minute, none ends.
	var spans []span
	for i := range int64(61) {
		spans = append(spans, span{i * 1e9, 1e12})
	}
	l := loadOf(spans, 0, 60e9)
	if math.Abs(l.slope-1) > 0.01 || l.t < 100 || l.max != 60 {
		t.Errorf("load %+v, want a slope of 1/s and at most 60", l)
	}
}

// Slots hold the same gaps whatever their order, and all of them.
func TestSlots(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, windowNS := range []int64{1e9, 20e9, 60e9, 3600e9} {
		var at []int64
		for range 500 {
			at = append(at, r.Int64N(windowNS))
		}
		at = append(at, windowNS-1, -5)
		fill := func() *slots {
			s := new(slots)
			for _, ns := range at {
				s.at(ns).Add(ns / 1e6)
			}
			return s
		}
		a := fill()
		r.Shuffle(len(at), func(i, j int) { at[i], at[j] = at[j], at[i] })
		b := fill()
		used, total := 0, uint64(0)
		for i := range a.hists {
			var x, y stats.Hist
			if a.hists[i] != nil {
				x = *a.hists[i]
				used++
			}
			if b.hists[i] != nil {
				y = *b.hists[i]
			}
			if x != y {
				t.Fatalf("window of %d s: slot %d depends on the order", windowNS/1e9, i)
			}
			total += x.N()
		}
		if total != uint64(len(at)) {
			t.Errorf("window of %d s: %d of %d gaps are in a slot", windowNS/1e9, total, len(at))
		}
		if windowNS >= 20e9 && used < maxSlots/2 {
			t.Errorf("window of %d s: only %d slots are used", windowNS/1e9, used)
		}
	}
}
