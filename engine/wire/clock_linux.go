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
