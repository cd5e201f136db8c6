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
// its time to wake. So after a longer sleep a Pacer wakes early, by as much as it has been woken late,
// and spins the rest. A Pacer is for one goroutine at a time.
type Pacer struct {
	lead  int64 // ns, about the 97th percentile of how late wake-ups were
	file  *os.File
	raw   syscall.RawConn
	atNS  int64
	err   error
	armFn func(fd uintptr)
	getFn func(fd uintptr) bool
}

const (
	// maxLead is the most by which a Pacer wakes early.
	maxLead = int64(time.Millisecond)
	// longSleep is how long a core must have been left alone before waking it early pays. With it no
	// more than 4 % of a core go into spinning, at 100 instants a second.
	longSleep = 10 * maxLead
	// forget is the share of the lead that each wake-up in time takes off.
	forget = 32
)

// NewPacer makes a pacer; Close must be called.
func NewPacer() (*Pacer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a timer: %w", err)
	}
	p := &Pacer{file: os.NewFile(uintptr(fd), "timerfd")}
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
	now = Now()
	if late := now - p.atNS; late > p.lead {
		p.lead = min(late, maxLead)
	} else {
		p.lead -= p.lead / forget
	}
	for now < atNS {
		now = Now()
	}
	return nil
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
