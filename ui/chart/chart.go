// Package chart draws time series, rate curves and sparklines for a terminal: braille dots on
// ntcharts' canvas, with axes, limits and labels of its own.
//
//	ts := chart.TimeSeries{Theme: th, Series: []chart.Series{{Name: "p99", Style: st, Points: pts}},
//		SLO: 500, Marks: marks, XMax: 120}
//	view := ts.Render(76, 19)
//
// Promises: a view has exactly h lines of exactly w cells for every w and h; values that are NaN or
// infinite are gaps; values beyond the axis stay on its edge; a spike of a single point is visible
// however many points share its column; labels stand on the row of the dots they name. Series
// differ in more than colour: by their label, and by markers on their line if they have them.
//
// A view costs what its columns cost: points are reduced to first, lowest, highest and last of each
// dot column, which draws the same dots as all of them (M4: Jugel et al., VLDB 2014), and the
// canvas is written with one SGR sequence per run of equal style, since lipgloss' own rendering of
// 2,400 cells takes 2.7 ms. Caching views between frames is the caller's.
//
// Values of latency are in ms, times in s, rates in req/s. The package knows no messages and no
// clock. It may import ui/theme, ntcharts and x/ansi.
package chart

import (
	"math"

	"benchtop/ui/theme"
)

// Point is one value of a series; a Y that is NaN or infinite breaks the line.
type Point struct{ X, Y float64 }

// Series is one line. Points are in order of X.
type Series struct {
	Name   string // shown at the end of the line; may be empty
	Marker string // one cell, shown along the line; empty for none
	Style  *theme.Style
	Points []Point
	Dashed bool // a ghost: a saved run beside a live one
}

// Mark is a vertical line in a time series: a step boundary or a note.
type Mark struct {
	X    float64
	Text string // shown on the x axis, cut at the next mark
	Note bool   // an event rather than a boundary
}

// TimeSeries is values over time in seconds.
type TimeSeries struct {
	Theme  *theme.Theme
	Series []Series // later ones are drawn over earlier ones
	// XMin and XMax are the ends of the time axis in s; both 0: those of the data.
	XMin, XMax float64
	// Y is the value axis; its zero value takes the range of the data.
	Y Axis
	// SLO is where the dashed limit is drawn; 0 or NaN: none. One above the axis is shown as an
	// arrow at its top.
	SLO float64
	// SLOLabel stands at the end of the limit; empty: "SLO".
	SLOLabel string
	Marks    []Mark
	// Unit formats values on the y axis; nil: Plain.
	Unit func(float64) string
}

// Render draws the chart. Axes and labels are left out as the size shrinks, the lines last.
func (t TimeSeries) Render(w, h int) string {
	if w <= 0 || h <= 0 {
		return emptyView(h)
	}
	xMin, xMax := t.span()
	p := newPlot(t.Theme, w, h, t.yAxis(), t.Unit)
	p.reserve(t.labelWidth())
	p.xLinear(xMin, xMax)
	p.drawYAxis()
	p.drawTimeAxis(xMin, xMax, t.Marks)
	p.drawLimit(t.SLO)
	for i, s := range t.Series {
		p.drawSeries(s, i, len(t.Series))
	}
	p.labelLimit(t.SLO, t.sloLabel())
	p.drawLabels()
	return p.view()
}

// Range is the lowest and highest value between XMin and XMax: what to give to an AxisScale. Both
// are NaN if there is none.
func (t TimeSeries) Range() (lo, hi float64) {
	lo, hi = math.NaN(), math.NaN()
	xMin, xMax := t.span()
	for _, s := range t.Series {
		for _, p := range s.Points {
			if finite(p.Y) && p.X >= xMin && p.X <= xMax {
				if !(lo <= p.Y) {
					lo = p.Y
				}
				if !(hi >= p.Y) {
					hi = p.Y
				}
			}
		}
	}
	return lo, hi
}

// yAxis is the axis asked for, or one that fits the data, and the limit if it is near.
func (t TimeSeries) yAxis() Axis {
	if t.Y.valid() {
		return t.Y
	}
	lo, hi := t.Range()
	return FitAxis(lo, withLimit(hi, t.SLO), t.Y.Log)
}

// withLimit widens the top of a range to a limit that is near enough to be worth the rows.
func withLimit(hi, slo float64) float64 {
	if slo > hi && slo <= 2*hi {
		return slo
	}
	return hi
}

// span is the time axis.
func (t TimeSeries) span() (lo, hi float64) {
	if t.XMin != 0 || t.XMax != 0 {
		if finite(t.XMin) && finite(t.XMax) && t.XMax > t.XMin {
			return t.XMin, t.XMax
		}
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range t.Series {
		for _, p := range s.Points {
			if finite(p.X) {
				lo, hi = math.Min(lo, p.X), math.Max(hi, p.X)
			}
		}
	}
	if !(hi > lo) {
		if !finite(lo) {
			lo = 0
		}
		hi = lo + 1
	}
	return lo, hi
}

func (t TimeSeries) sloLabel() string {
	if t.SLOLabel != "" {
		return t.SLOLabel
	}
	return "SLO"
}

// labelWidth is the room that the labels at the right end need.
func (t TimeSeries) labelWidth() int {
	n := 0
	for _, s := range t.Series {
		n = max(n, cells(s.Name))
	}
	if isLimit(t.SLO) {
		n = max(n, cells(t.sloLabel())+1)
	}
	return n
}

// finite is false for NaN and the infinities.
func finite(v float64) bool { return v-v == 0 }

func isLimit(slo float64) bool { return finite(slo) && slo > 0 }
