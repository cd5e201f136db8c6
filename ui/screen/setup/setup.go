// Package setup is the form in which a sweep is set up: every field is checked while it is typed,
// and a plan line says what the sweep will ask for, how long it takes and what it costs.
//
// The form edits a record.Plan. What it has no field for (gates, labels, model) is kept as given.
package setup

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine/record"
	"benchtop/ui/screen"
	"benchtop/ui/theme"
)

// Model is the state of the screen.
type Model struct {
	theme   *theme.Theme
	base    record.Plan // what the fields do not cover
	targets []screen.Selection
	fields  []field
	focus   int // index into fields; len(fields) is the start button

	checks   []screen.Check
	checkErr string
	checking bool
	stale    bool // the plan changed since the checks were made
	starting bool
	offset   int // first line shown when the form is higher than the screen
	rows     int // lines of the form in the last Render
	first    int // index of the first field among them
}

// New makes the form for these targets, filled from plan.
func New(t *theme.Theme, plan record.Plan, targets []screen.Selection) *Model {
	m := &Model{theme: t, targets: targets}
	m.SetPlan(plan)
	return m
}

// SetPlan fills the form anew.
func (m *Model) SetPlan(plan record.Plan) {
	m.base = plan
	m.fields = fieldsOf(plan)
	m.focus = min(m.focus, len(m.fields))
	m.stale = true
	m.validate()
}

// Targets are what the sweep will run against.
func (m *Model) Targets() []screen.Selection { return m.targets }

// Plan is the plan as the form stands; ok is false while a field is wrong.
func (m *Model) Plan() (plan record.Plan, ok bool) {
	plan, errs := build(m.base, m.fields)
	return plan, len(errs) == 0
}

// Checking says that a preflight is under way.
func (m *Model) Checking() { m.checking, m.stale = true, false }

// Checked takes what the preflight found; err is why it could not be made.
func (m *Model) Checked(checks []screen.Check, err error) {
	m.checking, m.checks, m.checkErr = false, checks, ""
	if err != nil {
		m.checkErr = err.Error()
	}
}

// Starting says that the sweep is being started; with false, that this ended.
func (m *Model) Starting(on bool) { m.starting = on }

// IsStarting says whether the sweep is being started.
func (m *Model) IsStarting() bool { return m.starting }

// Refused are the checks that stand against a run.
func Refused(checks []screen.Check) []screen.Check { return atLevel(checks, screen.CheckRefused) }

// ToConfirm are the checks that need a yes.
func ToConfirm(checks []screen.Check) []screen.Check { return atLevel(checks, screen.CheckConfirm) }

func atLevel(checks []screen.Check, level int) []screen.Check {
	return slices.DeleteFunc(slices.Clone(checks), func(c screen.Check) bool { return c.Level != level })
}

// Typing says that printable keys belong to the field under the cursor.
func (m *Model) Typing() bool { return m.focus < len(m.fields) && m.fields[m.focus].text != nil }

// Update answers a key.
func (m *Model) Update(k tea.KeyMsg) screen.Action {
	keys := &screen.Keys
	if m.starting {
		return nil
	}
	switch {
	case key.Matches(k, keys.Start):
		return m.start()
	case key.Matches(k, keys.EditPlan):
		return m.edit()
	case key.Matches(k, keys.Next), k.Type == tea.KeyDown:
		m.step(1)
	case key.Matches(k, keys.Prev), k.Type == tea.KeyUp:
		m.step(-1)
	case key.Matches(k, keys.Open):
		if m.focus == len(m.fields) {
			return m.start()
		}
		m.step(1)
	case m.focus == len(m.fields):
		return m.onButton(k)
	default:
		m.toField(k)
	}
	return nil
}

// Click puts the cursor on the field at this cell.
func (m *Model) Click(_, y int) {
	const top = 1 // below the border
	if i := m.offset + y - top - m.first; !m.starting && y >= top && y-top < m.rows && i >= 0 && i < len(m.fields) {
		m.focus = i
	}
}

// onButton answers keys while the start button has the focus.
func (m *Model) onButton(k tea.KeyMsg) screen.Action {
	keys := &screen.Keys
	switch {
	case key.Matches(k, keys.Toggle):
		return m.start()
	case key.Matches(k, keys.Down):
		m.step(1)
	case key.Matches(k, keys.Up):
		m.step(-1)
	case key.Matches(k, keys.Retry):
		if _, ok := m.Plan(); ok {
			return screen.Preflight{}
		}
	}
	return nil
}

// toField gives a key to the field under the cursor.
func (m *Model) toField(k tea.KeyMsg) {
	f := &m.fields[m.focus]
	before := f.value()
	if f.text == nil {
		m.choose(f, k)
	} else {
		f.update(k)
	}
	if f.value() != before {
		m.stale = true
		m.validate()
	}
}

func (m *Model) choose(f *field, k tea.KeyMsg) {
	keys := &screen.Keys
	switch {
	case key.Matches(k, keys.Toggle, keys.Right):
		f.chosen = (f.chosen + 1) % len(f.choices)
	case key.Matches(k, keys.Left):
		f.chosen = (f.chosen + len(f.choices) - 1) % len(f.choices)
	case key.Matches(k, keys.Down):
		m.step(1)
	case key.Matches(k, keys.Up):
		m.step(-1)
	}
}

func (m *Model) step(by int) {
	n := len(m.fields) + 1
	m.focus = (m.focus + by + n) % n
}

// start asks for the sweep, or goes to the first field that is wrong.
func (m *Model) start() screen.Action {
	if _, ok := m.Plan(); ok {
		return screen.Start{}
	}
	for i := range m.fields {
		if m.fields[i].err != "" {
			m.focus = i
			return screen.Say{Level: 2, Text: strings.TrimSpace(m.fields[i].label) + ": " + m.fields[i].err}
		}
	}
	return nil
}

func (m *Model) edit() screen.Action {
	plan, _ := m.Plan()
	return screen.EditPlan{Plan: plan}
}

// validate marks the fields that are wrong.
func (m *Model) validate() {
	_, errs := build(m.base, m.fields)
	for i := range m.fields {
		m.fields[i].err = errs[m.fields[i].id]
	}
}

// Bindings are the keys of the screen.
func (m *Model) Bindings() []key.Binding {
	k := &screen.Keys
	if m.starting {
		return nil
	}
	return []key.Binding{screen.As(k.Start, "start"), screen.As(k.Next, "next field"), screen.As(k.Toggle, "change a choice"),
		screen.As(k.EditPlan, "edit as YAML"), k.Prev, screen.As(k.Open, "next field, or start"), k.Down, k.Up}
}
