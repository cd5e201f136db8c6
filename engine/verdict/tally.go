package verdict

import (
	"math"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/stats"
)

// Meta is what a step's requests cannot tell of it.
type Meta struct {
	Target             string
	Rate               float64 // nominal, requests per second
	Index, Repeat, Try int
	StartedAt          time.Time
	StartNS            int64 // of the warm-up, on the run's clock, as all that follow
	WindowStartNS      int64
	WindowEndNS        int64 // where the window was cut, if Partial
	EndNS              int64 // after the drain
	Partial            bool
	Arrivals           string // the arrival process; a Poisson one is tested for being one
	OutputTokens       int    // asked for per request; 0 = unknown
	SLOs               []SLO  // at most 16
}

// maxSLOs is how many objectives a Tally can hold; more are not looked at, and ParseSLOs refuses them.
const maxSLOs = 16

// Tally builds a step's summary from its requests, one after the other and in any order: the same
// requests give the same summary to the last digit, live or read from disk.
//
// It takes every request of the step, warm-up included. Latencies, counts and goodput are of those
// scheduled in the window; throughput counts what arrived inside it, whichever request asked.
//
// It keeps 64 bytes per request, the memory of their distinct values for all gaps together, and 1 MB
// for the interval of their percentiles.
type Tally struct {
	meta    Meta
	rows    []row
	gaps    stats.Counter
	slots   slots
	errors  map[string]int
	samples map[string]string

	tokensInWindow   int64
	events, tokens   int64 // of requests of the window
	coalesced        int64
	newConns, redial int
	kernel, user     int
}

// maxClasses bounds what a damaged file can make a summary keep.
const maxClasses = 64

// row is what is kept of a request.
type row struct {
	sched, sent, first, last, done int64
	k                              int32
	prompt, output                 int32
	status                         status
	warmup                         bool
	good                           uint16 // bit i: within every limit of SLOs[i]
}

type status uint8

const (
	statusOK status = iota
	statusRejected
	statusFailed
	statusIncomplete
)

// NewTally starts a summary. The window's start must be known; its end, Partial and EndNS may be
// set later by Finish.
func NewTally(m Meta) *Tally {
	if len(m.SLOs) > maxSLOs {
		m.SLOs = m.SLOs[:maxSLOs]
	}
	clampNS(&m.StartNS, &m.WindowStartNS, &m.WindowEndNS, &m.EndNS)
	return &Tally{meta: m, errors: map[string]int{}, samples: map[string]string{}}
}

// Finish sets what is known only after the step: where the window ended (earlier than planned if
// partial) and when the last request was done.
func (t *Tally) Finish(windowEndNS, endNS int64, partial bool) {
	clampNS(&windowEndNS, &endNS)
	t.meta.WindowEndNS, t.meta.EndNS, t.meta.Partial = windowEndNS, endNS, partial
}

// clampNS keeps stamps of a damaged file within 36 years of the run's base, so that no difference
// of two overflows.
func clampNS(stamps ...*int64) {
	const most = 1 << 60
	for _, s := range stamps {
		*s = min(max(*s, -most), most)
	}
}

// Add takes a request of the step. The request is not kept and may be reused.
func (t *Tally) Add(r *record.Request) {
	w := row{
		sched: r.SchedNS, sent: r.SentNS, first: r.FirstTokenNS, last: r.LastTokenNS, done: r.DoneNS,
		k: int32(r.K), prompt: clampInt32(r.PromptTokens), output: clampInt32(r.OutputTokens),
		warmup: r.Warmup,
	}
	clampNS(&w.sched, &w.sent, &w.first, &w.last, &w.done)
	t.tokensInWindow += int64(max(r.InWindowTokens, 0))
	switch r.Status {
	case record.StatusOK:
		w.status = statusOK
	case record.StatusRejected:
		w.status = statusRejected
	case record.StatusIncomplete:
		w.status = statusIncomplete
	default:
		w.status = statusFailed
	}
	if !r.Warmup {
		t.addWindow(r, &w)
	}
	t.rows = append(t.rows, w)
}

// addWindow counts what only requests of the window tell.
func (t *Tally) addWindow(r *record.Request, w *row) {
	if r.NewConn {
		t.newConns++
	}
	if r.Redialled {
		t.redial++
	}
	if r.Events > 0 {
		t.events += int64(r.Events)
		t.coalesced += int64(r.Coalesced)
		t.tokens += int64(r.OutputTokens)
		if r.KernelStamps {
			t.kernel++
		} else {
			t.user++
		}
	}
	if w.status != statusOK {
		t.addError(r)
	}
	if w.status == statusRejected || w.status == statusFailed {
		return // no latency
	}
	slot := t.slots.at(w.sched - t.meta.WindowStartNS)
	for _, g := range r.GapsUS {
		t.gaps.Add(g)
		slot.Add(int64(g))
	}
	if w.status == statusIncomplete {
		return // its last gap was cut; Step knows when
	}
	for i, slo := range t.meta.SLOs {
		if slo.good(w, r.GapsUS) {
			w.good |= 1 << i
		}
	}
}

func (t *Tally) addError(r *record.Request) {
	class := r.Class
	if class == "" {
		class = r.Status
	}
	if _, ok := t.errors[class]; !ok && len(t.errors) >= maxClasses {
		class = "other"
	}
	t.errors[class]++
	// The smallest sample, so that the order of the requests does not matter.
	if old, ok := t.samples[class]; r.Error != "" && (!ok || r.Error < old) {
		t.samples[class] = r.Error
	}
}

// cutAt is when an incomplete request was cut. One that was found without an end (after a kill) was
// cut with the step.
func (t *Tally) cutAt(w *row) int64 {
	if w.done > 0 {
		return w.done
	}
	return max(t.meta.EndNS, w.sched, w.sent, w.last)
}

func clampInt32(v int) int32 { return int32(min(max(v, 0), math.MaxInt32)) }

// The latencies of a request in ms, NaN if it does not have it. E2E and TPOT are of completed
// requests.

func (w *row) ttft() float64     { return msBetween(w.sched, w.first) }
func (w *row) ttftSent() float64 { return w.sinceSent(w.first) }

func (w *row) e2e() float64 {
	if w.status != statusOK {
		return math.NaN()
	}
	return msBetween(w.sched, w.done)
}

func (w *row) tpot() float64 {
	if w.status != statusOK || w.first == 0 || w.output < 2 {
		return math.NaN()
	}
	return float64(w.last-w.first) / 1e6 / float64(w.output-1)
}

func (w *row) sinceSent(at int64) float64 {
	if w.sent == 0 {
		return math.NaN()
	}
	return msBetween(w.sent, at)
}

// msBetween is the time between two stamps in ms, NaN if the second did not happen.
func msBetween(from, to int64) float64 {
	if to == 0 {
		return math.NaN()
	}
	return float64(to-from) / 1e6
}

// good tells whether a completed request is within every limit: its TTFT, TPOT and E2E, and for ITL
// the limit's own statistic over the request's gaps. A latency it does not have (TPOT of a single
// token) is within any limit.
func (s SLO) good(w *row, gapsUS []uint32) bool {
	for _, l := range s.Limits {
		ok := true
		switch l.Metric {
		case "ttft":
			ok = w.first > 0 && l.holds(w.ttft())
		case "e2e":
			ok = l.holds(w.e2e())
		case "tpot":
			v := w.tpot()
			ok = math.IsNaN(v) || l.holds(v)
		case "itl":
			ok = l.gapsHold(gapsUS)
		}
		if !ok {
			return false
		}
	}
	return true
}

// gapsHold tells whether the limit's statistic over the gaps of one request is within it. A
// percentile is, if as many gaps are within as its rank says: no sorting.
func (l Limit) gapsHold(gapsUS []uint32) bool {
	if len(gapsUS) == 0 {
		return true
	}
	var within int
	var sum uint64
	for _, g := range gapsUS {
		sum += uint64(g)
		if l.holds(float64(g) / 1e3) {
			within++
		}
	}
	if l.Stat == "mean" {
		return l.holds(float64(sum) / float64(len(gapsUS)) / 1e3)
	}
	return within >= stats.Rank(percentOf(l.Stat), len(gapsUS))
}

// percentOf is the percentile that a statistic's name says; max is 100, mean is 0.
func percentOf(stat string) float64 {
	switch stat {
	case "p50":
		return 50
	case "p90":
		return 90
	case "p95":
		return 95
	case "p99":
		return 99
	case "max":
		return 100
	}
	return 0
}
