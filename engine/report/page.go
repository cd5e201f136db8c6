package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// A block is one part of a page before it is written as Markdown or HTML.
type block struct {
	heading string // of a section; level 2
	text    string // a paragraph
	items   []string
	header  []string // of a table
	left    int      // how many of its columns are text
	rows    [][]string
	chart   *chart
	code    string
	warning bool // the paragraph is one to be seen
}

// pageTitle names the models.
func pageTitle(run *record.Run) string {
	title := "GPU benchmarks"
	if m := models(run); len(m) > 0 {
		var short []string
		for _, name := range m {
			short = append(short, lastPart(name))
		}
		title += ": " + list(short)
	}
	return title
}

// page is the report: answer, set-up, charts, results, findings, cost, validity, how to reproduce.
func page(runs []*record.Run) []block {
	run := Merge(runs...)
	out := []block{{text: Answer(run)}}
	for _, w := range warnings(runs) {
		out = append(out, block{text: w, warning: true})
	}
	var gates []string
	for _, r := range runs {
		for _, g := range gateResults(r) {
			gates = append(gates, g.Text)
		}
	}
	if len(gates) > 0 {
		out = append(out, block{heading: "Gates", items: gates})
	}
	out = append(out, setUp(run, runs)...)
	pictures := block{heading: "Charts"}
	all := charts(run)
	if slices.ContainsFunc(all, chart.anyWeak) {
		pictures.text = "Hollow marks (◇) are of steps that are saturated or not valid."
	}
	out = append(out, pictures)
	for _, c := range all {
		out = append(out, block{chart: &c})
	}
	out = append(out, results(run)...)
	out = append(out, block{heading: "Findings", items: findings(run)})
	out = append(out, costTable(run)...)
	out = append(out, validity(run)...)
	return append(out, reproduce(runs)...)
}

func warnings(runs []*record.Run) []string {
	var out []string
	for _, r := range runs {
		name := "This run"
		if len(runs) > 1 {
			name = "Run " + runName(r)
		}
		if r.Simulated {
			out = append(out, name+" is simulated: the servers and the path to them are programs, not GPUs.")
		}
		if r.State != record.StateComplete {
			text := name + " is not complete: " + r.State
			if r.Reason != "" {
				text += " (" + r.Reason + ")"
			}
			out = append(out, text+".")
		}
		if r.Imported != "" {
			out = append(out, name+" was imported from "+r.Imported+": its numbers follow that tool's definitions.")
		}
	}
	for _, r := range runs[1:] {
		for _, d := range planDifferences(runs[0].Plan, r.Plan) {
			out = append(out, "The runs differ in "+d+".")
		}
	}
	return out
}

func setUp(run *record.Run, runs []*record.Run) []block {
	var rows [][]string
	var flags, prices []string
	targets := measured(run)
	for i, t := range targets {
		price := "unknown"
		if t.USDPerHour != nil {
			price = usd(*t.USDPerHour) + "/h"
		}
		rows = append(rows, []string{label(run, t), t.Model, t.InstanceType, gpuText(t), count(t.Nodes), t.Region, price,
			strings.TrimSpace(t.Engine + " " + t.EngineVersion), t.Via, t.Endpoint})
		if t.USDPerHour != nil && t.PriceSource != "" {
			prices = append(prices, strings.TrimSpace(fmt.Sprintf("%s: %s %s", label(run, t), t.PriceSource, t.PriceDate)))
		}
		if i > 0 {
			if d := flagDifferences(targets[0], t); len(d) > 0 {
				flags = append(flags, fmt.Sprintf("Flags differ between %s and %s, so this compares configurations and not GPUs alone: %s.",
					label(run, targets[0]), label(run, t), strings.Join(d, ", ")))
			}
		}
	}
	items := workloadItems(runs)
	if len(prices) > 0 {
		items = append(items, "Prices: "+strings.Join(prices, "; ")+".")
	}
	return []block{
		{heading: "Set-up", left: 10, rows: rows,
			header: []string{"target", "model", "SKU", "GPU", "nodes", "region", "price", "engine", "path", "endpoint"}},
		{items: append(items, flags...)},
	}
}

func workloadItems(runs []*record.Run) []string {
	var out []string
	for _, r := range runs {
		p := r.Plan
		head := ""
		if len(runs) > 1 {
			head = "Run " + runName(r) + ": "
		}
		if p.Workload.PromptTokens > 0 {
			out = append(out, fmt.Sprintf("%s%d prompt tokens, %d output tokens per request, streamed.",
				head, p.Workload.PromptTokens, p.Workload.OutputTokens))
		}
		text := fmt.Sprintf("%sArrivals %s, seed %d, at %s req/s", head, orUnknown(p.Arrivals), p.Seed, ratesText(p.Rates))
		if p.Repeat > 1 {
			text += fmt.Sprintf(", each measured %d times (%s)", p.Repeat, p.Order)
		}
		out = append(out, text+".")
		if r.Imported == "" {
			out = append(out, fmt.Sprintf("%sEvery request is sent at its scheduled time, whatever the server does; warm-up %s, drain at most %s s, order %s.",
				head, p.Warmup, digits(time.Duration(p.Drain).Seconds()), orUnknown(p.Order)))
		}
		switch {
		case r.StartedAt.IsZero():
		case r.Imported != "":
			out = append(out, fmt.Sprintf("%sStarted %s, measured by %s.", head, r.StartedAt.UTC().Format("2006-01-02 15:04 UTC"), r.Imported))
		default:
			out = append(out, fmt.Sprintf("%sStarted %s, benchtop %s on %s.",
				head, r.StartedAt.UTC().Format("2006-01-02 15:04 UTC"), orUnknown(r.Version), clientText(r.Client)))
		}
	}
	return out
}

func clientText(c record.Client) string {
	if c.OS == "" {
		return "an unknown machine"
	}
	return fmt.Sprintf("%s/%s with %d CPUs", c.OS, c.Arch, c.CPUs)
}

func ratesText(rates []float64) string {
	var words []string
	for _, r := range rates {
		words = append(words, rate(r))
	}
	return strings.Join(words, ", ")
}

func results(run *record.Run) []block {
	rows := Rows(run)
	cols := tableCols(run)
	var header []string
	for _, c := range cols {
		header = append(header, strings.TrimSpace(c.group+" "+c.title))
	}
	return []block{
		{heading: "Results", header: header, left: 1, rows: newGrid(cols, rows).cells},
		{items: footnotes(run, rows)},
	}
}

func costTable(run *record.Run) []block {
	var rows [][]string
	for _, o := range outcomes(run, Objective(run)) {
		if o.usd == nil || o.Step == nil {
			continue
		}
		cell := func(v *float64) string {
			if v == nil {
				return "–"
			}
			return usd(*v)
		}
		rows = append(rows, []string{o.name, usd(*o.usd), rate(o.Holds), cell(o.cost.PerMillionOutput),
			cell(o.cost.PerMillionTotal), cell(o.cost.Per1kRequests), usd(*o.usd * verdict.HoursPerMonth)})
	}
	if len(rows) == 0 {
		return nil
	}
	return []block{
		{heading: "Cost", text: "At the highest rate that each target holds, from what arrived inside the measured window. " +
			"A fleet is never loaded that evenly: divide by the utilisation you expect."},
		{left: 1, rows: rows, header: []string{"target", "USD/h", "holds req/s", "USD per 1M output tokens", "USD per 1M tokens",
			"USD per 1k requests", "USD/month, one replica"}},
	}
}

func validity(run *record.Run) []block {
	var items []string
	var lag float64
	stamps := map[string]bool{}
	usable, all := 0, 0
	for _, r := range Rows(run) {
		for _, s := range r.Steps {
			all++
			if verdict.Usable(s) {
				usable++
			} else {
				which := ""
				if len(r.Steps) > 1 {
					which = fmt.Sprintf(" (repetition %d)", s.Repeat+1)
				}
				items = append(items, fmt.Sprintf("%s at %s req/s%s is not used: %s.",
					label(run, r.Target), rate(r.Rate), which, strings.Join(s.Verdict.Reasons, "; ")))
			}
			if s.SendLag.P99 != nil {
				lag = max(lag, *s.SendLag.P99)
			}
			if s.Stamps != "" {
				stamps[s.Stamps] = true
			}
		}
	}
	head := fmt.Sprintf("%d of %s valid.", usable, pluralVerb(all, "step"))
	if lag > 0 {
		head += fmt.Sprintf(" Send lag p99 is at most %s.", duration(lag))
	}
	if len(stamps) > 0 {
		var kinds []string
		for k := range stamps {
			kinds = append(kinds, k)
		}
		slices.Sort(kinds)
		head += " Receive times were stamped by: " + strings.Join(kinds, ", ") + "."
	}
	for _, t := range measured(run) {
		if text, impossible := floorFinding(run, t); impossible {
			items = append(items, text)
		}
	}
	return []block{{heading: "Validity", text: head}, {items: items}}
}

func pluralVerb(n int, what string) string {
	if n == 1 {
		return plural(n, what) + " is"
	}
	return plural(n, what) + " are"
}

// demoContext is the context of the embedded cluster.
const demoContext = "demo"

const definitions = "TTFT and E2E count from the scheduled arrival, so lateness of the client counts. " +
	"ITL is every gap between token events, pooled; TPOT is (last − first token) / (tokens − 1). " +
	"Percentiles are nearest rank over exact values. Completed rate and tokens per second count what arrived inside the measured window. " +
	"Requests that were cut rank as infinitely slow: a percentile among them is a lower bound."

// reproduce says how our own numbers are defined and made again; those of other tools it cannot.
func reproduce(runs []*record.Run) []block {
	if !slices.ContainsFunc(runs, func(r *record.Run) bool { return r.Imported == "" }) {
		return nil
	}
	out := []block{{heading: "How to reproduce", text: definitions}}
	for _, r := range runs {
		if r.Imported != "" {
			continue
		}
		plan := r.Plan
		plan.Schedules = nil
		b, err := record.MarshalPlan(plan)
		if err != nil {
			continue
		}
		command := "benchtop run -f plan.yaml"
		if slices.ContainsFunc(r.Targets, func(t record.Target) bool { return t.Context == demoContext }) {
			command += " --demo"
		}
		out = append(out, block{text: "Save this plan as plan.yaml and run: " + command}, block{code: string(b)})
	}
	return out
}

// pageMarkdown writes a page as Markdown; chart says how a chart is shown.
func pageMarkdown(b *strings.Builder, title string, blocks []block, chart func(c *chart) string) {
	b.WriteString("# " + md(title) + "\n\n")
	for _, k := range blocks {
		if k.heading != "" {
			b.WriteString("## " + md(k.heading) + "\n\n")
		}
		if k.text != "" {
			if k.warning {
				b.WriteString("> **Note** ")
			}
			b.WriteString(md(k.text) + "\n\n")
		}
		if k.chart != nil {
			b.WriteString(chart(k.chart) + "\n")
		}
		if len(k.rows) > 0 {
			mdTable(b, k.header, func(i int) bool { return i >= k.left }, k.rows)
		}
		for _, it := range k.items {
			b.WriteString("- " + md(it) + "\n")
		}
		if len(k.items) > 0 {
			b.WriteString("\n")
		}
		if k.code != "" {
			fence := "```"
			for strings.Contains(k.code, fence) {
				fence += "`"
			}
			b.WriteString(fence + "yaml\n" + k.code + fence + "\n\n")
		}
	}
}
