//go:build !linux

package wire

import "time"

// stepLimitNS is wide: clocks of other systems tick as coarsely as 1 ms.
const stepLimitNS = 2_000_000

func findOrigin() originPoint { return originPoint{time.Now(), 1} }

// asleep is not known here: a sleep counts as a step of the clock.
func asleep() int64 { return 0 }
