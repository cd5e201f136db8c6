package report

import (
	"cmp"
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// bracket is where a target stops holding: between Holds and Fails.
type bracket struct {
	target   record.Target
	holds    *Row // highest row that holds, with every usable row below it holding too; nil = none
	fails    *Row // the first above it that does not; nil = none was tried
	unusable int  // rows whose steps are no evidence
}

// brackets has one for each target with a step, the highest capacity first.
func brackets(run *record.Run, rows []Row) []bracket {
	var out []bracket
	for _, t := range targetsOf(rows) {
		b := bracket{target: t}
		for i := range rows {
			r := &rows[i]
			switch {
			case r.Target.Name != t.Name:
			case !r.evidence():
				b.unusable++
			case b.fails != nil:
			case r.holdsRate():
				b.holds = r
			default:
				b.fails = r
			}
		}
		out = append(out, b)
	}
	slices.SortStableFunc(out, func(a, b bracket) int { return cmp.Compare(b.rate(), a.rate()) })
	return out
}

func targetsOf(rows []Row) []record.Target {
	var out []record.Target
	for _, r := range rows {
		if !slices.ContainsFunc(out, func(t record.Target) bool { return t.Name == r.Target.Name }) {
			out = append(out, r.Target)
		}
	}
	return out
}

func (b bracket) rate() float64 {
	if b.holds == nil {
		return 0
	}
	return b.holds.Rate
}

// evidence says whether the row has a usable step.
func (r *Row) evidence() bool { return slices.ContainsFunc(r.Steps, Usable) }

// holdsRate says whether more than half of the row's evidence held: it kept up, few requests failed,
// and it met the run's objectives if there are any.
func (r *Row) holdsRate() bool {
	held, all := 0, r.usable()
	for _, s := range all {
		if !s.Verdict.Saturated && errorShare(s) <= verdict.MaxErrorShare && (s.SLOMet == nil && len(s.SLOs) == 0 || s.SLOMet != nil && *s.SLOMet) {
			held++
		}
	}
	return 2*held > len(all)
}

// Answer says in one sentence which target holds which rate at what cost, from the data alone.
func Answer(run *record.Run) string {
	rows := Rows(run)
	var parts []string
	for i, b := range brackets(run, rows) {
		parts = append(parts, b.sentence(label(run, b.target), i == 0, len(run.Plan.SLO) > 0))
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

// sentence is "A10 holds 8 req/s at $0.61/M, breaks at 16". Only the first of several says the unit.
func (b bracket) sentence(name string, first, slo bool) string {
	unit := ""
	if first {
		unit = " req/s"
	}
	verb := "holds "
	if slo {
		verb = "meets the SLO at "
	}
	switch {
	case b.holds == nil && b.fails == nil:
		return name + " has no valid step, so nothing can be said of it"
	case b.holds == nil && slo:
		return name + " misses the SLO at " + rate(b.fails.Rate) + unit + " already, the lowest rate tried"
	case b.holds == nil:
		return name + " breaks at " + rate(b.fails.Rate) + unit + " already, the lowest rate tried"
	}
	text := name + " " + verb + rate(b.holds.Rate)
	if b.fails == nil {
		text += "+"
	}
	text += unit
	if cost := b.holds.median(func(s *record.Step) Value { return exact(s.USDPerMillionOutput(b.target)) }); cost.OK {
		text += " at " + usd(cost.V) + "/M"
		if first {
			text += " output tokens"
		}
	}
	if b.fails != nil && slo {
		text += ", misses it at " + rate(b.fails.Rate)
	} else if b.fails != nil {
		text += ", breaks at " + rate(b.fails.Rate)
	}
	if b.unusable > 0 {
		text += " (" + plural(b.unusable, "step") + " invalid, not used)"
	}
	return text
}
