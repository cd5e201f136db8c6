//go:build unix

package term_test

import (
	"regexp"
	"strings"
	"syscall"
	"testing"
)

const (
	interrupted = 130
	untrusted   = 98 // on a busy machine a step can be invalid

	ctrlC = "\x03"
	ctrlS = "\x13"
	ctrlZ = "\x1a"
	enter = "\r"
	esc   = "\x1b"
)

func TestFromPickerToResults(t *testing.T) {
	h := newHome(t)
	x := h.start("--demo", "--rates", "4", "--duration", "1s", "--warmup", "0s", "--output-tokens", "10")
	x.Await("phi4-mini-a10", "phi4-mini-a100", "space mark")
	x.Press(" j ")
	x.Await("2 marked")
	x.Press(enter)
	x.Await("[ Start ]", "1 step on 2 targets")
	x.Press(ctrlS)
	x.Await("2 targets side by side")
	x.Press("1")
	x.Await("Last 10 s")
	x.Press("2")
	x.Await("2 targets side by side")
	x.Await("✓ complete", "A100", "A10", "TTFT") // the results come up by themselves
	x.Press(esc)
	x.Await("4 workspaces")
	x.Press("q")
	if code := x.End(); code != 0 && code != untrusted {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"A10", "A100", "nominal", "saved " + h.runs, "steps.csv", "requests.jsonl", "run.json"} {
		if s := x.Text(); !strings.Contains(s, want) {
			t.Errorf("%q is not on the terminal after leaving:\n%s", want, s)
		}
	}
}

// clock is how far the head line says that a sweep is.
var clock = regexp.MustCompile(`running (\d\d:\d\d)`)

func TestResizeDuringASweep(t *testing.T) {
	h := newHome(t)
	x := h.startSweep()
	x.Resize(20, 5)
	x.Await("benchtop needs")
	x.Resize(1, 1)
	x.Resize(80, 24)
	x.Await("2 targets side by side", "running", "? help")
	x.Resize(120, 40)
	x.Await("2 targets side by side", "running")
	before := clock.FindString(x.Text())
	x.AwaitFunc("a later time than "+before, func(s string) bool { return clock.FindString(s) > before })
	x.Press(ctrlC)
	x.Await("Quit while a sweep runs?")
	x.Press("n")
	x.AwaitFunc("no question", func(s string) bool { return !strings.Contains(s, "Quit while") })
	x.Press("x")
	x.Await("Stop the sweep?")
	x.Press("y")
	x.Await("stopped; what was measured is saved")
	x.Press("q")
	if code := x.End(); code != interrupted {
		t.Errorf("exit code %d, want %d", code, interrupted)
	}
	h.wantInterrupted("A10", "A100")
}

func TestInterruptAsksAndSaves(t *testing.T) {
	h := newHome(t)
	x := h.startSweep()
	x.Press(ctrlZ)
	x.Await("suspending would stop the load")
	x.Press(ctrlC)
	x.Await("Quit while a sweep runs?")
	x.Press("y")
	if code := x.End(); code != interrupted {
		t.Errorf("exit code %d, want %d", code, interrupted)
	}
	if s := x.Text(); !strings.Contains(s, "--resume") {
		t.Errorf("the terminal does not say how to go on:\n%s", s)
	}
	h.wantInterrupted("A10", "A100")
}

func TestInterruptTwiceCuts(t *testing.T) {
	h := newHome(t)
	x := h.startSweep()
	x.Press(ctrlC + ctrlC)
	if code := x.End(); code != interrupted {
		t.Errorf("exit code %d, want %d", code, interrupted)
	}
	h.wantInterrupted("A10", "A100")
}

func TestTerminationSaves(t *testing.T) {
	h := newHome(t)
	x := h.startSweep()
	x.Signal(syscall.SIGTERM)
	if code := x.End(); code != interrupted {
		t.Errorf("exit code %d, want %d", code, interrupted)
	}
	h.wantInterrupted("A10", "A100")
}

func TestLostLineSaves(t *testing.T) {
	h := newHome(t)
	x := h.startSweep()
	if code := x.HangUp(); code != interrupted {
		t.Errorf("exit code %d, want %d", code, interrupted)
	}
	h.wantInterrupted("A10", "A100")
}

// A sweep that is given up while its targets are being connected leaves nothing, and says so.
func TestInterruptBeforeTheFirstRequest(t *testing.T) {
	h := newHome(t)
	x := h.start("run", "--demo")
	x.Await("2 targets side by side", "A100") // the simulated path makes the preparation take seconds
	x.Press(ctrlC + ctrlC)
	if code := x.End(); code != interrupted {
		t.Errorf("exit code %d, want %d", code, interrupted)
	}
	if s := x.Text(); !strings.Contains(s, "interrupted before the first request") {
		t.Errorf("the terminal does not say what happened:\n%s", s)
	}
}
