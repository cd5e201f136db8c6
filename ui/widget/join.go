package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Block cuts or pads text of any shape to exactly h lines of exactly w cells.
func Block(s string, w, h int) string {
	if h <= 0 {
		return ""
	}
	lines := strings.Split(s, "\n")
	var b strings.Builder
	b.Grow(h * (w + 8))
	for i := range h {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i < len(lines) {
			b.WriteString(Fit(lines[i], w, ""))
		} else {
			b.WriteString(spaces(w))
		}
	}
	return b.String()
}

// Beside joins blocks from left to right. Each is as wide as its first line; a shorter one is
// filled up with blank lines.
func Beside(blocks ...string) string {
	cols := make([][]string, 0, len(blocks))
	widths := make([]int, 0, len(blocks))
	h := 0
	for _, s := range blocks {
		lines := strings.Split(s, "\n")
		cols = append(cols, lines)
		widths = append(widths, Width(lines[0]))
		h = max(h, len(lines))
	}
	var b strings.Builder
	for y := range h {
		if y > 0 {
			b.WriteByte('\n')
		}
		for i, lines := range cols {
			if y < len(lines) {
				b.WriteString(lines[y])
			} else {
				b.WriteString(spaces(widths[i]))
			}
		}
	}
	return b.String()
}

// Stack joins blocks from top to bottom; empty blocks have no lines.
func Stack(blocks ...string) string {
	kept := make([]string, 0, len(blocks))
	for _, s := range blocks {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, "\n")
}

// Center puts a block in the middle of w×h blank cells.
func Center(s string, w, h int) string {
	return Over(Block("", w, h), s, w, h)
}

// Over puts a block over the middle of base, which has w×h cells. A block that is larger is cut.
func Over(base, box string, w, h int) string {
	if w <= 0 || h <= 0 || box == "" {
		return base
	}
	lines := strings.Split(box, "\n")
	if len(lines) > h {
		lines = lines[:h]
	}
	bw := 0
	for _, l := range lines {
		bw = max(bw, Width(l))
	}
	bw = min(bw, w)
	x, y := (w-bw)/2, (h-len(lines))/2
	rows := strings.Split(Block(base, w, h), "\n")
	for i, l := range lines {
		row := rows[y+i]
		left := Fit(ansi.Cut(row, 0, x), x, "")
		right := w - x - bw
		rest := FitRight(ansi.Cut(row, x+bw, w), right, "")
		rows[y+i] = left + Fit(l, bw, "") + rest
	}
	return strings.Join(rows, "\n")
}
