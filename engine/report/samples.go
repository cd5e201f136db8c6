package report

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"benchtop/engine/record"
	"benchtop/engine/stats"
)

// samples are the requests of one step's window, reduced to what other tools' definitions need: 48
// bytes a request, and the gaps counted by value.
type samples struct {
	row    Row
	step   *record.Step
	reqs   []sample
	gaps   stats.Counter // of requests that succeeded
	gapSum moments       // of the same, in µs
	// perSecond counts the tokens that arrived in each second since the window opened.
	perSecond []float64
}

type sample struct {
	sent, first, last, done int64 // ns on the run's clock; 0 = did not happen
	prompt, output          int32
	status                  uint8
}

// The statuses of a sample, in GuideLLM's three classes.
const (
	successful = iota
	errored
	incomplete
)

// maxSeconds bounds perSecond: a day.
const maxSeconds = 86_400

// collect reads the requests of every row of the run, in one pass over requests.jsonl. Lines that
// cannot be read are told by the *record.SkippedError that is returned beside what could be.
func collect(dir string, run *record.Run) ([]*samples, error) {
	type key struct {
		target     string
		index, try int
	}
	var all []*samples
	byKey := map[key]*samples{}
	for _, r := range Rows(run) {
		for _, s := range r.Steps {
			c := &samples{row: r, step: s}
			all = append(all, c)
			byKey[key{s.Target, s.Index, s.Try}] = c
		}
	}
	var skipped *record.SkippedError
	any := false
	for r, err := range record.Requests(dir) {
		if errors.As(err, &skipped) {
			continue
		}
		if err != nil {
			return nil, err
		}
		any = true
		if s := byKey[key{r.Target, r.Step, r.Try}]; s != nil && !r.Warmup {
			s.add(r)
		}
	}
	for _, c := range all { // a killed process left no line of these: engine.Load counts them in the step
		for range c.step.Errors[record.ClassKilled] {
			c.reqs = append(c.reqs, sample{status: incomplete})
		}
	}
	switch {
	case !any && sentAny(run) && skipped != nil:
		return nil, fmt.Errorf("%w (%w)", errNoLines, skipped.Err)
	case !any && sentAny(run):
		return nil, errNoLines
	case skipped != nil:
		return all, skipped
	}
	return all, nil
}

// errNoLines is for a run folder that was copied without its largest file.
var errNoLines = errors.New("there is no request in requests.jsonl, though the run sent some: copy that file along")

func sentAny(run *record.Run) bool {
	return slices.ContainsFunc(run.Steps, func(s record.Step) bool { return s.Sent > 0 })
}

func (c *samples) add(r *record.Request) {
	s := sample{
		sent: r.SentNS, first: r.FirstTokenNS, last: r.LastTokenNS, done: r.DoneNS,
		prompt: int32(min(r.PromptTokens, math.MaxInt32)), output: int32(min(r.OutputTokens, math.MaxInt32)),
	}
	switch r.Status {
	case record.StatusOK:
		s.status = successful
	case record.StatusIncomplete:
		s.status = incomplete
	default:
		s.status = errored
	}
	c.reqs = append(c.reqs, s)
	if s.status != successful {
		return
	}
	perEvent := 1.0
	if r.Events > 0 && r.OutputTokens > 0 {
		perEvent = float64(r.OutputTokens) / float64(r.Events)
	}
	at := r.FirstTokenNS - c.step.WindowStartNS
	c.arrived(at, perEvent)
	for _, g := range r.GapsUS {
		c.gaps.Add(g)
		c.gapSum.add(float64(g))
		at += int64(g) * 1000
		c.arrived(at, perEvent)
	}
}

func (c *samples) arrived(sinceNS int64, tokens float64) {
	sec := sinceNS / 1e9
	if sinceNS < 0 || sec >= maxSeconds {
		return
	}
	for int64(len(c.perSecond)) <= sec {
		c.perSecond = append(c.perSecond, 0)
	}
	c.perSecond[sec] += tokens
}

// of returns what f says of every request that succeeded; NaN is left out.
func (c *samples) of(f func(*sample) float64) []float64 {
	var out []float64
	for i := range c.reqs {
		if s := &c.reqs[i]; s.status == successful {
			if v := f(s); !math.IsNaN(v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// The latencies of a request as tools see them that start their clock at the send; ms, NaN = none.

func (s *sample) ttft() float64 { return sinceMS(s.sent, s.first) }

// e2eToLast ends at the last token instead of the end of the stream.
func (s *sample) e2eToLast() float64 { return sinceMS(s.sent, s.last) }

// tpot is the time per output token after the first.
func (s *sample) tpot() float64 {
	if s.output < 2 {
		return math.NaN()
	}
	return sinceMS(s.first, s.last) / float64(s.output-1)
}

func sinceMS(from, to int64) float64 {
	if from == 0 || to == 0 {
		return math.NaN()
	}
	return float64(to-from) / 1e6
}

// moments accumulates mean and variance in one pass (Welford 1962).
type moments struct {
	n    float64
	mean float64
	m2   float64
}

func (m *moments) add(v float64) {
	m.n++
	d := v - m.mean
	m.mean += d / m.n
	m.m2 += d * (v - m.mean)
}

// std is the population standard deviation, as numpy's default.
func (m *moments) std() float64 {
	if m.n == 0 {
		return 0
	}
	return math.Sqrt(m.m2 / m.n)
}

func momentsOf(vs []float64) moments {
	var m moments
	for _, v := range vs {
		m.add(v)
	}
	return m
}

// linear is numpy's default percentile: linear interpolation between the two nearest ranks (Hyndman
// and Fan, type 7). vs is sorted; 0 for none.
func linear(vs []float64, p float64) float64 {
	return linearAt(len(vs), p, func(i int) float64 { return vs[i] })
}

// linearAt is linear over n values of which at gives the i-th smallest.
func linearAt(n int, p float64, at func(i int) float64) float64 {
	if n == 0 {
		return 0
	}
	h := p / 100 * float64(n-1)
	i := min(int(h), n-1)
	lo, hi := at(i), at(min(i+1, n-1))
	frac := h - float64(i)
	if frac >= 0.5 { // numpy's lerp, so that the last digit agrees
		return hi - (hi-lo)*(1-frac)
	}
	return lo + (hi-lo)*frac
}

// gapLinear is linear over the pooled gaps, in ms.
func (c *samples) gapLinear(p float64) float64 {
	n := int(c.gaps.N())
	return linearAt(n, p, func(i int) float64 {
		us, _ := c.gaps.PercentileUS(100 * float64(i+1) / float64(n))
		return us / 1e3
	})
}

func sorted(vs []float64) []float64 {
	slices.Sort(vs)
	return vs
}
