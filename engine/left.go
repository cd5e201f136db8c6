package engine

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// forecast estimates how long a sweep still takes. It is a pure function of what it holds.
//
// A step is: time between steps, warm-up, window, drain. The window is planned. The warm-up is two
// E2E times of the step before; the drain of a rate that is held lasts one E2E time from its last
// arrival; that of one that is not held lasts as long as the server takes for what is in flight.
// E2E times of rates not yet measured follow from those that were: 1/E2E falls by about as much with
// every doubling of the rate (on the simulated A10 from 0.234 at 1 req/s by 0.033, 0.037, 0.032).
//
// What cannot be known beforehand is that a rate will not be held: its drain, up to the limit, is in
// the estimate from when requests pile up. Steps that --refine adds are in it when they are added.
type forecast struct {
	plan    Plan
	targets []TargetSnapshot
	probes  []time.Duration // E2E time of one request alone, by target; 0 = unknown
	groups  [][]int         // targets under load at the same time
	between time.Duration   // from the end of one step to the first moment of the next warm-up

	seen map[int][]measured // known, by target, kept for all of its steps
}

// firstBetween is the time between steps as long as none has passed: asking whether the server is
// idle, the round trips and the head start.
const firstBetween = headStart + 2*time.Second

// left is the time to the end of the sweep. Groups follow one another in every order of a plan.
func (f *forecast) left() time.Duration {
	var sum, idle time.Duration
	steps := 0
	for i := range f.targets {
		steps = max(steps, len(f.targets[i].Steps))
		if t := &f.targets[i]; t.State == StateIdling {
			idle = max(idle, min(t.StepElapsed, f.between))
		}
	}
	for k := range steps {
		for _, g := range f.groups {
			sum += f.step(g, k)
		}
	}
	return max(sum-idle, 0)
}

// step is what step k of a group still takes.
func (f *forecast) step(group []int, k int) time.Duration {
	var warm, tail, rest time.Duration
	pending := false
	for _, i := range group {
		t := &f.targets[i]
		if k >= len(t.Steps) {
			continue
		}
		switch t.Steps[k].Phase {
		case "pending":
			pending = true
			warm, tail = max(warm, f.warmup(i, k)), max(tail, f.drain(i, k))
		case "running":
			rest = max(rest, f.rest(i, k))
		case "void": // made again, alone
			rest = max(rest, f.between+f.warmup(i, k)+f.window(i, k)+f.drain(i, k))
		}
	}
	if pending {
		rest += f.between + warm + tail + f.plan.StepWindow(f.rate(group, k))
	}
	return rest
}

func (f *forecast) rate(group []int, k int) float64 {
	for _, i := range group {
		if k < len(f.targets[i].Steps) {
			return f.targets[i].Steps[k].Rate
		}
	}
	return 0
}

func (f *forecast) window(i, k int) time.Duration {
	return f.plan.StepWindow(f.targets[i].Steps[k].Rate)
}

// rest is what the step under way takes on target i, after which comes the time between steps.
func (f *forecast) rest(i, k int) time.Duration {
	t := &f.targets[i]
	phase := max(t.StepTotal-t.StepElapsed, 0)
	switch t.State {
	case StateWarmup:
		return phase + f.window(i, k) + f.drain(i, k)
	case StateMeasuring:
		return phase + f.drain(i, k)
	case StateDraining:
		alone := milliseconds(t.Now.ITL.P50 * float64(f.plan.Workload.OutputTokens))
		return min(phase, max(f.served(t, 0, f.drain(i, k)-t.StepElapsed), alone-t.StepElapsed))
	}
	return f.between + f.warmup(i, k) + f.window(i, k) + f.drain(i, k)
}

// served is how long a target takes for what is in flight and more requests; not known, it is guess.
// It counts tokens: a full server takes and ends requests in waves of one E2E time, so that the
// requests ended in ten seconds say little, and what is in flight has part of its tokens already.
func (f *forecast) served(t *TargetSnapshot, more float64, guess time.Duration) time.Duration {
	n, perSecond := float64(t.InFlight), t.Now.CompletedRPS
	if size := float64(f.plan.Workload.OutputTokens); size > 0 && t.Now.OutputTokPerS > 0 {
		began, got := stepBegan(t), 0.0
		for j := len(t.Series) - 1; j >= 0 && t.Series[j].T > began; j-- {
			got += t.Series[j].OutputTokens
		}
		n -= min(max(got/size-float64(t.OK), 0), n)
		perSecond = t.Now.OutputTokPerS / size
	}
	switch n += more; {
	case n == 0:
		return 0
	case perSecond > 0:
		return seconds64(n / perSecond)
	}
	return max(guess, 0)
}

// warmup is the length of the warm-up of step k on target i.
func (f *forecast) warmup(i, k int) time.Duration {
	if f.plan.Warmup.Fixed {
		return f.plan.Warmup.For
	}
	return warmupAfter(f.before(i, k))
}

// before is the E2E time that step k's warm-up goes by: that of the step before, or of the probe.
func (f *forecast) before(i, k int) time.Duration {
	steps := f.targets[i].Steps
	for j := k - 1; j >= 0; j-- {
		switch s := &steps[j]; {
		case s.Phase == "skipped" || s.Phase == "failed":
		case s.Summary == nil || s.Summary.E2E.P95 != nil:
			return f.e2e(i, j)
		}
	}
	return f.probes[i]
}

// drain is how long step k of target i takes from the end of its window: the last request came
// about one interval before.
func (f *forecast) drain(i, k int) time.Duration {
	e := f.e2e(i, k)
	if r := f.targets[i].Steps[k].Rate; r > 0 {
		e = max(e-seconds64(1/r), e/2)
	}
	return min(e, time.Duration(f.plan.Drain))
}

// e2e is the E2E time of late requests in step k of target i: measured, or as it will be.
func (f *forecast) e2e(i, k int) time.Duration {
	t := &f.targets[i]
	s := &t.Steps[k]
	if s.Summary != nil && s.Summary.E2E.P95 != nil {
		return milliseconds(*s.Summary.E2E.P95)
	}
	known := f.known(i)
	if k == t.Current && t.State == StateMeasuring {
		before := slices.DeleteFunc(slices.Clone(known), func(m measured) bool { return m.rate >= s.Rate })
		if g := growth(t, extrapolate(before, s.Rate, 0).Seconds()); g > 0 { // served after the window
			return f.served(t, g*(t.StepTotal-t.StepElapsed).Seconds(), 0)
		}
	}
	return extrapolate(known, s.Rate, f.plan.StepWindow(s.Rate))
}

// stepBegan is when the step under way began, in s since the sweep did.
func stepBegan(t *TargetSnapshot) (s float64) {
	for _, m := range t.Marks {
		if m.Kind == "step" {
			s = m.T
		}
	}
	return s
}

// growth is by how much a second the requests in flight grow in the step under way, 0 if they do not
// grow beyond chance. They fill up for one E2E time, which is not looked at.
func growth(t *TargetSnapshot, e2e float64) float64 {
	const shortest, longest = 10, 40 // s
	began := stepBegan(t)
	from := len(t.Series)
	for from > 0 && len(t.Series)-from < longest && t.Series[from-1].T > began+e2e+1 {
		from--
	}
	s := t.Series[from:]
	half := len(s) / 2
	if len(s) < shortest {
		return 0
	}
	first, last := 0.0, 0.0
	for i := range half {
		first += float64(s[i].InFlight) / float64(half)
		last += float64(s[len(s)-half+i].InFlight) / float64(half)
	}
	slope := (last - first) / float64(len(s)-half)
	if slope*float64(len(s)) < 3*math.Sqrt(max((first+last)/2, 1)) {
		return 0
	}
	return slope
}

// measured is the E2E time in s at one rate; held says whether the server kept up, and completed is
// how much it served if it did not.
type measured struct {
	rate, e2e float64
	held      bool
	completed float64
}

// known are the E2E times of target i by rate, ascending, one for each rate: the latest.
func (f *forecast) known(i int) []measured {
	k, ok := f.seen[i]
	if !ok {
		k = f.learn(i)
		if f.seen == nil {
			f.seen = map[int][]measured{}
		}
		f.seen[i] = k
	}
	return k
}

func (f *forecast) learn(i int) []measured {
	t := &f.targets[i]
	var out []measured
	if p := f.probes[i]; p > 0 {
		out = append(out, measured{0, p.Seconds(), true, 0})
	}
	for k := range t.Steps {
		s := &t.Steps[k]
		if sum := s.Summary; sum != nil && !sum.Verdict.Void {
			m := measured{s.Rate, 0, !sum.Verdict.Saturated, sum.CompletedRPS}
			if sum.E2E.P95 != nil {
				m.e2e = *sum.E2E.P95 / 1e3
			}
			out = append(out, m)
		} else if k == t.Current && t.Now.E2E.N >= minLiveE2E {
			out = append(out, measured{s.Rate, t.Now.E2E.P90 / 1e3, true, 0})
		}
	}
	slices.SortStableFunc(out, func(a, b measured) int { return cmp.Compare(a.rate, b.rate) })
	last := 0
	for j := range out {
		if out[j].rate != out[last].rate {
			last++
		}
		out[last] = out[j]
	}
	return out[:min(last+1, len(out))]
}

// minLiveE2E is how many requests must have ended in the last ten seconds for their E2E time to say
// something of the step.
const minLiveE2E = 5

// perDoubling is by what share 1/E2E falls with a doubling of the rate as long as nothing is known:
// on the published runs it is 2 to 17 %.
const perDoubling = 0.1

// extrapolate is the E2E time at a rate from those at others, which are in order of the rate. Without
// any it is 0.
func extrapolate(known []measured, rate float64, window time.Duration) time.Duration {
	var p, q measured // the two that are nearest below, or the lowest
	for _, m := range known {
		switch {
		case !m.held && m.rate <= rate && m.completed > 0: // the backlog of the window, at what was served
			return seconds64((rate/m.completed - 1) * window.Seconds())
		case m.held && m.e2e > 0 && (m.rate <= rate || q.rate == 0):
			p, q = q, m
		}
	}
	if q.rate == 0 || q.rate == rate { // alone, or as it is
		return seconds64(q.e2e)
	}
	slope := -perDoubling / q.e2e
	if p.rate > 0 {
		slope = min((1/q.e2e-1/p.e2e)/math.Log2(q.rate/p.rate), 0)
	}
	// No rate is taken to more than double the time: the line says little near its pole.
	inverse := max(1/q.e2e+slope*math.Log2(rate/q.rate), 0.5/q.e2e)
	return seconds64(1 / inverse)
}

// warmupAfter is the automatic warm-up after a step, or a probe, of this E2E time.
func warmupAfter(e2e time.Duration) time.Duration {
	return min(max(minWarmup, 2*e2e), maxWarmup)
}

func seconds64(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// left estimates the time to the end of the sweep.
func (r *Run) left(s *Snapshot) time.Duration {
	f := forecast{plan: r.plan, targets: s.Targets, groups: r.groups, between: time.Duration(r.between.Load())}
	for _, x := range r.runners {
		f.probes = append(f.probes, x.probeE2E)
	}
	return f.left()
}

// groupsOf are the targets under load at the same time, by index.
func (r *Run) groupsOf() [][]int {
	var out [][]int
	if r.plan.Order == "sequential" || r.plan.Order == "interleaved" {
		for _, x := range r.runners {
			out = append(out, []int{x.index})
		}
		return out
	}
	for _, g := range r.sideBySide() {
		var at []int
		for _, x := range g {
			at = append(at, x.index)
		}
		out = append(out, at)
	}
	return out
}

// restState is where a target is between two of its steps, and after the last.
func (x *runner) restState() State {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.strip {
		if s.Phase != "pending" && s.Phase != "void" {
			continue
		}
		if len(x.run.runners) == 1 {
			return StateIdling
		}
		return StateBarrier
	}
	return StateDone
}
