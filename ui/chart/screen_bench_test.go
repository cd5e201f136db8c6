package chart_test

import (
	"testing"

	"benchtop/ui/chart"
	"benchtop/ui/widget"
)

// Budget: < 5 ms of CPU for the busiest screen, 160×45 with four charts in frames.
func BenchmarkFourChartsInFrames(b *testing.B) {
	charts := []chart.TimeSeries{live(6000, false), live(6000, true), live(6000, false), live(6000, true)}
	th := charts[0].Theme
	b.ReportAllocs()
	used := cpuTime()
	for b.Loop() {
		var panels []string
		for i, c := range charts {
			panels = append(panels, widget.Panel{Theme: th, Title: "TTFT ms", Note: "427 548 691",
				Focused: i == 0, Body: c.Render(widget.Inside(80, 21))}.Render(80, 21))
		}
		widget.Stack(widget.Header(th, "benchtop", "running", 160),
			widget.Beside(panels[0], panels[1]), widget.Beside(panels[2], panels[3]),
			widget.Footer(th, []widget.Key{{Key: "q", Label: "quit"}}, 160))
	}
	reportCPU(b, used)
}
