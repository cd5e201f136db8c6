package main

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui"
)

// A pendingRun is a sweep whose targets are still being connected, so that the live screen can open
// at once. When the engine has started it is that run; when it cannot start it ends with the error.
type pendingRun struct {
	run    atomic.Pointer[engine.Run]
	blank  atomic.Pointer[engine.Snapshot] // shown until the run is there
	events chan engine.Event
	waits  *waits
	cancel context.CancelFunc
	done   chan struct{}
	err    error // why it could not start; read after done

	mu     sync.Mutex // guards ending
	ending func(*engine.Run)
}

var _ ui.Run = (*pendingRun)(nil)

// errNotBegun is the end of a sweep that was given up while its targets were being connected.
var errNotBegun = errors.New("interrupted before the first request: nothing was measured, nothing is saved")

// A starter connects the targets and starts the sweep; it tells doing what each is asked meanwhile.
type starter func(ctx context.Context, doing doing) (*engine.Run, error)

// startPending calls start in a goroutine of its own, which ends when the run does.
func startPending(ctx context.Context, plan record.Plan, simulated bool, sels []ui.Selection, start starter) *pendingRun {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &pendingRun{waits: newWaits(time.Now), events: make(chan engine.Event, 16), cancel: cancel, done: make(chan struct{})}
	p.blank.Store(blankSnapshot(plan, simulated, sels))
	go func() {
		defer close(p.done)
		defer close(p.events)
		defer cancel()
		run, err := p.guarded(ctx, start)
		p.waits.over()
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			err = errNotBegun // ctx ends in end alone
		}
		if err != nil {
			p.fail(err)
			return
		}
		p.mu.Lock()
		p.run.Store(run)
		if p.ending != nil {
			p.ending(run)
		}
		p.mu.Unlock()
		for e := range run.Events() {
			select {
			case p.events <- e:
			default: // nobody reads; the record has it
			}
		}
		<-run.Done()
	}()
	return p
}

// guarded turns a panic into an error: the terminal belongs to the interface.
func (p *pendingRun) guarded(ctx context.Context, start starter) (run *engine.Run, err error) {
	defer func() {
		if v := recover(); v != nil {
			run, err = nil, asPanic(v, debug.Stack())
		}
	}()
	return start(ctx, p.waits.doing)
}

func (p *pendingRun) fail(err error) {
	p.err = err
	s := *p.blank.Load()
	s.Seq, s.Done, s.Phase, s.Err = 1, true, "done", record.Clean(err.Error())
	s.Targets = append([]engine.TargetSnapshot(nil), s.Targets...)
	for i := range s.Targets {
		s.Targets[i].State, s.Targets[i].Text = engine.StateFailed, ""
	}
	p.blank.Store(&s)
}

func blankSnapshot(plan record.Plan, simulated bool, sels []ui.Selection) *engine.Snapshot {
	steps := plan.Steps()
	s := &engine.Snapshot{StartedAt: time.Now(), Plan: plan, Phase: "starting", Simulated: simulated}
	for _, st := range steps { // the warm-up is at least 5 s unless it is said
		s.Left += plan.StepWindow(st.Rate) + 5*time.Second
	}
	for _, sel := range sels {
		t := engine.TargetSnapshot{State: engine.StatePreparing, Text: "connecting", Current: -1}
		t.Info.Name = sel.Name
		if ws := sel.Workspace; ws != nil {
			t.Info.Context, t.Info.Namespace, t.Info.Workspace, t.Info.Model = ws.Context, ws.Namespace, ws.Name, ws.Model
			t.Info.GPU, t.Info.InstanceType = ws.SKU.GPU, ws.SKU.InstanceType
		}
		for _, st := range steps {
			t.Steps = append(t.Steps, engine.StepStatus{Rate: st.Rate, Repeat: st.Repeat, Phase: "pending"})
		}
		s.Targets = append(s.Targets, t)
	}
	return s
}

// Snapshot is the run's, or the blank one with what each target is being asked.
func (p *pendingRun) Snapshot() *engine.Snapshot {
	if run := p.run.Load(); run != nil {
		return run.Snapshot()
	}
	blank := p.blank.Load()
	if blank.Done {
		return blank
	}
	s := *blank
	s.Seq = uint64(time.Since(s.StartedAt) / time.Second) // it grows older
	s.Targets = slices.Clone(s.Targets)
	for i := range s.Targets {
		if text := p.waits.text(s.Targets[i].Info.Name); text != "" {
			s.Targets[i].Text = text
		}
	}
	return &s
}

// Events passes the run's on.
func (p *pendingRun) Events() <-chan engine.Event { return p.events }

// Skip skips a step; there is none before the start.
func (p *pendingRun) Skip(target string) {
	if run := p.run.Load(); run != nil {
		run.Skip(target)
	}
}

// Note adds a remark; there is no time axis before the start.
func (p *pendingRun) Note(text string) {
	if run := p.run.Load(); run != nil {
		run.Note(text)
	}
}

// Stop stops the run, or gives up starting it.
func (p *pendingRun) Stop() { p.end((*engine.Run).Stop) }

// Abort cuts the run, or gives up starting it.
func (p *pendingRun) Abort() { p.end((*engine.Run).Abort) }

func (p *pendingRun) end(how func(*engine.Run)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if run := p.run.Load(); run != nil {
		how(run)
		return
	}
	p.ending = how // should it start in this very moment
	p.cancel()
}

// Done is closed when the run has ended, or could not start.
func (p *pendingRun) Done() <-chan struct{} { return p.done }

// Wait returns the run's result, or why it could not start.
func (p *pendingRun) Wait() (*engine.Result, error) {
	<-p.done
	if run := p.run.Load(); run != nil {
		return run.Wait()
	}
	return nil, p.err
}
