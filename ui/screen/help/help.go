// Package help is the help screen. It is generated from the key map, so that it cannot go stale.
package help

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/screen"
	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

// Model is the state of the screen.
type Model struct {
	theme  *theme.Theme
	of     screen.ID
	here   []key.Binding
	offset int
}

// New makes the screen.
func New(t *theme.Theme) *Model { return &Model{theme: t} }

// For says for which screen the help is, and which keys do something there.
func (m *Model) For(of screen.ID, here []key.Binding) { m.of, m.here, m.offset = of, here, 0 }

// Head says whose help it is.
func (m *Model) Head() (where, state string) { return "help for " + m.of.String(), "" }

// Typing is false.
func (m *Model) Typing() bool { return false }

// Bindings are the keys of the help itself.
func (m *Model) Bindings() []key.Binding {
	k := &screen.Keys
	return []key.Binding{k.Down, k.Up, k.PageDown, k.PageUp, k.Top, k.Bottom}
}

// Update scrolls.
func (m *Model) Update(k tea.KeyMsg) screen.Action {
	keys := &screen.Keys
	switch {
	case key.Matches(k, keys.Down):
		m.offset++
	case key.Matches(k, keys.Up):
		m.offset = max(m.offset-1, 0)
	case key.Matches(k, keys.PageDown):
		m.offset += 10
	case key.Matches(k, keys.PageUp):
		m.offset = max(m.offset-10, 0)
	case key.Matches(k, keys.Top):
		m.offset = 0
	case key.Matches(k, keys.Bottom):
		m.offset = 1 << 20 // Render knows the last line
	}
	return nil
}

// words are what the signs on the screens mean.
func (m *Model) words() [][2]string {
	g := m.theme.Glyph
	return [][2]string{
		{g.Check + " " + g.Running + " " + g.Dot, "step done, running, pending"},
		{g.AtLeast, "saturated: the rate was not held; its latencies depend on the length of the step"},
		{g.Warn, "invalid: the numbers cannot be trusted; the reason is beside them"},
		{g.Dagger, "p99 of fewer than 100 requests"},
		{"n.s.", "no significant difference: within the noise of ten seconds"},
		{"> 30 s", "a lower bound: requests were cut before they finished"},
		{screen.Unknown, "unknown, which is never 0"},
		{"TTFT", "time to first token, from the scheduled arrival"},
		{"ITL", "gap between two tokens"},
		{"send lag", "how late this machine sent; above 1 ms the numbers blame the wrong side"},
		{"path", "share of the way to the target in the TTFT"},
	}
}

// Render draws the help in as many columns as fit.
func (m *Model) Render(w, h int) string {
	iw, ih := widget.Inside(w, h)
	lines := m.columns(iw-2, []block{m.block("On this screen", m.here)}, m.blocks())
	lines = append(lines, "", m.theme.Title.Render("What the signs mean"))
	for _, p := range m.words() {
		lines = append(lines, m.theme.Key.Render(widget.Fit(p[0], 10, ""))+" "+p[1])
	}
	m.offset = max(min(m.offset, len(lines)-ih), 0)
	note := ""
	if len(lines) > ih {
		note = "j/k scroll"
	}
	for i := range lines {
		lines[i] = " " + widget.Fit(lines[i], iw-2, m.theme.Glyph.Ellipsis)
	}
	return widget.Panel{Theme: m.theme, Title: "Keys", Note: note, Focused: true, Body: strings.Join(lines[m.offset:], "\n")}.Render(w, h)
}

// block is a heading and its lines.
type block []string

func (m *Model) block(name string, keys []key.Binding) block {
	b := block{m.theme.Title.Render(name)}
	for _, k := range keys {
		b = append(b, m.theme.Key.Render(widget.Fit(k.Help().Key, 9, ""))+" "+k.Help().Desc)
	}
	return append(b, "")
}

func (m *Model) blocks() []block {
	var out []block
	for _, g := range screen.Keys.Groups() {
		out = append(out, m.block(g.Name, g.Keys))
	}
	return out
}

// columnWidth is what a column of keys needs.
const columnWidth = 38

// columns lays blocks out in columns of about equal height, the first ones at the top left.
func (m *Model) columns(w int, first, rest []block) []string {
	n := max(w/columnWidth, 1)
	all := append(first, rest...)
	total := 0
	for _, b := range all {
		total += len(b)
	}
	cols := make([][]string, n)
	c := 0
	for _, b := range all {
		if c < n-1 && len(cols[c]) > 0 && len(cols[c])+len(b)/2 > total/n {
			c++
		}
		cols[c] = append(cols[c], b...)
	}
	h := 0
	for _, col := range cols {
		h = max(h, len(col))
	}
	lines := make([]string, h)
	for _, col := range cols {
		for y := range h {
			text := ""
			if y < len(col) {
				text = col[y]
			}
			lines[y] += widget.Fit(widget.Fit(text, max(w/n-2, 0), m.theme.Glyph.Ellipsis), max(w/n, 1), "")
		}
	}
	return lines
}
