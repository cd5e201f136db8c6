package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"benchtop/engine/arrival"
	"benchtop/engine/prompt"
	"benchtop/engine/record"
	"benchtop/engine/wire"
)

// dialAhead is how long before its arrival a request gets its connection and its body.
const dialAhead = 500 * time.Millisecond

// load sends the requests of one step. It knows nothing of what they come to: finished records go
// to done.
type load struct {
	x     *runner
	step  record.StepPlan
	try   int
	sched arrival.Schedule
	t0    int64 // wire.Now() of the start of the warm-up
	// Window on the wire clock; end moves back when the window is cut short.
	winStart int64
	winEnd   atomic.Int64

	jobs []atomic.Pointer[job]
	wg   sync.WaitGroup
	done func(*record.Request)
	// Requests of the window by how their tokens were counted.
	byUsage, byEvents atomic.Int64
}

// job is what a request needs, made ready before its time.
type job struct {
	body *[]byte
	slot *wire.Slot
}

// taken marks a job whose request has started.
var taken = &job{}

func newLoad(x *runner, step record.StepPlan, try int, sched arrival.Schedule, t0 int64, done func(*record.Request)) *load {
	l := &load{x: x, step: step, try: try, sched: sched, t0: t0, done: done}
	l.winStart = t0 + sched.WarmupNS
	l.winEnd.Store(l.winStart + sched.WindowNS)
	l.jobs = make([]atomic.Pointer[job], len(sched.TimesNS))
	return l
}

// run sends every request at its time until send ends; requests in flight are cut when cut ends. It
// returns when the last arrival was sent or send ended; wait waits for those in flight.
func (l *load) run(send, cut context.Context) error {
	pacer, err := wire.NewPacer()
	if err != nil {
		return fmt.Errorf("start the pacer: %w", err)
	}
	defer pacer.Close()
	ahead, stop := context.WithCancel(send)
	var ready sync.WaitGroup
	l.x.run.guard(&ready, func() { l.prepare(ahead, cut) })
	sent := 0
	defer func() {
		stop()
		ready.Wait()
		l.release(sent)
	}()
	for k, at := range l.sched.TimesNS {
		if err := pacer.Wait(send, l.t0+at); err != nil {
			return pacerErr(err) // nil if stopped: what was sent is drained by the caller
		}
		sent++
		l.x.inFlight.Add(1)
		l.x.run.guard(&l.wg, func() { l.request(cut, k) })
	}
	return pacerErr(pacer.Wait(send, l.winEnd.Load()))
}

func pacerErr(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// wait returns when nothing of the step is in flight or ctx ends.
func (l *load) wait(ctx context.Context) {
	idle := make(chan struct{})
	go func() { l.wg.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// prepare makes bodies and reserves connections ahead of their time, until send ends.
func (l *load) prepare(send, cut context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for k, at := range l.sched.TimesNS {
		if d := l.t0 + at - int64(dialAhead) - wire.Now(); d > 0 {
			timer.Reset(time.Duration(d))
			select {
			case <-timer.C:
			case <-send.Done():
				return
			}
		} else if send.Err() != nil {
			return
		}
		j := &job{body: l.body(k), slot: l.x.client.Reserve(cut, l.t0+at)}
		if !l.jobs[k].CompareAndSwap(nil, j) {
			j.slot.Release()
			bodies.Put(j.body)
		}
	}
}

// release gives back what was made ready for requests that are not going to be sent: all but the
// first sent.
func (l *load) release(sent int) {
	for k := range l.jobs[sent:] {
		if j := l.jobs[sent+k].Swap(nil); j != nil {
			j.slot.Release()
			bodies.Put(j.body)
		}
	}
}

var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// body renders the request of arrival k.
func (l *load) body(k int) *[]byte {
	b := bodies.Get().(*[]byte)
	*b = l.x.appendBody((*b)[:0], prompt.Key{
		Seed: l.x.run.plan.Seed, Run: l.x.run.id, Target: l.x.info.Name, Step: l.step.Index, Try: l.try, K: k,
	}, l.x.run.plan.Workload.OutputTokens)
	return b
}
