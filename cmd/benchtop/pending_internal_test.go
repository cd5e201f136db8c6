package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui"
)

func TestPendingRunThatCannotStart(t *testing.T) {
	boom := errors.New("target \"a\": no answer\x1b[31m")
	tests := []struct {
		name  string
		start starter
		end   func(*pendingRun)
		want  string
	}{
		{name: "the engine refuses", want: "no answer",
			start: func(context.Context, doing) (*engine.Run, error) { return nil, boom }},
		{name: "a panic is an error", want: "internal error: oops",
			start: func(context.Context, doing) (*engine.Run, error) { panic("oops") }},
		{name: "stopped before the first request", want: errNotBegun.Error(), end: (*pendingRun).Stop,
			start: func(ctx context.Context, _ doing) (*engine.Run, error) { <-ctx.Done(); return nil, ctx.Err() }},
		{name: "aborted before the first request", want: errNotBegun.Error(), end: (*pendingRun).Abort,
			start: func(ctx context.Context, _ doing) (*engine.Run, error) { <-ctx.Done(); return nil, ctx.Err() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plan := record.DefaultPlan()
			p := startPending(t.Context(), plan, true, []ui.Selection{{Name: "a", URL: "http://h"}}, tt.start)
			if s := p.Snapshot(); len(s.Targets) != 1 || len(s.Targets[0].Steps) != len(plan.Rates) || !s.Simulated || s.Left <= 0 {
				t.Errorf("the first snapshot: %+v", s)
			}
			p.Skip("")
			p.Note("nothing to note yet")
			if tt.end != nil {
				tt.end(p)
			}
			res, err := p.Wait()
			if res != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Wait() = %v, %v; want an error with %q", res, err, tt.want)
			}
			for e := range p.Events() {
				t.Errorf("event %+v of a run that never was", e)
			}
			s := p.Snapshot()
			if !s.Done || s.Targets[0].State != engine.StateFailed || !strings.Contains(s.Err, strings.Trim(tt.want, "\x1b")) || strings.Contains(s.Err, "\x1b") {
				t.Errorf("the last snapshot: done %v, err %q, %+v", s.Done, s.Err, s.Targets)
			}
			p.Abort() // too late, and harmless
		})
	}
}
