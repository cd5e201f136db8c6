package chart

import (
	"math"
	"sort"

	"benchtop/ui/theme"
)

// drawYAxis draws the axis line with a tick and a label on the row of each round value.
func (p *plot) drawYAxis() {
	if p.x0 == 0 {
		return
	}
	g := &p.th.Glyph
	for y := range p.ph {
		p.put(p.x0-1, y, g.AxisY, p.th.Dim)
	}
	used := -1
	for _, v := range p.axis.ticks(p.ph, p.dy) {
		y := p.cellRow(v)
		if y == used {
			continue
		}
		used = y
		s := p.unit(v)
		room := p.x0 - 1
		p.text(max(room-cells(s), 0), y, s, room, p.th.Dim)
		p.put(p.x0-1, y, g.AxisTick, p.th.Dim)
	}
}

// hasXAxis says whether the two rows of the x axis are there.
func (p *plot) hasXAxis() bool { return p.ph < p.h }

// drawXLine draws the line of the x axis.
func (p *plot) drawXLine() {
	p.put(p.x0-1, p.ph, p.th.Glyph.AxisCorner, p.th.Dim)
	for x := range p.pw {
		p.put(p.x0+x, p.ph, p.th.Glyph.AxisX, p.th.Dim)
	}
}

// timeSteps are the distances between time labels, in s, that people count in.
var timeSteps = [...]float64{.1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
	7200, 14400, 21600, 43200, 86400}

// drawTimeAxis draws the x axis with round times below it and the marks on it.
func (p *plot) drawTimeAxis(lo, hi float64, marks []Mark) {
	p.drawMarks(marks)
	if !p.hasXAxis() {
		return
	}
	p.drawXLine()
	const room = 10 // the widest label and a gap
	step := (hi - lo) / math.Max(1, math.Floor(float64(p.pw)/room))
	for _, s := range timeSteps {
		if s >= step {
			step = s
			break
		}
	}
	first := math.Ceil(lo/step - 1e-9)
	for i := range p.pw { // more labels have no room; a step may be lost in a large time
		v := (first + float64(i)) * step
		if !(v <= hi) {
			break
		}
		p.xLabel(p.col(v)/p.dx, clock(v), false)
	}
	p.labelMarks(marks)
}

// xLabel writes a label under column x of the plot and a tick over it; it is left out if it would
// touch another. Centred ones belong to a point, the others begin at their tick.
func (p *plot) xLabel(x int, s string, centred bool) {
	if x < 0 || x >= p.pw {
		return
	}
	n := cells(s)
	from := p.x0 + x
	if centred {
		from -= n / 2
	}
	end := p.x0 + p.pw + p.right
	from = max(0, min(from, end-n))
	for c := from - 1; c <= from+n; c++ {
		if p.at(c, p.ph+1) != 0 {
			return
		}
	}
	p.put(p.x0+x, p.ph, p.th.Glyph.AxisTickX, p.th.Dim)
	p.text(from, p.ph+1, s, n, p.th.Dim)
}

// drawMarks draws the vertical lines of the marks; the series go over them.
func (p *plot) drawMarks(marks []Mark) {
	for _, m := range marks {
		x, ok := p.markCol(m)
		if !ok {
			continue
		}
		glyph, st := p.th.Glyph.Step, p.th.Grid
		if m.Note {
			glyph, st = p.th.Glyph.Note, p.th.Accent
		}
		for y := range p.ph {
			p.put(p.x0+x, y, glyph, st)
		}
	}
}

// labelMarks writes the texts of the marks on the line of the x axis, where they cover no data;
// each has the room up to the next mark.
func (p *plot) labelMarks(marks []Mark) {
	cols := make([]int, 0, len(marks))
	for _, m := range marks {
		if x, ok := p.markCol(m); ok {
			cols = append(cols, x)
		}
	}
	sort.Ints(cols)
	for _, m := range marks {
		x, ok := p.markCol(m)
		if !ok {
			continue
		}
		st := p.th.Dim
		if m.Note {
			st = p.th.Accent
		}
		p.put(p.x0+x, p.ph, p.th.Glyph.AxisMark, st)
		next := p.pw
		if i := sort.SearchInts(cols, x+1); i < len(cols) {
			next = cols[i]
		}
		room := next - x - 1
		if n := cells(m.Text); n <= room || room >= 4 {
			p.text(p.x0+x+1, p.ph, m.Text, room, st)
		}
	}
}

func (p *plot) markCol(m Mark) (int, bool) {
	if !finite(m.X) {
		return 0, false
	}
	c := p.col(m.X)
	return c / p.dx, c >= 0 && c < p.pw*p.dx
}

// drawLimit draws the dashes of a limit; the series go over them.
func (p *plot) drawLimit(slo float64) {
	if !isLimit(slo) || slo > p.axis.Max || slo < p.axis.Min {
		return
	}
	y := p.cellRow(slo)
	for x := 0; x < p.pw; x += 2 {
		p.put(p.x0+x, y, p.th.Glyph.Limit, p.th.SLO)
	}
}

// labelLimit notes the label of a limit; one beyond the axis is shown as an arrow at its edge.
func (p *plot) labelLimit(slo float64, label string) {
	switch {
	case !isLimit(slo):
		return
	case slo > p.axis.Max:
		label += p.th.Glyph.Up
	case slo < p.axis.Min:
		label += p.th.Glyph.Down
	}
	p.limit = endLabel{slo, label, p.th.SLO}
}

// endLabel is a text that wants to stand right of the plot on the row of a value.
type endLabel struct {
	y    float64
	text string
	st   *theme.Style
}

func (p *plot) addLabel(y float64, text string, st *theme.Style) {
	if text != "" {
		p.labels = append(p.labels, endLabel{y, text, st})
	}
}

// drawLabels writes the labels right of the plot. Those of the series come as near to the rows of
// their ends as the others allow; that of the limit takes the nearest row that is left, since its
// dashes are seen anyway.
func (p *plot) drawLabels() {
	if p.right == 0 {
		return
	}
	l := p.labels
	if len(l) > p.ph {
		l = l[:p.ph]
	}
	sort.SliceStable(l, func(i, j int) bool { return l[i].y > l[j].y })
	want := make([]int, len(l))
	for i := range l {
		want[i] = p.cellRow(l[i].y)
	}
	free := make([]bool, p.ph)
	for y := range free {
		free[y] = true
	}
	for i, y := range spread(want, p.ph) {
		free[y] = false
		p.text(p.x0+p.pw, y, l[i].text, p.right, l[i].st)
	}
	if p.limit.text == "" {
		return
	}
	at := p.cellRow(p.limit.y)
	y := nearest(free, at)
	if y < 0 {
		return
	}
	text := p.limit.text
	switch inside := p.limit.y <= p.axis.Max && p.limit.y >= p.axis.Min; { // a label elsewhere points to its row
	case inside && y > at+1:
		text += p.th.Glyph.Up
	case inside && y < at-1:
		text += p.th.Glyph.Down
	}
	p.text(p.x0+p.pw, y, text, p.right, p.limit.st)
}

// nearest is the free row next to y, the upper one of two; -1 if there is none.
func nearest(free []bool, y int) int {
	for d := range free {
		for _, at := range []int{y - d, y + d} {
			if at >= 0 && at < len(free) && free[at] {
				return at
			}
		}
	}
	return -1
}

// spread moves rows in ascending order apart so that all differ and lie in 0…h-1, with the least
// movement a group can have: rows that collide are laid out around their common centre. There are
// at most h rows.
func spread(want []int, h int) []int {
	type group struct{ from, n, sum int } // sum of want[i] - i
	var gs []group
	start := func(g group) int {
		return max(0, min(int(math.Floor(float64(g.sum)/float64(g.n)+float64(g.from)+0.5)), h-g.n))
	}
	for i, w := range want {
		gs = append(gs, group{i, 1, w - i})
		for len(gs) > 1 {
			a, b := gs[len(gs)-2], gs[len(gs)-1]
			if start(a)+a.n <= start(b) {
				break
			}
			gs = append(gs[:len(gs)-2], group{a.from, a.n + b.n, a.sum + b.sum})
		}
	}
	out := make([]int, 0, len(want))
	for _, g := range gs {
		for i := range g.n {
			out = append(out, start(g)+i)
		}
	}
	return out
}
