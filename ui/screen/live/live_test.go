package live_test

import (
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"benchtop/engine"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/screen/live"
	"benchtop/ui/theme"
)

func newLive(n, seconds int) *live.Model {
	m := live.New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.Set(fixture.Snapshot(n, seconds))
	return m
}

func press(m *live.Model, k string) { m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}) }

func line(view, label string) string {
	for l := range strings.SplitSeq(view, "\n") {
		if strings.Contains(l, label) {
			return l
		}
	}
	return ""
}

func TestNumbersOfTheLastTenSeconds(t *testing.T) {
	view := newLive(1, 300).Render(120, 38)
	for label, want := range map[string]string{
		"path":      "265 of 475 ms",
		"offered":   "7.84 /s  (nominal 8)",
		"send lag":  "p99 0.310 ms ✓",
		"in flight": "84",
		"errors":    "0 of 432",
		"KV cache":  "39%",
	} {
		if got := line(view, label); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", label, got, want)
		}
	}
}

func TestWhatIsWrongIsSaidInWords(t *testing.T) {
	m := live.New(theme.New(theme.Options{Profile: termenv.Ascii}))
	s := fixture.Snapshot(1, 300)
	g := &s.Targets[0]
	g.Now.SendLagP99MS, g.Failed, g.Rejected, g.LastError = 12, 2, 1, "429 Too Many Requests"
	g.Server = engine.ServerNow{}
	g.Health = engine.Health{Word: "client late", Level: 2, Why: "this machine sends late"}
	m.Set(s)
	view := m.Render(120, 38)
	for _, want := range []string{"! client late", "✗ client late · this machine sends late", "3 of 432: 429 Too Many", "n/a"} {
		if !strings.Contains(view, want) {
			t.Errorf("the view lacks %q:\n%s", want, view)
		}
	}
}

func TestTargetsTakeTurns(t *testing.T) {
	m := newLive(3, 100)
	var seen []string
	for range 4 {
		seen = append(seen, m.Target())
		m.Update(tea.KeyMsg{Type: tea.KeyTab})
	}
	if got := strings.Join(seen, " "); got != "a10 a100 h100 a10" {
		t.Errorf("tab shows %s", got)
	}
	m.Reset()
	if m.Target() != "" {
		t.Error("a target is left after Reset")
	}
}

func TestMetricAndWindow(t *testing.T) {
	m := newLive(1, 300)
	press(m, "m")
	press(m, "w")
	view := m.Render(80, 22)
	if !strings.Contains(view, "ITL ms, last 120 s") {
		t.Errorf("the chart is not of the ITL of the last two minutes:\n%s", view)
	}
}

func TestLogIsBoundedAndKeepsTheLatest(t *testing.T) {
	m := newLive(1, 300)
	for i := range 5000 {
		m.Event(engine.Event{At: time.Duration(i) * time.Second, Level: i % 3, Text: "x"})
	}
	log := m.Log()
	if len(log) > 1000 || !strings.HasPrefix(log[len(log)-1], fixture.Start.Add(4999*time.Second).Format(time.TimeOnly)) {
		t.Errorf("%d lines, the last is %q", len(log), log[len(log)-1])
	}
}

// The reason of an event stands at its end: it is wrapped, not cut, and the newest comes first.
func TestEventsAreReadToTheEnd(t *testing.T) {
	m := newLive(2, 300)
	m.Event(engine.Event{At: time.Minute, Target: "a10", Text: "an older one"})
	m.Event(engine.Event{At: 2 * time.Minute, Target: "a100", Text: "of another target"})
	m.Event(engine.Event{At: 3 * time.Minute, Target: "a10", Level: 2, Text: "8 req/s: 480 sent, 480 ok; the client sent late: send lag p99 is 26.7 ms"})
	for _, size := range [][2]int{{160, 43}, {120, 38}, {80, 22}} {
		view := m.Render(size[0], size[1])
		words := strings.Join(strings.FieldsFunc(view, func(r rune) bool { return r == ' ' || r == '\n' || r > 0x2000 }), " ")
		if !strings.Contains(words, "p99 is") || !strings.Contains(words, "26.7 ms") {
			t.Errorf("at %v the end of the event is not seen:\n%s", size, view)
		}
		if strings.Contains(view, "another target") {
			t.Errorf("at %v an event of another target is shown:\n%s", size, view)
		}
	}
	if view := m.Render(160, 43); !strings.Contains(view, "an older one") {
		t.Errorf("where there is room the one before is not shown:\n%s", view)
	}
}
