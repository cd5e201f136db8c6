package term_test

import (
	"syscall"
	"testing"
)

func TestTerminalThatTakesNothingDoesNotKeepASignal(t *testing.T) {
	h := newHome(t)
	x := h.startSweep()
	if code := x.EndUnread(syscall.SIGTERM); code != interrupted {
		t.Errorf("exit code %d", code)
	}
	h.wantInterrupted("A10", "A100")
}
