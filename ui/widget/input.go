package widget

import (
	"unicode"

	"benchtop/ui/theme"
)

// Input is one line of text being edited. The zero value is empty and ready.
type Input struct {
	value  []rune
	cursor int
	// Placeholder is shown while the line is empty.
	Placeholder string
	// Focused shows the caret.
	Focused bool
	// Limit is the longest value in characters; 0: inputLimit.
	Limit int
}

// inputLimit bounds what a paste can put into a line.
const inputLimit = 1024

// Value is the text.
func (in *Input) Value() string { return string(in.value) }

// Set replaces the text and puts the caret at its end.
func (in *Input) Set(s string) {
	in.value, in.cursor = nil, 0
	in.Insert(s)
}

// Insert puts cleaned text at the caret, as far as the limit allows.
func (in *Input) Insert(s string) {
	limit := in.Limit
	if limit <= 0 {
		limit = inputLimit
	}
	add := []rune(Clean(s))
	add = add[:min(len(add), max(limit-len(in.value), 0))]
	v := make([]rune, 0, len(in.value)+len(add))
	v = append(v, in.value[:in.cursor]...)
	v = append(v, add...)
	in.value = append(v, in.value[in.cursor:]...)
	in.cursor += len(add)
}

// backspace deletes the character before the caret.
func (in *Input) backspace() {
	if in.cursor > 0 {
		in.cut(in.cursor-1, in.cursor)
	}
}

// deleteNext deletes the character after the caret.
func (in *Input) deleteNext() {
	if in.cursor < len(in.value) {
		in.cut(in.cursor, in.cursor+1)
	}
}

// deleteWord deletes from the caret back to the start of the word.
func (in *Input) deleteWord() {
	i := in.cursor
	for i > 0 && unicode.IsSpace(in.value[i-1]) {
		i--
	}
	for i > 0 && !unicode.IsSpace(in.value[i-1]) {
		i--
	}
	in.cut(i, in.cursor)
}

// deleteToStart deletes everything before the caret.
func (in *Input) deleteToStart() { in.cut(0, in.cursor) }

func (in *Input) cut(from, to int) {
	in.value = append(in.value[:from], in.value[to:]...)
	in.cursor = from
}

// move moves the caret by n characters; it stops at both ends.
func (in *Input) move(n int) {
	in.cursor = max(0, min(len(in.value), in.cursor+n))
}

// home puts the caret before the first character.
func (in *Input) home() { in.cursor = 0 }

// end puts the caret after the last character.
func (in *Input) end() { in.cursor = len(in.value) }

// Key edits the line by a key name as Bubble Tea gives it ("left", "ctrl+w", "backspace") and says
// whether it knew the key. Printable keys go to Insert.
func (in *Input) Key(name string) bool {
	switch name {
	case "left", "ctrl+b":
		in.move(-1)
	case "right", "ctrl+f":
		in.move(1)
	case "home", "ctrl+a":
		in.home()
	case "end", "ctrl+e":
		in.end()
	case "backspace", "ctrl+h":
		in.backspace()
	case "delete":
		in.deleteNext()
	case "ctrl+w", "alt+backspace":
		in.deleteWord()
	case "ctrl+u":
		in.deleteToStart()
	default:
		return false
	}
	return true
}

// Render draws the line in brackets, w cells with them, filled up with underscores. The part around
// the caret stays visible; the caret is a glyph between two characters, so that it is seen without
// colour.
func (in *Input) Render(th *theme.Theme, w int) string {
	if w < 3 {
		return spaces(w)
	}
	room := w - 2
	if len(in.value) == 0 && !in.Focused {
		return "[" + th.Dim.Render(fill(Fit(Clean(in.Placeholder), min(room, Width(Clean(in.Placeholder))), th.Glyph.Ellipsis), room)) + "]"
	}
	if !in.Focused {
		text, _ := cut(string(in.value), room, th.Glyph.Ellipsis)
		return "[" + fill(text, room) + "]"
	}
	before, after := in.window(room - 1)
	return "[" + before + th.Accent.Render(th.Glyph.Caret) + fill(after, room-1-Width(before)) + "]"
}

// window is the text before and after the caret that fits into room cells.
func (in *Input) window(room int) (before, after string) {
	from, used := in.cursor, 0
	for from > 0 {
		n := Width(string(in.value[from-1]))
		if used+n > room {
			break
		}
		used += n
		from--
	}
	to := in.cursor
	for to < len(in.value) {
		n := Width(string(in.value[to]))
		if used+n > room {
			break
		}
		used += n
		to++
	}
	return string(in.value[from:in.cursor]), string(in.value[in.cursor:to])
}

// fill pads a field with underscores: how much may be typed is seen without colour.
func fill(s string, w int) string {
	for n := w - Width(s); n > 0; n-- {
		s += "_"
	}
	return s
}
