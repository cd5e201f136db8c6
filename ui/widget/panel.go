package widget

import (
	"strings"

	"benchtop/ui/theme"
)

// Panel is a frame with a title at its top left and a note at its top right: thick when it has the
// focus, thin when not.
type Panel struct {
	Theme   *theme.Theme
	Title   string
	Note    string
	Focused bool
	Body    string // output of other widgets; cut to the inside
	// RawTitle and RawNote, if set, win over Title and Note; they may hold SGR of the theme's styles.
	RawTitle, RawNote string
}

// Inside is the room that a panel of w×h leaves for its body.
func Inside(w, h int) (int, int) { return max(w-2, 0), max(h-2, 0) }

// Render draws the panel; below 2×2 there is no room for a frame and the body is cut to size.
func (p Panel) Render(w, h int) string {
	if w < 2 || h < 2 {
		return Block(p.Body, w, h)
	}
	f, st := p.Theme.Thin, p.Theme.Border
	if p.Focused {
		f, st = p.Theme.Thick, p.Theme.Focus
	}
	side := st.Render(f.Vertical)
	iw, ih := Inside(w, h)
	lines := strings.Split(p.Body, "\n")
	var b strings.Builder
	b.Grow(h * (w + 24))
	b.WriteString(p.top(f, st, iw))
	for i := range ih {
		b.WriteByte('\n')
		b.WriteString(side)
		if i < len(lines) {
			b.WriteString(Fit(lines[i], iw, ""))
		} else {
			b.WriteString(spaces(iw))
		}
		b.WriteString(side)
	}
	b.WriteByte('\n')
	b.WriteString(st.Render(f.BottomLeft + strings.Repeat(f.Horizontal, iw) + f.BottomRight))
	return b.String()
}

// TitleRoom is what the frame takes of the line with title and note, beside the two corners.
const TitleRoom = 7

// minNote is what a note may be cut to; one that has less room is left out.
const minNote = 12

// top is the upper border: corner, dash, title, dashes, note, dash, corner. When there is no room for
// both the note is cut, then left out, then the title is cut.
func (p Panel) top(f theme.Frame, st *theme.Style, iw int) string {
	title, note := p.RawTitle, p.RawNote
	if title == "" {
		title = p.Theme.Title.Render(Clean(p.Title))
	}
	if note == "" {
		note = Clean(p.Note)
	}
	tw, nw := Width(title), Width(note)
	if room := iw - tw - TitleRoom; nw > room {
		if room < minNote {
			room = 0
		}
		note, nw = Fit(note, room, p.Theme.Glyph.Ellipsis), room
	}
	if tw > 0 && tw+3 > iw {
		title = Fit(title, iw-3, p.Theme.Glyph.Ellipsis)
		tw = max(iw-3, 0)
	}
	if tw == 0 && nw == 0 {
		return st.Render(f.TopLeft + strings.Repeat(f.Horizontal, iw) + f.TopRight)
	}
	left, right := f.TopLeft, f.TopRight
	rest := iw
	if tw > 0 {
		left += f.Horizontal
		title = " " + title + " "
		rest -= tw + 3
	}
	if nw > 0 {
		right = f.Horizontal + right
		note = " " + note + " "
		rest -= nw + 3
	}
	if nw == 0 {
		return st.Render(left) + title + st.Render(strings.Repeat(f.Horizontal, rest)+right)
	}
	return st.Render(left) + title + st.Render(strings.Repeat(f.Horizontal, rest)) + note + st.Render(right)
}
