package engine

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// newID names a run: its start to the second and four random digits, so that two runs started at
// once stay apart in a server's logs.
func newID(started time.Time) string {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails
	return started.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b[:])
}

// scheduleKey names a step in Plan.Schedules.
func scheduleKey(repeat int, rate float64) string { return fmt.Sprintf("%d/%g", repeat, rate) }
