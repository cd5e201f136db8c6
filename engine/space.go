package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"benchtop/engine/record"
)

// ErrDisk is wrapped by the Result.Err of a run that stopped because its disk was almost full, and by
// the error of a Start that found it so.
var ErrDisk = errors.New("the disk is almost full")

// MinSpace is how many bytes a run leaves free: enough for the replies still in flight and for the
// summaries, so that a run that stops for want of space is whole on the disk.
const MinSpace = 8_000_000

// CheckSpace is ErrDisk if less than MinSpace is free where a run would be written, or is.
func (o Options) CheckSpace(dir string) error {
	look := o.freeSpace
	if look == nil {
		look = record.FreeSpace
	}
	free, ok := look(dir)
	if !ok || free >= MinSpace {
		return nil
	}
	return fmt.Errorf("%w: %s has %.1f MB free, and a run keeps %d MB; free some space", ErrDisk, dir, float64(free)/1e6, MinSpace/1_000_000)
}

// watchSpace stops the run before its disk is full. It has a goroutine of its own: a disk far away may
// take its time to answer.
func (r *Run) watchSpace(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := r.opt.CheckSpace(r.dir); err != nil {
			r.event(nil, 2, err.Error()+"; the run stops")
			r.stopSend(err)
			return
		}
	}
}

// recordError is that of a run whose record cannot be written: the first of the writer's complaints,
// which repeats itself for every file.
type recordError struct{ cause error }

func (e *recordError) Error() string {
	first, _, _ := strings.Cut(e.cause.Error(), "\n")
	return "cannot write the record: " + first
}

func (e *recordError) Unwrap() error { return e.cause }

// checkRecord stops the run when its record can no longer be written.
func (r *Run) checkRecord() {
	if err := r.writer.Err(); err != nil && r.sendCtx.Err() == nil {
		err = &recordError{err}
		r.event(nil, 2, err.Error()+"; the run stops")
		r.stopSend(err)
	}
}
