package report

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// Pair is two targets that are compared; the deltas are from Base to Other.
type Pair struct {
	Base, Other         record.Target
	BaseRun, OtherRun   *record.Run
	BaseLabel, OthLabel string
	Rates               []RatePair // rates that both measured, rising
}

// RatePair is one rate of a Pair.
type RatePair struct {
	Rate        float64
	Base, Other Row
}

// A Change is how one number differs between two rows.
type Change struct {
	Base, Other Value
	// Percent is the change from Base to Other; NaN if either does not exist or is a lower bound.
	Percent float64
	// Significant is Met if the difference is more than noise, NotMet if it is not, Unknown if
	// nothing tells (one of the two has no interval).
	Significant verdict.Outcome
}

// changeMetrics are the numbers that a comparison looks at.
var changeMetrics = []string{"ttft.p50", "ttft.p95", "ttft.p99", "itl.p50", "itl.p95", "itl.p99", "tpot.p50", "tpot.p95", "e2e.p50", "e2e.p95",
	"completed", "tokens", "cost", "goodput"}

// Pairs says which targets are compared. Of two or more runs, each target of a later run with the
// one of the same name in the first, or if no name is shared with the first's only or first target;
// of one run, each target with the first.
func Pairs(runs ...*record.Run) []Pair {
	if len(runs) == 0 || len(measured(runs[0])) == 0 {
		return nil
	}
	base := runs[0]
	targets := measured(base)
	if len(runs) == 1 {
		var out []Pair
		for _, t := range targets[1:] {
			out = append(out, pairOf(base, targets[0], base, t))
		}
		return out
	}
	var out []Pair
	for _, run := range runs[1:] {
		mine := measured(run)
		shared := slices.ContainsFunc(mine, func(t record.Target) bool { return hasTarget(targets, t.Name) })
		for _, t := range mine {
			switch {
			case hasTarget(targets, t.Name):
				out = append(out, pairOf(base, targetOf(base, t.Name), run, t))
			case !shared:
				out = append(out, pairOf(base, targets[0], run, t))
			}
		}
	}
	return out
}

func hasTarget(targets []record.Target, name string) bool {
	return slices.ContainsFunc(targets, func(t record.Target) bool { return t.Name == name })
}

func pairOf(baseRun *record.Run, base record.Target, otherRun *record.Run, other record.Target) Pair {
	p := Pair{Base: base, Other: other, BaseRun: baseRun, OtherRun: otherRun, BaseLabel: label(baseRun, base), OthLabel: label(otherRun, other)}
	if p.BaseLabel == p.OthLabel {
		name := func(run *record.Run, n int) string {
			if run.Name != "" && baseRun.Name != otherRun.Name {
				return run.Name
			}
			if run.ID != "" && baseRun.ID != otherRun.ID {
				return run.ID
			}
			return fmt.Sprint("run ", n)
		}
		p.BaseLabel += " (" + name(baseRun, 1) + ")"
		p.OthLabel += " (" + name(otherRun, 2) + ")"
	}
	theirs := Rows(otherRun)
	for _, a := range Rows(baseRun) {
		if a.Target.Name != base.Name {
			continue
		}
		if i := slices.IndexFunc(theirs, func(b Row) bool { return b.Target.Name == other.Name && b.Rate == a.Rate }); i >= 0 {
			p.Rates = append(p.Rates, RatePair{Rate: a.Rate, Base: a, Other: theirs[i]})
		}
	}
	return p
}

// Change compares one metric of the pair's rows, like "ttft.p95", "completed" or "cost". Rows without
// evidence are not compared: the values are there, the significance is unknown. Goodputs by different
// objectives have nothing to do with each other.
func (p RatePair) Change(metric string) Change {
	c := Change{Base: p.Base.metric(metric), Other: p.Other.metric(metric), Percent: math.NaN(), Significant: verdict.Unknown}
	if !c.Base.OK || !c.Other.OK || c.Base.Bound || c.Other.Bound || c.Base.V <= 0 {
		return c
	}
	if metric == "goodput" && !slices.Equal(p.Base.objectives(), p.Other.objectives()) {
		return c
	}
	c.Percent = 100 * (c.Other.V - c.Base.V) / c.Base.V
	if p.Base.evidence() && p.Other.evidence() {
		c.Significant = p.significant(metric)
	}
	return c
}

// evidence says whether the row has a usable step.
func (r Row) evidence() bool { return slices.ContainsFunc(r.Steps, verdict.Usable) }

// objectives are those that the row's goodput is by.
func (r Row) objectives() []string {
	var out []string
	for _, o := range r.Usable()[0].SLOs {
		out = append(out, o.SLO)
	}
	return out
}

// metric is a number of the row by the name that a Change has.
func (r Row) metric(name string) Value {
	m, stat, isLatency := strings.Cut(name, ".")
	return r.Median(func(s *record.Step) Value {
		if isLatency {
			return statOf(s, m, stat)
		}
		switch m {
		case "completed":
			return Value{V: s.CompletedRPS, OK: s.WindowS > 0}
		case "tokens":
			return exact(s.OutputTokensPerS)
		case "cost":
			return exact(verdict.CostOf(r.Target.USDPerHour, s).PerMillionOutput)
		case "goodput":
			return exact(s.GoodputRPS)
		}
		return Value{}
	})
}

// significant: two percentiles differ if their 99 % intervals do not overlap (see stats.Interval);
// for other numbers see ratesDiffer. With repetitions, the ranges over them must not overlap either.
func (p RatePair) significant(metric string) verdict.Outcome {
	m, stat, isLatency := strings.Cut(metric, ".")
	if len(p.Base.Usable()) > 1 || len(p.Other.Usable()) > 1 {
		alo, ahi := p.Base.span(metric)
		blo, bhi := p.Other.span(metric)
		if alo <= bhi && blo <= ahi {
			return verdict.NotMet
		}
	}
	a, b := p.Base.medianStep(metric), p.Other.medianStep(metric)
	if !isLatency {
		return ratesDiffer(metric, a, b, p.Base.of(a).metric(metric).V, p.Other.of(b).metric(metric).V)
	}
	x, okA := distOf(a, m).CI99[stat]
	y, okB := distOf(b, m).CI99[stat]
	switch {
	case !okA || !okB:
		return verdict.Unknown
	case x[1] < y[0] || y[1] < x[0]:
		return verdict.Met
	}
	return verdict.NotMet
}

// of is the row as if it had this step alone.
func (r Row) of(s *record.Step) Row {
	return Row{Rate: r.Rate, Target: r.Target, Steps: []*record.Step{s}}
}

// span is the smallest and the largest value over repetitions; a lower bound reaches to +∞.
func (r Row) span(metric string) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range r.Usable() {
		v := r.of(s).metric(metric)
		if !v.OK {
			continue
		}
		lo, hi = min(lo, v.V), max(hi, v.V)
		if v.Bound {
			hi = math.Inf(1)
		}
	}
	return lo, hi
}

// medianStep is the step of the row's evidence with the median value of a metric.
func (r Row) medianStep(metric string) *record.Step {
	steps := slices.Clone(r.Usable())
	slices.SortStableFunc(steps, func(a, b *record.Step) int {
		return cmp.Compare(r.of(a).metric(metric).V, r.of(b).metric(metric).V)
	})
	return steps[(len(steps)-1)/2]
}

// ratesDiffer tells whether two values that go by how many requests ended, such as completed req/s,
// tokens and their price, are more than three standard deviations apart. The relative error of each
// is that of a Poisson count, which has more noise than completions of one schedule.
func ratesDiffer(metric string, a, b *record.Step, va, vb float64) verdict.Outcome {
	variance := func(s *record.Step, v float64) float64 {
		rps := s.CompletedRPS
		if metric == "goodput" {
			rps = v
		}
		if v == 0 {
			return 0
		}
		return v * v / (rps * s.WindowS) // +Inf or NaN if the count is not known
	}
	noise := variance(a, va) + variance(b, vb)
	switch {
	case !(noise > 0) || math.IsInf(noise, 0):
		return verdict.Unknown
	case math.Abs(va-vb) > 3*math.Sqrt(noise):
		return verdict.Met
	}
	return verdict.NotMet
}

// text is the change in a cell: "+23 %", "n.s.", "+23 % ?" where significance is unknown.
func (c Change) text() string {
	switch {
	case math.IsNaN(c.Percent):
		return "–"
	case c.Significant == verdict.NotMet:
		return "n.s."
	}
	text := percent(c.Percent)
	if c.Significant == verdict.Unknown {
		text += " ?"
	}
	return text
}

// percent is a change with its sign and two digits.
func percent(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1000:
		return fmt.Sprintf("×%s", digits(1+v/100))
	case a >= 10:
		return fmt.Sprintf("%+.0f %%", v)
	}
	return fmt.Sprintf("%+.1f %%", v)
}

// errNothingToCompare is for runs that share no rate.
var errNothingToCompare = errors.New("nothing to compare: no two targets were measured at the same rate")

// errOneTarget is for a run that has nothing beside it.
var errOneTarget = errors.New("nothing to compare: one run with fewer than two targets; name another run to compare it with")

// Compare writes the deltas of every pair as a table (format table, md or csv), with what a reader
// must know to trust them.
func Compare(opt TableOptions, format string, runs ...*record.Run) (string, error) {
	pairs := slices.DeleteFunc(Pairs(runs...), func(p Pair) bool { return len(p.Rates) == 0 })
	if len(runs) == 1 && len(measured(runs[0])) < 2 {
		return "", errOneTarget
	}
	if len(pairs) == 0 {
		return "", errNothingToCompare
	}
	switch format {
	case "csv":
		return compareCSV(pairs), nil
	case "table", "md":
	default:
		return "", fmt.Errorf("-o %q is not a format; want table, csv or md", format)
	}
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteString("\n")
		}
		p.write(&b, opt, format == "md")
	}
	return b.String(), nil
}
