package ui

import (
	"testing"

	"benchtop/ui/screen"
)

// The budgets are 5 ms CPU for four charts at 160×45 and 3 ms for two targets at 120×40; ten
// pictures a second then cost at most 5 % of a core.
func benchmarkView(b *testing.B, targets int, id screen.ID, w, h int) {
	x := newBench(b)
	x.sweep(targets, 300)
	x.show(id)
	view(x, w, h)
	b.ReportAllocs()
	for b.Loop() {
		x.dirty = true
		x.View()
	}
}

func BenchmarkLive160x45(b *testing.B)        { benchmarkView(b, 1, screen.Live, 160, 45) }
func BenchmarkCompare120x40(b *testing.B)     { benchmarkView(b, 2, screen.Compare, 120, 40) }
func BenchmarkCompare160x45(b *testing.B)     { benchmarkView(b, 2, screen.Compare, 160, 45) }
func BenchmarkCompareFour160x45(b *testing.B) { benchmarkView(b, 4, screen.Compare, 160, 45) }
func BenchmarkResults160x45(b *testing.B)     { benchmarkView(b, 2, screen.Results, 160, 45) }

// What an idle interface does four times a second: nothing is drawn.
func BenchmarkIdleTick(b *testing.B) {
	x := newBench(b)
	view(x, 160, 45)
	b.ReportAllocs()
	for b.Loop() {
		x.update(tickMsg(x.time))
		x.View()
	}
}
