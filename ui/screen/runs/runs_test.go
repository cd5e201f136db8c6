package runs_test

import (
	"slices"
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
	if k == "space" {
		return m.Update(tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}})
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

func TestASimulatedRunIsToldFromAMeasuredOne(t *testing.T) {
	m := newRuns()
	m.Set([]screen.RunInfo{{ID: "real", State: "complete"}, {ID: "demo", State: "complete", Simulated: true}}, nil)
	if v := m.Render(80, 22); strings.Count(v, "simulated") != 1 || !strings.Contains(v, "complete, simulated") {
		t.Errorf("not one line says simulated:\n%s", v)
	}
	m.SetFilter("simulated")
	if v := m.Render(80, 22); strings.Contains(v, "real") || !strings.Contains(v, "demo") {
		t.Errorf("simulated finds:\n%s", v)
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

func TestMarkedRunsOpenTogether(t *testing.T) {
	var list []screen.RunInfo
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		list = append(list, screen.RunInfo{Dir: "/runs/" + name, ID: name, State: "complete"})
	}
	list = append(list, screen.RunInfo{Dir: "/runs/broken", ID: "broken", Err: "cut"})
	m := runs.New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.Set(list, nil)
	press(m, "j")
	press(m, "space")
	press(m, "k")
	press(m, "space")
	if a, ok := press(m, "enter").(screen.OpenRun); !ok || a.Dir != "/runs/b" || !slices.Equal(a.Beside, []string{"/runs/a"}) {
		t.Errorf("enter on two marks gives %+v, want b, the first one marked, with a beside it", a)
	}
	if _, state := m.Head(); !strings.Contains(state, "2 marked") {
		t.Errorf("the head says %q", state)
	}
	for range 3 {
		press(m, "j")
	}
	press(m, "space") // d
	press(m, "k")
	press(m, "space") // c
	press(m, "G")
	if a, ok := press(m, "space").(screen.Say); !ok || !strings.Contains(a.Text, "broken cannot be opened: cut") {
		t.Errorf("marking an unreadable run gives %+v", a)
	}
	press(m, "k")
	if a, ok := press(m, "space").(screen.Say); !ok || !strings.Contains(a.Text, "enough") {
		t.Errorf("a fifth mark gives %+v", a)
	}
	m.Set(list[2:], nil) // a and b were deleted
	if a, ok := press(m, "enter").(screen.OpenRun); !ok || a.Dir != "/runs/d" || !slices.Equal(a.Beside, []string{"/runs/c"}) {
		t.Errorf("after two of four are gone: %+v", a)
	}
	press(m, "g")
	press(m, "space")
	press(m, "j")
	press(m, "space")
	press(m, "g")
	if a, ok := press(m, "enter").(screen.OpenRun); !ok || a.Dir != "/runs/c" || len(a.Beside) > 0 {
		t.Errorf("without marks enter takes the one under the cursor: %+v", a)
	}
}

// A click puts the cursor on a run; header, border and the room below are no runs.
func TestClickOnARun(t *testing.T) {
	m := newRuns()
	m.Render(80, 22)
	for _, y := range []int{3, 0, 1, 5, 10, -3, 99} { // the second run, and nothing
		m.Click(10, y)
		if a, ok := press(m, "Y").(screen.Copy); !ok || !strings.HasSuffix(a.Text, "-h100") {
			t.Errorf("after a click on line %d, Y gives %+v", y, a)
		}
	}
}
