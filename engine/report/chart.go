package report

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// chart is a figure over the request rate, before it is drawn.
type chart struct {
	id     string // file name without its end
	title  string
	axis   string // of y, with its unit
	format func(v float64) string
	log    bool // y; x is always logarithmic
	lines  []line
	limits []limit
	xs     []float64 // nominal rates, rising
}

// line is one target's points, by rising rate.
type line struct {
	name   string
	target int  // its colour and marker
	dashed bool // a high percentile beside its median
	points []point
}

type point struct {
	x, y  float64
	bound bool // y is a lower bound
	weak  bool // saturated or not evidence: drawn hollow
}

type limit struct {
	y    float64
	text string
}

// anyWeak says whether one of the points is drawn hollow.
func (c chart) anyWeak() bool {
	return slices.ContainsFunc(c.lines, func(l line) bool {
		return slices.ContainsFunc(l.points, func(p point) bool { return p.weak })
	})
}

// charts are the figures of a run; one without any value is left out.
func charts(run *record.Run) []chart {
	gaps, title := gapMetric(run)
	title = title[:len(title)-len(" ms")]
	latency := func(id, title, metric string, log bool) chart {
		c := chart{id: id, title: title + " by request rate, p50 and p95", axis: title + " (log scale)", format: duration, log: log}
		c.limits = c.limitsOf(run, metric)
		if !log {
			c.axis = title
		}
		c.add(run, "", false, func(s *record.Step, _ record.Target) Value { return statOf(s, metric, "p50") })
		c.add(run, " p95", true, func(s *record.Step, _ record.Target) Value { return statOf(s, metric, "p95") })
		return c
	}
	all := []chart{latency("ttft", "TTFT", "ttft", true), latency(gaps, title, gaps, false)}
	done := chart{id: "completed", title: "Completed against nominal rate", axis: "completed req/s (log scale)", format: digits, log: true}
	done.add(run, "", false, func(s *record.Step, _ record.Target) Value { return Value{V: s.CompletedRPS, OK: s.CompletedRPS > 0} })
	cost := chart{id: "cost", title: "Cost of output by request rate", axis: "USD per million output tokens (log scale)", format: usd, log: true}
	cost.add(run, "", false, func(s *record.Step, t record.Target) Value {
		return exact(verdict.CostOf(t.USDPerHour, s).PerMillionOutput)
	})
	all = append(all, done, cost)
	return slices.DeleteFunc(all, func(c chart) bool { return len(c.lines) == 0 })
}

// add adds a line for each target.
func (c *chart) add(run *record.Run, suffix string, dashed bool, f func(*record.Step, record.Target) Value) {
	rows := Rows(run)
	for i, t := range measured(run) {
		l := line{name: label(run, t) + suffix, target: i, dashed: dashed}
		for _, r := range rows {
			if r.Target.Name != t.Name || !(r.Rate > 0) {
				continue
			}
			v := r.Median(func(s *record.Step) Value { return f(s, t) })
			if !v.OK || !(v.V > 0) || math.IsInf(v.V, 0) {
				continue
			}
			weak := !r.evidence() || slices.ContainsFunc(r.Usable(), func(s *record.Step) bool { return s.Verdict.Saturated })
			l.points = append(l.points, point{x: r.Rate, y: v.V, bound: v.Bound, weak: weak})
			if !slices.Contains(c.xs, r.Rate) {
				c.xs = append(c.xs, r.Rate)
			}
		}
		if len(l.points) > 0 {
			c.lines = append(c.lines, l)
		}
	}
	slices.Sort(c.xs)
}

// limitsOf are the objectives' limits on a metric.
func (c *chart) limitsOf(run *record.Run, metric string) []limit {
	slo := Objective(run)
	var out []limit
	for _, l := range slo.Limits {
		if l.Metric == metric {
			out = append(out, limit{y: l.MS, text: "SLO " + l.Stat + " " + c.tick(l.MS)})
		}
	}
	return out
}

// span is the range of y, widened to the ticks around it.
func (c *chart) span() (lo, hi float64, ticks []float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, l := range c.lines {
		for _, p := range l.points {
			lo, hi = min(lo, p.y), max(hi, p.y)
		}
	}
	for _, l := range c.limits {
		lo, hi = min(lo, l.y), max(hi, l.y)
	}
	if c.log {
		ticks = logTicks(lo, hi)
	} else {
		ticks = linearTicks(hi)
	}
	return ticks[0], ticks[len(ticks)-1], ticks
}

// tick is a value without the zeros that say nothing on an axis: "20 s", not "20.0 s".
func (c *chart) tick(v float64) string {
	number, unit, _ := strings.Cut(c.format(v), " ")
	if strings.Contains(number, ".") {
		number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
	}
	if number == "" || number == "$" {
		number += "0"
	}
	return strings.TrimSpace(number + " " + unit)
}

// logTicks are 1, 2 and 5 times powers of ten from below lo to above hi; powers of ten alone if
// that were too many.
func logTicks(lo, hi float64) []float64 {
	for _, steps := range [][]float64{{1, 2, 5}, {1}} {
		var out []float64
		for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
			for _, m := range steps {
				v, _ := strconv.ParseFloat(strconv.FormatFloat(m*math.Pow(10, e), 'g', 3, 64), 64)
				switch {
				case v <= lo:
					out = []float64{v}
				case len(out) == 0 || out[len(out)-1] < hi:
					out = append(out, v)
				}
			}
		}
		if len(out) == 1 {
			out = append(out, out[0]*10)
		}
		if len(out) <= 10 || len(steps) == 1 {
			return out
		}
	}
	return nil
}

// linearTicks are at most six round steps from 0 to above hi.
func linearTicks(hi float64) []float64 {
	power := math.Pow(10, math.Floor(math.Log10(hi/5)))
	step := power
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step = m * power; hi/step <= 5 {
			break
		}
	}
	out := []float64{0}
	for i := 1; out[len(out)-1] < hi; i++ {
		out = append(out, float64(i)*step)
	}
	return out
}

// xPart is where a rate stands between the first and the last, from 0 to 1.
func (c *chart) xPart(x float64) float64 {
	lo, hi := c.xs[0], c.xs[len(c.xs)-1]
	if lo == hi {
		return 0.5
	}
	return math.Log(x/lo) / math.Log(hi/lo)
}

// yPart is where a value stands within the span, from 0 (bottom) to 1.
func (c *chart) yPart(y, lo, hi float64) float64 {
	if c.log {
		return math.Log(y/lo) / math.Log(hi/lo)
	}
	return (y - lo) / (hi - lo)
}
