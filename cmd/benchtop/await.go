package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui"
)

// askAgain is the pause before a target that was not ready is asked again.
const askAgain = 2 * time.Second

// awaitURLs waits for the targets that no cluster tells of to answer, as long as --wait says. What does
// not go away by itself is left to the run to say.
func (b *backend) awaitURLs(ctx context.Context, plan record.Plan, sels []ui.Selection, w *waits) error {
	if b.run.wait <= 0 {
		return nil
	}
	defer w.over()
	waiting, cancel := context.WithTimeout(ctx, b.run.wait)
	defer cancel()
	errs := make([]error, len(sels))
	each(len(sels), func(i int) {
		if sels[i].Workspace == nil {
			errs[i] = b.awaitURL(waiting, plan, sels[i], w)
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(errs...)
}

// awaitURL returns when the target answers, when it says what waiting does not change, or with why it
// is not ready when ctx ends.
func (b *backend) awaitURL(ctx context.Context, plan record.Plan, sel ui.Selection, w *waits) error {
	target := b.urlTarget(sel).target
	var why error
	for {
		_, err := engine.Look(ctx, plan, target)
		if ctx.Err() == nil {
			if !engine.Unready(err) {
				return nil
			}
			if why == nil {
				w.doing(sel.Name, fmt.Sprintf("waiting up to %s for it: %v", b.run.wait, err))
			}
			why = err
		}
		select {
		case <-ctx.Done():
			if why == nil { // the one question took all the time
				why = errors.New("no answer")
			}
			return fmt.Errorf("target %q was not ready within %s: %w", sel.Name, b.run.wait, why)
		case <-time.After(askAgain):
		}
	}
}
