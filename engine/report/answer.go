package report

import (
	"cmp"
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// Objective is all of the run's own together; without any, one that asks only that the target keeps
// up.
func Objective(run *record.Run) verdict.SLO {
	_, all := objectives(run)
	return all
}

// objectives are the run's own, each and all together.
func objectives(run *record.Run) (each []verdict.SLO, all verdict.SLO) {
	var texts []string
	for _, text := range run.Plan.SLO {
		slo, err := verdict.ParseSLO(text)
		if err != nil {
			continue // a plan of a later version, or a damaged one: it cannot be judged by it
		}
		each = append(each, slo)
		texts = append(texts, slo.Text)
		all.Limits = append(all.Limits, slo.Limits...)
	}
	all.Text = strings.Join(texts, ",")
	return each, all
}

// measured are the targets that have a step, in the order of the run.
func measured(run *record.Run) []record.Target {
	var out []record.Target
	for _, r := range Rows(run) {
		if !slices.ContainsFunc(out, func(t record.Target) bool { return t.Name == r.Target.Name }) {
			out = append(out, r.Target)
		}
	}
	slices.SortStableFunc(out, func(a, b record.Target) int { return cmp.Compare(place(run, a.Name), place(run, b.Name)) })
	return out
}

// Held says what a target came to under the run's objectives: "holds 8, breaks at 16 req/s".
func Held(run *record.Run, target string) string {
	return verdict.CapacityOf(Objective(run), target, run.Steps).String()
}

// Answer says in one sentence which target holds which rate at what cost, from the data alone.
func Answer(run *record.Run) string {
	slo := Objective(run)
	type answer struct {
		target record.Target
		verdict.Capacity
	}
	var answers []answer
	for _, t := range measured(run) {
		answers = append(answers, answer{t, verdict.CapacityOf(slo, t.Name, run.Steps)})
	}
	slices.SortStableFunc(answers, func(a, b answer) int { return cmp.Compare(b.Holds, a.Holds) })
	var parts []string
	for i, a := range answers {
		parts = append(parts, sentence(label(run, a.target), a.target, a.Capacity, i == 0))
	}
	text := strings.Join(parts, "; ")
	if len(parts) == 0 {
		text = "No step has ended, so nothing can be said"
	}
	if run.Simulated {
		text = "Simulated, not measured: " + text
	}
	if run.State == record.StateInterrupted || run.State == record.StateFailed {
		text += " (the run is not complete)"
	}
	return text + "."
}

// lowest says what the rate is that a target breaks at when it holds none.
func lowest(c verdict.Capacity) string {
	if slices.ContainsFunc(c.Untrusted, func(r float64) bool { return r < c.Fails }) {
		return "the lowest rate that tells"
	}
	return "the lowest rate tried"
}

// sentence is "A10 holds 8 req/s at $0.61/M, breaks at 16". Only the first of several says units.
func sentence(name string, t record.Target, c verdict.Capacity, first bool) string {
	unit, tokens := "", ""
	if first {
		unit, tokens = " req/s", " output tokens"
	}
	holds, breaks, price := "holds ", "breaks at ", " at "
	if len(c.SLO.Limits) > 0 {
		holds, breaks, price = "meets the SLO at ", "misses it at ", " for "
		if c.Holds == 0 {
			breaks = "misses the SLO at "
		}
	}
	var text string
	switch {
	case c.Holds == 0 && c.Fails == 0:
		return name + " has " + nothingTells(c) + ", so nothing can be said of it"
	case c.Holds == 0:
		text = name + " " + breaks + rate(c.Fails) + unit + " already, " + lowest(c)
	default:
		text = name + " " + holds + rate(c.Holds)
		if c.Fails == 0 {
			text += "+"
		}
		text += unit
		if usdM := verdict.CostOf(t.USDPerHour, c.Step).PerMillionOutput; usdM != nil {
			text += price + usd(*usdM) + "/M" + tokens
		}
		if c.Fails > 0 {
			text += ", " + breaks + rate(c.Fails)
		}
	}
	if n := len(c.Untrusted); n > 0 {
		text += " (" + notUsed(c) + ")"
	}
	return text
}

// nothingTells says why no step of a target tells what it holds.
func nothingTells(c verdict.Capacity) string {
	if len(c.Open) == 0 {
		return "no valid step"
	}
	return "no step that tells what it holds"
}

// notUsed names the rates that tell nothing, and why.
func notUsed(c verdict.Capacity) string {
	var invalid, open []string
	for _, r := range c.Untrusted {
		if slices.Contains(c.Open, r) {
			open = append(open, rate(r))
		} else {
			invalid = append(invalid, rate(r))
		}
	}
	var parts []string
	if len(invalid) > 0 {
		parts = append(parts, "no valid step at "+list(invalid))
	}
	if len(open) > 0 {
		parts = append(parts, "unclear at "+list(open))
	}
	return strings.Join(parts, ", ")
}
