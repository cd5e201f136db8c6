package wire

import (
	"sync"
	"sync/atomic"
	"time"
)

// origin ties Go's monotonic clock to CLOCK_MONOTONIC once, so that Now costs one cheap time.Since
// and still compares with stamps of other processes on this machine.
var origin = findOrigin()

type originPoint struct {
	at time.Time
	ns int64
}

// Now is the monotonic clock in ns: CLOCK_MONOTONIC on Linux (the error of the alignment is well
// under 1 µs), elsewhere the time since the process began.
func Now() int64 { return origin.ns + int64(time.Since(origin.at)) }

// Clock follows the offset between the wall clock, on which the kernel stamps, and the monotonic
// clock. Between steps the offset is constant (slewing bends both alike), so the best sample is
// kept, and only one that contradicts it replaces it.
type Clock struct {
	offsetNS atomic.Int64
	steps    atomic.Int64
	sleeps   atomic.Int64
	asleepNS int64 // time the machine has slept since it was started; the follower's own
	widthNS  int64 // of the bracket around the kept sample; the follower's own
	release  func()
	stop     chan struct{}
	stopOnce sync.Once
	done     chan struct{}
}

// clockPeriod is how often the offset is looked at.
const clockPeriod = 100 * time.Millisecond

// NewClock starts following, and has the kernel stamp what it receives as long as the clock is
// there; Close must be called.
func NewClock() *Clock {
	c := &Clock{stop: make(chan struct{}), done: make(chan struct{})}
	offset, width := bestOffset()
	c.offsetNS.Store(offset)
	c.widthNS = width
	c.asleepNS = asleep()
	c.release = holdStamping()
	go c.follow()
	return c
}

// Close stops following and waits. It may be called again.
func (c *Clock) Close() {
	c.stopOnce.Do(func() {
		close(c.stop)
		c.release()
	})
	<-c.done
}

// Steps is how often the wall clock jumped against the monotonic clock by more than can be slewing
// (100 µs; 2 ms where clocks are coarse): set by hand or by NTP. Where a sleep can be told from that
// (Sleeps), it is no step.
func (c *Clock) Steps() int { return int(c.steps.Load()) }

// Sleeps is how often the machine was asleep: the clock that goes on meanwhile got ahead of the monotonic
// one. 0 on systems other than Linux.
func (c *Clock) Sleeps() int { return int(c.sleeps.Load()) }

// mono turns a wall-clock stamp into one on Now's clock.
func (c *Clock) mono(realNS int64) int64 { return realNS - c.offsetNS.Load() }

func (c *Clock) follow() {
	defer close(c.done)
	tick := time.NewTicker(clockPeriod)
	defer tick.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-tick.C:
			slept := c.observeSleep(asleep())
			offset, width := bestOffset()
			if slept {
				c.offsetNS.Store(offset) // jumped with the sleep
				c.widthNS = width
				continue
			}
			c.observe(offset, width)
		}
	}
}

// napNS is the shortest sleep told from the error of reading two clocks one after the other.
const napNS = int64(50 * time.Millisecond)

// observeSleep takes the time that the machine has slept, and says whether it did since the last time.
func (c *Clock) observeSleep(asleepNS int64) bool {
	if asleepNS-c.asleepNS < napNS {
		return false
	}
	c.asleepNS = asleepNS
	c.sleeps.Add(1)
	return true
}

// observe takes a sample of the offset, known to ± half the width of its bracket.
func (c *Clock) observe(offset, width int64) {
	kept := c.offsetNS.Load()
	off, doubt := max(offset-kept, kept-offset), (width+c.widthNS)/2
	if off <= doubt && width >= c.widthNS {
		return
	}
	c.offsetNS.Store(offset)
	c.widthNS = width
	if off-doubt > stepLimitNS {
		c.steps.Add(1)
	}
}

// bestOffset reads wall and monotonic clock together, twenty times, and gives the tightest reading:
// the process may lose its core between two of them.
func bestOffset() (offset, width int64) {
	for i := range 20 {
		before := Now()
		wall := time.Now().UnixNano()
		after := Now()
		if w := after - before; i == 0 || w < width {
			offset, width = wall-(before+w/2), w
		}
	}
	return offset, width
}
