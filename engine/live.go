package engine

import (
	"sync/atomic"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/stats"
)

// liveWindow is how far back the live numbers look, in seconds of history.
const liveWindow = 10

// live is what the load writes and the aggregator reads. Writers only add to atomics: they never
// wait for a reader.
type live struct {
	ttft, itl, e2e, lag stats.AtomicHist // µs

	started_, ok, rejected, failed, incomplete, tokens atomic.Int64

	kernel, user atomic.Int64 // finished requests by stamp
	stepGen      atomic.Int64 // grows when a step begins
	lastErr      atomic.Pointer[string]
	connErrs     atomic.Int64 // connection-class failures in a row
}

func (l *live) beginStep() { l.connErrs.Store(0); l.stepGen.Add(1) }

func (l *live) started(lagNS int64) {
	l.started_.Add(1)
	l.lag.Add(lagNS / 1e3)
}

// token takes one token event; gapUS is -1 for the first.
func (l *live) token(ttftNS int64, tokens int, gapUS int64) {
	l.tokens.Add(int64(tokens))
	if gapUS < 0 {
		l.ttft.Add(ttftNS / 1e3)
		return
	}
	l.itl.Add(gapUS)
}

func (l *live) finished(r *record.Request) {
	if r.KernelStamps {
		l.kernel.Add(1)
	} else {
		l.user.Add(1)
	}
	switch r.Status {
	case record.StatusOK:
		l.ok.Add(1)
		l.e2e.Add((r.DoneNS - r.SchedNS) / 1e3)
		l.connErrs.Store(0)
		return
	case record.StatusRejected:
		l.rejected.Add(1)
		l.connErrs.Store(0)
	case record.StatusIncomplete:
		l.incomplete.Add(1)
		return
	default:
		l.failed.Add(1)
		if isConnClass(r.Class) {
			l.connErrs.Add(1)
		} else {
			l.connErrs.Store(0)
		}
	}
	text := r.Class
	if r.Error != "" {
		text += ": " + r.Error
	}
	l.lastErr.Store(&text)
}

func (l *live) lastError() string {
	if p := l.lastErr.Load(); p != nil {
		return *p
	}
	return ""
}

func (l *live) stamps() string {
	k, u := l.kernel.Load(), l.user.Load()
	switch {
	case k > 0 && u > 0:
		return "mixed"
	case k > 0:
		return "kernel"
	case u > 0:
		return "user"
	}
	return ""
}

// counts is a copy of the cumulative counters.
type counts struct{ started, ok, rejected, failed, incomplete, tokens int64 }

func (l *live) counts() counts {
	return counts{
		started: l.started_.Load(), ok: l.ok.Load(), rejected: l.rejected.Load(),
		failed: l.failed.Load(), incomplete: l.incomplete.Load(), tokens: l.tokens.Load(),
	}
}

func (c counts) minus(d counts) counts {
	return counts{
		c.started - d.started, c.ok - d.ok, c.rejected - d.rejected,
		c.failed - d.failed, c.incomplete - d.incomplete, c.tokens - d.tokens,
	}
}

// history keeps the last ten seconds of one target for the aggregator, which owns it.
type history struct {
	gen                 int64 // of the step the seconds belong to
	stepBase            counts
	last                counts
	ttft, itl, e2e, lag window
	secs                []counts // per second, newest last
	series              []Point
}

// window is a ring of one-second histograms.
type window struct {
	prev, now stats.Hist
	ring      [liveWindow]stats.Hist
	n         int
	total     stats.Hist
}

// push takes the histogram of the second since the last push.
func (w *window) push(h *stats.AtomicHist) {
	slot := &w.ring[w.n%liveWindow]
	if w.n >= liveWindow {
		w.total.Sub(slot)
	}
	h.Snapshot(&w.now)
	*slot = w.now
	slot.Sub(&w.prev)
	w.total.Merge(slot)
	w.prev, w.now = w.now, w.prev
	w.n++
}

// reset forgets the past seconds, not what was counted so far.
func (w *window) reset(h *stats.AtomicHist) {
	h.Snapshot(&w.prev)
	w.total.Reset()
	w.n = 0
}

func (w *window) quantiles() Quantiles {
	var us [3]float64
	_, n := w.total.Percentiles(us[:0], 50, 90, 99)
	return Quantiles{N: n, P50: us[0] / 1e3, P90: us[1] / 1e3, P99: us[2] / 1e3}
}

// second closes one second of the target's history and appends its point.
func (x *runner) second(h *history, at time.Duration) {
	if gen := x.live.stepGen.Load(); gen != h.gen {
		h.gen = gen
		h.stepBase = x.live.counts()
		h.secs = nil
		for _, w := range []struct {
			w *window
			h *stats.AtomicHist
		}{{&h.ttft, &x.live.ttft}, {&h.itl, &x.live.itl}, {&h.e2e, &x.live.e2e}, {&h.lag, &x.live.lag}} {
			w.w.reset(w.h)
		}
	}
	h.ttft.push(&x.live.ttft)
	h.itl.push(&x.live.itl)
	h.e2e.push(&x.live.e2e)
	h.lag.push(&x.live.lag)
	now := x.live.counts()
	d := now.minus(h.last)
	h.last = now
	h.secs = append(h.secs, d)
	if len(h.secs) > liveWindow {
		h.secs = h.secs[1:]
	}
	s := x.view.now()
	h.series = append(h.series, Point{
		T: at.Seconds(), TTFT: h.ttft.quantiles(), ITL: h.itl.quantiles(),
		InFlight: int(x.inFlight.Load()), OutputTokens: float64(d.tokens),
		Running: s.Running, Waiting: s.Waiting, KVPct: s.KVPct,
	})
}

// live numbers of the last seconds.
func (h *history) now() Live {
	l := Live{
		TTFT: h.ttft.quantiles(), ITL: h.itl.quantiles(), E2E: h.e2e.quantiles(),
		Window: time.Duration(len(h.secs)) * time.Second,
	}
	if q := h.lag.quantiles(); q.N > 0 {
		l.SendLagP99MS = q.P99
	}
	var sum counts
	for _, s := range h.secs {
		sum.started += s.started
		sum.ok += s.ok
		sum.tokens += s.tokens
		sum.failed += s.failed + s.rejected
	}
	if n := float64(len(h.secs)); n > 0 {
		l.OfferedRPS, l.CompletedRPS = float64(sum.started)/n, float64(sum.ok)/n
		l.OutputTokPerS, l.ErrorsPerS = float64(sum.tokens)/n, float64(sum.failed)/n
	}
	return l
}
