package shot

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// cell is one cell of the screen. A wide character has an empty cell after it.
type cell struct {
	text   string // one grapheme; "" for blank
	width  int
	fg, bg string // #rrggbb; bg is "" for none
	bold   bool
	dim    bool
}

// A view is cut to this many lines and cells; the largest terminals are below.
const (
	maxRows = 300
	maxCols = 600
)

// pen is the SGR state. Colours are #rrggbb, "" for the default.
type pen struct {
	fg, bg             string
	bold, dim, reverse bool
}

// parse reads a view. Every line starts with the style that the line before left, as on a terminal.
func parse(view string, pal *palette) [][]cell {
	lines := strings.Split(view, "\n")
	if len(lines) > maxRows {
		lines = lines[:maxRows]
	}
	p := ansi.NewParser()
	var pn pen
	out := make([][]cell, 0, len(lines))
	for _, l := range lines {
		var row []cell
		state := byte(0)
		for len(l) > 0 && len(row) < maxCols {
			seq, width, n, next := ansi.DecodeSequence(l, state, p)
			state, l = next, l[max(n, 1):]
			switch {
			case width > 0:
				row = append(row, pn.cell(seq, width, pal))
				for range width - 1 {
					row = append(row, pn.cell("", 0, pal))
				}
			case p.Command() == 'm' && strings.HasPrefix(seq, "\x1b[") && strings.HasSuffix(seq, "m"):
				pn.sgr(p.Params(), pal)
			}
		}
		out = append(out, row)
	}
	return out
}

func (p *pen) cell(text string, width int, pal *palette) cell {
	fg, bg := p.fg, p.bg
	if p.reverse {
		if fg == "" {
			fg = pal.fg
		}
		if bg == "" {
			bg = pal.bg
		}
		fg, bg = bg, fg
	}
	if fg == "" {
		fg = pal.fg
	}
	if text = strings.TrimRight(legal(text), " \t"); text == "" {
		width = 0
	}
	return cell{text: text, width: width, fg: fg, bg: bg, bold: p.bold, dim: p.dim}
}

// sgr applies the parameters of one sequence (ECMA-48 8.3.117 and the 256 and 24-bit colours of
// xterm). What it does not know is skipped.
func (p *pen) sgr(params ansi.Params, pal *palette) {
	if len(params) == 0 {
		*p = pen{}
		return
	}
	for i := 0; i < len(params); i++ {
		switch v := params[i].Param(0); {
		case v == 0:
			*p = pen{}
		case v == 1:
			p.bold = true
		case v == 2:
			p.dim = true
		case v == 7:
			p.reverse = true
		case v == 22:
			p.bold, p.dim = false, false
		case v == 27:
			p.reverse = false
		case v >= 30 && v <= 37:
			p.fg = pal.index(v - 30)
		case v >= 90 && v <= 97:
			p.fg = pal.index(v - 90 + 8)
		case v >= 40 && v <= 47:
			p.bg = pal.index(v - 40)
		case v >= 100 && v <= 107:
			p.bg = pal.index(v - 100 + 8)
		case v == 39:
			p.fg = ""
		case v == 49:
			p.bg = ""
		case v == 38 || v == 48:
			c, n := extended(params[i+1:], pal)
			i += n
			if v == 38 && c != "" {
				p.fg = c
			} else if c != "" {
				p.bg = c
			}
		}
	}
}

// extended reads the colour after 38 or 48 and returns how many parameters it took.
func extended(params ansi.Params, pal *palette) (string, int) {
	if len(params) >= 2 && params[0].Param(0) == 5 {
		return pal.index(params[1].Param(0)), 2
	}
	if len(params) >= 4 && params[0].Param(0) == 2 {
		r, g, b := params[1].Param(0), params[2].Param(0), params[3].Param(0)
		return fmt.Sprintf("#%02x%02x%02x", r&255, g&255, b&255), 4
	}
	return "", len(params)
}
