package widget_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
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
