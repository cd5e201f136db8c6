package compare

import (
	"fmt"
	"math"
	"strings"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/verdict"
	"benchtop/ui/chart"
	"benchtop/ui/screen"
	"benchtop/ui/widget"
)

// Where the layout changes, in cells of the body.
const (
	panelsFrom = 100 // width from which every target has a chart of its own
	tallFrom   = 30  // height from which both metrics have a row
)

// Render draws the screen.
func (m *Model) Render(w, h int) string {
	if m.snap == nil || len(m.snap.Targets) == 0 {
		return widget.Center(widget.Wrap("Waiting for the first numbers …", max(w-4, 1), m.theme.Dim), w, h)
	}
	strips := m.drawStrips(w)
	table := m.drawTable(w)
	rest := h - height(strips) - height(table)
	m.overlaid = !m.full && w < panelsFrom
	var charts string
	switch {
	case rest < 3:
		return widget.Block(widget.Stack(strips, table), w, h)
	case m.full:
		charts = m.drawFull(w, rest)
	case w < panelsFrom:
		charts = m.drawOverlay(w, rest)
	default:
		charts = m.drawGrid(w, rest)
	}
	return widget.Block(widget.Stack(strips, charts, table), w, h)
}

func height(s string) int {
	if s == "" {
		return 0
	}
	return strings.Count(s, "\n") + 1
}

// drawStrips is one line for each target: steps, state, health and what a million tokens cost now.
func (m *Model) drawStrips(w int) string {
	th := m.theme
	name := 0
	for i := range m.snap.Targets {
		name = max(name, widget.Width(widget.Clean(m.snap.Targets[i].Info.Name)))
	}
	name = min(name, 20)
	lines := make([]string, 0, len(m.snap.Targets))
	for i := range m.snap.Targets {
		t := &m.snap.Targets[i]
		look := th.Target(i)
		text, st := screen.Health(th, t.Health)
		cursor := ""
		if len(m.snap.Targets) > 1 {
			cursor = "  "
			if i == m.focus {
				cursor = th.Accent.Render(th.Glyph.Cursor) + " "
			}
		}
		left := cursor + look.Style.Render(look.Marker+" "+widget.Fit(widget.Clean(t.Info.Name), name, th.Glyph.Ellipsis)) + "  "
		right := screen.Progress(t)
		if t.State != engine.StatePreparing {
			right += "  " + st.Render(widget.Clean(text))
		}
		room := max(w-widget.Width(left)-widget.Width(right)-2, 0)
		lines = append(lines, widget.Fit(left+widget.StepStrip(th, screen.Strip(t), room)+"  "+right, w, th.Glyph.Ellipsis))
	}
	return strings.Join(lines, "\n")
}

// drawGrid is one chart for each target: both metrics of two targets, one metric of more.
func (m *Model) drawGrid(w, h int) string {
	n := len(m.snap.Targets)
	if n <= 2 {
		if h < tallFrom-8 {
			return m.drawRow(m.metric, 0, n, w, h)
		}
		top := (h + 1) / 2
		return widget.Stack(m.drawRow(screen.TTFT, 0, n, w, top), m.drawRow(screen.ITL, 0, n, w, h-top))
	}
	top := (h + 1) / 2
	half := (n + 1) / 2
	return widget.Stack(m.drawRow(m.metric, 0, half, w, top), m.drawRow(m.metric, half, n, w, h-top))
}

// drawRow is the targets from..to beside each other.
func (m *Model) drawRow(metric screen.Metric, from, to, w, h int) string {
	n := to - from
	var blocks []string
	for i := from; i < to; i++ {
		cw := w / n
		if i == to-1 {
			cw = w - cw*(n-1)
		}
		blocks = append(blocks, m.drawPanel(metric, i, cw, h))
	}
	return widget.Beside(blocks...)
}

// drawFull is the focused target alone, both metrics.
func (m *Model) drawFull(w, h int) string {
	if h < tallFrom-8 {
		return m.drawPanel(m.metric, m.focus, w, h)
	}
	top := (h + 1) / 2
	return widget.Stack(m.drawPanel(screen.TTFT, m.focus, w, top), m.drawPanel(screen.ITL, m.focus, w, h-top))
}

// drawPanel is one metric of one target.
func (m *Model) drawPanel(metric screen.Metric, i, w, h int) string {
	th, t := m.theme, &m.snap.Targets[i]
	look := th.Target(i)
	ts := m.series(metric, i)
	ts.Y = m.axis(metric, i)
	ts.SLO = screen.Limit(m.snap.Plan.SLO, metric)
	q := t.Now.TTFT
	if metric == screen.ITL {
		q = t.Now.ITL
	}
	note := ""
	if q.N > 0 {
		note = fmt.Sprintf("%s %s %s", screen.MS(q.P50), screen.MS(q.P90), screen.MS(q.P99))
	}
	iw, ih := widget.Inside(w, h)
	return widget.Panel{Theme: th, RawTitle: look.Style.Render(look.Marker+" "+widget.Clean(t.Info.Name)) + "  " + metric.String() + " ms" + logNote(ts.Y),
		Note: note, Focused: i == m.focus && metric == m.metric, Body: screen.Draw(&ts, t.State, iw, ih)}.Render(w, h)
}

// series is the chart of one target without its axis.
func (m *Model) series(metric screen.Metric, i int) chart.TimeSeries {
	lo, hi := screen.Span(m.snap, m.window)
	return chart.TimeSeries{Theme: m.theme, Series: append(m.ghostLines(metric, i, hi), m.tracks[i].Lines(metric, m.theme.Target(i))...),
		XMin: lo, XMax: hi, Marks: screen.Marks(m.snap, i), Unit: chart.MS}
}

// ghostLines are the saved runs behind the lines of target i, dashed, at the chosen percentile.
func (m *Model) ghostLines(metric screen.Metric, i int, end float64) []chart.Series {
	out := make([]chart.Series, 0, len(m.ghosts)+len(screen.Percentiles))
	for j := range m.ghosts {
		g := &m.ghosts[j]
		out = append(out, chart.Series{Name: widget.Clean(g.info.Name) + "@", Style: m.theme.Ghost, Dashed: true,
			Points: g.line(&m.snap.Targets[i], end, metric, m.percentile)})
	}
	return out
}

// axis is the value axis of a target: the same for all, unless each is to have its own.
func (m *Model) axis(metric screen.Metric, i int) chart.Axis {
	now := m.snap.StartedAt.Add(m.snap.At)
	if m.ownAxis {
		lo, hi := m.series(metric, i).Range()
		return m.own[i][metric].Fit(now, lo, hi, m.scales[metric].Log(lo, hi))
	}
	lo, hi := math.NaN(), math.NaN()
	for j := range m.tracks {
		l, h := m.series(metric, j).Range()
		lo, hi = least(lo, l), most(hi, h)
	}
	return m.shared[metric].Fit(now, lo, hi, m.scales[metric].Log(lo, hi))
}

func logNote(a chart.Axis) string {
	if a.Log {
		return ", log"
	}
	return ""
}

func least(a, b float64) float64 {
	if math.IsNaN(a) || b < a {
		return b
	}
	return a
}

func most(a, b float64) float64 {
	if math.IsNaN(a) || b > a {
		return b
	}
	return a
}

// drawOverlay is one percentile of all targets in one chart.
func (m *Model) drawOverlay(w, h int) string {
	th := m.theme
	lo, hi := screen.Span(m.snap, m.window)
	ts := chart.TimeSeries{Theme: th, XMin: lo, XMax: hi, Unit: chart.MS, Marks: screen.Marks(m.snap, m.focus)}
	var names []string
	ts.Series = m.ghostLines(m.metric, m.focus, hi)
	for i := range m.snap.Targets {
		look, name := th.Target(i), widget.Clean(m.snap.Targets[i].Info.Name)
		ts.Series = append(ts.Series, chart.Series{Name: name, Marker: look.Marker, Style: look.Style, Points: m.tracks[i].Points(m.metric, m.percentile)})
		names = append(names, name)
	}
	min, max := ts.Range()
	ts.Y = m.shared[m.metric].Fit(m.snap.StartedAt.Add(m.snap.At), min, max, m.scales[m.metric].Log(min, max))
	ts.SLO = screen.Limit(m.snap.Plan.SLO, m.metric)
	iw, ih := widget.Inside(w, h)
	title := m.metric.String() + " " + screen.Percentiles[m.percentile] + " ms" + logNote(ts.Y)
	return widget.Panel{Theme: th, Title: title, RawNote: screen.Legend(th, names, iw-widget.Width(title)-widget.TitleRoom),
		Focused: true, Body: screen.Draw(&ts, m.snap.Targets[m.focus].State, iw, ih)}.Render(w, h)
}

// drawTable is the last ten seconds of all targets and the differences to the first.
func (m *Model) drawTable(w int) string {
	th := m.theme
	right := func(title string, drop int) widget.Column {
		return widget.Column{Title: title, Right: true, Drop: drop}
	}
	tab := widget.Table{Theme: th, Cursor: -1, Columns: []widget.Column{{}, right("req/s", 9), right("TTFT p50", 0), right("p90", 8), right("p99", 0),
		right("ITL p50", 0), right("p90", 7), right("p99", 1), right("offered", 6), right("completed", 2), right("in flight", 3),
		right("tok/s", 4), right("$/M out", 3), right("path", 5), right("errors", 1)}}
	for i := range m.snap.Targets {
		tab.Rows = append(tab.Rows, m.tableRow(i))
	}
	for i := range m.ghosts {
		tab.Rows = append(tab.Rows, m.ghostRow(&m.ghosts[i]))
	}
	tab.Rows = append(tab.Rows, m.deltas()...)
	h := len(tab.Rows) + 1
	body := tab.Render(w-2, h)
	title := "Last 10 s, latencies in ms"
	if m.snap.Done {
		title = "Last 10 s of the sweep, latencies in ms"
	}
	note := m.tableNote()
	if widget.Width(note) > w-2-widget.Width(title)-widget.TitleRoom { // below, in full
		for _, l := range widget.Lines(note, w-2, 2, th.Glyph.Ellipsis) {
			body += "\n" + th.Dim.Render(l)
			h++
		}
		note = ""
	}
	if diff := m.differences(); diff != "" {
		most := 1
		if len(m.snap.Targets) <= 2 { // more of them need the rows themselves
			most = 2
		}
		for _, l := range widget.Lines(th.Glyph.Warn+" "+diff, w-2, most, th.Glyph.Ellipsis) {
			body += "\n" + th.Warn.Render(l)
			h++
		}
	}
	return widget.Panel{Theme: th, Title: title, Note: note, Body: body}.Render(w, h+2)
}

// differences says in what the targets differ beside the GPU, and which saved run shows its TPOT in
// place of the ITL it does not have; "" if there is nothing to say.
func (m *Model) differences() string {
	targets := make([]record.Target, len(m.snap.Targets))
	for i := range m.snap.Targets {
		targets[i] = m.snap.Targets[i].Info
	}
	words := screen.Differences(targets)
	for i := range m.ghosts {
		if m.ghosts[i].gaps == screen.TPOT {
			return strings.TrimSuffix(m.ghosts[i].name+" has no ITL: its TPOT stands there; "+words, "; ")
		}
	}
	return words
}

func (m *Model) tableNote() string {
	if m.event.Text == "" {
		return ""
	}
	return strings.TrimPrefix(m.event.Target+": "+m.event.Text, ": ")
}

func (m *Model) tableRow(i int) []widget.Cell {
	t, look := &m.snap.Targets[i], m.theme.Target(i)
	now := &t.Now
	cell := func(s string) widget.Cell { return widget.Cell{Text: s} }
	row := []widget.Cell{{Text: look.Marker + " " + t.Info.Name, Style: look.Style}, cell(screen.Rate(screen.CurrentRate(t)))}
	for _, q := range []engine.Quantiles{now.TTFT, now.ITL} {
		for p := range screen.Percentiles {
			row = append(row, cell(screen.MS(screen.Of(q, p))))
		}
	}
	path := screen.Unknown
	if ms, ok := screen.PathMS(t); ok {
		path = screen.MS(ms)
	}
	errors := widget.Cell{Text: fmt.Sprint(t.Failed + t.Rejected + t.Incomplete)}
	if errors.Text != "0" {
		errors.Style = m.theme.Bad
	}
	return append(row, cell(screen.Sig3(now.OfferedRPS)), cell(screen.Sig3(now.CompletedRPS)), cell(fmt.Sprint(t.InFlight)),
		cell(screen.Sig3(now.OutputTokPerS)), cell(cost(t)), cell(path), errors)
}

// cost is what a million output tokens cost at the throughput of the last ten seconds.
func cost(t *engine.TargetSnapshot) string {
	if t.Info.USDPerHour == nil || !(t.Now.OutputTokPerS > 0) {
		return screen.Unknown
	}
	return screen.USD(*t.Info.USDPerHour / (t.Now.OutputTokPerS * 3600) * 1e6)
}

// ghostRow is what a saved run came to at the rate that runs now.
func (m *Model) ghostRow(g *ghost) []widget.Cell {
	rate, st := screen.CurrentRate(&m.snap.Targets[m.focus]), m.theme.Ghost
	row := []widget.Cell{{Text: m.theme.Glyph.Dot + " " + g.name, Style: st}, {Text: screen.Rate(rate), Style: st}}
	for _, metric := range []screen.Metric{screen.TTFT, screen.ITL} {
		q := g.quantiles(metric, rate)
		for p := range screen.Percentiles {
			row = append(row, widget.Cell{Text: screen.MS(screen.Of(q, p)), Style: st})
		}
	}
	s := g.steps[rate]
	if s == nil {
		return row
	}
	for _, text := range []string{screen.Sig3(s.OfferedRPS), screen.Sig3(s.CompletedRPS), screen.Sig3(s.MeanInFlight), screen.Opt(s.OutputTokensPerS, screen.Sig3),
		screen.Opt(verdict.CostOf(g.info.USDPerHour, s).PerMillionOutput, screen.USD), screen.Opt(s.Path.RTTP50MS, screen.MS)} {
		row = append(row, widget.Cell{Text: text, Style: st})
	}
	return append(row, widget.Cell{Text: fmt.Sprint(s.Failed + s.Rejected + s.Incomplete), Style: st})
}

// deltas is one row where exactly two things are compared: two targets, or one and a saved run.
func (m *Model) deltas() [][]widget.Cell {
	switch a := &m.snap.Targets[0]; {
	case len(m.snap.Targets) == 2 && len(m.ghosts) == 0:
		b := &m.snap.Targets[1]
		if screen.CurrentRate(a) != screen.CurrentRate(b) || screen.CurrentRate(a) == 0 {
			return [][]widget.Cell{m.deltaRow(engine.Live{}, engine.Live{})}
		}
		return [][]widget.Cell{m.deltaRow(a.Now, b.Now)}
	case len(m.snap.Targets) == 1 && len(m.ghosts) == 1:
		g, rate := &m.ghosts[0], screen.CurrentRate(a)
		return [][]widget.Cell{m.deltaRow(engine.Live{TTFT: g.quantiles(screen.TTFT, rate), ITL: g.quantiles(screen.ITL, rate)}, a.Now)}
	}
	return nil
}

// deltaRow is the difference from a to b.
func (m *Model) deltaRow(a, b engine.Live) []widget.Cell {
	dim := m.theme.Dim
	row := []widget.Cell{{Text: m.theme.Glyph.Delta, Style: dim}, {}}
	for _, q := range [][2]engine.Quantiles{{a.TTFT, b.TTFT}, {a.ITL, b.ITL}} {
		for p := range screen.Percentiles {
			row = append(row, widget.Cell{Text: delta(q[0], q[1], p, min(a.TTFT.N, b.TTFT.N)), Style: dim})
		}
	}
	return row
}
