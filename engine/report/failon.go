package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// Regression is a change that compare is to fail on.
type Regression struct {
	Text    string
	Metric  string  // as of RatePair.Change
	Rate    float64 // 0 = every rate
	Percent float64 // above 0: worse is more; below 0: worse is less
}

// ParseFailOn reads "ttft.p95:+10%,completed@8:-5%". The error names every problem.
func ParseFailOn(texts ...string) ([]Regression, error) {
	var out []Regression
	var errs []error
	for _, text := range texts {
		for clause := range strings.SplitSeq(text, ",") {
			r, err := parseRegression(strings.TrimSpace(clause))
			if err != nil {
				errs = append(errs, fmt.Errorf("fail-on %q: %w", strings.TrimSpace(clause), err))
				continue
			}
			out = append(out, r)
		}
	}
	return out, errors.Join(errs...)
}

func parseRegression(clause string) (Regression, error) {
	r := Regression{Text: clause}
	left, right, ok := strings.Cut(clause, ":")
	if !ok {
		return r, errors.New("want METRIC[@RATE]:+N%, like ttft.p95:+10%, or :-N% where less is worse")
	}
	name, at, hasRate := strings.Cut(left, "@")
	r.Metric = strings.ToLower(strings.TrimSpace(name))
	known := slices.Contains(changeMetrics, r.Metric)
	if m, stat, isLatency := strings.Cut(r.Metric, "."); isLatency && !known {
		known = slices.Contains([]string{"ttft", "itl", "tpot", "e2e"}, m) && slices.Contains([]string{"p50", "p90", "p95", "p99"}, stat)
	}
	if !known {
		return r, fmt.Errorf("metric %q is not known; want ttft, itl, tpot or e2e with .p50, .p90, .p95 or .p99, or completed, tokens, cost, goodput", r.Metric)
	}
	if hasRate {
		v, err := strconv.ParseFloat(strings.TrimSpace(at), 64)
		if err != nil || !(v > 0) || math.IsInf(v, 0) {
			return r, fmt.Errorf("rate %q: want a number above 0", at)
		}
		r.Rate = v
	}
	right = strings.TrimSpace(right)
	number, isPercent := strings.CutSuffix(right, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !isPercent || err != nil || v == 0 || math.IsNaN(v) || math.IsInf(v, 0) || !strings.ContainsAny(number[:1], "+-") {
		return r, fmt.Errorf("change %q: want a sign, a number and %%, like +10%%", right)
	}
	r.Percent = v
	return r, nil
}

// Finding is one regression at one rate of one pair.
type Finding struct {
	Outcome verdict.Outcome // NotMet: it got worse, and significantly; Unknown: nothing tells
	Text    string
}

// FailOn checks every regression for every pair at every rate that both measured. A change must be
// both past its limit and significant to fail; one past its limit without an interval to tell by is
// unknown, as are a change of steps that are not valid, and a rate that is asked for and was not measured.
func FailOn(rules []Regression, runs ...*record.Run) []Finding {
	var out []Finding
	for _, p := range Pairs(runs...) {
		for _, rule := range rules {
			seen := false
			for _, r := range p.Rates {
				if rule.Rate > 0 && rule.Rate != r.Rate {
					continue
				}
				seen = true
				out = append(out, rule.check(p, r))
			}
			if !seen {
				what := "no rate was measured on both"
				if rule.Rate > 0 {
					what = fmt.Sprintf("%s req/s was not measured on both", rate(rule.Rate))
				}
				out = append(out, Finding{verdict.Unknown, fmt.Sprintf("%s → %s: %s: %s", p.BaseLabel, p.OthLabel, rule.Text, what)})
			}
		}
	}
	return out
}

func (rule Regression) check(p Pair, r RatePair) Finding {
	c := r.Change(rule.Metric)
	var f Finding
	past := c.Percent > rule.Percent
	if rule.Percent < 0 {
		past = c.Percent < rule.Percent
	}
	what := ""
	switch {
	case math.IsNaN(c.Percent):
		f.Outcome, what = verdict.Unknown, "cannot be compared"
		atLeast := 100 * (c.Other.V - c.Base.V) / c.Base.V
		if c.Other.Bound && !c.Base.Bound && c.Base.OK && rule.Percent > 0 && atLeast > rule.Percent && p.trusted(r) && keptUp(r.Base) {
			f.Outcome, what = verdict.NotMet, "above "+percent(atLeast)
		}
	case !p.trusted(r):
		f.Outcome, what = verdict.Unknown, percent(c.Percent)+", but not of valid steps"
	case !past:
		f.Outcome, what = verdict.Met, percent(c.Percent)
	case c.Significant == verdict.Met:
		f.Outcome, what = verdict.NotMet, percent(c.Percent)
	case c.Significant == verdict.NotMet:
		f.Outcome, what = verdict.Met, percent(c.Percent)+", not significant"
	default:
		f.Outcome, what = verdict.Unknown, percent(c.Percent)+", no interval to tell by"
	}
	f.Text = fmt.Sprintf("%s → %s at %s req/s: %s: %s", p.BaseLabel, p.OthLabel, rate(r.Rate), rule.Text, what)
	return f
}

// trusted says whether both rows are evidence.
func (p Pair) trusted(r RatePair) bool { return r.Base.evidence() && r.Other.evidence() }

// keptUp says whether no step of the row was saturated.
func keptUp(r Row) bool {
	return !slices.ContainsFunc(r.Usable(), func(s *record.Step) bool { return s.Verdict.Saturated })
}
