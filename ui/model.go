package ui

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui/screen"
	"benchtop/ui/screen/compare"
	"benchtop/ui/screen/help"
	"benchtop/ui/screen/live"
	"benchtop/ui/screen/picker"
	"benchtop/ui/screen/results"
	"benchtop/ui/screen/runs"
	"benchtop/ui/screen/setup"
	"benchtop/ui/theme"

	"github.com/charmbracelet/bubbles/key"
)

// page is what the root needs of a screen. Render gives exactly h lines of at most w cells.
type page interface {
	// Head is the first line: where one is, and how things stand there.
	Head() (where, state string)
	// Update answers a key, or returns nil.
	Update(tea.KeyMsg) screen.Action
	Render(w, h int) string
	// Bindings are the keys that do something here, the most wanted first.
	Bindings() []key.Binding
	// Typing says that printable keys are text.
	Typing() bool
}

// model is the root: it routes keys to one screen, a dialog or the prompt, polls what is shown, and
// turns actions of the screens into work.
type model struct {
	ctx     context.Context // ends when the interface does; Bubble Tea's commands have no other
	backend Backend
	opt     Options
	theme   *theme.Theme
	now     func() time.Time

	w, h  int
	stack []screen.ID // what esc goes back to; the last one is shown, the first never leaves
	ask   *prompt     // the line at the bottom, if the person types there
	boxes []box       // dialogs, the last on top
	flash flash
	mouse bool

	picker  *picker.Model
	setup   *setup.Model
	live    *live.Model
	compare *compare.Model
	results *results.Model
	runs    *runs.Model
	help    *help.Model

	run         Run
	latest      *engine.Snapshot // nil before the first
	frozen      bool             // the picture stands; the load goes on
	frozenAt    time.Time
	awaited     bool // the result of the run has been asked for
	ended       bool // and has come
	due         bool // the results come up as soon as nobody types
	stopping    bool // the person asked for the end
	leaving     bool // quit as soon as the run is saved
	interrupted bool
	signal      os.Signal
	cut         bool // what was in flight has been cut
	crash       string
	gone        atomic.Bool    // the terminal cannot be written any more
	unheard     chan os.Signal // gets the signal that a terminal which takes nothing kept from being heard

	editing     string // file of a plan that could not be read back, "" if there is none
	waiting     string // key of the workspace that a dialog waits for
	clusterSeq  uint64
	task        int                // number of the preflight or start under way; late ones are ignored
	cancelTask  context.CancelFunc // nil if there is none
	starts      sync.WaitGroup     // starts under way
	sweeps      sweeps             // all that were started: Show leaves none running
	lastKey     time.Time
	clip        string // text for the clipboard, until the canvas has written it
	dirty       bool
	picture     string // what View gave last
	pictureSize [2]int
	lastSecond  int64
}

func newModel(ctx context.Context, b Backend, opt Options) *model {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Theme == nil {
		opt.Theme = theme.New(theme.Options{Profile: termenv.Ascii})
	}
	if len(opt.Plan.Rates) == 0 {
		opt.Plan = record.DefaultPlan()
	}
	if opt.Formats == nil {
		opt.Formats = []string{"csv", "md", "html"}
	}
	th := opt.Theme
	m := &model{
		ctx: ctx, backend: b, opt: opt, theme: th, now: opt.Now, dirty: true, clusterSeq: noCluster,
		unheard: make(chan os.Signal, 1),
		picker:  picker.New(th, opt.Now, opt.Demo != nil),
		setup:   setup.New(th, opt.Plan, opt.Selection),
		live:    live.New(th),
		compare: compare.New(th),
		results: results.New(th),
		runs:    runs.New(th),
		help:    help.New(th),
	}
	m.results.Against(opt.Against)
	switch opt.Start {
	case StartSetup:
		m.stack = []screen.ID{screen.Picker, screen.Setup}
	case StartLive:
		m.adopt(opt.Run)
		m.stack = []screen.ID{m.runScreen()}
	default:
		m.stack = []screen.ID{screen.Picker}
	}
	return m
}

// Init starts the clock and the watch for signals.
func (m *model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.poll(), m.tick(), m.watchSignals(), m.readRuns()}
	if m.opt.Start == StartSetup {
		cmds = append(cmds, m.preflight())
	}
	return tea.Batch(cmds...)
}

// shown is the screen that has the keys.
func (m *model) shown() screen.ID { return m.stack[len(m.stack)-1] }

func (m *model) page() page { return m.pageOf(m.shown()) }

func (m *model) pageOf(id screen.ID) page {
	switch id {
	case screen.Setup:
		return m.setup
	case screen.Live:
		return m.live
	case screen.Compare:
		return m.compare
	case screen.Results:
		return m.results
	case screen.Runs:
		return m.runs
	case screen.Help:
		return m.help
	}
	return m.picker
}

// Update takes one message. A panic in it ends the interface with the terminal restored, and Show
// reports it.
func (m *model) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer func() {
		if p := recover(); p != nil {
			m.crash = fmt.Sprintf("the interface broke: %v\n%s", p, debug.Stack())
			next, cmd = m, tea.Quit
		}
	}()
	return m, m.update(msg)
}

func (m *model) update(msg tea.Msg) tea.Cmd {
	if _, ok := msg.(tickMsg); !ok {
		m.dirty = true
	}
	switch msg := msg.(type) {
	case tickMsg:
		if m.gone.Load() && !m.leaving {
			return tea.Batch(m.onSignal(signalMsg{}), m.tick())
		}
		return tea.Batch(m.poll(), m.tick())
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case tea.KeyMsg:
		m.lastKey = m.now()
		return m.keys(msg)
	case tea.MouseMsg:
		return m.pointed(msg)
	case tea.ResumeMsg:
		if m.mouse {
			return tea.EnableMouseCellMotion
		}
	case signalMsg:
		return m.onSignal(msg)
	case crashMsg:
		m.crash = string(msg)
		return tea.Quit
	default:
		return m.finished(msg)
	}
	return nil
}

// show puts a screen on top. Live, compare and results take each other's place, so that back leads
// out of the run and not through the tabs.
func (m *model) show(id screen.ID) {
	tab := func(id screen.ID) bool {
		return id == screen.Live || id == screen.Compare || id == screen.Results
	}
	top, first := m.shown(), m.stack[0]
	switch {
	case id == top:
	case id == first:
		m.stack = m.stack[:1]
	case tab(id) && (tab(top) || top == screen.Setup):
		m.stack[len(m.stack)-1] = id
	default:
		m.stack = append(slices.DeleteFunc(m.stack, func(s screen.ID) bool { return s == id }), id)
	}
}

// noCluster is the number of no picture of a cluster: the first one is news.
const noCluster = ^uint64(0)

// back leaves the screen on top, and with the set-up its preflight; false on the first one.
func (m *model) back() bool {
	if len(m.stack) == 1 {
		return false
	}
	if m.shown() == screen.Setup && m.cancelTask != nil {
		m.cancel()
	}
	m.stack = m.stack[:len(m.stack)-1]
	return true
}

// flash is one line said to the person in place of the footer.
type flash struct {
	text  string
	level int
	until time.Time
}

// flashFor is how long a line stays if no key takes it away.
const flashFor = 6 * time.Second

func (m *model) say(level int, text string) {
	m.flash = flash{text: text, level: level, until: m.now().Add(flashFor)}
	m.dirty = true
}
