package ui

import (
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/screen"
	"benchtop/ui/widget"
)

// box is a dialog over the screen. Exactly one of choices and answers is used, or neither: then it
// is a text that any of the closing keys takes away.
type box struct {
	title string
	text  string
	// answers by key; a key without an answer closes nothing. esc, q and n close with no answer.
	answers []answer
	// choices are a list to pick one from; pick gets its index.
	choices []string
	cursor  int
	offset  int // first line of a text that is longer than the box
	pick    func(i int) tea.Cmd
	// opened is when the box came up by itself; keys within grace are not for it.
	opened time.Time
	// body, if not nil, gives text anew for every picture.
	body func() string
	wide bool
	// sweep says that the question is one to a sweep under way: it goes when that ends.
	sweep bool
}

// answer is one key of a question.
type answer struct {
	key, label string
	do         func() tea.Cmd
}

// grace is how long a box that came up by itself ignores keys typed for what it covers.
const grace = 400 * time.Millisecond

func (m *model) open(b box) { m.boxes = append(m.boxes, b) }

func (m *model) close() {
	if n := len(m.boxes); n > 0 {
		m.boxes = m.boxes[:n-1]
	}
	if len(m.boxes) == 0 {
		m.waiting = ""
	}
}

// confirm asks a question about the sweep under way, whose default is no.
func (m *model) confirm(title, text, yes string, do func() tea.Cmd) {
	m.open(box{title: title, text: text, answers: []answer{{"y", yes, do}}, sweep: true})
}

// toDialog gives a key to the box on top.
func (m *model) toDialog(k tea.KeyMsg) tea.Cmd {
	b := &m.boxes[len(m.boxes)-1]
	if !b.opened.IsZero() && m.now().Sub(b.opened) < grace {
		return nil
	}
	keys := &screen.Keys
	for _, a := range b.answers {
		if k.String() == a.key {
			m.close()
			return a.do()
		}
	}
	switch {
	case key.Matches(k, keys.Back, keys.Quit), len(b.answers) > 0 && k.String() == "n":
		m.close()
	case b.choices != nil:
		return m.toChoices(b, k)
	case key.Matches(k, keys.Open) && len(b.answers) == 0:
		m.close()
	case key.Matches(k, keys.Down):
		b.offset++
	case key.Matches(k, keys.Up):
		b.offset = max(b.offset-1, 0)
	case key.Matches(k, keys.PageDown):
		b.offset += max(m.h/2, 1)
	case key.Matches(k, keys.PageUp):
		b.offset = max(b.offset-max(m.h/2, 1), 0)
	case key.Matches(k, keys.Top):
		b.offset = 0
	case key.Matches(k, keys.Bottom):
		b.offset = 1 << 20
	}
	return nil
}

func (m *model) toChoices(b *box, k tea.KeyMsg) tea.Cmd {
	keys := &screen.Keys
	last := len(b.choices) - 1
	switch {
	case key.Matches(k, keys.Down):
		b.cursor = min(b.cursor+1, last)
	case key.Matches(k, keys.Up):
		b.cursor = max(b.cursor-1, 0)
	case key.Matches(k, keys.Top):
		b.cursor = 0
	case key.Matches(k, keys.Bottom):
		b.cursor = last
	case key.Matches(k, keys.Open) && last >= 0:
		pick, i := b.pick, b.cursor
		m.close()
		return pick(i)
	}
	return nil
}

// boxKeys are the keys of the box on top, for the footer.
func (m *model) boxKeys() []widget.Key {
	b, k := &m.boxes[len(m.boxes)-1], &screen.Keys
	var keys []widget.Key
	for _, a := range b.answers {
		keys = append(keys, widget.Key{Key: a.key, Label: a.label, Keep: true})
	}
	switch {
	case b.choices != nil:
		keys = append(keys, widget.Key{Key: k.Open.Help().Key, Label: "choose", Keep: true},
			widget.Key{Key: k.Down.Help().Key, Label: "down"}, widget.Key{Key: k.Up.Help().Key, Label: "up"})
	case len(b.answers) == 0 || b.wide:
		keys = append(keys, widget.Key{Key: k.Down.Help().Key, Label: "down"}, widget.Key{Key: k.Up.Help().Key, Label: "up"})
	default:
		return append(keys, widget.Key{Key: "n/" + k.Back.Help().Key, Label: "no", Keep: true})
	}
	return append(keys, widget.Key{Key: k.Back.Help().Key, Label: "close", Keep: true})
}

// closeSweep takes away what asks about a sweep that has ended, and a note that is typed for it.
func (m *model) closeSweep() {
	m.boxes = slices.DeleteFunc(m.boxes, func(b box) bool { return b.sweep })
	if m.ask != nil && m.ask.sweep {
		m.ask = nil
	}
}

// drawBox is the box on top in its natural size, at most w×h.
func (m *model) drawBox(w, h int) string {
	b := &m.boxes[len(m.boxes)-1]
	switch {
	case b.choices != nil:
		return m.drawChoices(b, w, h)
	case len(b.answers) == 0 || b.wide:
		return m.drawText(b, w, h)
	}
	keys := make([]widget.Key, 0, len(b.answers)+1)
	for _, a := range b.answers {
		keys = append(keys, widget.Key{Key: a.key, Label: a.label})
	}
	keys = append(keys, widget.Key{Key: "n", Label: "no", Keep: true})
	return widget.Dialog{Theme: m.theme, Title: b.title, Text: b.text, Keys: keys}.Render(w, h)
}

func (m *model) drawChoices(b *box, w, h int) string {
	bw, bh := min(w, 64), min(h, len(b.choices)+2)
	rows := make([][]widget.Cell, len(b.choices))
	for i, c := range b.choices {
		rows[i] = []widget.Cell{{Text: c}}
	}
	iw, ih := widget.Inside(bw, bh)
	t := widget.Table{Theme: m.theme, Columns: []widget.Column{{Grow: true, Min: 8}}, Rows: rows, NoHeader: true,
		Cursor: b.cursor, Offset: b.offset, Empty: "nothing to choose from"}
	b.offset = widget.Scroll(b.offset, b.cursor, len(rows), ih)
	t.Offset = b.offset
	return widget.Panel{Theme: m.theme, Title: b.title, Note: "enter · esc", Focused: true, Body: t.Render(iw, ih)}.Render(bw, bh)
}

// drawText is a box of text that scrolls.
func (m *model) drawText(b *box, w, h int) string {
	text := b.text
	if b.body != nil {
		text = b.body()
	}
	bw := min(w, max(w-8, 64))
	lines := strings.Split(widget.Wrap(text, max(bw-4, 1), nil), "\n")
	bh := min(h, len(lines)+2)
	b.offset = max(min(b.offset, len(lines)-(bh-2)), 0)
	note := "esc"
	for _, a := range b.answers {
		note = a.key + " " + a.label + " · " + note
	}
	if len(lines) > bh-2 {
		note = "j/k · " + note
	}
	body := lines[b.offset:]
	for i, l := range body {
		body[i] = " " + l
	}
	return widget.Panel{Theme: m.theme, Title: b.title, Note: note, Focused: true,
		Body: strings.Join(body, "\n")}.Render(bw, bh)
}
