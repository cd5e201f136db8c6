package chart_test

import (
	"math/rand/v2"
	"testing"

	"github.com/muesli/termenv"

	"benchtop/ui/chart"
	"benchtop/ui/theme"
)

// walk is a random walk of n points over span seconds.
func walk(seed uint64, n int, base, amp, span float64) []chart.Point {
	r := rand.New(rand.NewPCG(seed, 1))
	pts := make([]chart.Point, n)
	v := 0.0
	for i := range pts {
		v = v*0.97 + (r.Float64()-.5)*amp*.3
		pts[i] = chart.Point{X: float64(i) / float64(n-1) * span, Y: base + v + (r.Float64()-.5)*amp*.1}
	}
	return pts
}

func live(points int, log bool) chart.TimeSeries {
	th := theme.New(theme.Options{Profile: termenv.ANSI256, Dark: true})
	t := th.Target(0)
	return chart.TimeSeries{Theme: th, SLO: 500, XMax: 120, Y: chart.Axis{Log: log},
		Marks: []chart.Mark{{X: 0, Text: "1/s"}, {X: 60, Text: "2/s"}},
		Series: []chart.Series{
			{Name: "p50", Style: t.Tints[0], Points: walk(1, points, 420, 120, 120)},
			{Name: "p90", Style: t.Tints[1], Points: walk(2, points, 540, 160, 120)},
			{Name: "p99", Style: t.Tints[2], Points: walk(3, points, 690, 250, 120)},
		}}
}

// Budget: < 1 ms of CPU for 120×20 with 3 × 6,000 points.
func BenchmarkTimeSeries120x20(b *testing.B) {
	for _, c := range []struct {
		name string
		n    int
		log  bool
	}{{"600", 600, false}, {"6000", 6000, false}, {"6000log", 6000, true}, {"60000", 60000, false}} {
		b.Run(c.name, func(b *testing.B) {
			ts := live(c.n, c.log)
			b.ReportAllocs()
			used := cpuTime()
			for b.Loop() {
				ts.Render(120, 20)
			}
			reportCPU(b, used)
		})
	}
}

func BenchmarkRateCurve76x19(b *testing.B) {
	th := theme.New(theme.Options{Profile: termenv.ANSI256, Dark: true})
	b.ReportAllocs()
	used := cpuTime()
	for b.Loop() {
		sampleRates(th).Render(76, 19)
	}
	reportCPU(b, used)
}
