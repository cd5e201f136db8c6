package wire

import (
	"testing"
	"time"
)

func TestClockSteps(t *testing.T) {
	const ms = 1_000_000
	tests := []struct {
		name    string
		samples [][2]int64 // offset, width
		offset  int64
		steps   int
	}{
		{"nothing new", [][2]int64{{1000, 100}, {1020, 100}}, 1000, 0},
		{"a tighter sample is better", [][2]int64{{1020, 40}}, 1020, 0},
		{"a loose sample says nothing", [][2]int64{{1000 + 2*ms, 5 * ms}}, 1000, 0},
		{"a small correction is no step", [][2]int64{{1000 + stepLimitNS/2, 100}}, 1000 + stepLimitNS/2, 0},
		{"forward", [][2]int64{{1000 + 50*ms, 100}}, 1000 + 50*ms, 1},
		{"back, then further back", [][2]int64{{1000 - 5*ms, 100}, {1000 - 50*ms, 100}}, 1000 - 50*ms, 2},
		{"a night's sleep", [][2]int64{{1000 + 8*3600*1000*ms, 100}}, 1000 + 8*3600*1000*ms, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &Clock{widthNS: 100}
			c.offsetNS.Store(1000)
			for _, s := range tt.samples {
				c.observe(s[0], s[1])
			}
			if got := c.mono(tt.offset); got != 0 {
				t.Errorf("offset is off by %d ns", got)
			}
			if c.Steps() != tt.steps {
				t.Errorf("%d steps, want %d", c.Steps(), tt.steps)
			}
		})
	}
}

func TestClockTellsSleep(t *testing.T) {
	const ms = 1_000_000
	c := &Clock{asleepNS: 7000 * ms} // it slept before the run
	for _, s := range []struct {
		asleep int64
		slept  bool
		sleeps int
	}{{7000 * ms, false, 0}, {7010 * ms, false, 0}, {6990 * ms, false, 0}, {37000 * ms, true, 1}, {37000 * ms, false, 1}, {37200 * ms, true, 2}} {
		if slept := c.observeSleep(s.asleep); slept != s.slept || c.Sleeps() != s.sleeps {
			t.Errorf("asleep for %d ms: slept %v, %d sleeps; want %v, %d", s.asleep/ms, slept, c.Sleeps(), s.slept, s.sleeps)
		}
	}
}

func TestClockConvertsTheWallClock(t *testing.T) {
	c := NewClock()
	defer c.Close()
	if c.Steps() != 0 {
		t.Errorf("%d steps before anything happened", c.Steps())
	}
	before := Now()
	stamp := c.mono(time.Now().UnixNano())
	after := Now()
	const slack = 2_000_000 // the sampling may have lost its core each of twenty times
	if stamp < before-slack || stamp > after+slack {
		t.Errorf("now is %d, between %d and %d", stamp, before, after)
	}
}

func TestStampsThatCannotBe(t *testing.T) {
	tests := []struct {
		name                              string
		at, before, sent, read, corrected int64
	}{
		{"as it should be", 50, 40, 30, 60, 50},
		{"later than it was read", 70, 40, 30, 60, 60},
		{"before what came before", 35, 40, 30, 60, 40},
		{"before the request", 25, 20, 30, 60, 30},
	}
	for _, tt := range tests {
		s := stampConn{stampNS: tt.before, sentNS: tt.sent, readNS: tt.read}
		if got := s.kernelStamp(tt.at); got != tt.corrected {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.corrected)
		}
	}
}

func TestClockCloseIsIdempotent(t *testing.T) {
	c := NewClock()
	c.Close()
	c.Close()
}

func BenchmarkNow(b *testing.B) {
	for b.Loop() {
		Now()
	}
}
