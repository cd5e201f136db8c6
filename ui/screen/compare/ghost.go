package compare

import (
	"cmp"
	"math"
	"slices"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui/chart"
	"benchtop/ui/screen"
)

// ghost is one target of a saved run that is shown beside the live ones.
type ghost struct {
	name  string
	info  record.Target
	gaps  screen.Metric            // ITL, or TPOT of a tool that keeps no single gaps
	steps map[float64]*record.Step // of each rate the usable one with the median TTFT
}

// ghostsOf are the targets of saved runs.
func ghostsOf(runs []*record.Run) []ghost {
	var out []ghost
	for _, r := range runs {
		for _, t := range r.Targets {
			g := ghost{name: t.Name + "@" + cmp.Or(r.Name, r.ID), info: t, gaps: screen.Gaps(r), steps: map[float64]*record.Step{}}
			usable := map[float64][]*record.Step{}
			for i := range r.Steps {
				if s := &r.Steps[i]; s.Target == t.Name && s.Verdict.Valid && !s.Verdict.Void {
					usable[s.Rate] = append(usable[s.Rate], s)
				}
			}
			for rate, steps := range usable {
				g.steps[rate] = middle(steps)
			}
			out = append(out, g)
		}
	}
	return out
}

// middle is the step with the median TTFT; of an even number the lower of the two. What is censored
// ranks last.
func middle(steps []*record.Step) *record.Step {
	p50 := func(s *record.Step) float64 {
		if s.TTFT.P50 == nil {
			return math.Inf(1)
		}
		return *s.TTFT.P50
	}
	slices.SortStableFunc(steps, func(a, b *record.Step) int { return cmp.Compare(p50(a), p50(b)) })
	return steps[(len(steps)-1)/2]
}

// quantiles is a metric of the ghost at a rate; N is 0 where it was not measured.
func (g *ghost) quantiles(m screen.Metric, rate float64) engine.Quantiles {
	s := g.steps[rate]
	if s == nil {
		return engine.Quantiles{}
	}
	d := &s.TTFT
	switch {
	case m == screen.ITL && g.gaps == screen.TPOT:
		d = &s.TPOT
	case m == screen.ITL:
		d = &s.ITL
	}
	if d.P50 == nil || d.P90 == nil || d.P99 == nil {
		return engine.Quantiles{} // censored: a live value cannot be held against a bound
	}
	return engine.Quantiles{N: uint64(s.TTFT.N), P50: *d.P50, P90: *d.P90, P99: *d.P99}
}

// line is a percentile of the ghost as a level under each step of a live target.
func (g *ghost) line(t *engine.TargetSnapshot, end float64, m screen.Metric, percentile int) []chart.Point {
	var out []chart.Point
	step := 0
	for i, mark := range t.Marks {
		if mark.Kind != "step" || step >= len(t.Steps) {
			continue
		}
		to := end
		for _, next := range t.Marks[i+1:] {
			if next.Kind == "step" {
				to = next.T
				break
			}
		}
		y := screen.Of(g.quantiles(m, t.Steps[step].Rate), percentile)
		out = append(out, chart.Point{X: mark.T, Y: y}, chart.Point{X: to, Y: y}, chart.Point{X: to, Y: math.NaN()})
		step++
	}
	return out
}
