package runs_test

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/screen/runs"
	"benchtop/ui/theme"
)

func newRuns() *runs.Model {
	m := runs.New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.Set(fixture.Runs(), nil)
	return m
}

func press(m *runs.Model, k string) screen.Action {
	if k == "enter" {
		return m.Update(tea.KeyMsg{Type: tea.KeyEnter})
	}
	return m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)})
}

func TestOpenAndCopy(t *testing.T) {
	m := newRuns()
	if a, ok := press(m, "enter").(screen.OpenRun); !ok || a.Dir != fixture.Dir {
		t.Errorf("enter gives %+v", a)
	}
	press(m, "G")
	if a, ok := press(m, "enter").(screen.Say); !ok || a.Level != 2 || !strings.Contains(a.Text, "unexpected end") {
		t.Errorf("enter on an unreadable run gives %+v", a)
	}
	press(m, "k")
	if a, ok := press(m, "Y").(screen.Copy); !ok || !strings.HasSuffix(a.Text, "-h100") {
		t.Errorf("Y gives %+v", a)
	}
}

func TestFilterKeepsTheCursorInside(t *testing.T) {
	m := newRuns()
	press(m, "G")
	m.SetFilter("H100 interrupted")
	if a, ok := press(m, "enter").(screen.OpenRun); !ok || !strings.HasSuffix(a.Dir, "-h100") {
		t.Errorf("enter gives %+v", a)
	}
	m.SetFilter("zzz")
	if a := press(m, "enter"); a != nil {
		t.Errorf("enter on nothing gives %+v", a)
	}
	if !strings.Contains(m.Render(80, 22), "nothing matches zzz") {
		t.Error("an empty list does not say why")
	}
}
