package ui

import (
	"fmt"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/screen"
)

// mode says who has the keys.
type mode int

const (
	modeNormal mode = iota
	modeFilter      // the filter of a list is typed; the list follows
	modePrompt      // a line is typed at the bottom
	modeDialog      // a box asks
)

func (m *model) mode() mode {
	switch {
	case len(m.boxes) > 0:
		return modeDialog
	case m.ask != nil && m.ask.live != nil:
		return modeFilter
	case m.ask != nil:
		return modePrompt
	}
	return modeNormal
}

// keys takes what Bubble Tea read at once: characters typed faster than it reads come as one message,
// and each is a key of its own. A paste stays whole, and is for text only. No key here is one with alt:
// that is esc and the next key, which a slow line brings at once.
func (m *model) keys(k tea.KeyMsg) tea.Cmd {
	if k.Alt && (k.Type == tea.KeyRunes || k.Type == tea.KeySpace || k.Type == tea.KeyEnter) {
		k.Alt = false
		return tea.Sequence(m.key(tea.KeyMsg{Type: tea.KeyEsc}), m.keys(k))
	}
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 && !k.Paste {
		return m.key(k)
	}
	if k.Paste {
		if mode := m.mode(); mode == modeFilter || mode == modePrompt || mode == modeNormal && m.page().Typing() {
			return m.key(k)
		}
		m.say(0, "pasted text is for fields only")
		return nil
	}
	cmds := make([]tea.Cmd, 0, len(k.Runes))
	for _, r := range k.Runes {
		one := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}
		if r == ' ' {
			one.Type = tea.KeySpace
		}
		cmds = append(cmds, m.key(one))
	}
	return tea.Sequence(cmds...)
}

// key routes a key: the interrupt always, then dialog, prompt, field, everywhere, screen.
func (m *model) key(k tea.KeyMsg) tea.Cmd {
	keys := &screen.Keys
	m.flash = flash{}
	switch {
	case key.Matches(k, keys.Interrupt):
		return m.interrupt()
	case key.Matches(k, keys.Redraw):
		return func() tea.Msg { return redrawMsg{} }
	case key.Matches(k, keys.Suspend):
		return m.suspend()
	}
	switch m.mode() {
	case modeDialog:
		return m.toDialog(k)
	case modeFilter, modePrompt:
		return m.toPrompt(k)
	}
	if key.Matches(k, keys.Back) {
		return m.escape()
	}
	if !m.page().Typing() {
		if cmd, ok := m.everywhere(k); ok {
			return cmd
		}
	}
	return m.do(m.page().Update(k))
}

// escape cancels what is under way, else goes back. It never quits.
func (m *model) escape() tea.Cmd {
	switch {
	case m.cancelTask != nil && m.setup.IsStarting():
		m.cancel()
		m.say(0, "cancelled: nothing was started")
	case m.shown() == screen.Picker && m.picker.Filter() != "":
		m.picker.SetFilter("")
	case m.shown() == screen.Runs && m.runs.Filter() != "":
		m.runs.SetFilter("")
	case m.page().Update(tea.KeyMsg{Type: tea.KeyEsc}) != nil:
		// The screen had something of its own to close.
	case !m.back():
		m.say(0, "this is the first screen; q quits")
	}
	return nil
}

// everywhere answers the keys that mean the same on every screen; false if k is none of them.
func (m *model) everywhere(k tea.KeyMsg) (tea.Cmd, bool) {
	keys := &screen.Keys
	switch {
	case key.Matches(k, keys.Quit):
		if m.back() {
			return nil, true
		}
		return m.quit(), true
	case key.Matches(k, keys.Help) && m.shown() == screen.Help:
		m.back()
	case key.Matches(k, keys.Help):
		m.help.For(m.shown(), m.page().Bindings())
		m.show(screen.Help)
	case key.Matches(k, keys.Command):
		m.askCommand()
	case key.Matches(k, keys.Filter):
		return nil, m.askFilter()
	case key.Matches(k, keys.Live):
		m.showRun(screen.Live)
	case key.Matches(k, keys.Compare):
		m.showRun(screen.Compare)
	case key.Matches(k, keys.Results):
		m.showRun(screen.Results)
	case key.Matches(k, keys.Runs):
		return m.openRuns(), true
	case key.Matches(k, keys.Log):
		m.showLog()
	case key.Matches(k, keys.Picture):
		return m.savePicture(), true
	case key.Matches(k, keys.Export):
		m.askExport()
	case key.Matches(k, keys.Mouse):
		return m.toggleMouse(), true
	case key.Matches(k, keys.Again):
		return m.again(), true
	default:
		return m.running(k)
	}
	return nil, true
}

// running answers the keys that steer a sweep.
func (m *model) running(k tea.KeyMsg) (tea.Cmd, bool) {
	keys := &screen.Keys
	onRun := m.shown() == screen.Live || m.shown() == screen.Compare
	switch {
	case key.Matches(k, keys.Stop):
		m.askStop()
	case key.Matches(k, keys.Skip):
		m.askSkip()
	case key.Matches(k, keys.Note):
		m.askNote()
	case key.Matches(k, keys.Toggle) && onRun:
		m.freeze()
	default:
		return nil, false
	}
	return nil, true
}

// showRun goes to a screen of the run; without one it says how to get one.
func (m *model) showRun(id screen.ID) {
	m.due = false // the person chooses
	if m.run == nil && (id != screen.Results || !m.results.Ready()) {
		m.say(0, "no sweep yet: mark targets and press enter, or o to open a saved run")
		return
	}
	if id == screen.Live && m.shown() == screen.Compare {
		m.live.Select(m.compare.Focus()) // one target: the one that was looked at
	}
	m.show(id)
}

// freeze stops the picture, or lets it go on.
func (m *model) freeze() {
	if m.frozen {
		m.frozen = false
		m.spread()
		return
	}
	if m.latest == nil || m.latest.Done {
		m.say(0, "nothing moves any more")
		return
	}
	m.frozen, m.frozenAt = true, m.now()
	m.say(0, "the picture is frozen; load and recording go on. space lets it move again")
}

func (m *model) suspend() tea.Cmd {
	if m.active() {
		m.say(1, "suspending would stop the load: not while a sweep runs")
		return nil
	}
	return tea.Suspend
}

func (m *model) toggleMouse() tea.Cmd {
	m.mouse = !m.mouse
	if m.mouse {
		m.say(0, "mouse on: the wheel scrolls, a click chooses; M gives text selection back")
		return tea.EnableMouseCellMotion
	}
	m.say(0, "mouse off")
	return tea.DisableMouse
}

// clicker is a page on which a click chooses something; x and y count from its top left cell.
type clicker interface{ Click(x, y int) }

// pointed turns the wheel into the keys for up and down, and gives a click to the page. A question is
// answered by keys alone.
func (m *model) pointed(e tea.MouseMsg) tea.Cmd {
	switch e.Button {
	case tea.MouseButtonLeft:
		c, ok := m.page().(clicker)
		if ok && e.Action == tea.MouseActionPress && m.mode() == modeNormal {
			c.Click(e.X, e.Y-1-height(m.drawEnd(m.w, m.h)))
		}
	case tea.MouseButtonWheelUp:
		return m.key(tea.KeyMsg{Type: tea.KeyUp})
	case tea.MouseButtonWheelDown:
		return m.key(tea.KeyMsg{Type: tea.KeyDown})
	}
	return nil
}

// footer is the keys of the last line: those of the screen, as far as there is room, and the ways
// to help and back, which are always there.
func (m *model) footer() (list, always []key.Binding) {
	keys := &screen.Keys
	quit := screen.As(keys.Quit, "back")
	if len(m.stack) == 1 {
		quit = screen.As(keys.Quit, "quit")
	}
	always = []key.Binding{screen.As(keys.Help, "help"), quit}
	switch {
	case m.shown() == screen.Help:
		return nil, []key.Binding{screen.As(keys.Back, "close")}
	case m.setup.IsStarting() && m.shown() == screen.Setup:
		always = []key.Binding{screen.As(keys.Back, "cancel")}
	case m.page().Typing():
		always = []key.Binding{screen.As(keys.Back, "back")}
	}
	list = m.page().Bindings()
	return list[:min(len(list), footerKeys-len(always))], always
}

// footerKeys is the most that a footer shows: what does not fit into a glance is in the help.
const footerKeys = 8

// runLine says in one line how a sweep stands, for screens that do not show it.
func (m *model) runLine() string {
	if m.latest == nil {
		return ""
	}
	left := m.latest.At + m.latest.Left
	return fmt.Sprintf("%s of ~%s", screen.Clock(m.latest.At), screen.Clock(left))
}
