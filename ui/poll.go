package ui

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine"
	"benchtop/ui/screen"
)

type (
	tickMsg   time.Time
	signalMsg struct{ sig os.Signal } // nil: the context ended
	crashMsg  string
	waitedMsg struct {
		run    Run
		result *engine.Result
		err    error
	}
)

// How often the world is looked at: a sweep publishes ten pictures a second; a cluster changes
// rarely, and an idle interface should cost nothing.
const (
	pollRunning = 100 * time.Millisecond
	pollIdle    = 500 * time.Millisecond
)

func (m *model) tick() tea.Cmd {
	d := pollIdle
	if c := m.picker.Cluster(); m.active() || c != nil && !c.Synced && c.Problem == nil {
		d = pollRunning // something is awaited
	}
	return tea.Tick(d, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// command runs f outside Update. A panic in it would be printed into the alternate screen and lost;
// here it ends the interface and is reported after it.
func command(f func() tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		defer func() {
			if p := recover(); p != nil {
				msg = crashMsg("the interface broke: " + fmt.Sprint(p) + "\n" + string(debug.Stack()))
			}
		}()
		return f()
	}
}

// watchSignals waits for a signal or the end of the context. A signal cuts the sweep here: Update,
// which is told next, may be waiting for a terminal that takes nothing.
func (m *model) watchSignals() tea.Cmd {
	ctx, signals := m.ctx, m.opt.Signals
	return command(func() tea.Msg {
		select {
		case s := <-signals:
			m.sweeps.cut()
			go m.giveUp(s)
			return signalMsg{s}
		case <-ctx.Done():
			return signalMsg{}
		}
	})
}

// giveUp tells Show to go without the terminal, if that takes nothing for so long after all is saved.
// It ends with Show.
func (m *model) giveUp(s os.Signal) {
	m.end()
	patience := time.NewTimer(unheardFor)
	defer patience.Stop()
	select {
	case <-patience.C:
		m.unheard <- s
	case <-m.ctx.Done():
	}
}

// onSignal saves what there is and quits: the terminal may be gone already.
func (m *model) onSignal(s signalMsg) tea.Cmd {
	m.signal = s.sig
	if !m.active() || m.leaving && m.signal != nil {
		return tea.Quit
	}
	m.interrupted, m.leaving, m.stopping = true, true, true
	m.sweeps.cut()
	m.say(1, "asked to end: cutting what is in flight and saving")
	return nil
}

// active says whether a sweep is under way and not yet saved.
func (m *model) active() bool { return m.run != nil && !m.ended }

// adopt makes r the sweep that is shown.
func (m *model) adopt(r Run) {
	m.run, m.latest, m.awaited, m.ended, m.due, m.stopping, m.frozen = r, nil, false, false, false, false, false
	m.sweeps.add(r)
	m.live.Reset()
	m.compare.Reset(m.opt.Against)
	m.results.Reset()
	m.results.Against(m.opt.Against)
}

// runScreen is where a sweep is watched: alone or side by side.
func (m *model) runScreen() screen.ID {
	if s := m.run.Snapshot(); s != nil && len(s.Targets)+len(m.opt.Against) > 1 {
		return screen.Compare
	}
	return screen.Live
}

// poll takes what changed since the last tick. It marks the picture for drawing only when something
// on it changed.
func (m *model) poll() tea.Cmd {
	if c := m.backend.Cluster(); c != nil && c.Seq != m.clusterSeq {
		m.clusterSeq, m.dirty = c.Seq, true
		for _, name := range m.picker.Set(c) {
			m.say(1, name+" is no longer ready: its mark is gone")
		}
	}
	cmd := m.pollWaiting()
	m.showDue()
	if m.flash.text != "" && m.now().After(m.flash.until) {
		m.flash, m.dirty = flash{}, true
	}
	// Ages and clocks on screen move by themselves.
	if s := m.now().Unix(); s != m.lastSecond && (s%10 == 0 || m.frozen || m.waiting != "") {
		m.lastSecond, m.dirty = s, true
	}
	if m.run == nil {
		return cmd
	}
	m.pollEvents()
	if s := m.run.Snapshot(); s != nil && (m.latest == nil || s.Seq != m.latest.Seq || s.Done != m.latest.Done) {
		m.latest = s
		if !m.frozen {
			m.spread()
		}
	}
	if m.latest != nil && m.latest.Done && !m.awaited {
		m.awaited = true
		return tea.Batch(cmd, m.wait())
	}
	return cmd
}

// spread hands the latest snapshot to the screens.
func (m *model) spread() {
	if m.latest == nil {
		return
	}
	m.live.Set(m.latest)
	m.compare.Set(m.latest)
	m.results.Follow(m.latest)
	m.dirty = true
}

// pollEvents takes the events that came; a warning or an error is also said.
func (m *model) pollEvents() {
	for {
		select {
		case e, ok := <-m.run.Events():
			if !ok {
				return
			}
			m.live.Event(e)
			m.compare.Event(e)
			m.dirty = true
			if e.Level > 0 {
				m.say(e.Level, eventText(e))
			}
		default:
			return
		}
	}
}

func eventText(e engine.Event) string {
	if e.Target == "" {
		return e.Text
	}
	return e.Target + ": " + e.Text
}

// wait takes the result of a sweep that has ended.
func (m *model) wait() tea.Cmd {
	run := m.run
	return command(func() tea.Msg {
		res, err := run.Wait()
		return waitedMsg{run, res, err}
	})
}

// quietFor is how long the person must not have typed for the results to come up by themselves.
const quietFor = 3 * time.Second

// complete is said at the end of a sweep that came to its end.
const complete = "the sweep is complete"

// waited shows what a sweep came to.
func (m *model) waited(msg waitedMsg) tea.Cmd {
	if msg.run != m.run {
		return nil
	}
	m.ended, m.frozen = true, false
	m.spread()
	m.closeSweep()
	if msg.result != nil && msg.result.Run != nil {
		m.results.Set(msg.result.Run, msg.result.Dir)
	}
	if m.leaving {
		return tea.Quit
	}
	switch {
	case msg.err != nil:
		m.say(2, msg.err.Error())
	case m.stopping:
		m.say(0, "stopped; what was measured is saved")
	case msg.result != nil && msg.result.Err != nil:
		m.say(2, "ended early: "+msg.result.Err.Error()+"; what was measured is saved")
		return nil // the screen of the run says it as long as it is looked at; the results do not
	default:
		m.say(0, complete)
	}
	if m.stopping && m.mode() == modeNormal { // asked for: nobody is surprised
		m.lastKey = time.Time{}
	}
	m.due = msg.err == nil
	m.showDue()
	if m.due && m.flash.text == complete {
		m.say(0, complete+": "+screen.Keys.Results.Help().Key+" shows the results")
	}
	return m.readRuns()
}

// showDue brings up the results of a sweep that has ended, once nobody types or answers a question.
func (m *model) showDue() {
	if !m.due {
		return
	}
	if m.shown() != screen.Live && m.shown() != screen.Compare {
		m.due = false // the person has gone elsewhere
		return
	}
	if m.mode() == modeNormal && m.now().Sub(m.lastKey) > quietFor {
		m.due = false
		m.show(screen.Results)
		m.dirty = true
	}
}
