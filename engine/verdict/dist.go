package verdict

import (
	"fmt"
	"math"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/stats"
)

// percentiles are those that a record.Dist holds.
var percentiles = []struct {
	name  string
	p     float64
	field func(*record.Dist) **float64
}{
	{"p50", 50, func(d *record.Dist) **float64 { return &d.P50 }},
	{"p90", 90, func(d *record.Dist) **float64 { return &d.P90 }},
	{"p95", 95, func(d *record.Dist) **float64 { return &d.P95 }},
	{"p99", 99, func(d *record.Dist) **float64 { return &d.P99 }},
}

// series is one latency of the requests of a window, in ms and in schedule order.
type series struct {
	sample stats.Sample
	inTime []float64 // as sample, but in order; censored values are +Inf
}

func (s *series) add(ms float64) {
	if math.IsNaN(ms) {
		return
	}
	s.sample.Add(ms)
	s.inTime = append(s.inTime, ms)
}

func (s *series) addCensored(age float64) {
	if math.IsNaN(age) {
		return
	}
	s.sample.AddCensored(age)
	s.inTime = append(s.inTime, math.Inf(1))
}

// dist summarises the series; percentiles that are only known from below go to bounds under
// name_pNN_ms.
func (s *series) dist(name string, bounds map[string]float64) record.Dist {
	d := record.Dist{N: s.sample.N()}
	if d.N == 0 {
		return d
	}
	for _, p := range percentiles {
		v, bound := s.sample.Percentile(p.p)
		if bound {
			bounds[name+"_"+p.name+"_ms"] = v
			continue
		}
		*p.field(&d) = ptr(v)
	}
	if v, ok := s.sample.Mean(); ok {
		d.Mean = ptr(v)
	}
	if v, ok := s.sample.Max(); ok {
		d.Max = ptr(v)
	}
	setIntervals(&d, stats.Intervals(s.inTime, levels()...))
	return d
}

// levels are the percentiles of a Dist as numbers.
func levels() []float64 {
	out := make([]float64, len(percentiles))
	for i, p := range percentiles {
		out[i] = p.p
	}
	return out
}

// How many times the median E2E a window must be long for intervals. A server forgets its load about
// as fast as it serves a request; a window of a few such times has seen one state of it, however
// many requests that were, and an interval would speak of that state only. Comparisons ask for less:
// both sides have seen as little, and what matters is how often equals pass for different, which
// TestComparisons simulates.
const (
	minResidences   = 10
	minResidences99 = 3
)

// dropIntervals takes away the intervals that the step's window is too short for.
func dropIntervals(s *record.Step) {
	e2e, _, ok := Value(s, "e2e", "p50") // a lower bound will do
	if !ok || e2e <= 0 || s.WindowS*1e3 >= minResidences*e2e {
		return
	}
	residences := s.WindowS * 1e3 / e2e
	note := fmt.Sprintf("the window is %s times the median E2E, too short: want %d", digits3(residences), minResidences)
	for _, d := range []*record.Dist{&s.TTFT, &s.ITL, &s.TPOT, &s.E2E, &s.TTFTSent, &s.SendLag} {
		d.CI95 = nil
		if residences < minResidences99 {
			d.CI99 = nil
		}
		if d.N > 0 {
			d.CINote = note
		}
	}
}

// setIntervals stores the intervals of the percentiles in a Dist, and why those that are missing
// are.
func setIntervals(d *record.Dist, in []stats.Interval) {
	var notes []string
	for i, v := range in {
		name := percentiles[i].name
		if *percentiles[i].field(d) == nil { // censored
			continue
		}
		if !v.OK {
			notes = append(notes, name+": "+v.Why)
		}
		set(&d.CI95, name, v.OK, v.Lo, v.Hi)
		set(&d.CI99, name, v.OK99, v.Lo99, v.Hi99)
	}
	d.CINote = strings.Join(notes, "; ")
}

// set stores an interval that exists.
func set(m *map[string][2]float64, name string, ok bool, lo, hi float64) {
	if !ok {
		return
	}
	if *m == nil {
		*m = map[string][2]float64{}
	}
	(*m)[name] = [2]float64{lo, hi}
}
