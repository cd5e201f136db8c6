package widget_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

// hostile is what a name from outside may hold.
const hostile = "a\x1b[31mred\x1b[0m\x07\tb\nc\u202eevil\u2066 e\u0301 \U0001f468\u200d\U0001f469 世界 \xff \x9b31m"

func themes() map[string]*theme.Theme {
	return map[string]*theme.Theme{
		"256":   theme.New(theme.Options{Profile: termenv.ANSI256, Dark: true}),
		"none":  theme.New(theme.Options{Profile: termenv.Ascii}),
		"ascii": theme.New(theme.Options{Profile: termenv.Ascii, ASCII: true}),
	}
}

// blocks are all widgets with hostile text, each a function of size.
func blocks(th *theme.Theme) map[string]func(w, h int) string {
	rows := [][]widget.Cell{}
	for i := range 30 {
		rows = append(rows, []widget.Cell{{Text: hostile}, {Text: fmt.Sprint(i * 137), Style: th.Warn}, {Text: "x"}})
	}
	table := widget.Table{Theme: th, Cursor: 17, Rows: rows, Columns: []widget.Column{
		{Title: "NAME " + hostile, Min: 6, Grow: true}, {Title: "N", Right: true, Drop: 1}, {Title: "STATE", Drop: 2}}}
	in := &widget.Input{Focused: true}
	in.Set(hostile)
	keys := []widget.Key{{Key: "y", Label: "yes"}, {Key: "n", Label: hostile}, {Key: "?", Label: "help", Keep: true}}
	dialog := widget.Dialog{Theme: th, Title: hostile, Text: strings.Repeat(hostile+" ", 5), Input: in, Error: hostile, Keys: keys}
	panel := widget.Panel{Theme: th, Title: hostile, Note: hostile, Focused: true, Body: table.Render(50, 20)}
	steps := []widget.Step{
		{Label: "1", State: widget.StepDone}, {Label: hostile, State: widget.StepSaturated},
		{Label: "4", State: widget.StepRunning}, {Label: "8"}}
	line := func(f func(w int) string) func(w, h int) string {
		return func(w, h int) string { return widget.Block(f(w), w, h) }
	}
	return map[string]func(w, h int) string{
		"table":    table.Render,
		"panel":    panel.Render,
		"dialog":   func(w, h int) string { return widget.Over(table.Render(w, h), dialog.Render(w, h), w, h) },
		"beside":   func(w, h int) string { return widget.Beside(panel.Render(w/2, h), table.Render(w-w/2, h)) },
		"center":   func(w, h int) string { return widget.Center(dialog.Render(w, h), w, h) },
		"header":   line(func(w int) string { return widget.Header(th, widget.Clean(hostile), th.Warn.Render("running"), w) }),
		"footer":   line(func(w int) string { return widget.Footer(th, keys, w) }),
		"progress": line(func(w int) string { return widget.Progress(th, 0.37, w) }),
		"strip":    line(func(w int) string { return widget.StepStrip(th, steps, w) }),
		"input":    line(func(w int) string { return in.Render(th, w) }),
	}
}

func TestWidgetsHaveExactSizes(t *testing.T) {
	for name, th := range themes() {
		for widgetName, render := range blocks(th) {
			for w := 0; w <= 130; w++ {
				for _, h := range []int{0, 1, 2, 3, 4, 5, 8, 13, 24, 40} {
					got := render(w, h)
					if msg := sizeError(got, w, h); msg != "" {
						t.Fatalf("%s, %s theme, %d×%d: %s\n%q", widgetName, name, w, h, msg, got)
					}
				}
			}
		}
	}
}

func sizeError(s string, w, h int) string {
	if h == 0 {
		if s != "" {
			return "not empty at height 0"
		}
		return ""
	}
	lines := strings.Split(s, "\n")
	if len(lines) != h {
		return fmt.Sprintf("%d lines", len(lines))
	}
	for i, l := range lines {
		if got := ansi.StringWidth(l); got != w {
			return fmt.Sprintf("line %d has %d cells", i, got)
		}
	}
	return ""
}

// A note is cut before it is left out; the title is cut last of all.
func TestPanelCutsItsNoteFirst(t *testing.T) {
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	p := widget.Panel{Theme: th, Title: "Last 10 s", Note: "a10: 8 req/s: 480 sent, 480 ok"}
	for w, want := range map[int]string{60: "480 sent, 480 ok ─", 40: "a10: 8 req/s", 28: "Last 10 s ─", 10: "Last"} {
		top, _, _ := strings.Cut(p.Render(w, 3), "\n")
		if !strings.Contains(top, want) {
			t.Errorf("in %d cells: no %q in %q", w, want, top)
		}
		if w == 28 && strings.Contains(top, "a10") {
			t.Errorf("in %d cells a scrap of the note is left: %q", w, top)
		}
	}
}

// Lines keeps the beginning and says that there is more.
func TestLines(t *testing.T) {
	text := "one two three four five six seven"
	for _, tt := range []struct {
		w, most int
		want    []string
	}{
		{80, 2, []string{text}},
		{14, 0, []string{"one two three", "four five six", "seven"}},
		{14, 2, []string{"one two three", "four five six…"}},
		{14, 1, []string{"one two three…"}},
		{0, 2, nil},
	} {
		if diff := cmp.Diff(tt.want, widget.Lines(text, tt.w, tt.most, "…")); diff != "" {
			t.Errorf("%d lines of %d cells (-want +got):\n%s", tt.most, tt.w, diff)
		}
	}
}

// The thumb of a scroll bar is at the top at the beginning, at the bottom at the end, and always there.
func TestScrollBar(t *testing.T) {
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	const visible, n = 5, 20
	for from := range n - visible + 1 {
		bar := ""
		for y := range visible {
			bar += widget.ScrollBar(th, y, from, visible, n)
		}
		if strings.Count(bar, th.Glyph.Thumb) != 1 {
			t.Errorf("from %d: %q has no thumb of one cell", from, bar)
		}
		if from == 0 && !strings.HasPrefix(bar, th.Glyph.Thumb) || from == n-visible && !strings.HasSuffix(bar, th.Glyph.Thumb) {
			t.Errorf("from %d the thumb is elsewhere: %q", from, bar)
		}
	}
	if got := widget.ScrollBar(th, 0, 0, 0, 0); got == "" {
		t.Error("a bar beside nothing is not one cell")
	}
}
