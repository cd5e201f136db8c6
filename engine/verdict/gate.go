package verdict

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
)

// Gate is one condition that a target must meet, or the program's exit code says so.
type Gate struct {
	Text   string
	Metric string  // capacity, goodput, errors, cost, ttft, itl, tpot or e2e
	Stat   string  // of a latency: p50, p90, p95, p99, mean or max
	Rate   float64 // the rate it is about; 0 for capacity, and for cost at capacity
	Op     string  // <, <=, > or >=
	// Value is the limit: req/s, a share from 0 to 1, USD per 1M output tokens, or ms.
	Value float64
}

// ParseGates reads conditions like "capacity>=8,ttft.p95@8<500ms,goodput@8>=0.95,errors@8<1%,
// cost<0.5". The error names every problem.
func ParseGates(texts ...string) ([]Gate, error) {
	var out []Gate
	var errs []error
	for _, text := range texts {
		for clause := range strings.SplitSeq(text, ",") {
			g, err := parseGate(strings.TrimSpace(clause))
			if err != nil {
				errs = append(errs, fmt.Errorf("gate %q: %w", strings.TrimSpace(clause), err))
				continue
			}
			out = append(out, g)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

func parseGate(clause string) (Gate, error) {
	i := strings.IndexAny(clause, "<>")
	if i < 0 {
		return Gate{}, errors.New("want NAME[@RATE], one of < <= > >=, and a limit, like capacity>=8 or ttft.p95@8<500ms")
	}
	g := Gate{Text: clause, Op: clause[i : i+1]}
	right := clause[i+1:]
	if r, ok := strings.CutPrefix(right, "="); ok {
		g.Op, right = g.Op+"=", r
	}
	left, rate, hasRate := strings.Cut(clause[:i], "@")
	if hasRate {
		v, err := strconv.ParseFloat(strings.TrimSpace(rate), 64)
		if err != nil || !(v > 0) || math.IsInf(v, 0) {
			return Gate{}, fmt.Errorf("rate %q: want a number above 0", rate)
		}
		g.Rate = v
	}
	var err error
	switch name := strings.TrimSpace(left); name {
	case "capacity", "cost":
		g.Metric = name
		g.Value, err = parseNumber(right)
		if err == nil && g.Value == 0 {
			err = fmt.Errorf("limit %q: want a number above 0", strings.TrimSpace(right))
		}
		if name == "capacity" && hasRate {
			err = errors.Join(err, errors.New("capacity is one number for all rates: leave out the @"))
		}
	case "goodput", "errors":
		g.Metric = name
		g.Value, err = parseShare(right)
	default:
		g.Metric, g.Stat, err = parseStat(left)
		if err != nil {
			return Gate{}, fmt.Errorf("want capacity, cost, goodput, errors or a latency: %w", err)
		}
		g.Value, err = parseMS(right)
	}
	if err == nil && !hasRate && g.Metric != "capacity" && g.Metric != "cost" {
		err = fmt.Errorf("say at which rate: %s@RATE", strings.TrimSpace(left))
	}
	return g, err
}

// parseNumber reads a number of 0 or more.
func parseNumber(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("limit %q: want a number of 0 or more", strings.TrimSpace(text))
	}
	return v, nil
}

// parseShare reads "0.95" or "95%".
func parseShare(text string) (float64, error) {
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return 0, fmt.Errorf("share %q: want 0 to 1, or a percentage", strings.TrimSpace(text))
	}
	return v, nil
}

// GateResult is one gate for one target.
type GateResult struct {
	Gate    Gate
	Target  string
	Outcome Outcome // Unknown: no usable step tells
	Text    string  // one line in words: "a10: ttft.p95@8<500ms: 620 ms, not met"
}

// EvalGates checks every gate for every target. slo is the objective that capacity is about.
func EvalGates(gates []Gate, slo SLO, targets []record.Target, steps []record.Step) []GateResult {
	var out []GateResult
	for _, t := range targets {
		c := CapacityOf(slo, t.Name, steps)
		for _, g := range gates {
			o, seen := g.eval(c, &t, steps)
			out = append(out, GateResult{Gate: g, Target: t.Name, Outcome: o,
				Text: fmt.Sprintf("%s: %s: %s, %s", t.Name, g.Text, seen, o)})
		}
	}
	return out
}

// eval is the outcome for one target and what was seen, in words.
func (g Gate) eval(c Capacity, t *record.Target, steps []record.Step) (Outcome, string) {
	switch {
	case g.Metric == "capacity":
		o := g.evalCapacity(c)
		seen := strings.TrimPrefix(c.String(), "unknown: ")
		if o == Unknown && len(c.Untrusted) > 0 && (c.Holds > 0 || c.Fails > 0) {
			seen += fmt.Sprintf(" (unclear at %s)", ratesText(c.Untrusted))
		}
		return o, seen
	case g.Metric == "cost" && g.Rate == 0 && c.Step == nil:
		return Unknown, strings.TrimPrefix(c.String(), "unknown: ")
	case g.Metric == "cost" && g.Rate == 0:
		return g.evalSteps([]*record.Step{c.Step}, t)
	}
	var at []*record.Step
	for i := range steps {
		if s := &steps[i]; s.Target == t.Name && s.Rate == g.Rate && Usable(s) {
			at = append(at, s)
		}
	}
	if len(at) == 0 {
		return Unknown, "no usable step at " + rateText(g.Rate) + " req/s"
	}
	return g.evalSteps(at, t)
}

// evalCapacity compares the gate with the rate that was shown to hold. It is unknown whether a
// target that never broke holds more, or what a step that cannot be trusted would have shown.
func (g Gate) evalCapacity(c Capacity) Outcome {
	more := strings.HasPrefix(g.Op, ">")
	if g.holds(c.Holds) == more && (more || c.Holds > 0) {
		return asOutcome(more)
	}
	if c.Fails == 0 {
		return Unknown
	}
	for _, r := range c.Untrusted {
		if r > c.Holds && r < c.Fails && g.holds(r) == more {
			return Unknown
		}
	}
	return asOutcome(!more)
}

func asOutcome(met bool) Outcome {
	if met {
		return Met
	}
	return NotMet
}

func (g Gate) holds(v float64) bool {
	switch g.Op {
	case "<":
		return v < g.Value
	case "<=":
		return v <= g.Value
	case ">":
		return v > g.Value
	}
	return v >= g.Value
}

// evalSteps compares the median of the repeats with the gate: of an even number the worse of the two
// in the middle, so that one of two is not enough. A lower bound ranks above all that is known.
func (g Gate) evalSteps(at []*record.Step, t *record.Target) (Outcome, string) {
	type value struct {
		v     float64
		bound bool
	}
	var values []value
	anyShort := false
	for _, s := range at {
		v, bound, ok := g.value(s, t)
		if !ok {
			return Unknown, "unknown"
		}
		anyShort = anyShort || TooShort(s)
		values = append(values, value{v, bound})
	}
	slices.SortFunc(values, func(a, b value) int {
		if a.bound != b.bound {
			return map[bool]int{true: 1, false: -1}[a.bound]
		}
		return cmp.Compare(a.v, b.v)
	})
	less := strings.HasPrefix(g.Op, "<")
	median := values[(len(values)-1)/2]
	if less {
		median = values[len(values)/2]
	}
	v, seen := median.v, g.text(median.v)
	if median.bound {
		seen = "above " + seen
		if less == g.holds(v) {
			return Unknown, seen
		}
	}
	if anyShort && g.flattered(v) {
		return Unknown, seen + " in a step too short to tell"
	}
	return asOutcome(g.holds(v)), seen
}

// flattered tells whether a longer step could turn the gate: in one that is too short the load, and
// with it latencies and errors, are below their level, as is what is served for the price.
func (g Gate) flattered(v float64) bool {
	less := strings.HasPrefix(g.Op, "<")
	switch g.Metric {
	case "goodput", "cost":
		return less != g.holds(v)
	}
	return less == g.holds(v)
}

// value is what a gate looks at in a step.
func (g Gate) value(s *record.Step, t *record.Target) (v float64, bound, ok bool) {
	if s == nil {
		return 0, false, false
	}
	var p *float64
	switch g.Metric {
	case "goodput":
		p = s.GoodShare
	case "errors":
		share, most := errorShare(s)
		return share, g.holds(share) != g.holds(most), true
	case "cost":
		p = CostOf(t.USDPerHour, s).PerMillionOutput
	default:
		return Value(s, g.Metric, g.Stat)
	}
	if p == nil {
		return 0, false, false
	}
	return *p, false, true
}

// text prints a value in the gate's unit.
func (g Gate) text(v float64) string {
	switch g.Metric {
	case "goodput", "errors":
		return beside(v, g.Value, 100, " %", func(v float64) string { return digits3(100*v) + " %" })
	case "cost":
		return "$" + beside(v, g.Value, 1, "", digits3) + " per 1M output tokens"
	}
	return beside(v, g.Value, 1, " ms", timeText)
}
