package wire

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Pacer waits for instants of Now's clock. Go's own timers are 0.5 ms late in the middle and 1 ms
// at the 99th percentile in an idle process, since the runtime sleeps in whole milliseconds; a
// timerfd read through the same poller is 0.05–0.14 and 0.3–1.9 ms late, since a core that slept takes
// its time to wake. So after a longer sleep a Pacer wakes early and spins the rest: 0.04 and 0.8 ms,
// for at worst 4 % of a core. Where others want the core, spinning only uses up this thread's turn:
// each interrupted spin halves the next. A Pacer is for one goroutine at a time.
type Pacer struct {
	lead  int64
	file  *os.File
	raw   syscall.RawConn
	atNS  int64
	err   error
	armFn func(fd uintptr)
	getFn func(fd uintptr) bool
}

const (
	// maxLead is how much before its instant a Pacer wakes.
	maxLead = int64(time.Millisecond)
	// longSleep is how long a core must have been left alone before waking it early pays.
	longSleep = 10 * maxLead
	// interrupted is a time between two looks at the clock that only another's turn explains.
	interrupted = int64(100 * time.Microsecond)
)

// NewPacer makes a pacer; Close must be called.
func NewPacer() (*Pacer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a timer: %w", err)
	}
	p := &Pacer{lead: maxLead, file: os.NewFile(uintptr(fd), "timerfd")}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		p.file.Close()
		return nil, fmt.Errorf("make a timer: %w", err)
	}
	p.armFn, p.getFn = p.arm, p.get
	return p, nil
}

// Close releases the timer; a Wait under way ends with an error.
func (p *Pacer) Close() error { return p.file.Close() }

// Wait returns at atNS, at once if that has passed, or with ctx's error when ctx ends.
func (p *Pacer) Wait(ctx context.Context, atNS int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := Now()
	if atNS <= now {
		return nil
	}
	p.atNS, p.err = atNS, nil
	if atNS-now >= longSleep {
		p.atNS -= p.lead
	}
	if err := p.raw.Control(p.armFn); err != nil {
		return fmt.Errorf("set timer: %w", err)
	}
	if p.err != nil {
		return fmt.Errorf("set timer: %w", p.err)
	}
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		p.file.SetReadDeadline(time.Unix(1, 0))
		close(woken)
	})
	err := p.raw.Read(p.getFn)
	if !stop() {
		<-woken
		p.file.SetReadDeadline(time.Time{})
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("wait for timer: %w", err)
	}
	if p.atNS < atNS {
		p.spin(atNS)
	}
	return nil
}

// spin waits for atNS, at most maxLead away, and learns how long the next spin may be.
func (p *Pacer) spin(atNS int64) {
	clean := true
	for last := Now(); last < atNS; {
		now := Now()
		clean = clean && now-last < interrupted
		last = now
	}
	if clean {
		p.lead = min(p.lead+maxLead/50, maxLead)
	} else {
		p.lead = max(p.lead/2, maxLead/50)
	}
}

func (p *Pacer) arm(fd uintptr) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(p.atNS)}
	p.err = unix.TimerfdSettime(int(fd), unix.TFD_TIMER_ABSTIME, &spec, nil)
}

// get is true when the timer has fired. An error other than "not yet" cannot happen to a timerfd.
func (p *Pacer) get(fd uintptr) bool {
	var fired uint64
	n, _, _ := syscall.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&fired)), 8)
	return n == 8
}
