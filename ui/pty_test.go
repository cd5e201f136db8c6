//go:build unix

package ui

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/term"

	"benchtop/engine/record"
	"benchtop/ui/screen/fixture"
)

// terminal is a pty with an emulator behind it, and the interface on it.
type terminal struct {
	t         *testing.T
	ptmx, tty *os.File
	mu        sync.Mutex // guards emulator and raw
	raw       []byte     // all that was written to the terminal
	emulator  *vt.Emulator
	before    *term.State
	result    chan result
	cancel    context.CancelFunc // ends the context of Show
}

type result struct {
	outcome Outcome
	err     error
}

// patience is how long a terminal waits for something to be seen: much longer than it takes.
const patience = 20 * time.Second

// openTerminal runs Show on a pty of w×h.
func openTerminal(t *testing.T, w, h int, b Backend, opt Options) *terminal {
	t.Helper()
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Fatalf("open a pty: %v", err)
	}
	x := &terminal{t: t, ptmx: ptmx, tty: tty, emulator: vt.NewEmulator(w, h), result: make(chan result, 1)}
	x.size(w, h)
	if x.before, err = term.GetState(int(tty.Fd())); err != nil {
		t.Fatalf("read the state of the terminal: %v", err)
	}
	read := make(chan struct{})
	go func() { // ends when the pty is closed
		defer close(read)
		buf := make([]byte, 32<<10)
		for {
			n, err := ptmx.Read(buf)
			if err != nil {
				return
			}
			x.mu.Lock()
			x.emulator.Write(buf[:n])
			x.raw = append(x.raw, buf[:n]...)
			x.mu.Unlock()
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	x.cancel = cancel
	opt.Input, opt.Output = tty, tty
	go func() {
		outcome, err := Show(ctx, b, opt)
		x.result <- result{outcome, err}
	}()
	t.Cleanup(func() {
		cancel()
		tty.Close()
		ptmx.Close()
		<-read
	})
	return x
}

func (x *terminal) size(w, h int) {
	if err := pty.Setsize(x.ptmx, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)}); err != nil {
		x.t.Fatalf("set the size of the terminal: %v", err)
	}
}

// resize is what a person does with the corner of a window. The pty does not control this process,
// so it is told by hand.
func (x *terminal) resize(w, h int) {
	x.t.Helper()
	x.mu.Lock()
	x.emulator.Resize(w, h)
	x.mu.Unlock()
	x.size(w, h)
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		x.t.Fatal(err)
	}
}

func (x *terminal) keys(s string) {
	x.t.Helper()
	if _, err := x.ptmx.WriteString(s); err != nil {
		x.t.Fatalf("type %q: %v", s, err)
	}
}

// text is what is on the glass.
func (x *terminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var b strings.Builder
	for y := range x.emulator.Height() {
		for i := 0; i < x.emulator.Width(); i++ {
			c := x.emulator.CellAt(i, y)
			if c == nil || c.Content == "" {
				b.WriteByte(' ')
				continue
			}
			b.WriteString(c.Content)
			i += max(c.Width-1, 0)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (x *terminal) await(want string) {
	x.t.Helper()
	x.until("no "+want+" on the screen", func() bool { return strings.Contains(x.text(), want) })
}

// end waits until Show has returned and checks that the terminal is as it was.
func (x *terminal) end() result {
	x.t.Helper()
	var r result
	select {
	case r = <-x.result:
	case <-time.After(patience):
		x.t.Fatalf("the interface does not end:\n%s", x.text())
	}
	after, err := term.GetState(int(x.tty.Fd()))
	if err != nil {
		x.t.Fatal(err)
	}
	if *after != *x.before {
		x.t.Errorf("the terminal is left in another mode: %+v, was %+v", *after, *x.before)
	}
	x.until("the alternate screen is left on", func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return !x.emulator.IsAltScreen()
	})
	return r
}

// until looks again and again, since what was written may still be on its way.
func (x *terminal) until(otherwise string, ok func() bool) {
	x.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-limit.C:
			x.t.Fatalf("%s:\n%s", otherwise, x.text())
		}
	}
}

func TestTerminalFromStartToQuit(t *testing.T) {
	x := openTerminal(t, 120, 40, newBackend(), Options{Plan: fixture.Plan()})
	x.await("phi4-mini-a100")
	x.keys(" j \r")
	x.await("set up a sweep")
	x.await("answers through port-forward")
	x.resize(20, 5)
	x.await("benchtop needs")
	x.resize(120, 40)
	x.await("[ Start ]")
	x.keys("\x1b")
	x.await("2 marked")
	x.keys("Y")
	x.until("the clipboard is not written", func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return bytes.Contains(x.raw, []byte(ansi.SetSystemClipboard("default/phi4-mini-a100")))
	})
	x.keys("q")
	if r := x.end(); r.err != nil || r.outcome.Run != nil {
		t.Errorf("error %v, outcome %+v", r.err, r.outcome)
	}
	if bytes.Contains(x.raw, []byte(notDrawn)) {
		t.Error("frames of Bubble Tea's renderer reach the terminal")
	}
}

func TestTerminalIsLentToTheEditor(t *testing.T) {
	dir := t.TempDir()
	editor, told := filepath.Join(dir, "an editor"), filepath.Join(dir, "told")
	script := "#!/bin/sh\n[ -t 0 ] && [ -t 1 ] && echo a terminal > " + told + "\necho scribble\n"
	if err := os.WriteFile(editor, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VISUAL", editor)
	x := openTerminal(t, 120, 40, newBackend(), Options{Plan: fixture.Plan()})
	x.await("phi4-mini-a100")
	x.keys("\r")
	x.await("[ Start ]")
	before := x.text()
	x.keys("\x05")
	x.until("the editor has no terminal", func() bool { _, err := os.Stat(told); return err == nil })
	x.keys("\t")
	x.await("▸ Step") // which alone is drawn if the rest is believed to stand there still
	for _, line := range strings.Split(before, "\n")[6:20] {
		x.await(line)
	}
	x.keys("\x1b")
	x.await("saved runs")
	x.keys("q")
	x.end()
}

func TestTerminalHangupSavesTheSweep(t *testing.T) {
	signals := make(chan os.Signal, 1)
	run := newRun(2)
	run.at(300)
	x := openTerminal(t, 80, 24, newBackend(), Options{Start: StartLive, Run: run, Signals: signals})
	x.await("2 targets side by side")
	signals <- syscall.SIGHUP
	r := x.end()
	if r.err != nil || r.outcome.Run != Run(run) || !r.outcome.Interrupted || r.outcome.Signal != syscall.SIGHUP {
		t.Errorf("error %v, outcome %+v", r.err, r.outcome)
	}
	if got := run.log(); len(got) != 1 || got[0] != "abort" {
		t.Errorf("the run was told %q, want abort", got)
	}
}

func TestTerminalInterruptTwice(t *testing.T) {
	run := newRun(1)
	run.slow = true
	run.at(300)
	x := openTerminal(t, 80, 24, newBackend(), Options{Start: StartLive, Run: run})
	x.await("send lag")
	x.keys("\x03")
	x.await("Quit while a sweep runs?")
	x.keys("\x03")
	if r := x.end(); r.err != nil || !r.outcome.Interrupted {
		t.Errorf("error %v, outcome %+v", r.err, r.outcome)
	}
}

// brokenBackend panics where it is asked for a saved run.
type brokenBackend struct{ *fakeBackend }

func (brokenBackend) Load(context.Context, string) (string, *record.Run, error) {
	panic("disk on fire")
}

func TestTerminalIsRestoredAfterAPanic(t *testing.T) {
	x := openTerminal(t, 80, 24, brokenBackend{newBackend()}, Options{})
	x.await("phi4-mini-a10")
	x.keys("o")
	x.await("mark to compare")
	x.keys("\r")
	r := x.end()
	var crash *Crash
	if !errors.As(r.err, &crash) || crash.Text != "the interface broke: disk on fire" || !strings.Contains(crash.Stack, "brokenBackend") {
		t.Errorf("error %v, want the panic and its stack", r.err)
	}
}

func TestTerminalContextEndsTheInterface(t *testing.T) {
	x := openTerminal(t, 80, 24, newBackend(), Options{})
	x.await("phi4-mini-a10")
	x.cancel()
	if r := x.end(); r.err != nil || r.outcome.Signal != nil {
		t.Errorf("error %v, outcome %+v", r.err, r.outcome)
	}
}
