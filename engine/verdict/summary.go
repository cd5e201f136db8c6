package verdict

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"benchtop/engine/record"
	"benchtop/engine/stats"
)

// Step is the summary of what was added so far. Fields that requests cannot tell (the path, the
// server's view, the verdict but for its KSP) are left empty. More requests may be added after it.
func (t *Tally) Step() record.Step {
	m := t.meta
	windowS := float64(max(m.WindowEndNS-m.WindowStartNS, 0)) / 1e9
	s := record.Step{
		Target: m.Target, Index: m.Index, Rate: m.Rate, Repeat: m.Repeat, Try: m.Try,
		StartedAt: m.StartedAt, StartNS: m.StartNS, WindowStartNS: m.WindowStartNS,
		WindowEndNS: m.WindowEndNS, EndNS: m.EndNS, Partial: m.Partial,
		WarmupS: float64(max(m.WindowStartNS-m.StartNS, 0)) / 1e9, WindowS: windowS,
		DrainS:         float64(max(m.EndNS-m.WindowEndNS, 0)) / 1e9,
		NewConnections: t.newConns, Redials: t.redial, Stamps: t.stamps(),
	}
	if len(t.errors) > 0 {
		s.Errors, s.ErrorSamples = maps.Clone(t.errors), maps.Clone(t.samples)
	}
	if t.events > 0 {
		s.CoalescedShare = float64(t.coalesced) / float64(t.events)
		s.TokensPerEvent = ptr(float64(t.tokens) / float64(t.events))
	}
	slices.SortFunc(t.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.sched, b.sched), cmp.Compare(a.k, b.k))
	})
	t.count(&s)
	t.throughput(&s)
	t.latencies(&s)
	t.inFlight(&s)
	t.goodput(&s)
	return s
}

// window calls f for every request of the window that was sent, or would have been but for an
// error, in schedule order.
func (t *Tally) window(f func(w *row)) {
	for i := range t.rows {
		w := &t.rows[i]
		if w.warmup || w.sched >= t.meta.WindowEndNS {
			continue
		}
		f(w)
	}
}

func (t *Tally) count(s *record.Step) {
	prompt, output := newRange(), newRange()
	t.window(func(w *row) {
		s.Sent++
		switch w.status {
		case statusOK:
			s.OK++
			prompt.add(w.prompt)
			output.add(w.output)
		case statusRejected:
			s.Rejected++
		case statusFailed:
			s.Failed++
		case statusIncomplete:
			s.Incomplete++
		}
	})
	s.PromptTokensMin, s.PromptTokensMax = prompt.bounds()
	s.OutputTokensMin, s.OutputTokensMax = output.bounds()
	if s.WindowS > 0 {
		s.OfferedRPS = float64(s.Sent) / s.WindowS
	}
}

// throughput counts what arrived inside the window, whichever request asked for it. A prompt
// counts when its first token arrives.
func (t *Tally) throughput(s *record.Step) {
	if s.WindowS <= 0 {
		return
	}
	inside := func(ns int64) bool { return ns >= t.meta.WindowStartNS && ns < t.meta.WindowEndNS }
	var prompts int64
	begun := false
	for i := range t.rows {
		w := &t.rows[i]
		if w.status == statusOK && inside(w.done) {
			s.CompletedInWindow++
		}
		if w.first != 0 && inside(w.first) {
			begun = true
			prompts += int64(w.prompt)
		}
	}
	s.CompletedRPS = float64(s.CompletedInWindow) / s.WindowS
	s.OutputTokensPerS = ptr(float64(t.tokensInWindow) / s.WindowS)
	if begun && prompts == 0 {
		return // a server without usage does not tell how long its prompts were
	}
	s.PromptTokensPerS = ptr(float64(prompts) / s.WindowS)
	s.TotalTokensPerS = ptr(float64(t.tokensInWindow+prompts) / s.WindowS)
}

func (t *Tally) latencies(s *record.Step) {
	bounds := map[string]float64{}
	s.TTFT = t.dist("ttft", bounds, (*row).ttft, func(w *row, cut int64) float64 { return msBetween(w.sched, cut) })
	s.TTFTSent = t.dist("ttft_sent", bounds, (*row).ttftSent, (*row).sinceSent)
	s.TPOT = t.dist("tpot", bounds, (*row).tpot, t.tpotAge)
	s.E2E = t.dist("e2e", bounds, (*row).e2e, func(w *row, cut int64) float64 { return msBetween(w.sched, cut) })
	s.ITL = t.itl(bounds)
	if len(bounds) > 0 {
		s.LowerBounds = bounds
	}
	var lag series
	t.window(func(w *row) {
		lag.add(msBetween(w.sched, w.sent))
		if w.status == statusIncomplete {
			s.Censored++
		}
	})
	s.SendLag = lag.dist("send_lag", nil)
	dropIntervals(s)
}

// dist summarises a latency of the requests that completed or were cut. One that was cut may still
// have the latency (TTFT, if the first token had come); else it is censored at its age.
func (t *Tally) dist(name string, bounds map[string]float64, of func(*row) float64, age func(w *row, cut int64) float64) record.Dist {
	var v series
	t.window(func(w *row) {
		if w.status != statusOK && w.status != statusIncomplete {
			return
		}
		ms := of(w)
		if w.status == statusIncomplete && math.IsNaN(ms) {
			v.addCensored(age(w, t.cutAt(w)))
			return
		}
		v.add(ms)
	})
	return v.dist(name, bounds)
}

// tpotAge is what the TPOT of a request that was cut would be had all its missing tokens come at
// once.
func (t *Tally) tpotAge(w *row, cut int64) float64 {
	all := max(int(w.output), t.meta.OutputTokens)
	switch {
	case w.first == 0:
		return 0
	case all < 2:
		return math.NaN()
	}
	return msBetween(w.first, cut) / float64(all-1)
}

// itl summarises all gaps pooled. A request that was cut adds its last, unfinished gap.
func (t *Tally) itl(bounds map[string]float64) record.Dist {
	c := &t.gaps
	c.ResetCensored()
	t.window(func(w *row) {
		if w.status == statusIncomplete && w.last > 0 {
			c.AddCensored(gapUS(t.cutAt(w) - w.last))
		}
	})
	d := record.Dist{N: int(c.N())}
	if d.N == 0 {
		return d
	}
	for _, p := range percentiles {
		us, bound := c.PercentileUS(p.p)
		if bound {
			bounds["itl_"+p.name+"_ms"] = us / 1e3
			continue
		}
		*p.field(&d) = ptr(us / 1e3)
	}
	if us, ok := c.MeanUS(); ok {
		d.Mean = ptr(us / 1e3)
	}
	if us, ok := c.MaxUS(); ok {
		d.Max = ptr(float64(us) / 1e3)
	}
	setIntervals(&d, c.PooledIntervals(t.slots.hists[:], levels()...))
	return d
}

// maxT stands for the infinite t of a line that no point misses, which JSON cannot hold.
const maxT = 1e9

func (t *Tally) inFlight(s *record.Step) {
	spans := make([]span, 0, len(t.rows))
	var sentSum float64 // s, of requests of the window
	var sent int
	for i := range t.rows {
		w := &t.rows[i]
		if w.sent == 0 {
			continue
		}
		end := t.cutAt(w)
		spans = append(spans, span{w.sent, end})
		if !w.warmup {
			sentSum += float64(end-w.sent) / 1e9
			sent++
		}
	}
	l := loadOf(spans, t.meta.WindowStartNS, t.meta.WindowEndNS)
	s.MaxInFlight, s.MeanInFlight = l.max, l.mean
	s.InFlightSlope, s.InFlightSlopeT = l.slope, min(max(l.t, -maxT), maxT)
	// Little's law: in flight = arrivals per second × mean time in flight.
	if l.mean > 0 && sent > 0 && s.WindowS > 0 {
		s.LittleResidual = ptr(math.Abs(l.mean-sentSum/s.WindowS) / l.mean)
	}
	if p, ok := t.poissonP(); ok {
		s.Verdict.KSP = ptr(p)
	}
}

// poissonP is the p value of the gaps between sends in the window against the exponential
// distribution of the offered rate.
func (t *Tally) poissonP() (float64, bool) {
	if t.meta.Arrivals != "poisson" && t.meta.Arrivals != "poisson-free" {
		return 0, false
	}
	var at []int64
	t.window(func(w *row) {
		if w.sent > 0 {
			at = append(at, w.sent)
		}
	})
	window := float64(t.meta.WindowEndNS - t.meta.WindowStartNS)
	if len(at) < 5 || window <= 0 {
		return 0, false
	}
	slices.Sort(at)
	gaps := make([]float64, len(at)-1)
	for i := range gaps {
		gaps[i] = float64(at[i+1] - at[i])
	}
	return stats.KSExponential(gaps, window/float64(len(at))), true
}

// stamps says who stamped the receipt of the tokens.
func (t *Tally) stamps() string {
	switch {
	case t.kernel > 0 && t.user > 0:
		return "mixed"
	case t.kernel > 0:
		return "kernel"
	case t.user > 0:
		return "user"
	}
	return ""
}

// intRange is a minimum and maximum of the values above 0.
type intRange struct{ lo, hi int32 }

func newRange() intRange { return intRange{lo: math.MaxInt32} }

func (r *intRange) add(v int32) {
	if v > 0 {
		r.lo, r.hi = min(r.lo, v), max(r.hi, v)
	}
}

func (r *intRange) bounds() (lo, hi int) {
	if r.hi == 0 {
		return 0, 0
	}
	return int(r.lo), int(r.hi)
}

func ptr[T any](v T) *T { return &v }

// gapUS rounds a gap in ns to µs as the recorder does: half up, and within 32 bits.
func gapUS(ns int64) uint32 {
	return uint32(min(max((ns+500)/1000, 0), math.MaxUint32))
}
