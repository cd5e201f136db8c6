package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"benchtop/ui/theme"
)

// Dialog is a box that asks: a question with its keys, or a line of text. Put it over a screen with
// Over.
type Dialog struct {
	Theme *theme.Theme
	Title string
	Text  string // wrapped at words; newlines start paragraphs
	Input *Input // nil: keys only
	Error string // what is wrong with the input
	Keys  []Key  // "y" "yes, stop", "n" "no"
}

// dialogWidth is the width that a dialog takes on a wide screen: comfortable to read.
const dialogWidth = 64

// Render draws the box in its natural size, at most w×h.
func (d Dialog) Render(w, h int) string {
	bw := min(w, dialogWidth)
	if bw < 2 || h < 2 {
		return Block(Clean(d.Title), max(bw, 0), h)
	}
	iw := max(bw-4, 0)
	lines := wrap(d.Text, iw)
	if d.Input != nil {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, d.Input.Render(d.Theme, iw))
	}
	if d.Error != "" {
		for _, l := range wrap(d.Error, iw) {
			lines = append(lines, d.Theme.Bad.Render(l))
		}
	}
	keys := Footer(d.Theme, d.Keys, iw)
	// The keys are what a person needs most: in a low box they stay and the text is cut.
	if room := h - 2 - 2; len(lines) > room {
		lines = lines[:max(room, 0)]
	}
	body := append(append([]string{}, lines...), "", keys)
	if len(d.Keys) == 0 {
		body = lines
	} else if h-2 < len(body) {
		body = []string{keys}
	}
	for i, l := range body {
		body[i] = " " + Fit(l, iw, "")
	}
	return Panel{Theme: d.Theme, Title: d.Title, Focused: true, Body: strings.Join(body, "\n")}.
		Render(bw, min(len(body)+2, h))
}

// wrap breaks cleaned text at words into lines of at most w cells.
func wrap(text string, w int) []string {
	if w <= 0 || text == "" {
		return nil
	}
	var out []string
	for _, p := range strings.Split(text, "\n") {
		out = append(out, strings.Split(ansi.Wrap(Clean(p), w, ""), "\n")...)
	}
	return out
}

// Lines breaks text at words into at most most lines of at most w cells; the last says with the
// ellipsis that there is more. The text is cleaned.
func Lines(text string, w, most int, ellipsis string) []string {
	lines := wrap(text, w)
	if most > 0 && len(lines) > most {
		lines = append(lines[:most-1:most-1], Fit(strings.Join(lines[most-1:], " "), w, ellipsis))
	}
	return lines
}

// Wrap breaks text at words into lines of at most w cells and styles each; newlines in text start
// paragraphs. The text is cleaned.
func Wrap(text string, w int, st *theme.Style) string {
	lines := wrap(text, w)
	for i, l := range lines {
		lines[i] = st.Render(l)
	}
	return strings.Join(lines, "\n")
}
