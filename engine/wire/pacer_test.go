package wire_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"benchtop/engine/wire"
)

func newPacer(tb testing.TB) *wire.Pacer {
	p, err := wire.NewPacer()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

func TestPacerIsNeverEarly(t *testing.T) {
	p := newPacer(t)
	for _, ahead := range []time.Duration{time.Microsecond, 50 * time.Microsecond, time.Millisecond, 7 * time.Millisecond, 25 * time.Millisecond} {
		for range 10 {
			at := wire.Now() + int64(ahead)
			if err := p.Wait(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			if now := wire.Now(); now < at {
				t.Errorf("%s ahead: %d ns early", ahead, at-now)
			}
		}
	}
}

func TestPacerDoesNotWaitForThePast(t *testing.T) {
	p := newPacer(t)
	for _, at := range []int64{-1, 0, 1, wire.Now()} {
		if err := p.Wait(t.Context(), at); err != nil {
			t.Error(err)
		}
	}
}

func TestPacerIsCut(t *testing.T) {
	p := newPacer(t)
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if err := p.Wait(ctx, wire.Now()+int64(time.Hour)); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if err := p.Wait(ctx, 0); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		// The next wait is not hurt.
		at := wire.Now() + int64(time.Millisecond)
		if err := p.Wait(t.Context(), at); err != nil || wire.Now() < at {
			t.Fatalf("after a cut: %v", err)
		}
	}
}

// BenchmarkLateness compares the pacer with Go's own timers, 2 ms ahead.
func BenchmarkLateness(b *testing.B) {
	p := newPacer(b)
	for name, wait := range map[string]func(atNS int64){
		"pacer": func(atNS int64) { p.Wait(context.Background(), atNS) },
		"sleep": func(atNS int64) { time.Sleep(time.Duration(atNS - wire.Now())) },
	} {
		b.Run(name, func(b *testing.B) {
			var late []int64
			for b.Loop() {
				at := wire.Now() + int64(2*time.Millisecond)
				wait(at)
				late = append(late, wire.Now()-at)
			}
			slices.Sort(late)
			b.ReportMetric(quantile(late, .5), "p50-µs")
			b.ReportMetric(quantile(late, .99), "p99-µs")
		})
	}
}
