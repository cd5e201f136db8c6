// Package compare is the screen of several targets side by side: one chart each on the same axes,
// a step strip each, and a table of the last ten seconds with the differences to the first target.
package compare

import (
	"fmt"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui/chart"
	"benchtop/ui/screen"
	"benchtop/ui/theme"
)

// Model is the state of the screen.
type Model struct {
	theme  *theme.Theme
	snap   *engine.Snapshot
	ghosts []ghost // targets of saved runs, shown beside the live ones
	tracks []screen.Track
	shared [2]chart.AxisScale
	own    [][2]chart.AxisScale
	event  engine.Event // the latest that is more than information

	focus      int
	full       bool // the focused target alone
	overlaid   bool // the last Render had one percentile of all targets in one chart
	metric     screen.Metric
	percentile int
	scales     [2]screen.Scale
	ownAxis    bool
	window     float64 // s; 0 = the whole sweep
}

// New makes the screen; it shows nothing until the first snapshot.
func New(t *theme.Theme) *Model { return &Model{theme: t, percentile: 1} }

// Reset forgets the sweep that was shown; ghosts are saved runs to be shown beside the next one.
func (m *Model) Reset(ghosts []*record.Run) {
	m.snap, m.tracks, m.own, m.ghosts, m.focus, m.full = nil, nil, nil, ghostsOf(ghosts), 0, false
	m.shared, m.scales, m.event = [2]chart.AxisScale{}, [2]screen.Scale{}, engine.Event{}
}

// Set takes a newer snapshot.
func (m *Model) Set(s *engine.Snapshot) {
	m.snap = s
	if len(m.tracks) != len(s.Targets) {
		m.tracks = make([]screen.Track, len(s.Targets))
		m.own = make([][2]chart.AxisScale, len(s.Targets))
	}
	for i := range s.Targets {
		m.tracks[i].Set(s.Targets[i].Series)
	}
	m.focus = min(m.focus, max(len(s.Targets)-1, 0))
}

// Event keeps the latest event for the line below the table.
func (m *Model) Event(e engine.Event) { m.event = e }

// Target is the name of the focused target where one is shown alone, else "" for all.
func (m *Model) Target() string {
	if m.full && m.snap != nil && m.focus < len(m.snap.Targets) {
		return m.snap.Targets[m.focus].Info.Name
	}
	return ""
}

// Focus is the index of the focused target.
func (m *Model) Focus() int { return m.focus }

// Head says what is compared.
func (m *Model) Head() (where, state string) {
	if m.snap == nil {
		return "side by side", ""
	}
	where = screen.Plural(len(m.snap.Targets), "target") + " side by side"
	if len(m.ghosts) == 0 {
		return where, ""
	}
	if len(m.snap.Targets) == 1 {
		where = m.snap.Targets[0].Info.Name
	}
	where += " against " + m.ghosts[0].name
	if n := len(m.ghosts) - 1; n > 0 {
		where += fmt.Sprintf(" and %d more", n)
	}
	return where, ""
}

// Typing is false: there is no text field.
func (m *Model) Typing() bool { return false }

// Bindings are the keys of the screen.
func (m *Model) Bindings() []key.Binding {
	k := &screen.Keys
	full := screen.As(k.Open, "full screen")
	if m.full {
		full = screen.As(k.Open, "all targets")
	}
	list := []key.Binding{screen.As(k.Next, "focus"), full, screen.As(k.Metric, "metric")}
	axes := []key.Binding{k.LogAxis, k.Window}
	if !m.overlaid {
		axes = append(axes, k.OwnAxis)
	}
	if m.overlaid || len(m.ghosts) > 0 { // elsewhere all percentiles are shown
		axes = append(axes, k.Percentile)
	}
	if m.snap != nil && m.snap.Done {
		list = append(list, screen.As(k.Results, "results"), screen.As(k.Export, "export"), screen.As(k.Again, "run again"))
		return append(append(list, axes...), k.Log, k.Prev, k.Right, k.Left)
	}
	list = append(list, screen.As(k.Toggle, "freeze"), screen.As(k.Stop, "stop"), screen.As(k.Live, "one target"))
	return append(append(list, axes...), k.Skip, k.Note, k.Results, k.Log, k.Export, k.Prev, k.Right, k.Left)
}

// Click puts the focus on the target whose line of steps is at this cell.
func (m *Model) Click(_, y int) {
	if y >= 0 && y < len(m.tracks) {
		m.focus = y
	}
}

// Update answers a key. For esc it returns an action when it had something of its own to close.
func (m *Model) Update(k tea.KeyMsg) screen.Action {
	keys := &screen.Keys
	n := len(m.tracks)
	switch {
	case n == 0:
	case key.Matches(k, keys.Next, keys.Right):
		m.focus = (m.focus + 1) % n
	case key.Matches(k, keys.Prev, keys.Left):
		m.focus = (m.focus + n - 1) % n
	case key.Matches(k, keys.Open):
		m.full = !m.full
	case key.Matches(k, keys.Back) && m.full:
		m.full = false
		return screen.Say{}
	case key.Matches(k, keys.Metric):
		m.metric = m.metric.Next()
	case key.Matches(k, keys.Percentile):
		m.percentile = (m.percentile + 1) % len(screen.Percentiles)
	case key.Matches(k, keys.LogAxis):
		m.scales[m.metric].Toggle()
	case key.Matches(k, keys.OwnAxis):
		m.ownAxis = !m.ownAxis
	case key.Matches(k, keys.Window):
		m.window = 120 - m.window
	}
	return nil
}
