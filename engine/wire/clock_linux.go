package wire

import (
	"time"

	"golang.org/x/sys/unix"
)

const stepLimitNS = 100_000

// findOrigin brackets CLOCK_MONOTONIC between two readings of Go's clock, and keeps the tightest.
func findOrigin() (o originPoint) {
	var best time.Duration
	for range 20 {
		var ts unix.Timespec
		before := time.Now()
		err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
		width := time.Since(before)
		if err == nil && (o.ns == 0 || width < best) {
			o, best = originPoint{before.Add(width / 2), ts.Nano()}, width
		}
	}
	if o.ns == 0 { // no such clock: kernel stamps still convert, only other processes do not compare
		o = originPoint{time.Now(), 1}
	}
	return o
}

// asleep is how long the machine has been suspended since it was started. A core lost between the two
// readings makes it less, never more, so the largest of five is taken.
func asleep() (ns int64) {
	for range 5 {
		var boot, mono unix.Timespec
		if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil {
			return 0
		}
		ns = max(ns, boot.Nano()-mono.Nano())
	}
	return ns
}
