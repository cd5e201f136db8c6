package chart

import (
	"github.com/NimbleMarkets/ntcharts/canvas"
	"github.com/NimbleMarkets/ntcharts/canvas/graph"

	"benchtop/ui/theme"
)

// column is what is known of the points in one dot column: all that a line through it shows.
type column struct {
	x                      int
	first, low, high, last float64
}

// drawSeries draws series i of n: its line, its markers, and notes where its label goes.
func (p *plot) drawSeries(s Series, i, n int) {
	p.begin(s.Style, s.Marker, s.Dashed, i)
	c := column{x: -1}
	var prev canvas.Point
	open, joined := false, false // a column is being filled; the line goes on from prev
	flush := func() {
		if open {
			prev = p.drawColumn(c, prev, joined)
			open, joined = false, true
		}
	}
	end := float64(p.pw * p.dx)
	for _, pt := range s.Points {
		if !finite(pt.Y) {
			flush()
			joined = false
			continue
		}
		dot := p.kx*pt.X + p.bx + 0.5
		if !(dot >= 0 && dot < end) {
			continue
		}
		x := int(dot)
		if open && x == c.x {
			c.low, c.high, c.last = min(c.low, pt.Y), max(c.high, pt.Y), pt.Y
			continue
		}
		flush()
		c = column{x, pt.Y, pt.Y, pt.Y, pt.Y}
		open = true
	}
	flush()
	p.end(s.Style)
	p.drawMarkers(s, i, n)
	if c.x >= 0 {
		p.addLabel(c.last, s.Name, s.Style)
	}
}

// drawColumn joins a column to the point before it, draws the span of its values and returns where
// the line leaves it.
func (p *plot) drawColumn(c column, prev canvas.Point, joined bool) canvas.Point {
	in := canvas.Point{X: c.x, Y: p.row(c.first)}
	if joined {
		p.segment(prev, in)
	}
	if c.low == c.high {
		p.dot(in)
		return in
	}
	top, bottom := p.row(c.high), p.row(c.low)
	was := p.dashed
	p.dashed = was && bottom-top < 4 // a spike of a dashed line stays visible
	for y := top; y <= bottom; y++ {
		p.dot(canvas.Point{X: c.x, Y: y})
	}
	p.dashed = was
	out := canvas.Point{X: c.x, Y: p.row(c.last)}
	p.dot(out)
	return out
}

// segment draws a straight line between two dots.
func (p *plot) segment(a, b canvas.Point) {
	for _, pt := range graph.GetLinePoints(a, b) {
		p.dot(pt)
	}
}

// dot sets one dot of the current series.
func (p *plot) dot(pt canvas.Point) {
	x := pt.X / p.dx
	if pt.X < 0 || x >= p.pw {
		return
	}
	p.ends[x] = int16(pt.Y)
	if p.dashed && x%3 == 2 { // two cells of line, one of gap
		return
	}
	if p.th.ASCII {
		p.set(p.x0+x, pt.Y, p.ascii)
		return
	}
	p.grid.Set(pt)
}

// asciiDots are what lines without a marker are made of in ASCII charts.
var asciiDots = [...]rune{'*', '+', '.', 'x'}

// begin starts the line of series i.
func (p *plot) begin(st *theme.Style, marker string, dashed bool, i int) {
	p.dashed = dashed
	for x := range p.ends {
		p.ends[x] = -1
	}
	if !p.th.ASCII {
		p.grid.Clear()
		return
	}
	r := asciiDots[i%len(asciiDots)]
	if marker != "" {
		r = rune(marker[0])
	}
	p.ascii = canvas.NewCellWithStyle(r, st.Lipgloss())
}

// end puts the dots of the line on the canvas.
func (p *plot) end(st *theme.Style) {
	if !p.th.ASCII {
		graph.DrawBraillePatterns(p.cv, canvas.Point{X: p.x0}, p.grid.BraillePatterns(), st.Lipgloss())
	}
}

// drawMarkers puts the marker of series i of n on its line, about six times, so that lines can be
// told apart without colour; the series take turns, so that markers of close lines do not meet.
func (p *plot) drawMarkers(s Series, i, n int) {
	if s.Marker == "" || p.th.ASCII {
		return
	}
	every := max(10, p.pw/6)
	for x := every/2 + i*every/max(n, 1); x < p.pw; x += every {
		if y := p.ends[x]; y >= 0 {
			p.put(p.x0+x, int(y)/p.dy, s.Marker, s.Style)
		}
	}
}
