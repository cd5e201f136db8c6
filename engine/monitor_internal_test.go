package engine

import (
	"testing"

	"benchtop/engine/scrape"
	"benchtop/engine/wire"
)

// A step of hours has more samples than are kept: what is left must span all of it, and go on.
func TestLongStepsAreSeenWhole(t *testing.T) {
	var v view
	v.init()
	from := wire.Now()
	const n = 3*keepSamples + 7
	for i := range int64(n) {
		v.addRTT(i * 1_000_000)
		v.addScrape(scrape.View{Running: new(float64(i))})
	}
	if len(v.rtts) > keepSamples || len(v.scrapes) > keepSamples {
		t.Fatalf("%d round trips and %d scrapes are kept, want at most %d", len(v.rtts), len(v.scrapes), keepSamples)
	}
	p := v.path(from, wire.Now()+1)
	if p.N < keepSamples/4 || *p.RTTMinMS > 10 || *p.RTTP99MS < n*0.98 {
		t.Errorf("of %d round trips up to %d ms %d are left, from %g ms to a p99 of %g ms", n, n, p.N, *p.RTTMinMS, *p.RTTP99MS)
	}
	if got := v.rtt(); got < n-100 {
		t.Errorf("the median of the last ten is %g ms, want about %d", got, n)
	}
	if first, last := v.scrapes[0].view, v.scrapes[len(v.scrapes)-1].view; *first.Running != 0 || *last.Running != n-1 {
		t.Errorf("scrapes from %g to %g, want from 0 to %d", *first.Running, *last.Running, n-1)
	}
}
