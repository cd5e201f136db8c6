package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// findings are sentences that the data say, and only they: capacity, comparison at shared rates,
// cost, the path's share, the memory floor.
func findings(run *record.Run) []string {
	var out []string
	each, all := objectives(run)
	if len(each) == 0 {
		each = []verdict.SLO{all}
	}
	for _, slo := range each {
		for _, o := range outcomes(run, slo) {
			out = append(out, o.finding())
		}
	}
	for _, p := range Pairs(run) {
		out = append(out, pairFindings(p)...)
	}
	out = append(out, costFindings(run, all)...)
	for _, t := range measured(run) {
		if text := pathFinding(run, t); text != "" {
			out = append(out, text)
		}
		if text, _ := floorFinding(run, t); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// finding is the outcome with what it rests on.
func (o *outcome) finding() string {
	by := ""
	if len(o.SLO.Limits) > 0 {
		by = " within " + o.SLO.String()
	}
	var text string
	switch {
	case o.Holds == 0 && o.Fails == 0:
		text = fmt.Sprintf("%s has %s, so its capacity is unknown.", o.name, nothingTells(o.Capacity))
	case o.Holds == 0:
		text = fmt.Sprintf("%s does not hold %s req/s%s, %s: %s.", o.name, rate(o.Fails), by, lowest(o.Capacity), o.Why)
	case o.Fails == 0:
		which := "tried"
		if len(o.Untrusted) > 0 {
			which = "that tells"
		}
		text = fmt.Sprintf("%s holds every rate %s%s, up to %s req/s; its limit was not found.", o.name, which, by, rate(o.Holds))
	default:
		text = fmt.Sprintf("%s holds %s req/s%s and breaks at %s req/s: %s.", o.name, rate(o.Holds), by, rate(o.Fails), o.Why)
	}
	if o.Step != nil {
		text += sureness(o.Step)
	}
	for _, n := range o.Notes {
		text += " " + strings.ToUpper(n[:1]) + strings.TrimSuffix(n[1:], ".") + "."
	}
	return text
}

// sureness tells how well TTFT p95 of a step is known.
func sureness(s *record.Step) string {
	ci, ok := s.TTFT.CI95["p95"]
	if !ok || s.TTFT.P95 == nil {
		return ""
	}
	return fmt.Sprintf(" At %s req/s TTFT p95 is %s, with 95 %% confidence between %s and %s.", rate(s.Rate), duration(*s.TTFT.P95), duration(ci[0]), duration(ci[1]))
}

// pairFindings compare two targets at the lowest and the highest rate that both hold up to.
func pairFindings(p Pair) []string {
	var held []RatePair
	for _, r := range p.Rates {
		if p.trusted(r) && keptUp(r.Base) && keptUp(r.Other) {
			held = append(held, r)
		}
	}
	if len(held) == 0 {
		return nil
	}
	gaps, title := gapMetric(p.BaseRun)
	title = strings.TrimSuffix(title, " ms")
	rates := []RatePair{held[0]}
	if len(held) > 1 {
		rates = append(rates, held[len(held)-1])
	}
	var out []string
	for _, r := range rates {
		for _, m := range []struct{ metric, title string }{{"ttft.p50", "TTFT"}, {gaps + ".p50", title}} {
			if text := p.difference(r, m.metric, m.title); text != "" {
				out = append(out, text)
			}
		}
	}
	return out
}

func (p Pair) difference(r RatePair, metric, title string) string {
	c := r.Change(metric)
	if math.IsNaN(c.Percent) {
		return ""
	}
	head := fmt.Sprintf("At %s req/s the median %s is %s on %s and %s on %s", rate(r.Rate), title, duration(c.Base.V), p.BaseLabel, duration(c.Other.V), p.OthLabel)
	switch c.Significant {
	case verdict.NotMet:
		return head + ": no significant difference."
	case verdict.Met:
		return head + " (" + percent(c.Percent) + ")."
	}
	return head + " (" + percent(c.Percent) + "; whether that is more than noise is unknown)."
}

// costFindings compare the price of tokens where each target holds most.
func costFindings(run *record.Run, slo verdict.SLO) []string {
	all := slices.DeleteFunc(outcomes(run, slo), func(o outcome) bool { return o.cost.PerMillionOutput == nil })
	var out []string
	for i, o := range all {
		cost, base := *o.cost.PerMillionOutput, *all[0].cost.PerMillionOutput
		text := fmt.Sprintf("A million output tokens cost %s on %s, loaded with the %s req/s it holds", usd(cost), o.name, rate(o.Holds))
		switch {
		case i == 0 || base <= 0:
		case ratesDiffer("cost", all[0].Step, o.Step, base, cost) == verdict.NotMet:
			text += ", no significant difference from " + all[0].name
		default:
			text += ", " + ratio(cost/base) + " on " + all[0].name
		}
		out = append(out, text+".")
	}
	return out
}

// ratio is "3.4 times as much as" or "71 % less than".
func ratio(r float64) string {
	switch {
	case r < 0.995:
		return fmt.Sprintf("%.0f %% less than", 100*(1-r))
	case r < 1.005:
		return "as much as"
	case r < 2:
		return fmt.Sprintf("%.0f %% more than", 100*(r-1))
	}
	return digits(r) + " times as much as"
}

// pathFinding says how much of TTFT is the way to the server and not the server.
func pathFinding(run *record.Run, t record.Target) string {
	for _, r := range Rows(run) {
		if r.Target.Name != t.Name || !r.evidence() {
			continue
		}
		rtt := r.Median(func(s *record.Step) Value { return exact(s.Path.RTTP50MS) })
		ttft := r.Median(func(s *record.Step) Value { return statOf(s, "ttft", "p50") })
		if !rtt.OK || !ttft.OK || ttft.Bound || ttft.V <= 0 {
			continue
		}
		if share := rtt.V / ttft.V; share > 0.1 {
			return fmt.Sprintf("%s: %s of the median TTFT of %s at %s req/s are the path (a small request's round trip), not the GPU.",
				label(run, t), duration(rtt.V), duration(ttft.V), rate(r.Rate))
		}
		return ""
	}
	return ""
}
