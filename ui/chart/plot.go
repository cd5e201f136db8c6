package chart

import (
	"math"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/NimbleMarkets/ntcharts/canvas"
	"github.com/NimbleMarkets/ntcharts/canvas/graph"
	"github.com/charmbracelet/x/ansi"

	"benchtop/ui/theme"
)

// Below these sizes of the whole chart its parts are left out.
const (
	minWidthAxis   = 14 // y axis with labels
	minWidthLabels = 30 // labels at the line ends
	minHeightAxis  = 5  // x axis with labels: two rows
)

// plot is one chart being drawn: a canvas and the rectangle of it that holds the dots.
type plot struct {
	th     *theme.Theme
	cv     *canvas.Model
	w, h   int // whole chart
	x0     int // first column of the plot rectangle
	pw, ph int // its size in cells
	right  int // columns of labels right of it
	axis   Axis
	unit   func(float64) string
	labels []endLabel // of series
	limit  endLabel

	grid   *graph.BrailleGrid // nil with ASCII
	dx, dy int                // dots per cell
	kx, bx float64            // dot column = kx·x + bx
	ascii  canvas.Cell        // the cell that ASCII lines are made of
	dashed bool
	ends   []int16 // per cell column: dot row of the last dot of the current series, -1: none
}

// newPlot lays out a chart of w×h cells, both above 0.
func newPlot(th *theme.Theme, w, h int, a Axis, unit func(float64) string) *plot {
	p := &plot{th: th, w: w, h: h, axis: a, unit: unit, dx: 2, dy: 4, cv: borrow(w, h)}
	if th.ASCII {
		p.dx, p.dy = 1, 1
	}
	if p.unit == nil {
		p.unit = Plain
	}
	p.ph, p.pw = h, w
	if h >= minHeightAxis && w >= minWidthAxis {
		p.ph = h - 2
	}
	if w >= minWidthAxis {
		for _, v := range a.ticks(p.ph, p.dy) {
			p.x0 = max(p.x0, cells(p.unit(v)))
		}
		p.x0 = min(p.x0+1, w/2)
		p.pw = w - p.x0
	}
	return p
}

// reserve keeps n columns at the right for labels, if the chart is wide enough.
func (p *plot) reserve(n int) {
	if p.w >= minWidthLabels {
		p.right = min(n, p.w/4)
		p.pw -= p.right
	}
}

// xLinear maps lo…hi to the columns of the plot. It ends the layout.
func (p *plot) xLinear(lo, hi float64) {
	p.xMap(lo, hi, 0, float64(p.pw*p.dx-1))
}

// xMap maps lo…hi to the dot columns from…to and makes the dot grid.
func (p *plot) xMap(lo, hi, from, to float64) {
	if hi > lo {
		p.kx = (to - from) / (hi - lo)
		p.bx = from - p.kx*lo
	} else {
		p.bx = math.Round((from + to) / 2)
	}
	p.ends = make([]int16, p.pw)
	if p.th.ASCII {
		return
	}
	yMin, yMax := p.axis.Min, p.axis.Max
	if p.axis.Log {
		yMin, yMax = math.Log10(yMin), math.Log10(yMax)
	}
	p.grid = graph.NewBrailleGrid(p.pw, p.ph, 0, float64(p.pw*2-1), yMin, yMax)
}

// col is the dot column of x; it may lie outside the plot.
func (p *plot) col(x float64) int {
	c := p.kx*x + p.bx
	if !(math.Abs(c) < 1e6) { // beyond any plot, NaN too
		return math.MinInt32
	}
	return int(math.Floor(c + 0.5))
}

// row is the dot row of a value, counted from the top and clamped to the plot. It is BrailleGrid's
// own mapping, so that ticks, limits and dots of one value share a row.
func (p *plot) row(v float64) int {
	a := p.axis
	if v > a.Max {
		v = a.Max
	}
	if !(v >= a.Min) {
		v = a.Min
	}
	if p.axis.Log {
		v, a.Min, a.Max = math.Log10(v), math.Log10(a.Min), math.Log10(a.Max)
	}
	last := p.ph*p.dy - 1
	r := last - int(math.Round((v-a.Min)*(float64(last)/(a.Max-a.Min))))
	return max(0, min(last, r))
}

// cellRow is the row of cells that holds the dot of a value.
func (p *plot) cellRow(v float64) int { return p.row(v) / p.dy }

// second is the rune of the right half of a wide character.
const second = rune(-1)

// text writes s on the canvas from column x, at most n cells of it. What takes no cell of its own
// is left out.
func (p *plot) text(x, y int, s string, n int, st *theme.Style) {
	c := canvas.Cell{Style: st.Lipgloss()}
	for _, r := range s {
		rw := runeCells(r)
		if rw == 0 {
			continue
		}
		if n -= rw; n < 0 {
			return
		}
		c.Rune = r
		p.set(x, y, c)
		if rw == 2 {
			c.Rune = second
			p.set(x+1, y, c)
		}
		x += rw
	}
}

// put writes one glyph of the theme on the canvas.
func (p *plot) put(x, y int, glyph string, st *theme.Style) {
	r, _ := utf8.DecodeRuneInString(glyph)
	p.set(x, y, canvas.Cell{Rune: r, Style: st.Lipgloss()})
}

// set writes one cell of the chart; what lies outside is left out, since the canvas may be larger.
func (p *plot) set(x, y int, c canvas.Cell) {
	if x >= 0 && x < p.w && y >= 0 && y < p.h {
		p.cv.SetCell(canvas.Point{X: x, Y: y}, c)
	}
}

// at is what is on the canvas at a cell: 0 for nothing.
func (p *plot) at(x, y int) rune { return p.cv.Cell(canvas.Point{X: x, Y: y}).Rune }

// runeCells is the number of cells of one character: 0 for control, format and combining ones.
func runeCells(r rune) int {
	if r < utf8.RuneSelf {
		if r >= 0x20 && r < 0x7f {
			return 1
		}
		return 0
	}
	if !unicode.IsPrint(r) {
		return 0
	}
	return ansi.StringWidth(string(r))
}

// wide says whether a character on the canvas takes two cells; lines, blocks and dots never do.
func wide(r rune) bool {
	if r < 0x1100 || r >= 0x2500 && r <= 0x25fc || r >= 0x2800 && r <= 0x28ff {
		return false
	}
	return runeCells(r) == 2
}

// cells is the number of cells that text writes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

// idle keeps canvases between frames: one of 120×20 holds 2,400 lipgloss styles, 1.3 MB, which is
// too much to allocate ten times a second. A canvas in the pool is blank; charts use its top left
// part, so that after a few frames charts of all sizes share the largest ones.
var idle sync.Pool

// borrow returns a blank canvas of at least w×h cells; view gives it back.
func borrow(w, h int) *canvas.Model {
	if cv, ok := idle.Get().(*canvas.Model); ok && cv.Width() >= w && cv.Height() >= h {
		return cv
	}
	cv := canvas.New(w, h)
	return &cv
}

// view writes the canvas with one SGR sequence per run of equal style, exactly h lines of w cells,
// blanks it and gives it back. Blanks do not end a run: a foreground colour is not seen on them.
func (p *plot) view() string {
	var b strings.Builder
	b.Grow(p.w * p.h * 4)
	for y := range p.h {
		if y > 0 {
			b.WriteByte('\n')
		}
		p.viewLine(&b, y)
	}
	idle.Put(p.cv)
	p.cv = nil
	return b.String()
}

func (p *plot) viewLine(b *strings.Builder, y int) {
	var cur *theme.Style
	for x := 0; x < p.w; x++ {
		c := p.take(x, y)
		if c.Rune == 0 || c.Rune == second {
			b.WriteByte(' ')
			continue
		}
		if wide(c.Rune) {
			// One whose right half was written over is shown as a blank.
			if x+1 >= p.w || p.at(x+1, y) != second {
				b.WriteByte(' ')
				continue
			}
			x++
			p.take(x, y)
		}
		if st := theme.Of(c.Style); st != cur {
			change(b, cur, st)
			cur = st
		}
		b.WriteRune(c.Rune)
	}
	change(b, cur, nil)
}

// take reads a cell and blanks it.
func (p *plot) take(x, y int) canvas.Cell {
	at := canvas.Point{X: x, Y: y}
	c := p.cv.Cell(at)
	if c.Rune != 0 {
		p.cv.SetCell(at, canvas.Cell{})
	}
	return c
}

// change ends the run of one style and begins that of another.
func change(b *strings.Builder, from, to *theme.Style) {
	_, after := from.SGR()
	before, _ := to.SGR()
	b.WriteString(after)
	b.WriteString(before)
}

// emptyView is the view of a chart without columns or rows.
func emptyView(h int) string { return strings.Repeat("\n", max(h-1, 0)) }
