package widget

import (
	"slices"
	"strings"

	"benchtop/ui/theme"
)

// Column describes one column of a Table.
type Column struct {
	Title string
	Right bool // numbers: aligned at the right
	// Min is what the column may be cut to when the table is too narrow; 0: it is never cut.
	Min int
	// Drop orders what goes first when cutting is not enough: the highest first; 0: never.
	Drop int
	// Grow columns share the cells that are left over.
	Grow bool
}

// Cell is one field of a row. A nil Style is the terminal's own.
type Cell struct {
	Text  string
	Style *theme.Style
}

// Table is rows under a header that stays while they scroll. The row under the cursor has a glyph
// before it, so that it is seen without colour.
type Table struct {
	Theme   *theme.Theme
	Columns []Column
	Rows    [][]Cell // a short row has empty cells at its end
	// Cursor is the index of the row under the cursor, -1 if the table has none.
	Cursor int
	// Offset is the index of the first row shown; it is corrected so that the cursor is visible.
	// Keep the result of Scroll to scroll at the edges only.
	Offset int
	// NoHeader leaves the header out.
	NoHeader bool
	// Empty is shown instead of rows when there are none.
	Empty string
	// Natural is what Measure gave for these columns and rows; nil: it is measured each time.
	Natural []int
}

// columnGap is the number of cells between columns.
const columnGap = 2

// Scroll is the offset nearest to offset that shows the cursor among n rows, of which h fit.
func Scroll(offset, cursor, n, h int) int {
	h = max(h, 1)
	if cursor >= 0 && cursor < n {
		offset = min(offset, cursor)
		offset = max(offset, cursor-h+1)
	}
	return max(min(offset, n-h), 0)
}

// Visible is the number of rows that a table of height h shows, header taken off.
func (t Table) Visible(h int) int {
	if t.NoHeader {
		return max(h, 0)
	}
	return max(h-1, 0)
}

// Render draws the table.
func (t Table) Render(w, h int) string {
	if h <= 0 {
		return ""
	}
	lines := make([]string, 0, h)
	gutter := 0
	if t.Cursor >= 0 {
		gutter = Width(t.Theme.Glyph.Cursor) + 1
	}
	visible := t.Visible(h)
	bar := 0
	if len(t.Rows) > visible && visible > 0 && w > 8 {
		bar = 2
	}
	widths := t.layout(w - gutter - bar)
	if !t.NoHeader {
		head := make([]Cell, len(t.Columns))
		for i, c := range t.Columns {
			head[i] = Cell{Text: c.Title}
		}
		lines = append(lines, Fit(spaces(gutter)+t.Theme.Dim.Render(t.line(head, widths, true)), w, ""))
	}
	if len(t.Rows) == 0 {
		lines = append(lines, t.Theme.Dim.Render(Fit(spaces(gutter)+Clean(t.Empty), w, t.Theme.Glyph.Ellipsis)))
	}
	from := Scroll(t.Offset, t.Cursor, len(t.Rows), visible)
	for i := from; i < min(from+visible, len(t.Rows)); i++ {
		lines = append(lines, t.row(i, from, visible, widths, w, gutter, bar))
	}
	return Block(strings.Join(lines, "\n"), w, h)
}

// row draws row i of the visible ones that start at from, with its scroll bar.
func (t Table) row(i, from, visible int, widths []int, w, gutter, bar int) string {
	var l string
	switch {
	case i == t.Cursor:
		l = t.Theme.Glyph.Cursor + " " + t.line(t.Rows[i], widths, true)
		l = t.Theme.Cursor.Render(Fit(l, w-bar, ""))
	default:
		l = Fit(spaces(gutter)+t.line(t.Rows[i], widths, false), w-bar, "")
	}
	if bar == 0 {
		return l
	}
	return l + " " + ScrollBar(t.Theme, i-from, from, visible, len(t.Rows))
}

// ScrollBar is the cell of a scroll bar beside line y of the visible ones, of n that begin at from.
func ScrollBar(th *theme.Theme, y, from, visible, n int) string {
	thumb, top := max(visible*visible/max(n, 1), 1), 0
	if n > visible {
		top = from * (visible - thumb) / (n - visible)
	}
	if y >= top && y < top+thumb {
		return th.Border.Render(th.Glyph.Thumb)
	}
	return th.Border.Render(th.Glyph.Track)
}

// line joins the cells of one row; bare leaves out their styles.
func (t Table) line(row []Cell, widths []int, bare bool) string {
	var b strings.Builder
	first := true
	for i, w := range widths {
		if w < 0 {
			continue
		}
		if !first {
			b.WriteString(spaces(columnGap))
		}
		first = false
		var c Cell
		if i < len(row) {
			c = row[i]
		}
		text := Clean(c.Text)
		if t.Columns[i].Right {
			text = FitRight(text, w, t.Theme.Glyph.Ellipsis)
		} else {
			text = Fit(text, w, t.Theme.Glyph.Ellipsis)
		}
		if !bare {
			text = c.Style.Render(text)
		}
		b.WriteString(text)
	}
	return b.String()
}

// Measure is the width that each column would have if there were room.
func (t Table) Measure() []int {
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		if !t.NoHeader {
			widths[i] = Width(Clean(c.Title))
		}
		for _, r := range t.Rows {
			if i < len(r) {
				widths[i] = max(widths[i], Width(Clean(r[i].Text)))
			}
		}
	}
	return widths
}

// layout is the width of each column in w cells; -1 for one that was dropped.
func (t Table) layout(w int) []int {
	widths := slices.Clone(t.Natural)
	if widths == nil {
		widths = t.Measure()
	}
	for {
		over := total(widths) - w
		if over <= 0 {
			t.grow(widths, -over)
			return widths
		}
		if over = t.shrink(widths, over); over <= 0 {
			return widths
		}
		if !t.drop(widths) {
			return widths
		}
	}
}

// shrink takes over cells from the columns that may be cut, the widest first, and returns what it
// could not take. Nothing is cut when dropping a column comes first anyway.
func (t Table) shrink(widths []int, over int) int {
	room := 0
	for i, c := range t.Columns {
		if c.Min > 0 && widths[i] > c.Min {
			room += widths[i] - c.Min
		}
	}
	if room < over {
		return over
	}
	for ; over > 0; over-- {
		best := -1
		for i, c := range t.Columns {
			if c.Min > 0 && widths[i] > c.Min && (best < 0 || widths[i] > widths[best]) {
				best = i
			}
		}
		widths[best]--
	}
	return 0
}

// drop removes the column with the highest Drop and says whether there was one.
func (t Table) drop(widths []int) bool {
	best := -1
	for i, c := range t.Columns {
		if widths[i] >= 0 && c.Drop > 0 && (best < 0 || c.Drop >= t.Columns[best].Drop) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	widths[best] = -1
	return true
}

// grow gives left cells to the columns that want them.
func (t Table) grow(widths []int, left int) {
	n := 0
	for i, c := range t.Columns {
		if c.Grow && widths[i] >= 0 {
			n++
		}
	}
	for i, c := range t.Columns {
		if c.Grow && widths[i] >= 0 {
			share := left / n
			widths[i] += share
			left -= share
			n--
		}
	}
}

// total is the width of a row with these columns.
func total(widths []int) int {
	sum, n := 0, 0
	for _, w := range widths {
		if w >= 0 {
			sum += w
			n++
		}
	}
	return sum + columnGap*max(n-1, 0)
}
