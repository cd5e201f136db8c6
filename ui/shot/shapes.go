package shot

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// isShape says whether a grapheme is drawn as a shape and not as text.
func isShape(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	if n != len(s) || r < 0x80 {
		return false
	}
	if r >= 0x2800 && r <= 0x28ff || r >= 0x2580 && r <= 0x2593 {
		return true
	}
	_, box := boxes[r]
	_, dash := dashes[r]
	_, glyph := glyphs[r]
	return box || dash || glyph || arcs[r] != ""
}

// shape draws a cell that is a shape and says whether it was one.
func (l *line) shape(x int, c cell) bool {
	if !isShape(c.text) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(c.text)
	px := x * cellW
	y := l.layer(c.fg)
	switch {
	case r >= 0x2800 && r <= 0x28ff:
		y.braille(px, r)
	case r >= 0x2580 && r <= 0x2593:
		l.block(px, r, c.fg)
	case arcs[r] != "":
		fmt.Fprintf(&y.thin, "M%d 0m%s", px, arcs[r])
		y.lastX[0] = -1
	default:
		if arms, ok := boxes[r]; ok {
			y.box(px, arms)
		} else if d, ok := dashes[r]; ok {
			y.dash(px, d)
		} else {
			y.glyph(px, glyphs[r])
		}
	}
	return true
}

// braille draws the dots of a pattern: bits 0…5 go down two columns of three, 6 and 7 are the
// fourth row.
func (y *layer) braille(px int, r rune) {
	for bit := range 8 {
		if r&(1<<bit) == 0 {
			continue
		}
		col, row := bit/3, bit%3
		if bit >= 6 {
			col, row = bit-6, 3
		}
		fmt.Fprintf(&y.dots, "M%d %dh.01", px+2+4*col, 2+4*row)
	}
}

// block draws the block elements U+2580…U+2593 as rectangles.
func (l *line) block(px int, r rune, color string) {
	x, top, w, h, opacity := px, 0, cellW, cellH, ""
	switch {
	case r == 0x2580: // upper half
		h = cellH / 2
	case r <= 0x2588: // lower eighths
		h = int(r-0x2580) * cellH / 8
		top = cellH - h
	case r <= 0x258f: // left eighths
		w = int(0x2590-r) * cellW / 8
	case r == 0x2590: // right half
		x, w = px+cellW/2, cellW/2
	default: // shades
		opacity = [3]string{".25", ".5", ".75"}[r-0x2591]
	}
	l.rect(&l.rects, x, top, w, h, color, opacity)
}

// arms are the strokes of a box character from the centre: left, up, right, down; 1 is thin, 2
// thick.
type arms [4]uint8

var boxes = map[rune]arms{
	'─': {1, 0, 1, 0}, '━': {2, 0, 2, 0}, '│': {0, 1, 0, 1}, '┃': {0, 2, 0, 2},
	'┌': {0, 0, 1, 1}, '┐': {1, 0, 0, 1}, '└': {0, 1, 1, 0}, '┘': {1, 1, 0, 0},
	'┏': {0, 0, 2, 2}, '┓': {2, 0, 0, 2}, '┗': {0, 2, 2, 0}, '┛': {2, 2, 0, 0},
	'├': {0, 1, 1, 1}, '┤': {1, 1, 0, 1}, '┬': {1, 0, 1, 1}, '┴': {1, 1, 1, 0}, '┼': {1, 1, 1, 1},
	'┣': {0, 2, 2, 2}, '┫': {2, 2, 0, 2}, '┳': {2, 0, 2, 2}, '┻': {2, 2, 2, 0}, '╋': {2, 2, 2, 2},
	'╴': {1, 0, 0, 0}, '╵': {0, 1, 0, 0}, '╶': {0, 0, 1, 0}, '╷': {0, 0, 0, 1},
	'╸': {2, 0, 0, 0}, '╹': {0, 2, 0, 0}, '╺': {0, 0, 2, 0}, '╻': {0, 0, 0, 2},
}

// arcs are the round corners, as path data from the top left of the cell.
var arcs = map[rune]string{
	'╭': "4 16v-4q0-4 4-4", '╮': "0 8q4 0 4 4v4", '╯': "4 0v4q0 4-4 4", '╰': "4 0v4q0 4 4 4",
}

// box draws the arms. A level stroke that goes on from the cell before is made longer instead, and
// a corner is one stroke, so that it has a proper join.
func (y *layer) box(px int, a arms) {
	for weight := uint8(1); weight <= 2; weight++ {
		left, up, right, down := a[0] == weight, a[1] == weight, a[2] == weight, a[3] == weight
		d := y.weight(weight)
		switch {
		case left && up != down && !right:
			y.level(weight, px, px+midX)
			fmt.Fprintf(d, "V%d", end(down))
			y.lastX[weight-1] = -1
		case right && up != down && !left:
			fmt.Fprintf(d, "M%d %dV%d", px+midX, end(down), midY)
			y.lastX[weight-1], y.lastH[weight-1] = px+midX, 0
			y.level(weight, px+midX, px+cellW)
		default:
			if up || down {
				fmt.Fprintf(d, "M%d %dV%d", px+midX, pick(up, 0, midY), pick(down, cellH, midY))
				y.lastX[weight-1] = -1
			}
			if left || right {
				y.level(weight, pick(left, px, px+midX), pick(right, px+cellW, px+midX))
			}
		}
	}
}

// midX and midY are the centre of a cell.
const (
	midX = cellW / 2
	midY = cellH / 2
)

// weight is the path of a stroke weight.
func (y *layer) weight(w uint8) *bytes.Buffer {
	if w == 2 {
		return &y.thick
	}
	return &y.thin
}

// level draws a level stroke through the middle of the line.
func (y *layer) level(w uint8, from, to int) {
	d := y.weight(w)
	if y.lastX[w-1] != from {
		fmt.Fprintf(d, "M%d %d", from, midY)
	} else if i := y.lastH[w-1]; i > 0 {
		d.Truncate(i)
	}
	y.lastH[w-1] = d.Len()
	fmt.Fprintf(d, "H%d", to)
	y.lastX[w-1] = to
}

// end is where an upright arm ends.
func end(down bool) int { return pick(down, cellH, 0) }

func pick(c bool, a, b int) int {
	if c {
		return a
	}
	return b
}

// dashes are broken lines through the cell, as paths from its top left.
var dashes = map[rune]string{
	'╌': "0 8h3m2 0h3", '┄': "0 8h2m1 0h2m1 0h2", '┈': "0 8h1m1 0h1m1 0h1m1 0h1",
	'╎': "4 1v5m0 4v5", '┆': "4 1v3m0 2v4m0 2v3", '┊': "4 1v2m0 2v2m0 2v2m0 2v2",
}

func (y *layer) dash(px int, path string) {
	fmt.Fprintf(&y.thin, "M%d 0m%s", px, path)
	y.lastX[0] = -1
}

// glyph is a sign drawn as a path from the top left of its cell.
type glyph struct {
	fill bool
	data string
}

var glyphs = map[rune]glyph{
	'●': {true, "0.6 8a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0z"},
	'○': {false, "1 8a3 3 0 1 0 6 0a3 3 0 1 0-6 0z"},
	'◆': {true, "4 3.6l4 4.4-4 4.4-4-4.4z"},
	'◇': {false, "4 4.2l3.4 3.8-3.4 3.8-3.4-3.8z"},
	'▲': {true, "4 4l4 7.6h-8z"},
	'△': {false, "4 4.6l3.4 6.6h-6.8z"},
	'▼': {true, "0 4.4h8l-4 7.6z"},
	'■': {true, "0.8 4.8h6.4v6.4h-6.4z"},
	'□': {false, "1.2 5.2h5.6v5.6h-5.6z"},
	'▸': {true, "1.6 4.2l5 3.8-5 3.8z"},
	'▶': {true, "0.8 3.4l6.8 4.6-6.8 4.6z"},
	'·': {true, "2.9 8a1.1 1.1 0 1 0 2.2 0a1.1 1.1 0 1 0-2.2 0z"},
	'•': {true, "2 8a2 2 0 1 0 4 0a2 2 0 1 0-4 0z"},
	'✓': {false, "1 8.6l2.2 2.8 3.9-6.8"},
	'✗': {false, "1.4 4.8l5.2 6.4m0-6.4l-5.2 6.4"},
	'↑': {false, "4 12.4v-9m-2.8 3l2.8-3 2.8 3"},
	'↓': {false, "4 3.6v9m-2.8-3l2.8 3 2.8-3"},
	'←': {false, "7.4 8h-6.8m2.6-2.8l-2.6 2.8 2.6 2.8"},
	'→': {false, "0.6 8h6.8m-2.6-2.8l2.6 2.8-2.6 2.8"},
}

func (y *layer) glyph(px int, g glyph) {
	var d *bytes.Buffer
	if g.fill {
		d = &y.filled
	} else {
		d = &y.thin
		y.lastX[0] = -1
	}
	fmt.Fprintf(d, "M%d 0m%s", px, g.data)
}
