//go:build !linux

package wire

import (
	"context"
	"time"
)

// Pacer waits for instants of Now's clock, with Go's timer. A Pacer is for one goroutine at a time.
type Pacer struct{ timer *time.Timer }

// NewPacer makes a pacer; Close must be called.
func NewPacer() (*Pacer, error) {
	t := time.NewTimer(0)
	<-t.C
	return &Pacer{t}, nil
}

// Close releases the timer.
func (p *Pacer) Close() error {
	p.timer.Stop()
	return nil
}

// Wait returns at atNS, at once if that has passed, or with ctx's error when ctx ends.
func (p *Pacer) Wait(ctx context.Context, atNS int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	left := atNS - Now()
	if left <= 0 {
		return nil
	}
	p.timer.Reset(time.Duration(left))
	select {
	case <-p.timer.C:
		return nil
	case <-ctx.Done():
		p.timer.Stop()
		return ctx.Err()
	}
}
