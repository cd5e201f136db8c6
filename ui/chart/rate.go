package chart

import (
	"math"
	"sort"

	"github.com/NimbleMarkets/ntcharts/canvas"
	"github.com/NimbleMarkets/ntcharts/canvas/graph"

	"benchtop/ui/theme"
)

// RatePoint is what one step came to.
type RatePoint struct {
	Rate float64 // nominal, req/s, above 0
	Y    float64 // NaN: no such value; the line breaks here
	// AtLeast says that Y is a lower bound, because requests were cut: an arrow points up from it.
	AtLeast bool
	// Saturated says that the rate was not held, so that Y depends on the length of the step: the
	// marker is hollow, and the line to it is only dotted.
	Saturated bool
}

// RateSeries is one target over its rates. Points may be in any order.
type RateSeries struct {
	Name   string // shown at the end of the line; may be empty
	Target theme.Target
	Points []RatePoint
	Dashed bool // a ghost: a saved run
}

// RateCurve is a value by request rate: the rates on a log2 axis, so that doublings are equally far
// apart.
type RateCurve struct {
	Theme  *theme.Theme
	Series []RateSeries
	// Rates get a label on the x axis; nil: the rates of the points.
	Rates []float64
	// Y is the value axis; its zero value takes the range of the data.
	Y        Axis
	SLO      float64 // 0 or NaN: none
	SLOLabel string  // empty: "SLO"
	Unit     func(float64) string
}

// Render draws the chart. Axes and labels are left out as the size shrinks, the points last.
func (c RateCurve) Render(w, h int) string {
	if w <= 0 || h <= 0 {
		return emptyView(h)
	}
	rates := c.rates()
	p := newPlot(c.Theme, w, h, c.yAxis(), c.Unit)
	p.reserve(c.labelWidth())
	p.xRates(rates)
	p.drawYAxis()
	p.drawLimit(c.SLO)
	p.drawRateAxis(rates)
	for i, s := range c.Series {
		p.drawRateLine(s, i)
	}
	for _, s := range c.Series {
		p.drawPoints(s)
	}
	label := c.SLOLabel
	if label == "" {
		label = "SLO"
	}
	p.labelLimit(c.SLO, label)
	p.drawLabels()
	return p.view()
}

// Range is the lowest and highest value; both are NaN if there is none.
func (c RateCurve) Range() (lo, hi float64) {
	lo, hi = math.NaN(), math.NaN()
	for _, s := range c.Series {
		for _, p := range s.Points {
			if p.ok() {
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

func (c RateCurve) yAxis() Axis {
	if c.Y.valid() {
		return c.Y
	}
	lo, hi := c.Range()
	return FitAxis(lo, withLimit(hi, c.SLO), c.Y.Log)
}

func (c RateCurve) labelWidth() int {
	n := 0
	for _, s := range c.Series {
		n = max(n, cells(s.Name))
	}
	if isLimit(c.SLO) {
		n = max(n, 4, cells(c.SLOLabel)+1)
	}
	return n
}

// rates are the rates of the axis in ascending order, each once.
func (c RateCurve) rates() []float64 {
	var out []float64
	add := func(r float64) {
		if finite(r) && r > 0 {
			out = append(out, r)
		}
	}
	for _, r := range c.Rates {
		add(r)
	}
	if len(out) == 0 {
		for _, s := range c.Series {
			for _, p := range s.Points {
				add(p.Rate)
			}
		}
	}
	sort.Float64s(out)
	n := 0
	for i, r := range out {
		if i == 0 || r != out[n-1] {
			out[n] = r
			n++
		}
	}
	return out[:n]
}

func (p RatePoint) ok() bool { return finite(p.Y) && finite(p.Rate) && p.Rate > 0 }

// xRates maps log2 of the rates to the columns, with room for half a label at both ends.
func (p *plot) xRates(rates []float64) {
	lo, hi := 0.0, 0.0
	if len(rates) > 0 {
		lo, hi = math.Log2(rates[0]), math.Log2(rates[len(rates)-1])
	}
	pad := min(2, p.pw/8)
	p.xMap(lo, hi, float64(pad*p.dx), float64((p.pw-pad)*p.dx-1))
}

// drawRateAxis draws the x axis with a label under each rate that has the room; the ends first.
func (p *plot) drawRateAxis(rates []float64) {
	if !p.hasXAxis() {
		return
	}
	p.drawXLine()
	n := len(rates)
	if n > 1 {
		p.rateLabel(rates[n-1])
	}
	for _, r := range rates[:max(n-1, min(n, 1))] {
		p.rateLabel(r)
	}
}

func (p *plot) rateLabel(r float64) { p.xLabel(p.col(math.Log2(r))/p.dx, Plain(r), true) }

// linkDots is the distance of the dots on the way to a saturated point.
const linkDots = 4

// drawRateLine draws the line of one target: solid between points of steady states, dotted to and
// from a saturated one, nothing across a missing one.
func (p *plot) drawRateLine(s RateSeries, i int) {
	pts := append([]RatePoint(nil), s.Points...)
	sort.SliceStable(pts, func(a, b int) bool { return pts[a].Rate < pts[b].Rate })
	p.begin(s.Target.Style, "", s.Dashed, i)
	if p.th.ASCII {
		p.ascii = canvas.NewCellWithStyle('.', s.Target.Style.Lipgloss())
	}
	var prev canvas.Point
	joined, soft := false, false
	end := math.NaN()
	for _, pt := range pts {
		if !pt.ok() {
			joined = false
			continue
		}
		at := canvas.Point{X: p.col(math.Log2(pt.Rate)), Y: p.row(pt.Y)}
		if at.X < 0 || at.X >= p.pw*p.dx { // Rates leave it out
			joined = false
			continue
		}
		switch {
		case !joined:
			p.dot(at)
		case soft || pt.Saturated:
			p.link(prev, at)
		default:
			p.segment(prev, at)
		}
		prev, joined, soft, end = at, true, pt.Saturated, pt.Y
	}
	p.end(s.Target.Style)
	if finite(end) {
		p.addLabel(end, s.Name, s.Target.Style)
	}
}

// link draws every linkDots-th dot of a line.
func (p *plot) link(a, b canvas.Point) {
	for i, pt := range graph.GetLinePoints(a, b) {
		if i%linkDots == 0 {
			p.dot(pt)
		}
	}
}

// isMarker says whether a cell holds the marker of a target.
func (p *plot) isMarker(r rune) bool {
	for i := range 4 {
		t := p.th.Target(i)
		if string(r) == t.Marker || string(r) == t.Hollow {
			return true
		}
	}
	return false
}

// drawPoints puts the markers of one target on the exact cells of its points; where another
// target's marker stands already it goes to the cell beside.
func (p *plot) drawPoints(s RateSeries) {
	for _, pt := range s.Points {
		if !pt.ok() {
			continue
		}
		c := p.col(math.Log2(pt.Rate))
		if c < 0 || c >= p.pw*p.dx {
			continue
		}
		x, y := c/p.dx, p.cellRow(pt.Y)
		if x+1 < p.pw && p.isMarker(p.at(p.x0+x, y)) {
			x++
		}
		glyph := s.Target.Marker
		if pt.Saturated {
			glyph = s.Target.Hollow
		}
		p.put(p.x0+x, y, glyph, s.Target.Style)
		if pt.AtLeast && y > 0 {
			p.put(p.x0+x, y-1, p.th.Glyph.AtLeast, s.Target.Style)
		} else if pt.AtLeast {
			p.put(p.x0+x, y, p.th.Glyph.AtLeast, s.Target.Style)
		}
	}
}
