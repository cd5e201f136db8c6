package shot

import (
	"bytes"
	"fmt"
	"strings"
)

// layer collects the shapes of one colour in one line, as path data.
type layer struct {
	color                     string
	dots, thin, thick, filled bytes.Buffer
	// For each weight: the column where the last level stroke ended, -1 if another stroke came
	// since, and where in the data its end is written, so that a run of ─ is one stroke.
	lastX, lastH [2]int
}

// line is one line being drawn.
type line struct {
	pal    *palette
	layers []*layer
	back   strings.Builder // backgrounds
	rects  strings.Builder // blocks, in their colours
	text   strings.Builder
}

// drawLine is the SVG of one line, with its top left cell at 0,0; "" for a blank one.
func drawLine(row []cell, pal *palette) string {
	l := &line{pal: pal}
	l.backgrounds(row)
	for x := 0; x < len(row); {
		if l.shape(x, row[x]) {
			x++
			continue
		}
		x = l.run(row, x)
	}
	return l.back.String() + l.rects.String() + l.paths() + l.text.String()
}

// backgrounds fills runs of cells of one background colour.
func (l *line) backgrounds(row []cell) {
	for x := 0; x < len(row); {
		end := x + 1
		for end < len(row) && row[end].bg == row[x].bg {
			end++
		}
		if row[x].bg != "" {
			l.rect(&l.back, x*cellW, 0, (end-x)*cellW, cellH, row[x].bg, "")
		}
		x = end
	}
}

func (l *line) rect(b *strings.Builder, x, y, w, h int, color, opacity string) {
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"`, x, y, w, h, color)
	if opacity != "" {
		fmt.Fprintf(b, ` opacity="%s"`, opacity)
	}
	b.WriteString("/>")
}

// layer is the one of a colour; a line has few.
func (l *line) layer(color string) *layer {
	for _, y := range l.layers {
		if y.color == color {
			return y
		}
	}
	y := &layer{color: color, lastX: [2]int{-1, -1}}
	l.layers = append(l.layers, y)
	return y
}

// paths are the shapes, in the order in which their colours appear.
func (l *line) paths() string {
	var b strings.Builder
	stroke := func(d, color, width, more string) {
		if d != "" {
			fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="%s"%s/>`, d, color, width, more)
		}
	}
	for _, y := range l.layers {
		stroke(y.thin.String(), y.color, "1.2", ` stroke-linecap="butt"`)
		stroke(y.thick.String(), y.color, "2", ` stroke-linecap="butt"`)
		stroke(y.dots.String(), y.color, "2.6", "")
		if d := y.filled.String(); d != "" {
			fmt.Fprintf(&b, `<path d="%s" fill="%s"/>`, d, y.color)
		}
	}
	return b.String()
}

// run writes the text that starts at column x, up to a shape, a change of style or two blanks, and
// returns the column after it.
func (l *line) run(row []cell, x int) int {
	c := row[x]
	if c.text == "" {
		return x + 1
	}
	end, last := x, x // last is the column after the last character
	var s strings.Builder
	blanks, plain := 0, true
	for end < len(row) && blanks < 2 {
		d := row[end]
		if d.text == "" {
			blanks++
			end++
			continue
		}
		if d.fg != c.fg || d.bold != c.bold || d.dim != c.dim || d.bg != c.bg || isShape(d.text) {
			break
		}
		s.WriteString(strings.Repeat(" ", blanks))
		blanks = 0
		s.WriteString(d.text)
		plain = plain && len(d.text) == 1
		end += d.width
		last = end
	}
	fmt.Fprintf(&l.text, `<text x="%d" y="12"`, x*cellW)
	if n := (last - x) * cellW; last-x > 1 || !plain {
		fmt.Fprintf(&l.text, ` textLength="%d"`, n)
		if !plain { // a glyph of another font may be too wide
			l.text.WriteString(` lengthAdjust="spacingAndGlyphs"`)
		}
	}
	if c.fg != l.pal.fg {
		fmt.Fprintf(&l.text, ` fill="%s"`, c.fg)
	}
	if c.bold {
		l.text.WriteString(` font-weight="700"`)
	}
	if c.dim {
		l.text.WriteString(` opacity=".65"`)
	}
	fmt.Fprintf(&l.text, `>%s</text>`, escape(s.String()))
	return last
}
