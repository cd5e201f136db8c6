//go:build unix

// Package term runs a program on a pseudo-terminal with an emulator behind it, so that a test sees
// what a person would see, and what is left of the terminal afterwards.
//
//	x := term.Start(t, exec.Command(binary, "--demo"), 120, 40)
//	x.Await("phi4-mini-a10")
//	x.Press("q")
//	code := x.End()
//
// A test waits for what is on the screen, never for a time: Await looks again whenever the program
// has written something. What the emulator answers to queries (background colour, device attributes)
// goes to the program as input, as from a real terminal.
//
// For tests only. It may import creack/pty, x/vt, x/ansi, x/term and x/sys.
package term

import (
	"bytes"
	"errors"
	"image/color"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/term"
)

// patience is how long Await and End wait: much longer than anything takes on a busy machine.
const patience = 45 * time.Second

// A Terminal is a program and the terminal it runs on. Its methods are for one goroutine.
type Terminal struct {
	t      testing.TB
	cmd    *exec.Cmd
	ptmx   *os.File
	before *term.State

	mu    sync.Mutex // guards emu, raw and modes
	emu   *vt.Emulator
	raw   bytes.Buffer
	modes map[ansi.Mode]bool // what the program switched, and to what

	changed chan struct{} // one token: something was written since it was taken
	gone    chan struct{} // closed when the program has let go of the terminal
}

// Start runs cmd on a terminal of w×h with the given background (nil: black), and ends it with the
// test.
func Start(t testing.TB, cmd *exec.Cmd, w, h int, background color.Color) *Terminal {
	t.Helper()
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Fatalf("open a terminal: %v", err)
	}
	x := &Terminal{t: t, cmd: cmd, ptmx: ptmx, emu: vt.NewEmulator(w, h), modes: map[ansi.Mode]bool{},
		changed: make(chan struct{}, 1), gone: make(chan struct{})}
	x.emu.SetCallbacks(vt.Callbacks{
		EnableMode:  func(m ansi.Mode) { x.modes[m] = true },
		DisableMode: func(m ansi.Mode) { x.modes[m] = false },
	})
	if background != nil {
		x.emu.SetBackgroundColor(background)
	}
	x.setSize(w, h)
	x.before = x.state()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // resize and hang-up reach it
	if err := cmd.Start(); err != nil {
		t.Fatalf("start: %v", err)
	}
	_ = tty.Close() // the program has its own
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		_, _ = io.Copy(ptmx, x.emu)
	}()
	go x.read()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // most have ended by themselves
		<-x.gone
		_ = ptmx.Close()
		if in, ok := x.emu.InputPipe().(io.Closer); ok { // Close of the emulator races with its Read
			_ = in.Close()
		}
		<-answers
	})
	return x
}

// read feeds the emulator until nobody holds the other side of the terminal.
func (x *Terminal) read() {
	defer close(x.gone)
	buf := make([]byte, 64<<10)
	for {
		n, err := x.ptmx.Read(buf)
		x.mu.Lock()
		x.raw.Write(buf[:n])
		_, _ = x.emu.Write(buf[:n])
		x.mu.Unlock()
		select {
		case x.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// Text is what is on the screen.
func (x *Terminal) Text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.emu.String()
}

// Raw is every byte the program has written.
func (x *Terminal) Raw() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.raw.String()
}

// Await waits until every text is on the screen at once.
func (x *Terminal) Await(texts ...string) {
	x.t.Helper()
	x.AwaitFunc(strings.Join(texts, ", "), func(screen string) bool {
		for _, s := range texts {
			if !strings.Contains(screen, s) {
				return false
			}
		}
		return true
	})
}

// AwaitFunc waits until ok holds for the screen; what names it.
func (x *Terminal) AwaitFunc(what string, ok func(screen string) bool) {
	x.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case <-x.gone: // everything was read
			if !ok(x.Text()) {
				x.t.Fatalf("the program ended without showing %s:\n%s", what, x.Text())
			}
			return
		default:
		}
		if ok(x.Text()) {
			return
		}
		select {
		case <-x.changed:
		case <-x.gone:
		case <-limit.C:
			x.t.Fatalf("%s did not appear:\n%s", what, x.Text())
		}
	}
}

// Press types.
func (x *Terminal) Press(keys string) {
	x.t.Helper()
	if _, err := io.WriteString(x.ptmx, keys); err != nil {
		x.t.Fatalf("type %q: %v", keys, err)
	}
}

// Resize is what a person does with the corner of the window.
func (x *Terminal) Resize(w, h int) {
	x.t.Helper()
	x.mu.Lock()
	x.emu.Resize(w, h)
	x.mu.Unlock()
	x.setSize(w, h)
}

func (x *Terminal) setSize(w, h int) {
	x.t.Helper()
	if err := pty.Setsize(x.ptmx, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)}); err != nil {
		x.t.Fatalf("set the size of the terminal: %v", err)
	}
}

// Signal sends the program a signal.
func (x *Terminal) Signal(s os.Signal) {
	x.t.Helper()
	if err := x.cmd.Process.Signal(s); err != nil {
		x.t.Fatal(err)
	}
}

// End waits until the program has ended and returns its exit code. The terminal must be as it was:
// its modes of the kernel, main screen, cursor shown, and nothing switched on that was off.
func (x *Terminal) End() int {
	x.t.Helper()
	select {
	case <-x.gone:
	case <-time.After(patience):
		x.t.Fatalf("the program does not end:\n%s", x.Text())
	}
	code := x.wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.emu.IsAltScreen() {
		x.t.Error("the alternate screen is left on")
	}
	for mode, on := range x.modes {
		if on != (mode == ansi.ModeTextCursorEnable) {
			x.t.Errorf("mode %v of the terminal is left as %v", mode, on)
		}
	}
	if after := x.state(); *after != *x.before {
		x.t.Errorf("the terminal is left in another state: %+v, was %+v", *after, *x.before)
	}
	return code
}

// HangUp closes the terminal under the program, as a lost SSH connection does, and returns its exit
// code.
func (x *Terminal) HangUp() int {
	x.t.Helper()
	_ = x.ptmx.Close()
	killer := time.AfterFunc(patience, func() { _ = x.cmd.Process.Kill() })
	defer killer.Stop()
	return x.wait()
}

func (x *Terminal) wait() int {
	x.t.Helper()
	var exit *exec.ExitError
	if err := x.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		x.t.Fatal(err)
	}
	return x.cmd.ProcessState.ExitCode()
}

// state is what stty reads. Fd would make reads from the terminal block for ever.
func (x *Terminal) state() *term.State {
	x.t.Helper()
	conn, err := x.ptmx.SyscallConn()
	if err != nil {
		x.t.Fatal(err)
	}
	var state *term.State
	if cerr := conn.Control(func(fd uintptr) { state, err = term.GetState(int(fd)) }); cerr != nil || err != nil {
		x.t.Fatalf("read the state of the terminal: %v", errors.Join(cerr, err))
	}
	return state
}
