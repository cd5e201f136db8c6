// Package results is the screen of a finished or saved run: the answer in words, the rate curves,
// the table paired by rate, and what is to be said of each row.
//
// Prices and objectives may be changed on the screen to see what would follow; that is said, and
// changes no file.
package results

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/ui/screen"
	"benchtop/ui/theme"
)

// Model is the state of the screen.
type Model struct {
	theme *theme.Theme
	base  *record.Run // as recorded; nil before the first
	dir   string
	live  bool // base is made from a snapshot of a sweep that goes on

	// What the person changed to see what follows.
	prices map[string]float64 // USD per hour by target
	slo    string             // "" = the run's own
	load   float64            // req/s to serve, 0 = not asked

	ghosts []*record.Run // saved runs shown beside this one
	run    *record.Run   // base with the changes
	rows   []report.Row

	metric     screen.Metric // TTFT, or the gaps: then gaps says which
	gaps       screen.Metric // ITL, or TPOT where a target has no other
	rates      []float64     // of the plan and of the steps made beside it, ascending
	percentile int           // index into percentiles
	linear     bool
	table      bool // the table has the room of the charts
	cursor     int
	offset     int
	page       int
	end        int // line of the screen after charts and table in the last Render
	tableTop   int // first line of the table in it, -1 if there was none
}

// percentiles are the ones that can be drawn and tabled.
var percentiles = []string{"p50", "p90", "p95", "p99"}

// New makes the screen.
func New(t *theme.Theme) *Model { return &Model{theme: t, prices: map[string]float64{}} }

// Reset forgets the run shown.
func (m *Model) Reset() {
	m.base, m.run, m.rows, m.dir, m.live, m.cursor = nil, nil, nil, "", false, 0
	m.forget()
}

// Set shows a run that has ended or was saved.
func (m *Model) Set(run *record.Run, dir string) {
	if run == nil {
		return
	}
	if m.base == nil || m.base.ID != run.ID {
		m.Reset()
	}
	m.base, m.dir, m.live = run, dir, false
	m.apply()
}

// Follow shows the steps that a sweep under way has finished.
func (m *Model) Follow(s *engine.Snapshot) {
	if m.base != nil && !m.live {
		return
	}
	run := &record.Run{ID: s.RunID, StartedAt: s.StartedAt, State: record.StateRunning, Plan: s.Plan, Simulated: s.Simulated, Notes: s.Notes}
	for i := range s.Targets {
		t := &s.Targets[i]
		run.Targets = append(run.Targets, t.Info)
		for _, st := range t.Steps {
			if st.Summary != nil {
				run.Steps = append(run.Steps, *st.Summary)
			}
		}
	}
	if m.base != nil && len(m.base.Steps) == len(run.Steps) && len(m.base.Targets) == len(run.Targets) {
		return // nothing has ended since
	}
	m.base, m.dir, m.live = run, s.Dir, true
	m.apply()
}

// Ready says whether there is a run to show.
func (m *Model) Ready() bool { return m.base != nil }

// Dir is the directory of the run shown, "" without one.
func (m *Model) Dir() string { return m.dir }

// Run is the run shown as it was recorded, nil without one.
func (m *Model) Run() *record.Run { return m.base }

// Against shows saved runs beside the one of this screen.
func (m *Model) Against(ghosts []*record.Run) { m.ghosts = ghosts }

// SetPrice shows what a target would cost at usd per hour.
func (m *Model) SetPrice(target string, usd float64) {
	m.prices[target] = usd
	m.apply()
}

// apply makes the run that is shown from the one that was recorded.
func (m *Model) apply() {
	run := *m.base
	run.Targets = slices.Clone(run.Targets)
	run.Steps = slices.Clone(run.Steps)
	for _, g := range m.ghosts {
		haunt(&run, g)
	}
	for i := range run.Targets {
		if usd, ok := m.prices[run.Targets[i].Name]; ok {
			run.Targets[i].USDPerHour = &usd
			run.Targets[i].PriceSource = "typed on this screen"
		}
	}
	m.run = &run
	m.judge()
	m.rows = report.Rows(m.run)
	m.gaps, m.rates = screen.Gaps(m.run), ratesOf(m.run)
	m.cursor = max(min(m.cursor, len(m.rows)-1), 0)
}

// ratesOf are the rates of the plan and those that were tried beside it to narrow a bracket.
func ratesOf(run *record.Run) []float64 {
	rates := slices.Clone(run.Plan.Rates)
	for i := range run.Steps {
		rates = append(rates, run.Steps[i].Rate)
	}
	slices.Sort(rates)
	return slices.Compact(rates)
}

// haunt adds the targets and steps of a saved run to run.
func haunt(run, ghost *record.Run) {
	name := func(target string) string { return target + "@" + cmp.Or(ghost.Name, ghost.ID) }
	for _, t := range ghost.Targets {
		t.Name = name(t.Name)
		run.Targets = append(run.Targets, t)
	}
	for _, s := range ghost.Steps {
		s.Target = name(s.Target)
		run.Steps = append(run.Steps, s)
	}
}

// ghost says whether target i of the run shown comes from a saved run.
func (m *Model) ghost(i int) bool { return i >= len(m.base.Targets) }

// Head says which run is shown.
func (m *Model) Head() (where, state string) {
	if m.base == nil {
		return "results", ""
	}
	th := m.theme
	switch m.base.State {
	case record.StateComplete:
		state = th.Good.Render(th.Glyph.Check + " complete")
	case record.StateRunning:
		state = th.Accent.Render(th.Glyph.Running + " running")
		if !m.live {
			state = th.Warn.Render(th.Glyph.Warn + " not ended")
		}
	default:
		state = th.Warn.Render(th.Glyph.Warn + " " + m.base.State)
	}
	if m.base.Simulated {
		state = th.Dim.Render("simulated · ") + state
	}
	name := m.base.ID
	if m.base.Name != "" {
		name = m.base.Name
	}
	where = "results · " + name
	for i, g := range m.ghosts {
		word := ", "
		if i == 0 {
			word = " beside "
		}
		where += word + cmp.Or(g.Name, g.ID)
	}
	return where, state
}

// Typing is false: there is no text field.
func (m *Model) Typing() bool { return false }

// Bindings are the keys of the screen.
func (m *Model) Bindings() []key.Binding {
	k := &screen.Keys
	list := []key.Binding{screen.As(k.Metric, "metric"), screen.As(k.Percentile, "percentile"), screen.As(k.Table, "table")}
	axis := []key.Binding{k.LogAxis}
	if m.table { // which has all metrics and percentiles
		list, axis = []key.Binding{screen.As(k.Table, "chart")}, nil
	}
	if m.live {
		list = append(list, screen.As(k.Live, "live"), screen.As(k.Stop, "stop"), screen.As(k.Export, "export"))
		return append(append(list, axis...), k.Compare, k.If, k.Copy, k.Price,
			k.Down, k.Up, k.Top, k.Bottom, k.PageDown, k.PageUp)
	}
	list = append(list, screen.As(k.If, "what if"), screen.As(k.Export, "export"))
	if m.base != nil && m.base.Imported == "" { // another tool's plan cannot be run
		list = append(list, screen.As(k.Again, "run again"))
	}
	return append(append(list, axis...), k.Copy, k.Price,
		k.Down, k.Up, k.Top, k.Bottom, k.PageDown, k.PageUp, k.Runs, k.Live, k.Compare, k.Picture)
}

// Update answers a key.
func (m *Model) Update(k tea.KeyMsg) screen.Action {
	keys := &screen.Keys
	by, isStep := screen.Steps(k, len(m.rows), m.page)
	switch {
	case m.base == nil:
	case m.table && key.Matches(k, keys.Metric, keys.Percentile, keys.LogAxis): // nothing of that is seen
	case key.Matches(k, keys.Metric):
		m.metric = m.metric.Next()
	case key.Matches(k, keys.Percentile):
		m.percentile = (m.percentile + 1) % len(percentiles)
	case key.Matches(k, keys.LogAxis):
		m.linear = !m.linear
	case key.Matches(k, keys.Table):
		m.table = !m.table
	case key.Matches(k, keys.Copy):
		return screen.Copy{What: "answer and table", Text: report.Text(m.run, report.TableOptions{})}
	case len(m.rows) == 0:
	case isStep:
		m.move(by)
	case key.Matches(k, keys.Price):
		t := &m.rows[m.cursor].Target
		return screen.AskPrice{Target: t.Name, Current: price(t.USDPerHour)}
	case key.Matches(k, keys.If):
		return screen.AskIf{}
	}
	return nil
}

// firstRow is the line of the first row in the table, below border and header.
const firstRow = 2

// Click puts the cursor on the row of the table at this cell.
func (m *Model) Click(_, y int) {
	line := y - m.tableTop - firstRow
	if i := m.offset + line; m.tableTop >= 0 && line >= 0 && line < m.page && i < len(m.rows) {
		m.cursor = i
	}
}

func (m *Model) move(by int) { m.cursor = max(min(m.cursor+by, len(m.rows)-1), 0) }

func price(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64) // enter must not change it
}

// place is the index of a target in the run: its look.
func (m *Model) place(name string) int {
	return max(slices.IndexFunc(m.run.Targets, func(t record.Target) bool { return t.Name == name }), 0)
}

// value is a percentile of a row; NaN is unknown.
func value(r *report.Row, metric screen.Metric, percentile string) (v float64, bound bool) {
	m := r.Median(func(s *record.Step) report.Value {
		x, b := screen.StepNumber(s, metric, percentile)
		return report.Value{V: x, Bound: b, OK: !math.IsNaN(x)}
	})
	if !m.OK {
		return math.NaN(), false
	}
	return m.V, m.Bound
}

// number is the row's value of what of says; NaN is unknown.
func number(r *report.Row, of func(*record.Step) *float64) float64 {
	m := r.Median(func(s *record.Step) report.Value {
		v := of(s)
		if v == nil {
			return report.Value{}
		}
		return report.Value{V: *v, OK: true}
	})
	if !m.OK {
		return math.NaN()
	}
	return m.V
}
