package ui

import (
	"context"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine/record"
	"benchtop/ui/screen"
	"benchtop/ui/screen/setup"
)

// Results of work done outside Update. id numbers a preflight or start: one that was cancelled or
// replaced is ignored.
type (
	preflightMsg struct {
		id      int
		checks  []screen.Check
		err     error
		toStart bool
	}
	startedMsg struct {
		id  int
		run Run
		err error
	}
	runsMsg struct {
		list []RunInfo
		err  error
	}
	loadedMsg struct {
		run    *record.Run
		beside []*record.Run
		dir    string
		err    error
	}
	demoMsg struct {
		backend Backend
		err     error
	}
	// doneMsg is the end of work that only has something to say.
	doneMsg struct {
		text string
		err  error
	}
)

// finished takes the result of a command.
func (m *model) finished(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case preflightMsg:
		return m.preflighted(msg)
	case startedMsg:
		return m.started(msg)
	case waitedMsg:
		return m.waited(msg)
	case editedMsg:
		return m.edited(msg)
	case runsMsg:
		m.runs.Set(msg.list, msg.err)
		m.picker.SetRuns(msg.list)
	case loadedMsg:
		if msg.err != nil {
			m.say(2, msg.err.Error())
			return nil
		}
		m.results.Against(append(slices.Clone(msg.beside), m.opt.Against...))
		m.results.Set(msg.run, msg.dir)
		m.show(screen.Results)
	case demoMsg:
		if msg.err != nil {
			m.say(2, msg.err.Error())
			return nil
		}
		m.backend, m.clusterSeq = msg.backend, noCluster
		m.say(0, "this is the demo: simulated GPUs and servers in this process")
		return tea.Batch(m.poll(), m.readRuns())
	case doneMsg:
		if msg.err != nil {
			m.say(2, msg.err.Error())
		} else if msg.text != "" {
			m.say(0, msg.text)
		}
	}
	return nil
}

// do turns what a screen asks for into work.
func (m *model) do(a screen.Action) tea.Cmd {
	switch a := a.(type) {
	case screen.ListRuns:
		return m.openRuns()
	case screen.SetUp:
		return m.setUp(a.Targets)
	case screen.WaitFor:
		m.waitFor(a.Key)
	case screen.AskURL:
		m.askURL()
	case screen.AskNamespace:
		m.askNamespace()
	case screen.AskContext:
		m.askContext()
	case screen.AskPrice:
		m.askPrice(a)
	case screen.Preflight:
		return m.preflight()
	case screen.Start:
		return m.start()
	case screen.EditPlan:
		return m.editPlan(a.Plan)
	case screen.OpenRun:
		return m.load(a.Dir, a.Beside...)
	case screen.OpenDemo:
		return m.openDemo()
	case screen.Retry:
		b, ctx := m.backend, m.ctx
		m.say(0, "trying again …")
		return command(func() tea.Msg { return doneMsg{err: b.Retry(ctx)} })
	case screen.Copy:
		m.copy(a)
	case screen.CopyRole:
		m.copyRole()
	case screen.AskIf:
		m.askIf()
	case screen.Say:
		m.say(a.Level, a.Text)
	}
	return nil
}

// setUp opens the form for these targets; what was typed for the ones before stays.
func (m *model) setUp(targets []Selection) tea.Cmd {
	if m.active() {
		m.say(1, "a sweep is running: 1 or 2 shows it, x stops it")
		return nil
	}
	plan, ok := m.setup.Plan()
	if !ok {
		plan = m.opt.Plan
	}
	m.setup = setup.New(m.theme, plan, targets)
	m.show(screen.Setup)
	return m.preflight()
}

// begin makes a context for a preflight or a start; esc cancels it.
func (m *model) begin() (context.Context, int) {
	if m.cancelTask != nil {
		m.cancelTask()
	}
	ctx, cancel := context.WithCancel(m.ctx)
	m.task++
	m.cancelTask = cancel
	return ctx, m.task
}

// cancel gives up the preflight or start under way; what it comes to is ignored.
func (m *model) cancel() {
	m.cancelTask()
	m.cancelTask = nil
	m.task++
	m.setup.Starting(false)
	m.setup.Checked(nil, nil)
}

// settle ends task id; false if another has taken its place.
func (m *model) settle(id int) bool {
	if id != m.task {
		return false
	}
	if m.cancelTask != nil {
		m.cancelTask()
		m.cancelTask = nil
	}
	return true
}

// preflight looks at the targets as they are, while the form is filled in.
func (m *model) preflight() tea.Cmd { return m.check(false) }

func (m *model) check(toStart bool) tea.Cmd {
	plan, ok := m.setup.Plan()
	if !ok {
		return nil
	}
	ctx, id := m.begin()
	b, sel := m.backend, m.setup.Targets()
	m.setup.Checking()
	return command(func() tea.Msg {
		checks, err := b.Preflight(ctx, plan, sel)
		return preflightMsg{id, checks, err, toStart}
	})
}

// start begins with a preflight: a target may have become busy since the last one.
func (m *model) start() tea.Cmd {
	if m.active() {
		m.say(1, "a sweep is running: 1 or 2 shows it, x stops it")
		return nil
	}
	m.setup.Starting(true)
	return m.check(true)
}

// preflighted shows the checks; on the way to a start it asks what must be asked, and goes on.
func (m *model) preflighted(msg preflightMsg) tea.Cmd {
	if !m.settle(msg.id) {
		return nil
	}
	m.setup.Checked(msg.checks, msg.err)
	if !msg.toStart {
		return nil
	}
	m.setup.Starting(false)
	if msg.err != nil {
		m.say(2, msg.err.Error())
		return nil
	}
	if refused := setup.Refused(msg.checks); len(refused) > 0 {
		m.say(2, "cannot start: "+checkText(refused[0]))
		return nil
	}
	ask := setup.ToConfirm(msg.checks)
	if len(ask) == 0 {
		return m.launch(false)
	}
	lines := make([]string, 0, len(ask)+2)
	for _, c := range ask {
		lines = append(lines, m.theme.Glyph.Warn+" "+checkText(c))
	}
	lines = append(lines, "", "Start all the same?")
	m.open(box{title: "Before the first request", text: strings.Join(lines, "\n"), opened: m.now(),
		answers: []answer{{"y", "start", func() tea.Cmd { return m.launch(true) }}}})
	return nil
}

func checkText(c screen.Check) string {
	if c.Target == "" {
		return c.Text
	}
	return c.Target + ": " + c.Text
}

// launch starts the sweep; yes says that the person accepted what was asked.
func (m *model) launch(yes bool) tea.Cmd {
	plan, ok := m.setup.Plan()
	if !ok {
		return nil
	}
	ctx, id := m.begin()
	b, sel := m.backend, m.setup.Targets()
	m.setup.Starting(true)
	m.starts.Add(1)
	return command(func() tea.Msg {
		defer m.starts.Done()
		run, err := b.Start(ctx, plan, sel, yes)
		if err == nil {
			m.sweeps.add(run)
		}
		return startedMsg{id, run, err}
	})
}

// started shows the sweep. One whose start was cancelled is cut again.
func (m *model) started(msg startedMsg) tea.Cmd {
	current := m.settle(msg.id)
	if current {
		m.setup.Starting(false)
	}
	switch {
	case msg.err != nil:
		if current {
			m.setup.Checked(nil, msg.err)
			m.say(2, msg.err.Error())
		}
	case !current:
		msg.run.Abort()
	default:
		m.adopt(msg.run)
		m.interrupted = false
		m.show(m.runScreen())
		return m.poll()
	}
	return nil
}

// again opens the form with the plan and the targets of the run that is shown, as far as the cluster
// still has them.
func (m *model) again() tea.Cmd {
	run := m.results.Run()
	switch {
	case m.active():
		m.say(1, "a sweep is running: x stops it")
		return nil
	case run == nil:
		m.say(0, "no run to make again: enter sets one up, o opens a saved one")
		return nil
	}
	if run.Imported != "" {
		m.say(0, "this run was imported from "+run.Imported+": its plan is not known, so it cannot be made again")
		return nil
	}
	targets, missing := m.picker.Find(run.Targets)
	if len(targets) == 0 {
		m.say(1, "this cluster has none of its targets ready: "+strings.Join(missing, ", "))
		return nil
	}
	plan := run.Plan
	plan.Targets, plan.Schedules = nil, nil
	m.setup = setup.New(m.theme, plan, targets)
	m.show(screen.Setup)
	if len(missing) > 0 {
		m.say(1, "not ready here, so left out: "+strings.Join(missing, ", "))
	}
	return m.preflight()
}
