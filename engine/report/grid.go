package report

import (
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// grid holds the cells of a table before it is drawn.
type grid struct {
	cols  []col
	cells [][]string // by row, then column
	sep   string
}

// maxCell is how wide a name may be; what is to be said of a state is never cut by it.
const maxCell = 40

func newGrid(cols []col, rows []Row) *grid {
	g := &grid{cols: slices.Clone(cols)}
	for _, r := range rows {
		var line []string
		for _, c := range cols {
			text := c.cell(r)
			if c.title != "state" {
				text = runewidth.Truncate(text, maxCell, "…")
			}
			line = append(line, text)
		}
		g.cells = append(g.cells, line)
	}
	return g
}

func (g *grid) colWidth(i int) int {
	w := runewidth.StringWidth(g.cols[i].title)
	for _, line := range g.cells {
		w = max(w, runewidth.StringWidth(line[i]))
	}
	return w
}

func (g *grid) width() int {
	w := len(g.sep) * (len(g.cols) - 1)
	for i := range g.cols {
		w += g.colWidth(i)
	}
	return w
}

// redraw puts every title and cell through f.
func (g *grid) redraw(f func(string) string) {
	for i := range g.cols {
		c := &g.cols[i]
		c.group, c.title, c.short = f(c.group), f(c.title), f(c.short)
	}
	for _, line := range g.cells {
		for i := range line {
			line[i] = f(line[i])
		}
	}
}

// fit makes the grid at most w cells wide if it can: shorter titles, then no columns that are missed
// little, then less of the state, whose every word the notes below have too, then fewer columns.
func (g *grid) fit(w int) {
	if g.width() > w {
		g.shorten()
	}
	for g.width() > w && g.dropOne(missedLittle) {
	}
	if over := g.width() - w; over > 0 {
		g.cutState(over)
	}
	for g.width() > w && g.dropOne(1) {
	}
}

// cutState makes the last column narrower by leaving out all but the worst words of each state.
func (g *grid) cutState(by int) {
	last := len(g.cols) - 1
	w := g.colWidth(last) - by
	for _, line := range g.cells {
		for runewidth.StringWidth(line[last]) > w {
			i := strings.LastIndex(line[last], ", ")
			if i < 0 {
				break
			}
			line[last] = line[last][:i]
		}
	}
}

// shorten sets the columns closer and uses their short titles.
func (g *grid) shorten() {
	g.sep = " "
	for i, c := range g.cols {
		if c.short != "" {
			g.cols[i].title = c.short
		}
	}
}

// missedLittle is from which drop on a column goes before the state is cut.
const missedLittle = 4

// dropOne removes the column that is missed least; false if all that are left must stay, or are of a
// lower drop than least.
func (g *grid) dropOne(least int) bool {
	worst := 0
	for i, c := range g.cols {
		if c.drop > g.cols[worst].drop {
			worst = i
		}
	}
	if g.cols[worst].drop < least {
		return false
	}
	g.cols = slices.Delete(g.cols, worst, worst+1)
	for i := range g.cells {
		g.cells[i] = slices.Delete(g.cells[i], worst, worst+1)
	}
	return true
}

func (g *grid) write(b *strings.Builder, color bool) {
	var groups, titles strings.Builder
	for i := 0; i < len(g.cols); {
		j, w := i, -len(g.sep)
		for ; j < len(g.cols) && g.cols[j].group == g.cols[i].group; j++ {
			w += g.colWidth(j) + len(g.sep)
		}
		groups.WriteString(pad(g.cols[i].group, w, j-i > 1) + g.sep)
		i = j
	}
	for i, c := range g.cols {
		titles.WriteString(pad(c.title, g.colWidth(i), c.left) + g.sep)
	}
	for _, line := range []string{groups.String(), titles.String()} {
		b.WriteString(paint(strings.TrimRight(line, " "), "1", color) + "\n")
	}
	for _, cells := range g.cells {
		var line strings.Builder
		for i, c := range g.cols {
			text := pad(cells[i], g.colWidth(i), c.left)
			if c.title == "state" {
				text = paint(cells[i], stateColor(cells[i]), color)
			}
			line.WriteString(text + g.sep)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// pad fills to w cells, at the right for text, at the left for numbers.
func pad(s string, w int, left bool) string {
	if left {
		return runewidth.FillRight(s, w)
	}
	return runewidth.FillLeft(s, w)
}

func stateColor(state string) string {
	switch {
	case state == "ok":
		return "32"
	case strings.Contains(state, "void"), strings.Contains(state, "invalid"):
		return "31"
	}
	return "33"
}

// paint wraps s in an ANSI colour.
func paint(s, code string, color bool) string {
	if !color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// wrap breaks text at spaces into lines of at most w cells, continued with two blanks. Each ends
// with a line break. A word longer than a line stays whole.
func wrap(text string, w int) string {
	if w <= 0 || runewidth.StringWidth(text) <= w {
		return text + "\n"
	}
	var b strings.Builder
	used := 0
	for i, word := range strings.Fields(text) {
		n := runewidth.StringWidth(word)
		switch {
		case i == 0:
		case used+1+n > w:
			b.WriteString("\n  ")
			used = 2
		default:
			b.WriteString(" ")
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String() + "\n"
}
