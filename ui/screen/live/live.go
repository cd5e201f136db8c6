// Package live is the screen of one target under load: its percentiles over the whole sweep, the
// last ten seconds in numbers, the server's own view, the finished steps and the events.
//
// It draws what engine.Snapshot says and computes nothing that a record does not hold, but for the
// share of the path in TTFT.
package live

import (
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine"
	"benchtop/ui/chart"
	"benchtop/ui/screen"
	"benchtop/ui/theme"
)

// maxEvents is how many events are kept for the log: a sweep has a few dozen.
const maxEvents = 1000

// Model is the state of the screen.
type Model struct {
	theme  *theme.Theme
	snap   *engine.Snapshot
	target int
	tracks []screen.Track
	axes   [2]chart.AxisScale
	events []engine.Event

	metric screen.Metric // of the one chart where there is room for one only
	scales [2]screen.Scale
	window float64 // s; 0 = the whole sweep
}

// New makes the screen; it shows nothing until the first snapshot.
func New(t *theme.Theme) *Model { return &Model{theme: t} }

// Reset forgets the sweep that was shown.
func (m *Model) Reset() {
	m.snap, m.target, m.tracks, m.events = nil, 0, nil, nil
	m.axes, m.scales = [2]chart.AxisScale{}, [2]screen.Scale{}
}

// Set takes a newer snapshot.
func (m *Model) Set(s *engine.Snapshot) {
	m.snap = s
	if len(m.tracks) != len(s.Targets) {
		m.tracks = make([]screen.Track, len(s.Targets))
	}
	for i := range s.Targets {
		m.tracks[i].Set(s.Targets[i].Series)
	}
	m.target = min(m.target, max(len(s.Targets)-1, 0))
}

// Event adds a line to the log.
func (m *Model) Event(e engine.Event) {
	if len(m.events) == maxEvents {
		m.events = append(m.events[:0], m.events[maxEvents/2:]...)
	}
	m.events = append(m.events, e)
}

// Target is the name of the target shown, "" before the first snapshot.
func (m *Model) Target() string {
	if t := m.current(); t != nil {
		return t.Info.Name
	}
	return ""
}

// Select shows a target by its index.
func (m *Model) Select(i int) {
	if m.snap != nil && i >= 0 && i < len(m.snap.Targets) {
		m.target = i
	}
}

func (m *Model) current() *engine.TargetSnapshot {
	if m.snap == nil || m.target >= len(m.snap.Targets) {
		return nil
	}
	return &m.snap.Targets[m.target]
}

// Head says which target is shown.
func (m *Model) Head() (where, state string) {
	t := m.current()
	if t == nil {
		return "live", ""
	}
	return t.Info.Name + " · " + screen.Where(&t.Info), ""
}

// Typing is false: there is no text field.
func (m *Model) Typing() bool { return false }

// Bindings are the keys of the screen.
func (m *Model) Bindings() []key.Binding {
	k := &screen.Keys
	var first, last []key.Binding
	if m.snap != nil && len(m.snap.Targets) > 1 {
		first = []key.Binding{screen.As(k.Next, "target"), screen.As(k.Compare, "side by side")}
		last = []key.Binding{k.Prev, k.Right, k.Left}
	}
	list := append(first, screen.As(k.Metric, "metric"))
	if m.snap != nil && m.snap.Done {
		list = append(list, screen.As(k.Results, "results"), screen.As(k.Export, "export"), screen.As(k.Again, "run again"),
			k.LogAxis, k.Window, k.Log, k.Picture)
	} else {
		list = append(list, screen.As(k.Toggle, "freeze"), screen.As(k.Stop, "stop"), screen.As(k.Skip, "skip step"),
			k.Note, k.LogAxis, k.Window, k.Results, k.Log, k.Export, k.Picture)
	}
	return append(list, last...)
}

// Update answers a key.
func (m *Model) Update(k tea.KeyMsg) screen.Action {
	keys := &screen.Keys
	n := len(m.tracks)
	switch {
	case n == 0:
	case key.Matches(k, keys.Next, keys.Right):
		m.target = (m.target + 1) % n
	case key.Matches(k, keys.Prev, keys.Left):
		m.target = (m.target + n - 1) % n
	case key.Matches(k, keys.Metric):
		m.metric = m.metric.Next()
	case key.Matches(k, keys.LogAxis):
		m.scales[m.metric].Toggle()
	case key.Matches(k, keys.Window):
		m.window = 120 - m.window
	}
	return nil
}

// Log is every event as a line, the oldest first.
func (m *Model) Log() []string {
	lines := make([]string, len(m.events))
	for i, e := range m.events {
		lines[i] = m.eventLine(e)
	}
	return lines
}

// eventLine is one event: time of day, glyph, target, text.
func (m *Model) eventLine(e engine.Event) string {
	glyph := " "
	switch e.Level {
	case 1:
		glyph = m.theme.Glyph.Warn
	case 2:
		glyph = m.theme.Glyph.Cross
	}
	at := ""
	if m.snap != nil {
		at = m.snap.StartedAt.Add(e.At).Format(time.TimeOnly) + " "
	}
	if e.Target != "" {
		return at + glyph + " " + e.Target + ": " + e.Text
	}
	return at + glyph + " " + e.Text
}
