package report

import (
	"fmt"
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// TableOptions are how a table is drawn.
type TableOptions struct {
	Width int  // cells; 0 = as wide as it needs
	Color bool // ANSI colours, beside the words that say the same
	ASCII bool // no character beyond ASCII, but for what came from outside
}

// col is one column of the table. Columns with the same group stand under its title.
type col struct {
	group, title string
	short        string // title where the width is short
	left         bool   // text
	drop         int    // columns with the highest go first when the width is short; 0 stays
	cell         func(r Row) string
}

// tableCols are the columns for people.
func tableCols(run *record.Run) []col {
	lat := func(group, metric, stat string, drop int) col {
		return col{group: group, title: stat, drop: drop, cell: func(r Row) string {
			text := msCell(r.Median(func(s *record.Step) Value { return statOf(s, metric, stat) }))
			if stat == "p99" && text != "–" && r.few(metric) {
				text += "†"
			}
			return text
		}}
	}
	num := func(group, title string, drop int, f func(*record.Step) Value) col {
		return col{group: group, title: title, drop: drop, cell: func(r Row) string { return numCell(r.Median(f)) }}
	}
	gaps, gapTitle := gapMetric(run)
	cols := []col{
		{group: "", title: "target", left: true, cell: func(r Row) string { return label(run, r.Target) }},
		{group: "req/s", title: "nominal", short: "rate", cell: func(r Row) string { return rate(r.Rate) }},
		num("req/s", "offered", 0, func(s *record.Step) Value { return Value{V: s.OfferedRPS, OK: s.OfferedRPS > 0 || s.Sent == 0} }),
		{group: "req/s", title: "completed", short: "done", cell: func(r Row) string {
			return numCell(r.Median(func(s *record.Step) Value { return Value{V: s.CompletedRPS, OK: s.WindowS > 0} }))
		}},
		lat("TTFT ms", "ttft", "p50", 0), lat("TTFT ms", "ttft", "p95", 2), lat("TTFT ms", "ttft", "p99", 0),
		lat(gapTitle, gaps, "p50", 0), lat(gapTitle, gaps, "p95", 3), lat(gapTitle, gaps, "p99", 0),
		num("output", "tok/s", 4, func(s *record.Step) Value { return exact(s.OutputTokensPerS) }),
		{group: "$/M", title: "output", short: "out", drop: 1, cell: func(r Row) string {
			return numCell(r.Median(func(s *record.Step) Value { return exact(verdict.CostOf(r.Target.USDPerHour, s).PerMillionOutput) }))
		}},
		{title: "state", left: true, cell: Row.State},
	}
	if slices.ContainsFunc(run.Steps, func(s record.Step) bool { return s.GoodShare != nil }) {
		good := num("SLO", "good %", 5, func(s *record.Step) Value { return exact(times(s.GoodShare, 100)) })
		cols = slices.Insert(cols, len(cols)-1, good)
	}
	return cols
}

// gapMetric is ITL, or of a run that has none at all (GuideLLM keeps one mean per request) TPOT.
func gapMetric(runs ...*record.Run) (metric, title string) {
	tpot := false
	for _, run := range runs {
		for i := range run.Steps {
			if run.Steps[i].ITL.N > 0 {
				return "itl", "ITL ms"
			}
			tpot = tpot || run.Steps[i].TPOT.N > 0
		}
	}
	if tpot {
		return "tpot", "TPOT ms"
	}
	return "itl", "ITL ms"
}

// few says whether the p99 of a metric stands on fewer than 100 requests.
func (r Row) few(metric string) bool {
	for _, s := range r.Usable() {
		n := s.OK + s.Incomplete
		if metric != "itl" {
			n = distOf(s, metric).N
		}
		if n < 100 {
			return true
		}
	}
	return false
}

// Table is the final table of a run: rows paired by rate, then what there is to say of them.
func Table(run *record.Run, opt TableOptions) string {
	rows := Rows(run)
	if len(rows) == 0 {
		return "No step has ended.\n"
	}
	cols := tableCols(run)
	grid := newGrid(cols, rows)
	grid.sep = "  "
	grid.redraw(opt.text)
	if opt.Width > 0 {
		grid.fit(opt.Width)
	}
	var b strings.Builder
	grid.write(&b, opt.Color)
	for _, n := range footnotes(run, rows) {
		b.WriteString(opt.wrap(n))
	}
	return b.String()
}

// footnotes say what a cell cannot. What is to be said of several rows is said once.
func footnotes(run *record.Run, rows []Row) []string {
	type place struct{ target, rate string }
	where := map[string][]place{}
	var texts []string
	dagger, repeats, steps := false, false, 0
	gaps, _ := gapMetric(run)
	for _, r := range rows {
		dagger = dagger || r.few("ttft") || r.few(gaps)
		repeats = repeats || len(r.Steps) > 1
		for _, s := range r.Steps {
			steps++
			for _, text := range Explain(s) {
				if where[text] == nil {
					texts = append(texts, text)
				}
				at := rate(r.Rate)
				if len(r.Steps) > 1 {
					at += fmt.Sprintf(" (repetition %d)", s.Repeat+1)
				}
				where[text] = append(where[text], place{label(run, r.Target), at})
			}
		}
	}
	var out []string
	for _, text := range texts {
		var names []string
		rates := map[string][]string{}
		for _, p := range where[text] {
			if rates[p.target] == nil {
				names = append(names, p.target)
			}
			rates[p.target] = append(rates[p.target], p.rate)
		}
		for i, n := range names {
			names[i] = n + " at " + list(rates[n]) + " req/s"
		}
		head := strings.Join(names, "; ")
		if steps > 1 && len(where[text]) == steps {
			head = "All steps"
		}
		out = append(out, head+": "+text)
	}
	if dagger {
		out = append(out, "† p99 of fewer than 100 requests")
	}
	if repeats {
		out = append(out, "Rows of several repetitions show the median over those that are valid, over all where none is.")
	}
	return out
}

// Text is all that show prints, and run when it ends: the answer, what was run, the table.
func Text(run *record.Run, opt TableOptions) string {
	text := opt.wrap(Answer(run)) + "\n" + opt.wrap(headline(run)) + "\n" + Table(run, opt)
	for _, t := range measured(run) {
		if path := pathFinding(run, t); path != "" {
			text += opt.wrap(path)
		}
	}
	return text
}

// headline says in one line what was run, when, and whether it ended well.
func headline(run *record.Run) string {
	var parts []string
	if run.Name != "" {
		parts = append(parts, run.Name)
	}
	parts = append(parts, models(run)...)
	w := run.Plan.Workload
	if w.PromptTokens > 0 && w.OutputTokens > 0 {
		parts = append(parts, fmt.Sprintf("%d prompt + %d output tokens", w.PromptTokens, w.OutputTokens))
	}
	if run.Plan.Arrivals != "" {
		parts = append(parts, run.Plan.Arrivals+" arrivals")
	}
	if !run.StartedAt.IsZero() {
		parts = append(parts, run.StartedAt.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if run.Imported != "" {
		parts = append(parts, "imported from "+run.Imported)
	}
	state := run.State
	if run.Reason != "" {
		state += " (" + run.Reason + ")"
	}
	return strings.Join(append(parts, state), " · ")
}

// models are the distinct models under load.
func models(run *record.Run) []string {
	var out []string
	for _, t := range run.Targets {
		if t.Model != "" && !slices.Contains(out, t.Model) {
			out = append(out, t.Model)
		}
	}
	return out
}
