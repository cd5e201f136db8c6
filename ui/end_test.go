package ui

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/uitest"
)

func TestStopAsksAndKeeps(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.run.slow = true
	x.tick(d, 200)
	d.Press("x")
	d.ExpectContains("Stop the sweep?", fixture.ID)
	d.Press("esc")
	if got := x.run.log(); len(got) != 0 {
		t.Fatalf("esc did %q", got)
	}
	d.Press("x", "y")
	d.ExpectContains("stopping")
	d.Press("x", "y") // a second time cuts what is in flight
	d.Send(tickMsg(x.time))
	d.Await("stopped; what was measured is saved")
	if diff := cmp.Diff([]string{"stop", "abort"}, x.run.log()); diff != "" {
		t.Errorf("the run was told (-want +got):\n%s", diff)
	}
}

func TestQuitWhileRunningAsks(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.run.slow = true
	x.tick(d, 200)
	d.Press("q", "q")
	d.ExpectContains("Quit while a sweep runs?")
	d.Press("n", "q")
	d.Press("y")
	d.Send(tickMsg(x.time))
	if d.Quit() {
		t.Fatal("it quit before what was in flight had ended")
	}
	x.run.finish()
	d.Send(tickMsg(x.time))
	d.AwaitFunc("quit", d.Quit)
	if !x.interrupted {
		t.Error("the outcome does not say that the sweep was ended early")
	}
}

// Between the picture that says so and the result, the sweep has ended already: a question about
// stopping it would go away with the key.
func TestQuitAsTheSweepEnds(t *testing.T) {
	run := newRun(1)
	x := newBench(t, func(_ *fakeBackend, o *Options) { o.Start, o.Run = StartLive, run })
	run.finish()
	x.poll()
	x.press("q")
	if len(x.boxes) > 0 {
		t.Fatal("it asks whether to stop what has ended")
	}
	res, err := run.Wait()
	if cmd := x.update(waitedMsg{run, res, err}); cmd == nil || cmd() != tea.Quit() {
		t.Error("with the result it does not quit")
	}
}

func TestInterruptTwiceCuts(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	d.Press("ctrl+c")
	d.ExpectContains("Quit while a sweep runs?")
	d.Press("ctrl+c")
	d.Send(tickMsg(x.time))
	d.AwaitFunc("quit", d.Quit)
	if diff := cmp.Diff([]string{"abort"}, x.run.log()); diff != "" {
		t.Errorf("the run was told (-want +got):\n%s", diff)
	}
}

func TestInterruptQuitsAtOnceWhenIdle(t *testing.T) {
	_, d := drive(t)
	d.Press("u", "ctrl+c") // also while a line is typed
	d.AwaitFunc("quit", d.Quit)
}

func TestSignalSavesAndQuits(t *testing.T) {
	signals := make(chan os.Signal, 1)
	x, d := drive(t, func(_ *fakeBackend, o *Options) { o.Signals = signals })
	toLive(t, x, d)
	x.tick(d, 200)
	signals <- syscall.SIGHUP
	d.AwaitFunc("abort", func() bool { return slices.Contains(x.run.log(), "abort") })
	d.Send(tickMsg(x.time))
	d.AwaitFunc("quit", d.Quit)
	if x.signal != syscall.SIGHUP || !x.interrupted {
		t.Errorf("signal %v, interrupted %v", x.signal, x.interrupted)
	}
}

// A window that is closed does not always send a signal, but it cannot be written any more.
func TestTerminalThatIsGoneEndsTheSweep(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	if _, err := (&screenFile{File: w, gone: &x.gone}).Write([]byte("x")); err == nil {
		t.Fatal("a pipe without a reader takes bytes")
	}
	x.tick(d, 201)
	d.Send(tickMsg(x.time))
	d.AwaitFunc("quit", d.Quit)
	if got := x.run.log(); !slices.Equal(got, []string{"abort"}) || !x.interrupted {
		t.Errorf("the run was told %q, want abort; interrupted %v", got, x.interrupted)
	}
}

func TestSweepThatHasEndedBeforeTheInterfaceOpens(t *testing.T) {
	run := newRun(2)
	run.at(fixture.Length)
	_, d := drive(t, func(_ *fakeBackend, o *Options) { o.Start, o.Run = StartLive, run })
	d.Await("the sweep is complete")
	d.Press("q")
	d.AwaitFunc("quit", d.Quit)
}

func TestStartCancelledIsCutAgain(t *testing.T) {
	x, d := drive(t)
	d.Press("enter")
	d.Await("answers through port-forward")
	cmd := x.launch(false)
	x.dirty = true
	d.ExpectContains("Starting", "esc cancel")
	d.Press("esc")
	d.ExpectContains("nothing was started")
	d.Send(cmd()) // the start had gone through all the same
	if got := x.back.run.log(); !slices.Equal(got, []string{"abort"}) {
		t.Errorf("the run was told %q, want abort", got)
	}
	if x.active() {
		t.Error("a cancelled sweep is shown")
	}
}

// A start that comes through while the interface closes must not leave a sweep behind.
func TestQuitWhileStartingLeavesNoSweep(t *testing.T) {
	x, d := drive(t)
	d.Press("enter")
	d.Await("answers through port-forward")
	cmd := x.launch(false)
	d.Press("ctrl+c")
	d.AwaitFunc("quit", d.Quit)
	x.cancelTask() // as Show does, by its context
	go cmd()
	x.end()
	if got := x.back.run.log(); !slices.Equal(got, []string{"abort"}) {
		t.Errorf("the run was told %q, want abort", got)
	}
}

func TestPanicInUpdateOrViewQuits(t *testing.T) {
	x, d := drive(t)
	x.back.cluster = nil // Cluster must never be nil; the cluster of a broken backend is
	x.opt.Now = nil
	x.now = nil
	d.Send(tickMsg(x.time))
	d.AwaitFunc("quit", d.Quit)
	if !strings.Contains(x.crash, "the interface broke") {
		t.Errorf("crash %q", x.crash)
	}
}

func TestPanicInACommandQuits(t *testing.T) {
	x, d := drive(t)
	d.Send(command(func() tea.Msg { panic("boom") })())
	d.AwaitFunc("quit", d.Quit)
	if !strings.Contains(x.crash, "boom") {
		t.Errorf("crash %q", x.crash)
	}
}

func TestFailedSweepSaysWhy(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	s := fixture.Snapshot(2, 10)
	s.Done, s.Err = true, "connect to pod \"default/phi4-mini-a10-0\": pods/portforward denied for this user: ask for verb create"
	x.run.waitErr = errors.New(s.Err)
	x.run.snap = s
	x.run.finish()
	d.Send(tickMsg(x.time))
	d.ExpectContains("Ended early", "pods/portforward denied")
	d.Await("✗ ended early")
}

// A sweep that broke is not called complete, and its screen stays: it says why.
func TestBrokenSweepIsNotComplete(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.run.broken = errors.New("internal error: the way fell apart")
	x.time = x.time.Add(time.Minute) // nobody types
	x.tick(d, fixture.Length)
	d.Await("ended early: internal error: the way fell apart; what was measured is saved")
	if x.shown() != screen.Compare {
		t.Error("the results took the place of the reason")
	}
}

// What asks about a sweep goes when that ends, and the results come up as if it had not been there.
func TestQuestionsEndWithTheSweep(t *testing.T) {
	for _, keys := range [][]string{{"x"}, {"s"}, {"ctrl+c"}, {"a", "h", "i"}, {"x", "y", "x"}} {
		t.Run(strings.Join(keys, " "), func(t *testing.T) {
			x, d := drive(t)
			toLive(t, x, d)
			x.run.slow = true
			x.tick(d, 200)
			d.Press(keys...)
			if x.mode() == modeNormal {
				t.Fatal("nothing is asked")
			}
			x.tick(d, fixture.Length)
			d.AwaitFunc("the end", func() bool { return x.ended })
			if x.mode() != modeNormal {
				t.Errorf("mode %v: the question is still there:\n%s", x.mode(), d.Text())
			}
			resultsCome(t, x, d)
		})
	}
}

// A list that is open has nothing to do with the sweep: it stays, and the results come after it.
func TestOtherBoxesOutliveTheSweep(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	d.Press("e")
	x.tick(d, fixture.Length)
	d.AwaitFunc("the end", func() bool { return x.ended })
	x.time = x.time.Add(time.Minute)
	d.Send(tickMsg(x.time))
	d.ExpectContains("Export")
	d.Press("esc")
	resultsCome(t, x, d)
}

// Four targets, stopped: the results come at once, since they were asked for.
func TestStopShowsTheResults(t *testing.T) {
	x, d := drive(t)
	x.run = newRun(4)
	x.adopt(x.run)
	x.show(screen.Compare)
	x.tick(d, 200)
	d.Press("x", "y")
	d.Send(tickMsg(x.time))
	d.AwaitFunc("the results", func() bool { return x.shown() == screen.Results })
	d.ExpectContains("stopped; what was measured is saved")
}

// Who goes somewhere after the end of a sweep is left there.
func TestResultsComeUpOnce(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 300)
	d.Press("m")
	x.tick(d, fixture.Length)
	d.AwaitFunc("the end", func() bool { return x.ended })
	d.Press("1")
	x.time = x.time.Add(time.Minute)
	d.Send(tickMsg(x.time))
	if x.shown() != screen.Live {
		t.Errorf("%v is shown, want live: it was asked for", x.shown())
	}
	d.Press("3", "1")
	d.Send(tickMsg(x.time))
	if x.shown() != screen.Live {
		t.Errorf("%v is shown after 3 and 1, want live", x.shown())
	}
}

// resultsCome lets the time pass after which the results of a sweep come up by themselves.
func resultsCome(t *testing.T, x *bench, d *uitest.Driver) {
	t.Helper()
	x.time = x.time.Add(quietFor + time.Second)
	d.Send(tickMsg(x.time))
	if x.shown() != screen.Results {
		t.Errorf("%v is shown, want the results", x.shown())
	}
}
