package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
	"benchtop/engine/wire"
)

// ErrStopped is the Result.Err of a run that was stopped before its end.
var ErrStopped = errors.New("stopped")

// Run is a sweep under way. All methods are safe for concurrent use.
type Run struct {
	id      string
	dir     string
	opt     Options
	plan    Plan
	steps   []record.StepPlan
	slos    []verdict.SLO
	stop    verdict.Stop
	started time.Time
	// askLimit bounds each small question to a target; a field for tests.
	askLimit time.Duration
	base     int64 // wire.Now() at the start; every recorded time is relative to it

	writer  *record.Writer
	clock   *wire.Clock
	runners []*runner
	groups  [][]int      // of runners under load at the same time
	between atomic.Int64 // ns from the end of a step to the first moment of the next warm-up
	events  chan Event
	snap    atomic.Pointer[Snapshot]
	phase   atomic.Pointer[string]

	// sendCtx ends when no more requests may be sent; cutCtx ends when those in flight are cut.
	sendCtx  context.Context
	stopSend context.CancelCauseFunc
	cutCtx   context.Context
	cut      context.CancelCauseFunc

	mu    sync.Mutex // guards notes
	notes []record.Note

	telling sync.Mutex // guards over, and what is sent on events
	over    bool       // events is closed

	done   chan struct{}
	result *Result
	resErr error
}

// Start validates the plan and the targets, asks each target what it serves, makes the run directory
// and starts the sweep. The sweep ends by itself, or when ctx is cancelled (as by Stop), or by Stop
// or Abort. Nothing is written before every target has answered.
func Start(ctx context.Context, plan Plan, targets []Target, opt Options) (*Run, error) {
	if err := validate(plan, targets); err != nil {
		return nil, err
	}
	slos, stop, err := parseRules(plan)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r := &Run{
		id: newID(now), opt: opt, plan: plan, steps: plan.Steps(), slos: slos, stop: stop,
		started: now, base: wire.Now(),
		askLimit: askLimit, events: make(chan Event, 256), done: make(chan struct{}), clock: wire.NewClock(),
	}
	r.setPhase("starting")
	for i := range targets {
		r.runners = append(r.runners, newRunner(r, targets[i], i))
	}
	if err = opt.CheckSpace(opt.Dir); err == nil && opt.Resume {
		err = r.resume()
	}
	if err == nil {
		err = r.prepare(ctx)
	}
	if err == nil {
		err = r.create()
	}
	if err != nil {
		r.closeRunners()
		return nil, err
	}
	r.cutCtx, r.cut = context.WithCancelCause(context.WithoutCancel(ctx))
	r.sendCtx, r.stopSend = context.WithCancelCause(r.cutCtx)
	r.groups = r.groupsOf()
	r.between.Store(int64(firstBetween))
	for _, x := range r.runners {
		x.enter(x.restState(), 0, "")
	}
	r.tellShared()
	r.tellShort()
	r.publish()
	go r.main(ctx)
	return r, nil
}

// Snapshot is the latest picture of the run; never nil.
func (r *Run) Snapshot() *Snapshot { return r.snap.Load() }

// Events delivers what a person wants to read. When nobody reads, the oldest are dropped. It is
// closed when the run has ended.
func (r *Run) Events() <-chan Event { return r.events }

// Dir is the absolute path of the run directory.
func (r *Run) Dir() string { return r.dir }

// BaseNS is the instant from which the run's recorded times count: ns on the monotonic clock, on
// Linux CLOCK_MONOTONIC, so that they compare with stamps of other processes on this machine.
func (r *Run) BaseNS() int64 { return r.base }

// Skip ends the current step of a target ("" = of all) without using it.
func (r *Run) Skip(target string) {
	for _, x := range r.runners {
		if target == "" || x.info.Name == target {
			x.skip()
		}
	}
}

// Stop sends no more requests, waits for those in flight up to the drain limit, and saves.
func (r *Run) Stop() { r.stopSend(ErrStopped) }

// Abort cuts what is in flight, and saves.
func (r *Run) Abort() {
	r.stopSend(ErrStopped)
	r.cut(ErrStopped)
}

// Note adds a remark at this moment; it is drawn in the charts and kept in the record.
func (r *Run) Note(text string) { r.note("", text, true) }

// Tell adds a warning from outside the engine to the events and notes of the run. After its end nobody
// hears it.
func (r *Run) Tell(text string) {
	r.event(nil, 1, record.Clean(text))
	r.note("", text, false)
}

// Done is closed when the run has ended and everything is saved.
func (r *Run) Done() <-chan struct{} { return r.done }

// Wait returns when the run has ended and everything is saved. The error says why nothing could be
// measured or saved; a stopped run is a result whose Err is ErrStopped.
func (r *Run) Wait() (*Result, error) {
	<-r.done
	return r.result, r.resErr
}

// main owns every goroutine of the run.
func (r *Run) main(ctx context.Context) {
	defer close(r.done)
	defer r.endEvents()
	defer func() {
		if v := recover(); v != nil { // in what ends the run: the files are as the last step left them
			r.resErr = &wire.Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	aggCtx, stopAgg := context.WithCancel(context.WithoutCancel(ctx))
	var helpers sync.WaitGroup
	r.guard(&helpers, func() { r.aggregate(aggCtx) })
	r.guard(&helpers, func() { r.watchSpace(aggCtx) })
	for _, x := range r.runners {
		r.guard(&helpers, func() { x.monitor(aggCtx) })
	}
	r.guard(&helpers, func() {
		select {
		case <-ctx.Done():
			r.Stop()
		case <-aggCtx.Done():
		}
	})

	r.setPhase("running")
	err := wire.Together(r.sweep)
	if p := (*wire.Panic)(nil); errors.As(err, &p) {
		r.broke(p)
	}

	r.setPhase("done")
	stopAgg()
	helpers.Wait()
	r.closeRunners()
	r.finish(err)
	r.publish()
	r.cut(nil)
}

// finish closes the record and makes the result.
func (r *Run) finish(err error) {
	state, reason := record.StateComplete, ""
	if cause := context.Cause(r.sendCtx); cause != nil {
		state, reason = record.StateInterrupted, cause.Error()
		if err == nil {
			err = cause
		}
	} else if err != nil {
		state, reason = record.StateFailed, err.Error()
	}
	var kept *record.Run
	var kerr error
	werr := r.writer.Update(func(run *record.Run) {
		run.State, run.Reason, run.EndedAt = state, reason, time.Now().UTC()
		run.Notes = r.allNotes()
		kept, kerr = ownCopy(run)
	})
	werr = errors.Join(werr, r.writer.Close())
	saved, lerr := record.Load(r.dir)
	if werr != nil || lerr != nil { // what is not on the disk is still known
		if saved = kept; saved != nil {
			record.Scrub(saved)
		}
		if told := (*recordError)(nil); werr != nil && !errors.As(err, &told) {
			err = errors.Join(err, &recordError{werr})
		}
		lerr = kerr
	}
	r.resErr = lerr
	r.result = &Result{Run: saved, Dir: r.dir, Err: err}
}

// guard runs f in a goroutine of wg; a panic is kept with its stack, stops the run and is reported,
// so that the record and the terminal survive it.
func (r *Run) guard(wg *sync.WaitGroup, f func()) {
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer r.recoverPanic()
		f()
	}()
}

func (r *Run) recoverPanic() {
	if v := recover(); v != nil {
		r.broke(&wire.Panic{Value: v, Stack: debug.Stack()})
	}
}

// broke stops the run after a panic; what was measured is saved.
func (r *Run) broke(p *wire.Panic) {
	err := fmt.Errorf("%w (the trace is in %s)", p, record.TraceFile)
	r.event(nil, 2, err.Error())
	_ = os.WriteFile(filepath.Join(r.dir, record.TraceFile), fmt.Appendf(nil, "%v\n\n%s", p.Value, p.Stack), 0o600)
	r.stopSend(err)
	r.cut(err)
}

// create makes the run directory and the first run.json.
func (r *Run) create() error {
	run := &record.Run{
		ID: r.id, Name: r.opt.Name, Version: r.opt.Version, StartedAt: r.started.UTC(),
		State: record.StateRunning, Simulated: r.opt.Simulated, Labels: r.opt.Labels, Plan: r.plan,
		Client: record.Client{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), GoVersion: runtime.Version()},
	}
	hashes, err := scheduleHashes(r.plan, r.plan.Steps())
	if err != nil {
		return err
	}
	run.Plan.Schedules = hashes
	r.plan.Schedules = hashes
	for _, x := range r.runners {
		run.Targets = append(run.Targets, x.info)
	}
	if r.opt.Resume {
		return r.reopen(run.Targets)
	}
	own, err := ownCopy(run) // the writer cleans its run in place; snapshots share ours
	if err != nil {
		return err
	}
	w, err := record.Create(r.opt.Dir, own)
	if err != nil {
		return err
	}
	r.writer, r.dir = w, w.Dir()
	return nil
}

// ownCopy is a copy that shares nothing with v, by way of the form that is written to disk.
func ownCopy[T any](v *T) (*T, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode the record: %w", err)
	}
	c := new(T)
	return c, json.Unmarshal(b, c)
}

// prepare probes the targets: side by side those that may be under load side by side, so that none
// takes another's probe for foreign traffic.
//
// When one cannot be measured the others get a moment to say whether they can.
func (r *Run) prepare(ctx context.Context) error {
	all, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, g := range r.sideBySide() {
		var asks []func() error
		for _, x := range g {
			asks = append(asks, func() error {
				err := x.prepare(all, r.opt.Yes)
				if err != nil && ctx.Err() == nil && errors.Is(err, context.Canceled) {
					return nil // the other's error says it
				}
				if err != nil {
					time.AfterFunc(time.Second, cancel)
				}
				return err
			})
		}
		if err := wire.Together(asks...); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) closeRunners() {
	for _, x := range r.runners {
		x.close()
	}
	r.clock.Close()
}

// now is ns since the run's base.
func (r *Run) now() int64 { return wire.Now() - r.base }

func (r *Run) setPhase(p string) { r.phase.Store(&p) }

// event tells who listens; the oldest is dropped when nobody does, and all after the end.
func (r *Run) event(x *runner, level int, text string) {
	e := Event{At: time.Duration(r.now()), Level: level, Text: text}
	if x != nil {
		e.Target = x.info.Name
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	for !r.over {
		select {
		case r.events <- e:
			return
		default:
		}
		select {
		case <-r.events:
		default:
		}
	}
}

func (r *Run) endEvents() {
	r.telling.Lock()
	defer r.telling.Unlock()
	r.over = true
	close(r.events)
}

func (r *Run) note(target, text string, user bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, record.Note{AtNS: r.now(), Target: target, Text: record.Clean(text), User: user})
}

func (r *Run) allNotes() []record.Note {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]record.Note(nil), r.notes...)
}
