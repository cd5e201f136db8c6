package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"benchtop/engine/arrival"
	"benchtop/engine/record"
	"benchtop/engine/verdict"
	"benchtop/engine/wire"
)

var errSkipped = errors.New("step skipped")

// errLost ends a step whose target is gone: the step is void and repeated.
var errLost = errors.New("target lost")

const (
	minWarmup   = 5 * time.Second
	maxWarmup   = 60 * time.Second
	idleLimit   = 30 * time.Second
	defaultWait = 20 * time.Minute
	// headStart is between the barrier and the first arrival: connections are dialled in it.
	headStart = dialAhead + 100*time.Millisecond
	// stopDrain is how long a stopped run waits for requests in flight.
	stopDrain = 10 * time.Second
)

// start is when and how a step begins, the same for all targets side by side.
type start struct {
	t0    int64 // wire clock, first moment of the warm-up
	sched arrival.Schedule
	err   error
	// foreign is what else a target was serving when it should have been idle.
	foreign map[*runner]string
}

// meet waits until every target of the group is idle, and fixes the step's start and arrivals: all
// targets get the same.
func (r *Run) meet(g []*runner, s record.StepPlan) start {
	began := wire.Now()
	st := start{foreign: map[*runner]string{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	warmup := time.Duration(0)
	for _, x := range g {
		warmup = max(warmup, x.warmup())
		r.guard(&wg, func() {
			x.enter(StateIdling, idleLimit, "")
			why := ""
			err := wire.Together(
				func() error { why = x.waitIdle(r.sendCtx); return nil },
				func() error {
					if x.view.fresh() { // the probe took them
						return nil
					}
					return x.pingBefore(r.sendCtx)
				},
			)
			if p := (*wire.Panic)(nil); errors.As(err, &p) {
				r.broke(p)
			}
			mu.Lock()
			defer mu.Unlock()
			if why != "" {
				st.foreign[x] = why
			}
		})
	}
	wg.Wait()
	st.sched, st.err = arrival.New(arrivalSpec(r.plan, s, warmup))
	st.t0 = wire.Now() + int64(headStart)
	r.between.Store(st.t0 - began)
	return st
}

func arrivalSpec(p Plan, s record.StepPlan, warmup time.Duration) arrival.Spec {
	return arrival.Spec{
		Process: p.Arrivals, Rate: s.Rate, Warmup: warmup, Window: p.StepWindow(s.Rate),
		Requests: p.Requests, Seed: p.Seed, Repeat: s.Repeat,
	}
}

// scheduleHashes names the arrivals of every step, so that a run can be checked and repeated.
func scheduleHashes(p Plan, steps []record.StepPlan) (map[string]string, error) {
	hashes := make(map[string]string, len(steps))
	for _, s := range steps {
		sched, err := arrival.New(arrivalSpec(p, s, 0))
		if err != nil {
			return nil, fmt.Errorf("schedule of %g req/s: %w", s.Rate, err)
		}
		hashes[scheduleKey(s.Repeat, s.Rate)] = sched.Hash()
	}
	return hashes, nil
}

// warmup is the length of the next step's warm-up for this target.
func (x *runner) warmup() time.Duration {
	if w := x.run.plan.Warmup; w.Fixed {
		return w.For
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	e2e := time.Duration(x.lastE2E * float64(time.Millisecond))
	if e2e == 0 {
		e2e = x.probeE2E
	}
	return warmupAfter(e2e)
}

// step makes one try of a step and says whether it came out void.
func (x *runner) step(s record.StepPlan, st start) (void bool) {
	r, try := x.run, x.nextTry(s)
	if st.err != nil {
		x.giveUp(s, st.err)
		return false
	}
	cut, cancelCut := context.WithCancelCause(r.cutCtx)
	defer cancelCut(nil)
	send, cancelSend := context.WithCancelCause(r.sendCtx)
	defer cancelSend(nil)
	x.skipped.Store(&cancelSend)
	defer x.skipped.Store(nil)

	meta := x.tallyMeta(s, try, st)
	// The disk may take seconds over this, and the arrivals are fixed: nobody waits for it before
	// the step's end. An error is the writer's to keep; the aggregator stops the run for it.
	var opened sync.WaitGroup
	r.guard(&opened, func() { _ = r.writer.BeginStep(openStep(meta, st)) })
	x.setStep(s.Index, "running", nil)
	x.mark("step", fmt.Sprintf("%g/s", s.Rate))
	before := x.evidence()
	x.beginAt(s.Index, before.cond)
	x.view.begin()
	x.live.beginStep()

	var mu sync.Mutex
	tally := verdict.NewTally(meta)
	l := newLoad(x, s, try, st.sched, st.t0, func(rec *record.Request) {
		r.writer.Request(rec)
		mu.Lock()
		tally.Add(rec)
		mu.Unlock()
	})

	var watch sync.WaitGroup
	watchCtx, stopWatch := context.WithCancel(cut)
	r.guard(&watch, func() { x.watch(watchCtx, before, cancelSend) })
	r.guard(&watch, func() { x.phases(watchCtx, st) })
	err := l.run(send, cut)
	sentAll := err == nil && send.Err() == nil
	if !sentAll { // cut short: the window is what was measured
		l.winEnd.Store(min(max(wire.Now(), l.winStart), l.winEnd.Load()))
	}
	drained := x.drain(l, send, cancelCut)
	stopWatch()
	watch.Wait()

	end := wire.Now()
	mu.Lock()
	defer mu.Unlock()
	tally.Finish(l.winEnd.Load()-r.base, end-r.base, !sentAll)
	sum := tally.Step()
	sum.DrainS = seconds(end - l.winEnd.Load())
	if note := l.countNote(); note != "" {
		sum.Verdict.Notes = append(sum.Verdict.Notes, note)
	}
	x.summarise(&sum, before, context.Cause(send), st, drained)
	opened.Wait()
	return x.settle(s, &sum, context.Cause(send))
}

// phases tells where the step is while it runs.
func (x *runner) phases(ctx context.Context, st start) {
	warm, window := time.Duration(st.sched.WarmupNS), time.Duration(st.sched.WindowNS)
	wait := func(until int64) bool {
		t := time.NewTimer(time.Duration(until - wire.Now()))
		defer t.Stop()
		select {
		case <-t.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	if !wait(st.t0) {
		return
	}
	x.enter(StateWarmup, warm, "")
	if !wait(st.t0 + int64(warm)) {
		return
	}
	x.mark("window", "")
	x.enter(StateMeasuring, window, "")
	if wait(st.t0 + int64(warm+window)) {
		x.enter(StateDraining, time.Duration(x.run.plan.Drain), "")
	}
}

// drain waits for what is in flight, then cuts it. It says whether all ended by themselves.
func (x *runner) drain(l *load, send context.Context, cut context.CancelCauseFunc) bool {
	limit := time.Duration(x.run.plan.Drain)
	switch cause := context.Cause(send); {
	case errors.Is(cause, errLost):
		limit = 0
	case cause != nil:
		limit = min(limit, stopDrain)
	}
	ctx, cancel := context.WithTimeout(x.run.cutCtx, limit)
	defer cancel()
	l.wait(ctx)
	drained := x.inFlight.Load() == 0
	cut(errors.New("cut at the drain limit"))
	l.wg.Wait()
	return drained
}

func (x *runner) tallyMeta(s record.StepPlan, try int, st start) verdict.Meta {
	base := x.run.base
	return verdict.Meta{
		Target: x.info.Name, Rate: s.Rate, Index: s.Index, Repeat: s.Repeat, Try: try,
		StartedAt: time.Now().UTC(), StartNS: st.t0 - base,
		WindowStartNS: st.t0 + st.sched.WarmupNS - base,
		WindowEndNS:   st.t0 + st.sched.WarmupNS + st.sched.WindowNS - base,
		Arrivals:      x.run.plan.Arrivals, OutputTokens: x.run.plan.Workload.OutputTokens,
		SLOs: x.run.slos,
	}
}

// openStep is what a reader needs if this process is killed in the step.
func openStep(m verdict.Meta, st start) record.OpenStep {
	return record.OpenStep{
		Target: m.Target, Index: m.Index, Rate: m.Rate, Repeat: m.Repeat, Try: m.Try, StartedAt: m.StartedAt,
		StartNS: m.StartNS, WindowStartNS: m.WindowStartNS, WindowEndNS: m.WindowEndNS,
		Scheduled: st.sched.Window(), Warmup: st.sched.First,
	}
}

// settle keeps the step's summary and says whether it is void.
func (x *runner) settle(s record.StepPlan, sum *record.Step, cause error) (void bool) {
	phase := "done"
	switch {
	case sum.Verdict.Void:
		phase, void = "void", true
	case errors.Is(cause, errSkipped):
		phase = "skipped"
	case cause != nil && sum.WindowS <= 0:
		phase = "skipped"
	}
	x.setStep(s.Index, phase, sum)
	if sum.E2E.P95 != nil && !void {
		x.mu.Lock()
		x.lastE2E = *sum.E2E.P95
		x.mu.Unlock()
	}
	own, err := ownCopy(sum)
	if err == nil {
		_ = x.run.writer.EndStep(*own) // the writer keeps its error, and the aggregator stops the run for it
	} else {
		x.run.event(x, 2, "save the step: "+err.Error())
	}
	x.enter(x.restState(), 0, "")
	x.run.event(x, levelOf(sum), stepLine(sum))
	return void
}

func levelOf(s *record.Step) int {
	switch {
	case s.Verdict.Void || !s.Verdict.Valid:
		return 2
	case s.Verdict.Saturated || verdict.TooShort(s) || s.Failed+s.Rejected+s.Incomplete > 0:
		return 1
	}
	return 0
}

// stepLine is the event that ends a step.
func stepLine(s *record.Step) string {
	line := fmt.Sprintf("%g req/s: %d sent, %d ok", s.Rate, s.Sent, s.OK)
	for _, e := range []struct {
		n    int
		what string
	}{{s.Rejected, "rejected"}, {s.Failed, "failed"}, {s.Incomplete, "incomplete"}} {
		if e.n > 0 {
			line += fmt.Sprintf(", %d %s", e.n, e.what)
		}
	}
	switch {
	case s.Verdict.Void:
		line += "; void"
	case s.Verdict.Saturated:
		line += "; saturated"
	case verdict.TooShort(s):
		line += "; too short to tell"
	}
	for _, why := range s.Verdict.Reasons {
		line += "; " + why
	}
	return line
}
