package wire_test

import (
	"context"
	"errors"
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
	for _, ahead := range []time.Duration{time.Microsecond, 50 * time.Microsecond, time.Millisecond, 7 * time.Millisecond} {
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

func BenchmarkPacerLateness(b *testing.B) {
	p := newPacer(b)
	var late int64
	for b.Loop() {
		at := wire.Now() + int64(2*time.Millisecond)
		if err := p.Wait(b.Context(), at); err != nil {
			b.Fatal(err)
		}
		late += wire.Now() - at
	}
	b.ReportMetric(float64(late)/float64(b.N)/1e3, "µs-late")
}
