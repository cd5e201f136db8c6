package results

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/engine/verdict"
	"benchtop/ui/chart"
	"benchtop/ui/screen"
	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

// Where the layout changes, in cells of the body.
const (
	wideFrom = 100 // width from which both metrics and the whole table are shown
	minChart = 8   // rows below which a chart shows nothing
)

// Render draws the screen.
func (m *Model) Render(w, h int) string {
	if m.base == nil {
		return widget.Center(widget.Wrap("No run yet. o opens a saved one.", max(w-4, 1), m.theme.Dim), w, h)
	}
	answer := m.drawAnswer(w)
	foot := m.drawFoot(w, h)
	rest := h - height(answer) - height(foot)
	m.end, m.tableTop = height(answer)+rest, -1
	if len(m.rows) == 0 {
		text := "No step has ended yet: every finished step shows up here at once."
		if !m.live {
			text = "This run has no finished step."
		}
		return widget.Block(widget.Stack(answer, widget.Center(widget.Wrap(text, max(w-4, 1), m.theme.Dim), w, max(rest, 0)), foot), w, h)
	}
	return widget.Block(widget.Stack(answer, m.drawMiddle(w, rest), foot), w, h)
}

func height(s string) int {
	if s == "" {
		return 0
	}
	return strings.Count(s, "\n") + 1
}

// drawAnswer is the first lines: what the run says, and what on it was only assumed here.
func (m *Model) drawAnswer(w int) string {
	lines := widget.Wrap(report.Answer(m.run), w, m.theme.Bold)
	if ch := m.changed(); len(ch) > 0 {
		lines += "\n" + widget.Wrap("What if: "+strings.Join(ch, ", "), w, m.theme.Warn)
	}
	if f := m.fleets(); f != "" {
		lines += "\n" + widget.Wrap(f, w, m.theme.Warn)
	}
	return lines
}

// drawMiddle is charts and table in h lines.
func (m *Model) drawMiddle(w, h int) string {
	if h <= 0 {
		return ""
	}
	full := len(m.rows) + 3
	switch {
	case m.table || h < minChart+4:
		return m.drawTable(w, h)
	case w >= wideFrom && h-full >= minChart:
		return widget.Stack(m.drawCharts(w, h-full), m.drawTable(w, full))
	case w >= wideFrom:
		th := max(h-max(h/2, minChart), 4)
		return widget.Stack(m.drawCharts(w, h-th), m.drawTable(w, th))
	}
	brief := m.drawBrief(w)
	if n := h - height(brief); n >= minChart {
		return widget.Stack(m.drawCurve(m.shown(), w, n, true), brief)
	}
	return m.drawTable(w, h)
}

func (m *Model) drawCharts(w, h int) string {
	half := w / 2
	return widget.Beside(m.drawCurve(screen.TTFT, half, h, m.metric == screen.TTFT), m.drawCurve(m.gaps, w-half, h, m.metric == screen.ITL))
}

// shown is the metric chosen.
func (m *Model) shown() screen.Metric {
	if m.metric == screen.TTFT {
		return screen.TTFT
	}
	return m.gaps
}

// drawCurve is one metric by rate, all targets.
func (m *Model) drawCurve(metric screen.Metric, w, h int, focus bool) string {
	th, p := m.theme, percentiles[m.percentile]
	c := chart.RateCurve{Theme: th, Unit: chart.MS, Rates: m.rates, Y: chart.Axis{Log: !m.linear}}
	c.SLO = screen.Limit(m.run.Plan.SLO, metric)
	var names []string
	for i, t := range m.run.Targets {
		look := th.Target(i)
		s := chart.RateSeries{Target: look, Dashed: m.ghost(i)}
		for j := range m.rows {
			r := &m.rows[j]
			if r.Target.Name != t.Name {
				continue
			}
			v, bound := value(r, metric, p)
			s.Points = append(s.Points, chart.RatePoint{Rate: r.Rate, Y: v, AtLeast: bound, Saturated: saturated(r)})
		}
		c.Series = append(c.Series, s)
		names = append(names, t.Name)
	}
	iw, ih := widget.Inside(w, h)
	title := fmt.Sprintf("%s %s by req/s", metric, p)
	return widget.Panel{Theme: th, Title: title, RawNote: screen.Legend(th, names, iw-widget.Width(title)-widget.TitleRoom), Focused: focus,
		Body: c.Render(iw, ih)}.Render(w, h)
}

func saturated(r *report.Row) bool {
	n, steps := 0, r.Usable()
	for _, s := range steps {
		if s.Verdict.Saturated {
			n++
		}
	}
	return 2*n > len(steps)
}

// drawTable is the table paired by rate.
func (m *Model) drawTable(w, h int) string {
	right := func(title string, drop int) widget.Column {
		return widget.Column{Title: title, Right: true, Drop: drop}
	}
	tab := widget.Table{Theme: m.theme, Cursor: m.cursor, Columns: []widget.Column{right("req/s", 0), {Title: "TARGET", Min: 6},
		right("offered", 6), right("completed", 0), right("TTFT p50", 0), right("p90", 8), right("p99", 0),
		right(m.gaps.String()+" p50", 0), right("p90", 7), right("p99", 3), right("tok/s", 4), right("$/M out", 1), {Title: "STATE", Min: 9, Grow: true}}}
	last := -1.0
	for i := range m.rows {
		tab.Rows = append(tab.Rows, m.tableRow(&m.rows[i], m.rows[i].Rate != last))
		last = m.rows[i].Rate
	}
	iw, ih := widget.Inside(w, h)
	m.tableTop = m.end - h
	m.page = max(ih-1, 0)
	m.offset = widget.Scroll(m.offset, m.cursor, len(tab.Rows), m.page)
	tab.Offset = m.offset
	note := ""
	if m.dagger() {
		note = m.theme.Glyph.Dagger + " fewer than 100 requests"
	}
	return widget.Panel{Theme: m.theme, Title: "By rate, latencies in ms", Note: note, Body: tab.Render(iw, ih)}.Render(w, h)
}

func (m *Model) dagger() bool {
	return slices.ContainsFunc(m.rows, func(r report.Row) bool { return slices.ContainsFunc(r.Usable(), screen.FewForP99) })
}

func (m *Model) tableRow(r *report.Row, first bool) []widget.Cell {
	th, look := m.theme, m.theme.Target(m.place(r.Target.Name))
	rate := ""
	if first {
		rate = screen.Rate(r.Rate)
	}
	cells := []widget.Cell{{Text: rate}, {Text: look.Marker + " " + r.Target.Name, Style: look.Style}}
	num := func(of func(*record.Step) *float64, show func(float64) string) {
		cells = append(cells, widget.Cell{Text: show(number(r, of))})
	}
	num(offered, screen.Sig3)
	num(func(s *record.Step) *float64 { return &s.CompletedRPS }, screen.Sig3)
	for _, metric := range []screen.Metric{screen.TTFT, m.gaps} {
		for _, p := range screen.Percentiles {
			cells = append(cells, widget.Cell{Text: latency(r, metric, p, th)})
		}
	}
	num(func(s *record.Step) *float64 { return s.OutputTokensPerS }, screen.Sig3)
	num(func(s *record.Step) *float64 { return verdict.CostOf(r.Target.USDPerHour, s).PerMillionOutput }, screen.USD)
	text, st := state(r, th)
	return append(cells, widget.Cell{Text: text, Style: st})
}

// offered is nil where a tool sent requests at a rate it does not tell.
func offered(s *record.Step) *float64 {
	if s.OfferedRPS == 0 && s.Sent > 0 {
		return nil
	}
	return &s.OfferedRPS
}

// latency is one percentile of a row; a p99 of few requests is marked.
func latency(r *report.Row, metric screen.Metric, p string, th *theme.Theme) string {
	v, bound := value(r, metric, p)
	text := screen.MS(v)
	if bound {
		text = "> " + text
	}
	if p == "p99" && text != screen.Unknown && slices.ContainsFunc(r.Usable(), screen.FewForP99) {
		text += th.Glyph.Dagger
	}
	return text
}

// state is the sign and the words for a row: the worst of it, the rest is said below the table.
func state(r *report.Row, th *theme.Theme) (string, *theme.Style) {
	words, _, more := strings.Cut(r.State(), ", ")
	if at := " at times"; more && strings.HasSuffix(r.State(), at) {
		words += at
	}
	switch first, _, _ := strings.Cut(words, " "); {
	case first == "void" || first == "invalid":
		return th.Glyph.Warn + " " + words, th.Bad
	case first == "saturated":
		return th.Glyph.AtLeast + " " + words, th.Warn
	case words == "ok":
		return th.Glyph.Check + " " + words, th.Good
	}
	return th.Glyph.Warn + " " + words, th.Warn
}

// drawBrief is the chosen percentile of all targets by rate in a few lines, for small terminals.
func (m *Model) drawBrief(w int) string {
	th, p := m.theme, percentiles[m.percentile]
	tab := widget.Table{Theme: th, Cursor: -1, Columns: []widget.Column{{Title: p + " ms"}, {}}}
	rates := m.rates
	for i, r := range rates {
		tab.Columns = append(tab.Columns, widget.Column{Title: screen.Rate(r) + "/s", Right: true, Drop: len(rates) - i})
	}
	for _, metric := range []screen.Metric{screen.TTFT, m.gaps} {
		for i, t := range m.run.Targets {
			look := th.Target(i)
			row := []widget.Cell{{Text: look.Marker + " " + t.Name, Style: look.Style}, {Text: metric.String()}}
			for _, rate := range rates {
				row = append(row, m.briefCell(t.Name, rate, metric, p))
			}
			tab.Rows = append(tab.Rows, row)
		}
	}
	return tab.Render(w, len(tab.Rows)+1)
}

func (m *Model) briefCell(target string, rate float64, metric screen.Metric, p string) widget.Cell {
	for i := range m.rows {
		r := &m.rows[i]
		if r.Target.Name != target || r.Rate != rate {
			continue
		}
		c := widget.Cell{Text: latency(r, metric, p, m.theme)}
		if saturated(r) {
			c.Text, c.Style = c.Text+m.theme.Glyph.AtLeast, m.theme.Warn
		}
		return c
	}
	return widget.Cell{Text: screen.Unknown}
}

// drawFoot is what is to be said of the row under the cursor, and where the files are.
func (m *Model) drawFoot(w, h int) string {
	var lines []string
	if len(m.rows) > 0 && h >= 20 {
		lines = m.explain(&m.rows[m.cursor], w, 1+h/30, 1+h/20)
	}
	where := "no files"
	if m.dir != "" {
		where = m.dir + "/steps.csv"
	}
	return strings.Join(append(lines, widget.Fit(m.theme.Dim.Render("CSV  "+widget.Clean(where)), w, m.theme.Glyph.Ellipsis)), "\n")
}

// explain is facts on a row and what to mind, in at most so many lines each.
func (m *Model) explain(r *report.Row, w, room, most int) []string {
	th, look := m.theme, m.theme.Target(m.place(r.Target.Name))
	s := r.Steps[len(r.Steps)-1]
	facts := []string{fmt.Sprintf("%d sent, %d ok", s.Sent, s.OK)}
	if bad := s.Rejected + s.Failed + s.Incomplete; bad > 0 {
		facts = append(facts, fmt.Sprintf("%d rejected, %d failed, %d incomplete", s.Rejected, s.Failed, s.Incomplete))
	}
	if s.SendLag.P99 != nil {
		facts = append(facts, "send lag p99 "+screen.MSUnit(*s.SendLag.P99))
	}
	if s.Path.RTTP50MS != nil {
		facts = append(facts, "round trip "+screen.MSUnit(*s.Path.RTTP50MS))
	}
	if s.Server.QueueMeanMS != nil {
		facts = append(facts, "server queue "+screen.MSUnit(*s.Server.QueueMeanMS))
	}
	if s.Server.KVMaxPct != nil {
		facts = append(facts, fmt.Sprintf("KV cache %.0f%%", *s.Server.KVMaxPct))
	}
	if s.GoodputRPS != nil && !math.IsNaN(*s.GoodputRPS) {
		facts = append(facts, "goodput "+screen.Sig3(*s.GoodputRPS)+" req/s")
	}
	name := look.Marker + " " + widget.Clean(r.Target.Name)
	which := ""
	if len(r.Steps) > 1 {
		which = fmt.Sprintf(", repetition %d", s.Repeat+1)
	}
	lines := widget.Lines(name+" at "+screen.Rate(r.Rate)+" req/s"+which+": "+strings.Join(facts, " · "), w, room, th.Glyph.Ellipsis)
	if len(lines) == 0 {
		return nil
	}
	if rest, ok := strings.CutPrefix(lines[0], name); ok {
		lines[0] = look.Style.Render(name) + rest
	}
	if why := report.Explain(s); len(why) > 0 {
		for _, l := range widget.Lines(widget.Clean(strings.Join(why, "; ")), w, most, th.Glyph.Ellipsis) {
			lines = append(lines, th.Warn.Render(l))
		}
	}
	return lines
}
