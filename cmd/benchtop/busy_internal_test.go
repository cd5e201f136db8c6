package main

import (
	"testing"
	"time"
)

// A picker that is left open asks less and less, but not when something happens.
func TestBusyPauseGrowsWhileNothingChanges(t *testing.T) {
	var pause time.Duration
	for i, look := range []struct {
		listed, changed bool
		want            time.Duration
	}{
		{false, false, 200 * time.Millisecond},
		{false, false, 200 * time.Millisecond},
		{true, true, 10 * time.Second},
		{true, false, 20 * time.Second},
		{true, false, 30 * time.Second},
		{true, false, 30 * time.Second},
		{true, true, 10 * time.Second},
		{false, false, 200 * time.Millisecond}, // another cluster was opened
		{true, false, 10 * time.Second},
	} {
		if pause = nextPause(pause, look.listed, look.changed); pause != look.want {
			t.Errorf("look %d: %v until the next, want %v", i, pause, look.want)
		}
	}
}
