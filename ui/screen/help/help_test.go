package help_test

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"benchtop/ui/screen"
	"benchtop/ui/screen/help"
	"benchtop/ui/theme"
)

// The help is the key map: every key and its words are on it, whatever the number of columns.
func TestEveryKeyIsOnIt(t *testing.T) {
	for _, w := range []int{62, 80, 120, 200} {
		m := help.New(theme.New(theme.Options{Profile: termenv.Ascii}))
		m.For(screen.Live, nil)
		view := m.Render(w, 200)
		for _, g := range screen.Keys.Groups() {
			for _, b := range g.Keys {
				if !strings.Contains(view, b.Help().Desc) {
					t.Errorf("at width %d the words for %s are cut or missing: %q", w, b.Help().Key, b.Help().Desc)
				}
			}
		}
	}
}

func TestItScrollsAndStops(t *testing.T) {
	m := help.New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.For(screen.Picker, nil)
	first := m.Render(80, 22)
	for range 500 {
		m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("j")})
	}
	last := m.Render(80, 22)
	if first == last || !strings.Contains(last, "share of the way") {
		t.Errorf("the end of the help is not reached:\n%s", last)
	}
	m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("k")})
	if m.Render(80, 22) == last {
		t.Error("scrolling beyond the end must be undone key by key")
	}
}
