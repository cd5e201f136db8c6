package ui

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/screen"
)

// quit leaves, and asks first while a sweep runs.
func (m *model) quit() tea.Cmd {
	switch {
	case !m.active():
		return tea.Quit
	case m.leaving:
		m.say(1, "waiting for requests in flight; ctrl+c cuts them")
		return nil
	case m.latest != nil && m.latest.Done: // its result is on its way: nothing to ask
		m.leaving = true
		return nil
	}
	m.confirm("Quit while a sweep runs?",
		"The sweep is stopped: requests in flight may finish, and everything measured so far is kept in\n"+m.latestDir(),
		"stop, save and quit", func() tea.Cmd {
			m.leaving = true
			m.stop()
			return nil
		})
	return nil
}

// interrupt is ctrl+c: it asks, the second time it cuts what is in flight and quits when that is
// saved, the third time it quits at once and leaves the saving to Show.
func (m *model) interrupt() tea.Cmd {
	switch {
	case !m.active():
		return tea.Quit
	case m.leaving && m.interrupted && m.signal == nil && m.cut:
		return tea.Quit
	case m.leaving || m.quitAsked():
		m.boxes, m.ask = nil, nil
		m.leaving, m.interrupted, m.stopping, m.cut = true, true, true, true
		m.run.Abort()
		m.say(1, "cutting what is in flight and saving; ctrl+c again quits at once")
		return nil
	}
	m.ask = nil
	return m.quit()
}

// quitAsked says whether the question on top is the one of quit.
func (m *model) quitAsked() bool {
	n := len(m.boxes)
	return n > 0 && m.boxes[n-1].title == "Quit while a sweep runs?"
}

// stop ends the sweep as design says: no new requests, drain, save.
func (m *model) stop() {
	if !m.active() {
		return
	}
	m.stopping, m.interrupted = true, true
	m.run.Stop()
	m.say(1, "stopping: no new requests; those in flight may finish. x cuts them")
}

func (m *model) askStop() {
	switch {
	case !m.active():
		m.say(0, "no sweep is running")
	case m.stopping:
		m.confirm("Cut the requests in flight?", "They are recorded as incomplete. Everything measured is kept.", "cut",
			func() tea.Cmd {
				m.run.Abort()
				return nil
			})
	default:
		m.confirm("Stop the sweep?", "Requests in flight may finish. Everything measured so far is kept in\n"+m.latestDir(), "stop",
			func() tea.Cmd {
				m.stop()
				return nil
			})
	}
}

func (m *model) askSkip() {
	if !m.active() || m.latest == nil {
		m.say(0, "no sweep is running")
		return
	}
	target := ""
	if m.shown() == screen.Live {
		target = m.live.Target()
	} else if m.shown() == screen.Compare {
		target = m.compare.Target()
	}
	where := "all targets"
	if target != "" {
		where = target
	}
	m.confirm("Skip this step?", fmt.Sprintf("The step that runs now on %s ends early and is kept as partial; the next rate follows.", where),
		"skip", func() tea.Cmd {
			m.run.Skip(target)
			m.say(0, "skipping")
			return nil
		})
}

func (m *model) latestDir() string {
	if m.latest == nil {
		return ""
	}
	return m.latest.Dir
}
