package report

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// compareCols are the metrics of the table, each with both values and the change.
func (p Pair) columns() []string {
	gaps, _ := gapMetric(p.BaseRun, p.OtherRun)
	if g, _ := gapMetric(p.BaseRun); g != gaps {
		gaps = "tpot" // one of the two has no ITL
	} else if g, _ := gapMetric(p.OtherRun); g != gaps {
		gaps = "tpot"
	}
	return []string{"ttft.p50", "ttft.p95", gaps + ".p50", gaps + ".p95", "completed", "cost"}
}

// write is one pair as text: a row per rate, for each metric base → other and the change.
func (p Pair) write(b *strings.Builder, opt TableOptions, asMarkdown bool) {
	title := fmt.Sprintf("%s against %s, deltas from the first", p.BaseLabel, p.OthLabel)
	notes := append(p.caveats(), "Δ n.s.: no significant difference (99 % intervals overlap). Δ ?: nothing tells whether it is more than noise; there is no interval, or the step is not valid.")
	columns := p.columns()
	header, rows := p.cells(columns)
	if asMarkdown {
		b.WriteString("### " + md(title) + "\n\n")
		mdTable(b, header, func(int) bool { return true }, rows)
		for _, n := range notes {
			b.WriteString("- " + md(n) + "\n")
		}
		return
	}
	b.WriteString(paint(opt.text(title), "1", opt.Color) + "\n")
	g := plainGrid(opt, header, rows)
	for _, least := range []int{4, 3, 0, 2} { // of columns: completed, p95 of gaps, p50 of TTFT, p50 of gaps
		if opt.Width <= 0 || g.width() <= opt.Width {
			break
		}
		columns = slices.DeleteFunc(columns, func(m string) bool { return m == p.columns()[least] })
		header, rows = p.cells(columns)
		g = plainGrid(opt, header, rows)
	}
	g.plain(b)
	for _, n := range notes {
		b.WriteString(opt.wrap(n))
	}
}

// cells are the table with the metrics given.
func (p Pair) cells(metrics []string) (header []string, rows [][]string) {
	header = []string{"req/s", "offered"}
	for _, m := range metrics {
		header = append(header, metricTitle(m), "Δ")
	}
	for _, r := range p.Rates {
		offered := func(row Row) string {
			return numCell(row.Median(func(s *record.Step) Value { return Value{V: s.OfferedRPS, OK: s.OfferedRPS > 0} }))
		}
		row := []string{rate(r.Rate), arrow(offered(r.Base), offered(r.Other))}
		for _, m := range metrics {
			c := r.Change(m)
			cell := numCell
			if strings.Contains(m, ".") {
				cell = msCell
			}
			row = append(row, arrow(cell(c.Base), cell(c.Other)), c.text())
		}
		rows = append(rows, row)
	}
	return header, rows
}

func arrow(a, b string) string { return a + " → " + b }

func metricTitle(m string) string {
	switch m {
	case "completed":
		return "completed req/s"
	case "cost":
		return "$/M output"
	case "tokens":
		return "output tok/s"
	case "goodput":
		return "goodput req/s"
	}
	name, stat, _ := strings.Cut(m, ".")
	return strings.ToUpper(name) + " " + stat + " ms"
}

// plainGrid is a table of numbers without groups.
func plainGrid(opt TableOptions, header []string, rows [][]string) *grid {
	g := &grid{sep: "  ", cells: rows}
	for _, h := range header {
		g.cols = append(g.cols, col{title: h})
	}
	g.redraw(opt.text)
	return g
}

// plain pads columns to their widest cell, all aligned right.
func (g *grid) plain(b *strings.Builder) {
	line := func(cell func(i int) string) {
		var text strings.Builder
		for i := range g.cols {
			text.WriteString(pad(cell(i), g.colWidth(i), false) + g.sep)
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	line(func(i int) string { return g.cols[i].title })
	for _, r := range g.cells {
		line(func(i int) string { return r[i] })
	}
}

// caveats are what stands between the two and a fair comparison.
func (p Pair) caveats() []string {
	var out []string
	if p.BaseRun != p.OtherRun {
		for _, d := range planDifferences(p.BaseRun.Plan, p.OtherRun.Plan) {
			out = append(out, "not the same plan: "+d)
		}
	}
	if p.Base.Model != p.Other.Model {
		out = append(out, fmt.Sprintf("not the same model: %s and %s", orUnknown(p.Base.Model), orUnknown(p.Other.Model)))
	}
	if p.Base.EngineVersion != p.Other.EngineVersion {
		out = append(out, fmt.Sprintf("not the same engine version: %s and %s", orUnknown(p.Base.EngineVersion), orUnknown(p.Other.EngineVersion)))
	}
	if d := flagDifferences(p.Base, p.Other); len(d) > 0 {
		out = append(out, "flags differ, so this compares configurations and not GPUs alone: "+strings.Join(d, ", "))
	}
	if p.Base.Via != p.Other.Via {
		out = append(out, fmt.Sprintf("not the same path: %s and %s", orUnknown(p.Base.Via), orUnknown(p.Other.Via)))
	}
	if p.BaseRun.Simulated || p.OtherRun.Simulated {
		out = append(out, "simulated, not measured")
	}
	if p.BaseRun.Imported != p.OtherRun.Imported {
		out = append(out, fmt.Sprintf("not the same definitions: %s and %s", toolOf(p.BaseRun), toolOf(p.OtherRun)))
	}
	for _, r := range p.Rates {
		for _, side := range []struct {
			row  Row
			name string
		}{{r.Base, p.BaseLabel}, {r.Other, p.OthLabel}} {
			if state := side.row.State(); state != "ok" {
				out = append(out, fmt.Sprintf("%s at %s req/s: %s", side.name, rate(r.Rate), state))
			}
		}
		if a, b := r.Base.window(), r.Other.window(); math.Abs(a-b) > 0.05*max(a, b) && !(keptUp(r.Base) && keptUp(r.Other)) {
			out = append(out, fmt.Sprintf("at %s req/s the windows are %s and %s s long, and what falls behind gets slower all the while", rate(r.Rate), digits(a), digits(b)))
		}
	}
	return out
}

// window is the length of the row's windows in s.
func (r Row) window() float64 {
	return r.Median(func(s *record.Step) Value { return Value{V: s.WindowS, OK: true} }).V
}

func toolOf(run *record.Run) string {
	if run.Imported != "" {
		return run.Imported
	}
	return "benchtop"
}

// flagDifferences lists flags that the two engines do not share.
func flagDifferences(a, b record.Target) []string {
	names := slices.Collect(maps.Keys(a.Flags))
	for k := range b.Flags {
		if _, both := a.Flags[k]; !both {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	var out []string
	for _, k := range names {
		x, okA := a.Flags[k]
		y, okB := b.Flags[k]
		if x != y || okA != okB {
			show := func(v string, ok bool) string {
				if !ok {
					return "not set"
				}
				return v
			}
			out = append(out, fmt.Sprintf("%s %s / %s", k, show(x, okA), show(y, okB)))
		}
	}
	return out
}

// compareCSV is tidy: one row for each pair, rate and metric.
func compareCSV(pairs []Pair) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"base_run", "base", "other_run", "other", "rate_rps", "metric", "base_value", "other_value", "change_pct", "significant"})
	for _, p := range pairs {
		for _, r := range p.Rates {
			for _, m := range changeMetrics {
				c := r.Change(m)
				if !c.Base.OK && !c.Other.OK {
					continue
				}
				_ = w.Write([]string{record.CSVText(p.BaseRun.ID), record.CSVText(p.Base.Name), record.CSVText(p.OtherRun.ID), record.CSVText(p.Other.Name),
					strconv.FormatFloat(r.Rate, 'f', -1, 64), m, csvValue(c.Base), csvValue(c.Other), csvFloat(c.Percent), significanceWord(c.Significant)})
			}
		}
	}
	w.Flush() // a strings.Builder takes everything
	return b.String()
}

// csvValue is exact values only: a lower bound is no number.
func csvValue(v Value) string {
	if !v.OK || v.Bound {
		return ""
	}
	return csvFloat(v.V)
}

func csvFloat(v float64) string {
	if v != v { // NaN
		return ""
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func significanceWord(o verdict.Outcome) string {
	switch o {
	case verdict.Met:
		return "true"
	case verdict.NotMet:
		return "false"
	}
	return ""
}
