package compare_test

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui/screen"
	"benchtop/ui/screen/compare"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/theme"
)

func newCompare(s *engine.Snapshot, ghosts ...*record.Run) *compare.Model {
	m := compare.New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.Reset(ghosts)
	m.Set(s)
	return m
}

func press(m *compare.Model, keys ...string) (last screen.Action) {
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		switch k {
		case "tab":
			msg = tea.KeyMsg{Type: tea.KeyTab}
		case "shift+tab":
			msg = tea.KeyMsg{Type: tea.KeyShiftTab}
		case "enter":
			msg = tea.KeyMsg{Type: tea.KeyEnter}
		case "esc":
			msg = tea.KeyMsg{Type: tea.KeyEsc}
		}
		last = m.Update(msg)
	}
	return last
}

// line is the first line of a view that holds a text.
func line(view, text string) string {
	for l := range strings.SplitSeq(view, "\n") {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}

// Every target has a line of steps of its own: they diverge when one repeats a step.
func TestAStripForEachTarget(t *testing.T) {
	s := fixture.Snapshot(2, 300)
	a := &s.Targets[0]
	a.Current, a.State, a.Try = 2, engine.StatePaused, 2
	a.Steps[2].Phase, a.Steps[2].Summary, a.Steps[3].Phase = "void", nil, "pending"
	a.Health = engine.Health{Word: "lost", Level: 2, Why: "no byte for 10 s"}
	s.Targets[1].State = engine.StateBarrier
	for _, size := range [][2]int{{80, 22}, {120, 38}, {160, 43}} {
		view := newCompare(s).Render(size[0], size[1])
		first, second := line(view, "● a10 "), line(view, "◆ a100 ")
		for _, want := range []string{"4 ▶", "8 ·", "step 3/5", "paused", "(try 2)", "✗ lost"} {
			if !strings.Contains(first, want) {
				t.Errorf("at %v the line of a10 lacks %q: %q", size, want, first)
			}
		}
		for _, want := range []string{"4 ✓", "waiting for the others"} {
			if !strings.Contains(second, want) {
				t.Errorf("at %v the line of a100 lacks %q: %q", size, want, second)
			}
		}
	}
}

// The focus is seen at every width, goes round, and leads into the chart of one target and out again.
func TestFocus(t *testing.T) {
	m := newCompare(fixture.Snapshot(4, 300))
	names := []string{"a10", "a100", "h100", "h200"}
	for i := range 2 * len(names) {
		for _, size := range [][2]int{{80, 22}, {120, 38}} {
			if l := line(m.Render(size[0], size[1]), "▸ "); !strings.Contains(l, " "+names[i%4]+" ") {
				t.Errorf("after %d × tab at %v the focus is on %q, want %s", i, size, l, names[i%4])
			}
		}
		press(m, "tab")
	}
	press(m, "shift+tab", "enter")
	if m.Target() != "h200" {
		t.Errorf("full screen of %q, want h200", m.Target())
	}
	if view := m.Render(120, 38); strings.Contains(view, "● a10  TTFT") || !strings.Contains(view, "■ h200  TTFT") || !strings.Contains(view, "■ h200  ITL") {
		t.Errorf("the full screen does not show both metrics of h200 alone:\n%s", view)
	}
	if a := press(m, "esc"); a == nil || m.Target() != "" {
		t.Errorf("esc: action %v, target %q", a, m.Target())
	}
	if a := press(m, "esc"); a != nil {
		t.Errorf("esc without a full screen is kept from the root: %v", a)
	}
}

// One chart with all targets below 100 columns, one for each from there on.
func TestLayoutByWidth(t *testing.T) {
	for _, tt := range []struct {
		targets, w, h int
		charts        int
	}{
		{2, 80, 22, 1}, {2, 99, 38, 1}, {2, 100, 38, 4}, {2, 160, 43, 4}, {2, 120, 20, 2}, {4, 80, 22, 1}, {4, 120, 38, 4}, {3, 160, 43, 3}, {1, 120, 38, 2},
	} {
		view := newCompare(fixture.Snapshot(tt.targets, 300)).Render(tt.w, tt.h)
		if got := strings.Count(view, "1/s"); got != tt.charts {
			t.Errorf("%d targets at %d×%d: %d charts, want %d:\n%s", tt.targets, tt.w, tt.h, got, tt.charts, view)
		}
	}
}

// Side by side all charts of a metric have the same axis, whatever their values.
func TestSameTicksInAllCharts(t *testing.T) {
	m := newCompare(fixture.Snapshot(2, 300))
	ticks := func() (both int) {
		for l := range strings.SplitSeq(m.Render(160, 43), "\n") {
			if strings.Count(l, "200ms┤") == 2 || strings.Count(l, "20ms┤") == 2 {
				both++
			}
		}
		return both
	}
	if got := ticks(); got != 2 {
		t.Errorf("%d of 2 ticks stand on one row in both charts", got)
	}
	press(m, "=")
	if got := ticks(); got == 2 {
		t.Error("with axes of their own the ticks of both charts stand on the same rows")
	}
}

// The latest event is read to its end at every width.
func TestLatestEventIsRead(t *testing.T) {
	m := newCompare(fixture.Snapshot(2, 300))
	m.Event(engine.Event{Target: "a10", Level: 2, Text: "8 req/s: 480 sent, 480 ok; the client sent late: send lag p99 is 26.7 ms, limit 2.99 ms"})
	for _, w := range []int{80, 99, 100, 120, 160, 200} {
		view := m.Render(w, 40)
		words := strings.Join(strings.FieldsFunc(view, func(r rune) bool { return r == ' ' || r == '\n' || r == '│' }), " ")
		if !strings.Contains(words, "limit 2.99 ms") {
			t.Errorf("at %d columns the reason is cut:\n%s", w, view)
		}
	}
}

// A difference is shown between equals only: two targets at the same rate, or one and a saved run.
func TestDeltaBetweenEquals(t *testing.T) {
	apart := fixture.Snapshot(2, 300)
	apart.Targets[1].Current = 2
	ghost := fixture.Run(1)
	ghost.Name = "old"
	for name, tt := range map[string]struct {
		m    *compare.Model
		want bool
	}{
		"two targets":            {newCompare(fixture.Snapshot(2, 300)), true},
		"two at different rates": {newCompare(apart), false},
		"three targets":          {newCompare(fixture.Snapshot(3, 300)), false},
		"one and a saved run":    {newCompare(fixture.Snapshot(1, 300), ghost), true},
		"one alone":              {newCompare(fixture.Snapshot(1, 300)), false},
	} {
		l := line(tt.m.Render(120, 38), "Δ")
		if got := strings.ContainsAny(l, "%") || strings.Contains(l, "n.s."); got != tt.want {
			t.Errorf("%s: the line of differences is %q", name, l)
		}
	}
}

// The head says what is compared with what.
func TestHead(t *testing.T) {
	old, older := fixture.Run(1), fixture.Run(1)
	old.Name, older.Name = "old", "older"
	for _, tt := range []struct {
		n      int
		ghosts []*record.Run
		want   string
	}{
		{2, nil, "2 targets side by side"},
		{2, []*record.Run{old}, "2 targets side by side against a10@old"},
		{1, []*record.Run{old}, "a10 against a10@old"},
		{1, []*record.Run{old, older}, "a10 against a10@old and 1 more"},
	} {
		if where, _ := newCompare(fixture.Snapshot(tt.n, 300), tt.ghosts...).Head(); where != tt.want {
			t.Errorf("%d targets, %d saved runs: %q, want %q", tt.n, len(tt.ghosts), where, tt.want)
		}
	}
	if where, _ := compare.New(nil).Head(); where != "side by side" {
		t.Errorf("before the first numbers: %q", where)
	}
}

// A click on the line of a target gives it the focus; elsewhere it does nothing.
func TestClick(t *testing.T) {
	m := newCompare(fixture.Snapshot(3, 300))
	for _, y := range []int{2, 3, 30, -1} {
		m.Click(10, y)
		if m.Focus() != 2 {
			t.Errorf("after a click on line %d the focus is on %d, want 2", y, m.Focus())
		}
	}
}

// In what two targets differ beside the GPU is read to its end.
func TestDifferencesAreRead(t *testing.T) {
	s := fixture.Snapshot(2, 300)
	for i, n := range []int{87_200, 131_072} {
		s.Targets[i].Info.MaxModelLen = n
		s.Targets[i].Info.EngineVersion = []string{"0.10.2", "0.11.0"}[i]
		s.Targets[i].Info.Model = []string{"phi-4-mini-instruct", "phi-4-mini-instruct-awq"}[i]
	}
	view := newCompare(s).Render(80, 22)
	words := strings.Join(strings.FieldsFunc(view, func(r rune) bool { return r == ' ' || r == '\n' || r == '│' }), " ")
	for _, want := range []string{"87200 / 131072", "instruct-awq", "0.11.0"} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in\n%s", want, view)
		}
	}
}
