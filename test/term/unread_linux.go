package term

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// EndUnread lets the terminal take nothing more, as a stopped pane or a dead connection does, sends the
// program a signal and returns its exit code. The kernel's modes of the terminal must be as they were.
func (x *Terminal) EndUnread(s os.Signal) int {
	x.t.Helper()
	tty, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/1", x.cmd.Process.Pid), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		x.t.Fatal(err)
	}
	defer tty.Close()
	if err := unix.IoctlSetInt(int(tty.Fd()), unix.TCXONC, unix.TCOOFF); err != nil {
		x.t.Fatal(err)
	}
	x.Signal(s)
	killer := time.AfterFunc(patience, func() { _ = x.cmd.Process.Kill() })
	defer killer.Stop()
	code := x.wait()
	if after := x.state(); *after != *x.before {
		x.t.Errorf("the terminal is left in another state: %+v, was %+v", *after, *x.before)
	}
	return code
}
