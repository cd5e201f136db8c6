// Package report turns the record of a run into what people and other programs read: tables, one
// sentence that answers the question, CSV, pages, charts, and the formats of other tools, out and in.
//
// Everything is a pure function of a record: the same run gives the same bytes, on any machine, with
// no cluster and no network. Summaries come from run.json alone; what needs single requests streams
// requests.jsonl and keeps no more than percentiles need.
//
// Terms: a row is one target at one rate; it stands on one step, or with --repeat on the median over
// the repetitions. Only steps that verdict calls usable count as evidence; others are shown with the
// reason, never used.
//
// Numbers for people have three significant digits; numbers for programs have all digits. Everything
// that came from outside is escaped for the format it goes into. Text never claims more than the
// data hold.
//
//	fmt.Println(report.Answer(run))
//	fmt.Print(report.Table(run, report.TableOptions{Width: 120}))
//
// It may import engine/record, engine/stats, engine/verdict, and the libraries that write formats:
// yaml, hdrhistogram, gonum/plot (PNG), runewidth.
package report

import (
	"cmp"
	"encoding/json"
	"slices"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// Row is what one target came to at one rate.
type Row struct {
	Rate   float64
	Target record.Target
	// Steps has the last try of each repetition, in order; never empty.
	Steps []*record.Step
}

// Rows lists the rows of a run by rate, and within a rate by target in the order of the run. Void
// tries that were repeated are left out.
func Rows(run *record.Run) []Row {
	type key struct {
		target string
		rate   float64
	}
	last := map[[2]any]*record.Step{} // target, index → last try
	for i := range run.Steps {
		s := &run.Steps[i]
		k := [2]any{s.Target, s.Index}
		if before := last[k]; before == nil || s.Try >= before.Try {
			last[k] = s
		}
	}
	rows := map[key]*Row{}
	for i := range run.Steps {
		s := &run.Steps[i]
		if last[[2]any{s.Target, s.Index}] != s {
			continue
		}
		k := key{s.Target, s.Rate}
		if rows[k] == nil {
			rows[k] = &Row{Rate: s.Rate, Target: targetOf(run, s.Target)}
		}
		rows[k].Steps = append(rows[k].Steps, s)
	}
	out := make([]Row, 0, len(rows))
	for _, r := range rows {
		slices.SortStableFunc(r.Steps, func(a, b *record.Step) int { return cmp.Compare(a.Index, b.Index) })
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(place(run, a.Target.Name), place(run, b.Target.Name)),
			cmp.Compare(a.Target.Name, b.Target.Name))
	})
	return out
}

// place is where a target stands in the run, -1 if it is not listed.
func place(run *record.Run, name string) int {
	return slices.IndexFunc(run.Targets, func(t record.Target) bool { return t.Name == name })
}

func targetOf(run *record.Run, name string) record.Target {
	if i := place(run, name); i >= 0 {
		return run.Targets[i]
	}
	return record.Target{Name: name}
}

// Usable are the steps of the row that are evidence, or all of them if none is: its numbers are the
// medians over these.
func (r Row) Usable() []*record.Step {
	var out []*record.Step
	for _, s := range r.Steps {
		if verdict.Usable(s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return r.Steps
	}
	return out
}

// A Value is a number that may be only a lower bound, or not exist.
type Value struct {
	V     float64
	Bound bool // at least V
	OK    bool
}

// exact makes a Value of a number that may be nil.
func exact(v *float64) Value {
	if v == nil {
		return Value{}
	}
	return Value{V: *v, OK: true}
}

// Median of what f says of the row's evidence: over repetitions the median, of an even number the
// mean of the two in the middle. A censored value ranks above all others.
func (r Row) Median(f func(*record.Step) Value) Value {
	var vs []Value
	for _, s := range r.Usable() {
		if v := f(s); v.OK {
			vs = append(vs, v)
		}
	}
	if len(vs) == 0 {
		return Value{}
	}
	slices.SortFunc(vs, func(a, b Value) int {
		if a.Bound != b.Bound {
			return map[bool]int{true: 1, false: -1}[a.Bound]
		}
		return cmp.Compare(a.V, b.V)
	})
	lo, hi := vs[(len(vs)-1)/2], vs[len(vs)/2]
	if hi.Bound && !lo.Bound { // the mean is at least the mean with the bound
		lo.Bound = true
	}
	lo.V = (lo.V + hi.V) / 2
	return lo
}

// statOf is a statistic of a step in ms by the words of verdict.Value.
func statOf(s *record.Step, metric, stat string) Value {
	ms, bound, ok := verdict.Value(s, metric, stat)
	return Value{V: ms, Bound: bound, OK: ok}
}

func distOf(s *record.Step, metric string) *record.Dist {
	switch metric {
	case "ttft":
		return &s.TTFT
	case "itl":
		return &s.ITL
	case "tpot":
		return &s.TPOT
	}
	return &s.E2E
}

// clone is a copy of the run that shares nothing with it and is fit to be written.
func clone(run *record.Run) (*record.Run, error) {
	b, err := json.Marshal(run)
	if err != nil {
		return nil, err
	}
	out := new(record.Run)
	err = json.Unmarshal(b, out)
	record.Scrub(out)
	return out, err
}
