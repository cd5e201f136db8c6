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

// An outcome is what a target came to under an objective.
type outcome struct {
	verdict.Capacity
	name string
	usd  *float64     // per hour
	cost verdict.Cost // at the rate that it holds
}

// outcomes are those of all targets that have a step, in the order of the run.
func outcomes(run *record.Run, slo verdict.SLO) []outcome {
	var out []outcome
	for _, t := range measured(run) {
		c := verdict.CapacityOf(slo, t.Name, run.Steps)
		out = append(out, outcome{c, label(run, t), t.USDPerHour, verdict.CostOf(t.USDPerHour, c.Step)})
	}
	return out
}

// Held says what a target came to under the run's objectives: "holds 8, breaks at 16 req/s".
func Held(run *record.Run, target string) string {
	return verdict.CapacityOf(Objective(run), target, run.Steps).String()
}

// Answer says in one sentence which target holds which rate at what cost, from the data alone.
func Answer(run *record.Run) string {
	all := outcomes(run, Objective(run))
	slices.SortStableFunc(all, func(a, b outcome) int { return cmp.Compare(b.Holds, a.Holds) })
	var parts []string
	for i := range all {
		if !all[i].mute() {
			parts = append(parts, all[i].sentence(i == 0))
		}
	}
	parts = append(parts, mute(all)...)
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

// mute says that no step tells anything of the target.
func (o *outcome) mute() bool { return o.Holds == 0 && o.Fails == 0 }

// mute is one clause for all targets of which nothing can be said for the same reason.
func mute(all []outcome) []string {
	var reasons []string
	names := map[string][]string{} // by reason
	for i := range all {
		if !all[i].mute() {
			continue
		}
		why := nothingTells(all[i].Capacity)
		if names[why] == nil {
			reasons = append(reasons, why)
		}
		names[why] = append(names[why], all[i].name)
	}
	var out []string
	for _, why := range reasons {
		has, them := " has ", "it"
		if len(names[why]) > 1 {
			has, them = " have ", "them"
		}
		out = append(out, list(names[why])+has+why+", so nothing can be said of "+them)
	}
	return out
}

// lowest says what the rate is that a target breaks at when it holds none.
func lowest(c verdict.Capacity) string {
	if slices.ContainsFunc(c.Untrusted, func(r float64) bool { return r < c.Fails }) {
		return "the lowest rate that tells"
	}
	return "the lowest rate tried"
}

// sentence is "A10 holds 8 req/s at $0.61/M, breaks at 16". Only the first of several says units.
func (o *outcome) sentence(first bool) string {
	unit, tokens := "", ""
	if first {
		unit, tokens = " req/s", " output tokens"
	}
	holds, breaks, price := "holds ", "breaks at ", " at "
	if len(o.SLO.Limits) > 0 {
		holds, breaks, price = "meets the SLO at ", "misses it at ", " for "
		if o.Holds == 0 {
			breaks = "misses the SLO at "
		}
	}
	var text string
	switch {
	case o.Holds == 0:
		text = o.name + " " + breaks + rate(o.Fails) + unit + " already, " + lowest(o.Capacity)
	default:
		text = o.name + " " + holds + rate(o.Holds)
		if o.Fails == 0 {
			text += "+"
		}
		text += unit
		if v := o.cost.PerMillionOutput; v != nil {
			text += price + usd(*v) + "/M" + tokens
		}
		if o.Fails > 0 {
			text += ", " + breaks + rate(o.Fails)
		}
	}
	if n := len(o.Untrusted); n > 0 {
		text += " (" + notUsed(o.Capacity) + ")"
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
