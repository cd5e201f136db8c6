package ui

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func TestTerminalThatTakesNothingDoesNotKeepASignal(t *testing.T) {
	signals := make(chan os.Signal, 1)
	run := newRun(2)
	run.at(300)
	x := openTerminal(t, 160, 45, newBackend(), Options{Start: StartLive, Run: run, Signals: signals})
	x.await("2 targets side by side")
	if err := unix.IoctlSetInt(int(x.tty.Fd()), unix.TCXONC, unix.TCOOFF); err != nil {
		t.Fatal(err)
	}
	defer unix.IoctlSetInt(int(x.tty.Fd()), unix.TCXONC, unix.TCOON)
	signals <- syscall.SIGTERM
	var r result
	select {
	case r = <-x.result:
	case <-time.After(patience):
		t.Fatal("the interface does not end")
	}
	if !errors.Is(r.err, ErrUnheard) || !r.outcome.Interrupted || r.outcome.Signal != syscall.SIGTERM {
		t.Errorf("error %v, outcome %+v", r.err, r.outcome)
	}
	if got := run.log(); len(got) != 1 || got[0] != "abort" {
		t.Errorf("the run was told %q, want abort", got)
	}
	if after, err := term.GetState(int(x.tty.Fd())); err != nil || *after != *x.before {
		t.Errorf("the terminal is left in mode %+v (%v), was %+v", after, err, x.before)
	}
}
