package verdict

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
)

// Limit is one clause of an objective: a statistic of a latency must stay below a value.
type Limit struct {
	Metric string  // ttft, itl, tpot or e2e
	Stat   string  // p50, p90, p95, p99, mean or max
	MS     float64 // > 0
	// Equal also allows the value itself ("<=").
	Equal bool
}

// String is the clause as ParseSLO reads it, with the limit in ms.
func (l Limit) String() string {
	op := "<"
	if l.Equal {
		op = "<="
	}
	return fmt.Sprintf("%s.%s%s%sms", l.Metric, l.Stat, op, strconv.FormatFloat(l.MS, 'f', -1, 64))
}

// holds tells whether a value in ms is within the limit.
func (l Limit) holds(ms float64) bool { return ms < l.MS || l.Equal && ms == l.MS }

// SLO is a latency objective: all its limits at once. Without limits every step that keeps up
// meets it.
type SLO struct {
	Text   string // as given: the clauses, or the preset's name
	Limits []Limit
	Source string // where a preset's figures come from
}

// String is the objective in clauses, whatever name it was given by.
func (s SLO) String() string {
	parts := make([]string, len(s.Limits))
	for i, l := range s.Limits {
		parts[i] = l.String()
	}
	return strings.Join(parts, ",")
}

// The words an objective is made of.
var (
	metrics    = []string{"ttft", "itl", "tpot", "e2e"}
	statistics = []string{"p50", "p90", "p95", "p99", "mean", "max"}
)

// ParseSLO reads "ttft.p95<500ms,itl.p95<50ms" or the name of a preset. The error names every
// problem in the text.
func ParseSLO(text string) (SLO, error) {
	text = strings.TrimSpace(text)
	if p, ok := presets[strings.ToLower(text)]; ok {
		p.Text = strings.ToLower(text)
		return p, nil
	}
	s := SLO{Text: text}
	var errs []error
	seen := map[string]bool{}
	for clause := range strings.SplitSeq(text, ",") {
		l, err := parseLimit(strings.TrimSpace(clause))
		key := l.Metric + "." + l.Stat
		switch {
		case err != nil:
			errs = append(errs, err)
		case seen[key]:
			errs = append(errs, fmt.Errorf("slo %q: %s has two limits", clause, key))
		default:
			seen[key] = true
			s.Limits = append(s.Limits, l)
		}
	}
	if len(errs) > 0 {
		return SLO{}, errors.Join(errs...)
	}
	return s, nil
}

// ParseSLOs reads several objectives, and reports the problems of all.
func ParseSLOs(texts []string) ([]SLO, error) {
	var out []SLO
	var errs []error
	if len(texts) > maxSLOs {
		errs = append(errs, fmt.Errorf("slo: at most %d objectives, but there are %d", maxSLOs, len(texts)))
	}
	for _, t := range texts {
		s, err := ParseSLO(t)
		out, errs = append(out, s), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

func parseLimit(clause string) (Limit, error) {
	left, right, ok := strings.Cut(clause, "<")
	if !ok {
		return Limit{}, fmt.Errorf("slo %q: want METRIC.STAT<LIMIT, like ttft.p95<500ms, or a preset (%s)", clause, strings.Join(PresetNames(), ", "))
	}
	var l Limit
	right, l.Equal = strings.CutPrefix(right, "=")
	var err1, err2 error
	l.Metric, l.Stat, err1 = parseStat(left)
	l.MS, err2 = parseMS(right)
	if err := errors.Join(err1, err2); err != nil {
		return Limit{}, fmt.Errorf("slo %q: %w", clause, err)
	}
	return l, nil
}

// parseStat reads "ttft.p95".
func parseStat(text string) (metric, stat string, err error) {
	metric, stat, _ = strings.Cut(strings.ToLower(strings.TrimSpace(text)), ".")
	if !slices.Contains(metrics, metric) {
		return "", "", fmt.Errorf("metric %q: want %s", metric, oneOf(metrics))
	}
	if !slices.Contains(statistics, stat) {
		return "", "", fmt.Errorf("statistic %q of %s: want %s", stat, metric, oneOf(statistics))
	}
	return metric, stat, nil
}

// parseMS reads a duration with one of the units s, ms, us or µs, as ms.
func parseMS(text string) (float64, error) {
	text = strings.TrimSpace(text)
	for _, u := range []struct {
		name string
		ms   float64
	}{{"ms", 1}, {"us", 1e-3}, {"µs", 1e-3}, {"μs", 1e-3}, {"s", 1e3}} {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !(v > 0) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("limit %q: want a number above 0 before the unit", text)
		}
		return v * u.ms, nil
	}
	return 0, fmt.Errorf("limit %q: want a number with a unit: ms, s or µs", text)
}

// oneOf is "a, b or c".
func oneOf(list []string) string {
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// dist is the distribution of a metric in a step; nil if the metric is unknown.
func dist(step *record.Step, metric string) *record.Dist {
	switch metric {
	case "ttft":
		return &step.TTFT
	case "itl":
		return &step.ITL
	case "tpot":
		return &step.TPOT
	case "e2e":
		return &step.E2E
	}
	return nil
}

// Value is a statistic of a step in ms: ttft, itl, tpot or e2e by p50, p90, p95, p99, mean or max.
// If bound, only a lower bound is known; if not ok, nothing is.
func Value(step *record.Step, metric, stat string) (ms float64, bound, ok bool) {
	d := dist(step, metric)
	if d == nil {
		return 0, false, false
	}
	var v *float64
	switch stat {
	case "p50":
		v = d.P50
	case "p90":
		v = d.P90
	case "p95":
		v = d.P95
	case "p99":
		v = d.P99
	case "mean":
		v = d.Mean
	case "max":
		v = d.Max
	}
	if v != nil {
		return *v, false, true
	}
	ms, ok = step.LowerBounds[metric+"_"+stat+"_ms"]
	return ms, ok, ok
}
