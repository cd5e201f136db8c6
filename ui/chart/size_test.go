package chart_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"benchtop/ui/chart"
	"benchtop/ui/theme"
)

func themes() map[string]*theme.Theme {
	return map[string]*theme.Theme{
		"256":   theme.New(theme.Options{Profile: termenv.ANSI256, Dark: true}),
		"none":  theme.New(theme.Options{Profile: termenv.Ascii}),
		"ascii": theme.New(theme.Options{Profile: termenv.Ascii, ASCII: true}),
	}
}

// awkward are values that a chart must survive.
var awkward = []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300, 5e-324,
	math.MaxFloat64, -math.MaxFloat64, 250}

// awkwardCharts are charts whose data, axes, limits and marks are awkward in every combination.
func awkwardCharts(th *theme.Theme) []func(w, h int) string {
	var pts []chart.Point
	var rates []chart.RatePoint
	for _, x := range awkward {
		for _, y := range awkward {
			pts = append(pts, chart.Point{X: x, Y: y})
			rates = append(rates, chart.RatePoint{Rate: x, Y: y, Saturated: y == 250, AtLeast: y == 1})
		}
	}
	var out []func(w, h int) string
	for i, v := range awkward {
		for _, log := range []bool{false, true} {
			out = append(out, chart.TimeSeries{Theme: th, SLO: v, XMin: v, XMax: awkward[(i+4)%len(awkward)],
				Y:      chart.Axis{Min: v, Max: awkward[(i+7)%len(awkward)], Log: log},
				Series: []chart.Series{{Name: "✅世界 long name", Marker: "●", Points: pts}, {Points: pts, Dashed: true}, {}},
				Marks:  []chart.Mark{{X: v, Text: "界✅界"}, {X: 0, Note: true, Text: "a long note"}}}.Render)
			out = append(out, chart.RateCurve{Theme: th, SLO: v, Unit: chart.MS, Y: chart.Axis{Min: 1, Max: v, Log: log},
				Series: []chart.RateSeries{{Name: "A10", Target: th.Target(0), Points: rates}, {Target: th.Target(1), Points: rates, Dashed: true}, {}},
				Rates:  awkward}.Render)
		}
	}
	return out
}

func TestViewsHaveExactSizes(t *testing.T) {
	for name, th := range themes() {
		for i, render := range awkwardCharts(th) {
			for _, w := range []int{0, 1, 2, 3, 13, 14, 29, 30, 31, 60, 120} {
				for _, h := range []int{0, 1, 2, 4, 5, 6, 12, 40} {
					if msg := sizeError(render(w, h), w, h); msg != "" {
						t.Fatalf("chart %d, %s theme, %d×%d: %s\n%s", i, name, w, h, msg, render(w, h))
					}
				}
			}
		}
	}
}

func sizeError(s string, w, h int) string {
	if h == 0 {
		if s != "" {
			return "not empty at height 0"
		}
		return ""
	}
	lines := strings.Split(s, "\n")
	if len(lines) != h {
		return fmt.Sprintf("%d lines", len(lines))
	}
	for i, l := range lines {
		if got := ansi.StringWidth(l); got != w {
			return fmt.Sprintf("line %d has %d cells", i, got)
		}
	}
	return ""
}
