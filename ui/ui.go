package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"golang.org/x/term"

	"benchtop/engine/record"
	"benchtop/ui/theme"
)

// Start says which screen comes first.
type Start int

// The first screens.
const (
	StartPicker Start = iota // the workspaces of the cluster
	StartSetup               // the set-up of Options.Selection
	StartLive                // the sweep Options.Run, already under way
)

// Options are how the interface is opened.
type Options struct {
	Start     Start
	Run       Run           // for StartLive
	Against   []*record.Run // saved runs shown beside a live one (--against)
	Plan      record.Plan   // what the set-up form begins with; the zero value is record.DefaultPlan
	Selection []Selection   // for StartSetup
	Theme     *theme.Theme  // nil: no colour
	Formats   []string      // what Backend.Export can write; nil: csv, md, html
	// Now is the clock of everything on screen; nil: time.Now.
	Now func() time.Time
	// Demo opens the simulated cluster; nil: it is not offered.
	Demo func(context.Context) (Backend, error)
	// Role is the YAML of the least rights that benchtop needs in a namespace ("" = all), for an
	// admin to apply; nil: it is not offered.
	Role func(namespace string) string
	// Signals carries SIGHUP, SIGTERM and SIGINT: each cuts a running sweep, saves and quits.
	Signals <-chan os.Signal
	// Input and Output are the terminal; nil: stdin and stdout.
	Input  io.Reader
	Output io.Writer
}

// Outcome is what is left when the interface has closed.
type Outcome struct {
	// Run is the last sweep that was under way, ended and saved; nil if there was none.
	Run Run
	// Interrupted says that the person or a signal ended that sweep early.
	Interrupted bool
	// Signal is what closed the interface, nil if the person did.
	Signal os.Signal
}

// framesPerSecond is the least that Bubble Tea's renderer can wake up; it has nothing to draw.
const framesPerSecond = 1

// endGrace is how long Show waits for a sweep that it cuts because the terminal went away.
const endGrace = 10 * time.Second

// ErrUnheard says that a signal asked for the end, that every sweep was cut and saved, and that the
// terminal takes nothing: a word about it would wait for ever too.
var ErrUnheard = errors.New("the terminal takes nothing")

// unheardFor is how long after a signal, with all saved, Show waits for a terminal that takes nothing.
const unheardFor = 5 * time.Second

// modes notes how the terminal is set and returns what sets it so again.
func modes(in io.Reader) (restore func()) {
	f, ok := in.(*os.File)
	if !ok {
		return func() {}
	}
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return func() {} // not a terminal
	}
	return func() { _ = term.Restore(int(f.Fd()), before) }
}

// Show opens the interface and returns when the person leaves it, a signal arrives or ctx ends.
// When it returns, no sweep of it is running any more: one that was is cut and saved. The error
// says why the interface could not go on; Outcome is valid beside it.
func Show(ctx context.Context, b Backend, opt Options) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if opt.Output == nil {
		opt.Output = os.Stdout
	}
	m := newModel(ctx, b, opt)
	out := opt.Output
	if f, ok := out.(*os.File); ok {
		out = &screenFile{File: f, gone: &m.gone}
	}
	if opt.Input == nil {
		opt.Input = os.Stdin
	}
	restore := modes(opt.Input)
	p := tea.NewProgram(&canvas{model: m, out: out}, tea.WithAltScreen(), tea.WithoutSignalHandler(),
		tea.WithFPS(framesPerSecond), tea.WithOutput(out), tea.WithInput(opt.Input))
	ended := make(chan error, 1)
	go func() { // ends before Show, but for a terminal that takes nothing
		_, err := p.Run()
		ended <- err
	}()
	var err error
	select {
	case err = <-ended:
	case s := <-m.unheard: // the model is not Show's to read: it waits in a write
		restore()
		return Outcome{Interrupted: true, Signal: s}, ErrUnheard
	}
	if m.crash != "" {
		text, stack, _ := strings.Cut(m.crash, "\n")
		err = &Crash{Text: text, Stack: stack}
	} else if err != nil {
		err = fmt.Errorf("terminal: %w", err)
	}
	cancel()
	m.interrupted = m.end() || m.interrupted
	return Outcome{Run: m.run, Interrupted: m.interrupted, Signal: m.signal}, err
}

// screenFile is the terminal without the frames of Bubble Tea's renderer. It notes when it cannot be
// written any more: Bubble Tea ignores that, and a terminal that was closed does not always send SIGHUP.
type screenFile struct {
	*os.File
	gone *atomic.Bool
}

func (f *screenFile) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(notDrawn)) {
		return len(b), nil
	}
	n, err := f.File.Write(b)
	if err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR) {
		f.gone.Store(true)
	}
	return n, err
}

// sweeps are the runs of an interface. A start that comes through as the interface closes is in it,
// though its message finds nobody.
type sweeps struct {
	mu   sync.Mutex // guards runs
	runs []Run
}

func (s *sweeps) add(r Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, r)
}

// cut aborts every run that has not ended, and returns them without waiting.
func (s *sweeps) cut() (going []Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runs {
		select {
		case <-r.Done():
		default:
			r.Abort()
			going = append(going, r)
		}
	}
	return going
}

// end cuts what is still running, or being started, waits until it is saved, and says whether there
// was something to cut. It takes no part in Update, which may be waiting for the terminal.
func (m *model) end() bool {
	cut := make(chan bool, 1)
	go func() { // ends with the last sweep; only one that does not save outlives Show
		m.starts.Wait()
		going := m.sweeps.cut()
		for _, r := range going {
			<-r.Done()
		}
		cut <- len(going) > 0
	}()
	late := time.NewTimer(endGrace)
	defer late.Stop()
	select {
	case c := <-cut:
		return c
	case <-late.C:
		return true
	}
}

// A Crash is a panic in the interface, which ended it with the terminal restored.
type Crash struct{ Text, Stack string }

// Error says it without the stack.
func (c *Crash) Error() string { return c.Text }
