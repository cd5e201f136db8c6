package verdict

import (
	"math"

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
	return d
}
