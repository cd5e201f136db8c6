package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"benchtop/engine/record"
)

// snapshotEvery is how often the picture is renewed; histories are closed once a second.
const snapshotEvery = 100 * time.Millisecond

// aggregate publishes snapshots until ctx ends. It alone touches the histories.
func (r *Run) aggregate(ctx context.Context) {
	hist := make([]history, len(r.runners))
	tick := time.NewTicker(snapshotEvery)
	defer tick.Stop()
	nextSecond := time.Second
	for {
		select {
		case <-ctx.Done():
			r.publishWith(hist)
			return
		case <-tick.C:
		}
		for at := time.Duration(r.now()); at >= nextSecond; nextSecond += time.Second {
			for i, x := range r.runners {
				x.second(&hist[i], nextSecond)
			}
			if at-nextSecond > 5*time.Second { // asleep: one point, not a burst of empty ones
				nextSecond = at.Truncate(time.Second)
			}
		}
		r.checkRecord()
		r.publishWith(hist)
	}
}

// publish renews what needs no history: before the aggregator runs and after it ended.
func (r *Run) publish() {
	prev := r.snap.Load()
	hist := make([]history, len(r.runners))
	if prev != nil {
		for i := range hist {
			hist[i].series = prev.Targets[i].Series
		}
	}
	r.publishWith(hist)
}

func (r *Run) publishWith(hist []history) {
	s := &Snapshot{
		RunID: r.id, Dir: r.dir, At: time.Duration(r.now()), StartedAt: r.started, Plan: r.plan,
		Phase: *r.phase.Load(), Simulated: r.opt.Simulated, Notes: r.allNotes(),
	}
	if prev := r.snap.Load(); prev != nil {
		s.Seq = prev.Seq + 1
	}
	for i, x := range r.runners {
		s.Targets = append(s.Targets, x.snapshot(&hist[i]))
	}
	s.Done = s.Phase == "done"
	if s.Done && r.result != nil && r.result.Err != nil && !errors.Is(r.result.Err, ErrStopped) {
		s.Err = record.Clean(r.result.Err.Error())
	}
	if !s.Done {
		s.Left = r.left(s)
		if r.sendCtx != nil && r.sendCtx.Err() != nil {
			s.Phase, s.Left = "stopping", min(s.Left, stopDrain)
		}
	}
	r.snap.Store(s)
}

func (x *runner) snapshot(h *history) TargetSnapshot {
	c := h.last.minus(h.stepBase)
	now := x.live.counts().minus(h.stepBase)
	if now.started >= c.started {
		c = now
	}
	x.mu.Lock()
	t := TargetSnapshot{
		Info: x.info, State: x.state, Text: x.text, Current: x.current, Try: x.try,
		Steps: append([]StepStatus(nil), x.strip...), Marks: x.marks[:len(x.marks):len(x.marks)],
		StepElapsed: time.Duration(x.run.now() - x.phaseAt), StepTotal: time.Duration(x.phaseNS),
	}
	x.mu.Unlock()
	if t.StepTotal > 0 {
		t.StepElapsed = min(t.StepElapsed, t.StepTotal)
	}
	t.Now = h.now()
	t.Series = h.series[:len(h.series):len(h.series)]
	t.InFlight = int(x.inFlight.Load())
	t.Sent, t.OK, t.Rejected = int(c.started), int(c.ok), int(c.rejected)
	t.Failed, t.Incomplete = int(c.failed), int(c.incomplete)
	t.LastError, t.Stamps = x.live.lastError(), x.live.stamps()
	t.Server, t.RTTMS = x.view.now(), x.view.rtt()
	t.Health = health(&t)
	return t
}

// health is the light beside a target, in words.
func health(t *TargetSnapshot) Health {
	switch t.State {
	case StatePaused:
		return Health{"lost", 2, t.Text}
	case StateFailed:
		return Health{"failed", 2, t.Text}
	case StatePreparing, StateIdling, StateBarrier, StateDone:
		return Health{"idle", 0, string(t.State)}
	}
	bad := t.Failed + t.Rejected
	switch n := t.Now; {
	case bad > 0 && float64(bad) > 0.05*float64(t.Sent):
		return Health{"errors", 2, fmt.Sprintf("%d of %d requests failed or were rejected: %s", bad, t.Sent, t.LastError)}
	case n.SendLagP99MS > math.Max(1, 0.01*n.TTFT.P50) && n.TTFT.N > 0:
		return Health{"client late", 2, fmt.Sprintf("this machine sends late: p99 %.2g ms", n.SendLagP99MS)}
	case rising(t):
		return Health{"saturating", 1, fmt.Sprintf("%d in flight and rising: requests arrive faster than they finish", t.InFlight)}
	case t.State == StateWarmup:
		return Health{"warming up", 0, "not measured yet"}
	case bad > 0:
		return Health{"some errors", 1, t.LastError}
	}
	return Health{"ok", 0, "the rate is held"}
}

// rising looks at the last ten seconds of requests in flight: a hint for the eye, not the verdict.
func rising(t *TargetSnapshot) bool {
	const look = 10
	if len(t.Series) < look || t.Now.Window < look*time.Second {
		return false
	}
	s := t.Series[len(t.Series)-look:]
	first, last := 0, 0
	for i := range look / 2 {
		first += s[i].InFlight
		last += s[look/2+i].InFlight
	}
	grown := float64(last-first) / (look / 2)
	mean := float64(last+first) / look
	return grown > 3*math.Sqrt(math.Max(mean, 1)) && t.Now.CompletedRPS < 0.95*t.Now.OfferedRPS
}
