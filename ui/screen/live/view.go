package live

import (
	"fmt"
	"math"
	"strings"

	"benchtop/engine"
	"benchtop/ui/chart"
	"benchtop/ui/screen"
	"benchtop/ui/widget"
)

// Where the layout changes, in cells of the body.
const (
	sideWidth   = 38  // the column of numbers
	columnsFrom = 104 // width from which it stands beside the charts
	twoCharts   = 24  // height from which both metrics are shown
)

// Render draws the screen.
func (m *Model) Render(w, h int) string {
	t := m.current()
	if t == nil {
		return widget.Center(widget.Wrap("Waiting for the first numbers …", max(w-4, 1), m.theme.Dim), w, h)
	}
	head, full := m.drawHead(t, w), h
	if t.State == engine.StatePaused {
		head += "\n" + m.drawPaused(t, w)
		h -= pausedHeight
	}
	if w >= columnsFrom {
		left := m.drawCharts(t, w-sideWidth, h-2)
		return widget.Block(widget.Stack(head, widget.Beside(left, m.drawSide(t, sideWidth, h-2))), w, full)
	}
	low := m.drawLow(t, w, h)
	lowH := strings.Count(low, "\n") + 1
	return widget.Block(widget.Stack(head, m.drawCharts(t, w, h-2-lowH), low), w, full)
}

// pausedHeight is the height of the box that says what a lost target means.
const pausedHeight = 6

// drawPaused says what happened, what becomes of the step, and what can be done.
func (m *Model) drawPaused(t *engine.TargetSnapshot, w int) string {
	th := m.theme
	why := t.Text
	if why == "" {
		why = t.Health.Why
	}
	lines := []string{
		th.Bad.Render(th.Glyph.Warn + " Lost " + widget.Clean(t.Info.Name) + ": " + widget.Clean(why)),
		"In flight: errors, not slow answers. The step is void and starts anew.",
		"Other targets go on. " + m.pausedKeys(),
	}
	if t.LastError != "" {
		lines = append(lines, th.Dim.Render(widget.Clean(t.LastError)))
	}
	for i := range lines {
		lines[i] = " " + widget.Fit(lines[i], max(w-4, 0), th.Glyph.Ellipsis)
	}
	return widget.Panel{Theme: th, Title: "Paused", Focused: true, Body: strings.Join(lines, "\n")}.Render(w, pausedHeight)
}

func (m *Model) pausedKeys() string {
	k := &screen.Keys
	return m.theme.Key.Render(k.Skip.Help().Key) + " skips the step, " + m.theme.Key.Render(k.Stop.Help().Key) + " stops and keeps what is measured."
}

// drawHead is two lines: the steps and how far the current one is; what the light says.
func (m *Model) drawHead(t *engine.TargetSnapshot, w int) string {
	th := m.theme
	bar := screen.Progress(t)
	if w >= 100 && t.StepTotal > 0 {
		bar += " " + widget.Progress(th, screen.Fraction(t), 20)
	}
	room := max(w-widget.Width(bar)-2, 0)
	first := widget.Fit(th.Dim.Render("req/s")+" "+widget.StepStrip(th, screen.Strip(t), max(room-6, 0)), room, "") + "  " + bar
	if t.State == engine.StatePreparing {
		return widget.Fit(first, w, "") + "\n" + widget.Fit(th.Dim.Render("No load yet: asking "+screen.Asked), w, th.Glyph.Ellipsis)
	}
	text, st := screen.Health(th, t.Health)
	why := t.Health.Why
	if t.Text != "" {
		why = strings.Trim(why+" · "+t.Text, " ·")
	}
	second := st.Render(widget.Clean(text))
	if why != "" {
		second += th.Dim.Render(" · " + widget.Clean(why))
	}
	return widget.Fit(first, w, "") + "\n" + widget.Fit(second, w, th.Glyph.Ellipsis)
}

// drawCharts is both metrics one above the other, or the chosen one.
func (m *Model) drawCharts(t *engine.TargetSnapshot, w, h int) string {
	if h < twoCharts {
		return m.drawChart(t, m.metric, w, h, true)
	}
	top := (h + 1) / 2
	return widget.Stack(m.drawChart(t, screen.TTFT, w, top, m.metric == screen.TTFT),
		m.drawChart(t, screen.ITL, w, h-top, m.metric == screen.ITL))
}

func (m *Model) drawChart(t *engine.TargetSnapshot, metric screen.Metric, w, h int, focus bool) string {
	th := m.theme
	lo, hi := screen.Span(m.snap, m.window)
	ts := chart.TimeSeries{Theme: th, Series: m.tracks[m.target].Lines(metric, th.Target(m.target)), XMin: lo, XMax: hi,
		Marks: screen.Marks(m.snap, m.target), Unit: chart.MS}
	min, max := ts.Range()
	log := m.scales[metric].Log(min, max)
	ts.Y = m.axes[metric].Fit(m.snap.StartedAt.Add(m.snap.At), min, max, log)
	ts.SLO = screen.Limit(m.snap.Plan.SLO, metric)
	q := t.Now.TTFT
	if metric == screen.ITL {
		q = t.Now.ITL
	}
	note := ""
	for p, name := range screen.Percentiles {
		if q.N > 0 {
			note += " " + name + " " + screen.MS(screen.Of(q, p))
		}
	}
	title := metric.String() + " ms"
	if log {
		title += ", log"
	}
	if m.window > 0 {
		title += fmt.Sprintf(", last %.0f s", m.window)
	}
	iw, ih := widget.Inside(w, h)
	return widget.Panel{Theme: th, Title: title, Note: strings.TrimSpace(note), Focused: focus, Body: screen.Draw(&ts, t.State, iw, ih)}.Render(w, h)
}

// drawSide is the column of numbers.
func (m *Model) drawSide(t *engine.TargetSnapshot, w, h int) string {
	th := m.theme
	now := m.nowLines(t, w-4)
	server := m.serverLines(t, w-4)
	nowH := len(now) + 2
	stepsH := min(len(t.Steps)+3, max(h-nowH, 0))
	serverH := 0
	if h-nowH-stepsH >= len(server)+2+5 {
		serverH = len(server) + 2
	}
	panel := func(title string, lines []string, h int) string {
		for i := range lines {
			lines[i] = " " + lines[i]
		}
		return widget.Panel{Theme: th, Title: title, Body: strings.Join(lines, "\n")}.Render(w, h)
	}
	parts := []string{panel("Last 10 s", now, min(nowH, h))}
	if stepsH >= 3 {
		iw, ih := widget.Inside(w, stepsH)
		parts = append(parts, widget.Panel{Theme: th, Title: "Steps", Body: m.stepTable(t).Render(iw, ih)}.Render(w, stepsH))
	} else {
		stepsH = 0
	}
	if serverH > 0 {
		parts = append(parts, panel("Server", server, serverH))
	}
	if rest := h - nowH - stepsH - serverH; rest >= 3 {
		parts = append(parts, panel("Events", m.lastEvents(rest-2, w-4), rest))
	} else if rest > 0 {
		parts = append(parts, widget.Block("", w, rest))
	}
	return widget.Block(widget.Stack(parts...), w, h)
}

// nowLines are the last ten seconds in numbers.
func (m *Model) nowLines(t *engine.TargetSnapshot, w int) []string {
	th, now := m.theme, &t.Now
	lines := []string{th.Dim.Render(fmt.Sprintf("%-8s%9s%9s%8s", "", "p50", "p90", "p99"))}
	for _, r := range []struct {
		name string
		q    engine.Quantiles
	}{{"TTFT ms", now.TTFT}, {"ITL ms", now.ITL}, {"E2E ms", now.E2E}} {
		lines = append(lines, fmt.Sprintf("%-8s%9s%9s%8s", r.name, screen.MS(screen.Of(r.q, 0)), screen.MS(screen.Of(r.q, 1)), screen.MS(screen.Of(r.q, 2))))
	}
	if ms, ok := screen.PathMS(t); ok && now.TTFT.N > 0 {
		lines = append(lines, fmt.Sprintf("%-10s%s of %s", "path", screen.MS(ms), screen.MSUnit(now.TTFT.P50)))
	}
	lines = append(lines,
		fmt.Sprintf("%-10s%s /s  (nominal %s)", "offered", screen.Sig3(now.OfferedRPS), screen.Rate(screen.CurrentRate(t))),
		fmt.Sprintf("%-10s%s /s", "completed", screen.Sig3(now.CompletedRPS)),
		fmt.Sprintf("%-10s%s tok/s", "output", screen.Sig3(now.OutputTokPerS)))
	spark := chart.Sparkline(th, m.inFlight(t, w-17), max(w-17, 0))
	lines = append(lines, fmt.Sprintf("%-10s%-6d ", "in flight", t.InFlight)+spark)
	lag, st := th.Glyph.Check, th.Good
	if !screen.LagOK(now) {
		lag, st = th.Glyph.Warn+" client late", th.Bad
	}
	lines = append(lines, fmt.Sprintf("%-10sp99 %s ms ", "send lag", screen.Sig3(now.SendLagP99MS))+st.Render(lag))
	lines = append(lines, m.errorLine(t))
	return lines
}

// errorLine counts what went wrong in the current step.
func (m *Model) errorLine(t *engine.TargetSnapshot) string {
	bad := t.Failed + t.Rejected + t.Incomplete
	if bad == 0 {
		return fmt.Sprintf("%-10s0 of %d", "errors", t.Sent)
	}
	line := fmt.Sprintf("%-10s%d of %d", "errors", bad, t.Sent)
	if t.LastError != "" {
		line += ": " + widget.Clean(t.LastError)
	}
	return m.theme.Bad.Render(line)
}

// inFlight is the last n seconds.
func (m *Model) inFlight(t *engine.TargetSnapshot, n int) []float64 {
	return m.last(t, n, func(p *engine.Point) float64 { return float64(p.InFlight) })
}

func (m *Model) last(t *engine.TargetSnapshot, n int, of func(*engine.Point) float64) []float64 {
	from := max(len(t.Series)-max(n, 0), 0)
	out := make([]float64, 0, max(n, 0))
	for i := from; i < len(t.Series); i++ {
		out = append(out, of(&t.Series[i]))
	}
	return out
}

// serverLines are strips of the server's own view.
func (m *Model) serverLines(t *engine.TargetSnapshot, w int) []string {
	s := &t.Server
	if !s.Available {
		return []string{m.theme.Dim.Render("no /metrics: n/a")}
	}
	row := func(name string, v float64, show string, of func(*engine.Point) float64) string {
		if math.IsNaN(v) {
			return fmt.Sprintf("%-10sn/a", name)
		}
		return fmt.Sprintf("%-10s%-6s ", name, show) + chart.Sparkline(m.theme, m.last(t, w-17, of), max(w-17, 0))
	}
	lines := []string{
		row("running", s.Running, screen.Sig3(s.Running), func(p *engine.Point) float64 { return p.Running }),
		row("waiting", s.Waiting, screen.Sig3(s.Waiting), func(p *engine.Point) float64 { return p.Waiting }),
		row("KV cache", s.KVPct, fmt.Sprintf("%.0f%%", s.KVPct), func(p *engine.Point) float64 { return p.KVPct }),
	}
	if s.Preemptions > 0 {
		lines = append(lines, m.theme.Warn.Render(fmt.Sprintf("%-10s%s", "preempted", screen.Sig3(s.Preemptions))))
	}
	return lines
}

// stepTable is what the finished steps came to.
func (m *Model) stepTable(t *engine.TargetSnapshot) widget.Table {
	tab := widget.Table{Theme: m.theme, Cursor: -1, Columns: []widget.Column{{Title: "req/s", Right: true}, {},
		{Title: "TTFT p50", Right: true}, {Title: "p99", Right: true}, {Title: "ITL p50", Right: true, Drop: 1}}}
	for i := range t.Steps {
		tab.Rows = append(tab.Rows, m.stepRow(t, i))
	}
	tab.Offset = max(t.Current-3, 0)
	return tab
}

func (m *Model) stepRow(t *engine.TargetSnapshot, i int) []widget.Cell {
	th, s := m.theme, &t.Steps[i]
	rate := widget.Cell{Text: screen.Rate(s.Rate)}
	if s.Summary == nil {
		switch {
		case i == t.Current:
			return []widget.Cell{rate, {Text: th.Glyph.Running, Style: th.Accent}, {Text: screen.MS(screen.Of(t.Now.TTFT, 0)), Style: th.Dim},
				{Text: screen.MS(screen.Of(t.Now.TTFT, 2)), Style: th.Dim}, {Text: screen.MS(screen.Of(t.Now.ITL, 0)), Style: th.Dim}}
		case s.Phase == "skipped":
			return []widget.Cell{rate, {Text: th.Glyph.Skipped}, {Text: "skipped", Style: th.Dim}}
		}
		return []widget.Cell{rate, {Text: th.Glyph.Dot, Style: th.Dim}}
	}
	sum := s.Summary
	glyph, st := screen.VerdictGlyph(th, &sum.Verdict)
	return []widget.Cell{rate, {Text: glyph, Style: st}, {Text: screen.StepValue(sum, screen.TTFT, "p50", th)},
		{Text: screen.StepValue(sum, screen.TTFT, "p99", th)}, {Text: screen.StepValue(sum, screen.ITL, "p50", th)}}
}

// eventLines is how many lines an event may take: its reason stands at its end.
const eventLines = 4

// lastEvents are the latest events of this target and of the run in at most n lines of w cells, the
// newest at the end. The newest is shown first of all, the oldest only if it fits as a whole.
func (m *Model) lastEvents(n, w int) []string {
	var lines []string
	for i := len(m.events) - 1; i >= 0 && len(lines) < n; i-- {
		text, ok := m.ownEvent(i)
		if !ok {
			continue
		}
		room := min(n-len(lines), eventLines)
		if len(lines) > 0 && len(widget.Lines(text, w, 0, "")) > room {
			break
		}
		lines = append(widget.Lines(text, w, room, m.theme.Glyph.Ellipsis), lines...)
	}
	return lines
}

// newest is the latest event in at most n lines of w cells.
func (m *Model) newest(n, w int) []string {
	for i := len(m.events) - 1; i >= 0; i-- {
		if text, ok := m.ownEvent(i); ok {
			return widget.Lines(text, w, n, m.theme.Glyph.Ellipsis)
		}
	}
	return nil
}

// ownEvent is event i as a line, if it is one of the target shown or of the whole run.
func (m *Model) ownEvent(i int) (string, bool) {
	e := m.events[i]
	if e.Target != "" && e.Target != m.Target() {
		return "", false
	}
	e.Target = ""
	return m.eventLine(e), true
}

// drawLow is the numbers below the chart, where there is no room beside it.
func (m *Model) drawLow(t *engine.TargetSnapshot, w, h int) string {
	th, now := m.theme, &t.Now
	lag, st := th.Glyph.Check, th.Good
	if !screen.LagOK(now) {
		lag, st = th.Glyph.Warn, th.Bad
	}
	left := []string{
		th.Dim.Render(fmt.Sprintf("%-8s%8s%8s%8s", "", "p50", "p90", "p99")),
		fmt.Sprintf("%-8s%8s%8s%8s", "TTFT ms", screen.MS(screen.Of(now.TTFT, 0)), screen.MS(screen.Of(now.TTFT, 1)), screen.MS(screen.Of(now.TTFT, 2))),
		fmt.Sprintf("%-8s%8s%8s%8s", "ITL ms", screen.MS(screen.Of(now.ITL, 0)), screen.MS(screen.Of(now.ITL, 1)), screen.MS(screen.Of(now.ITL, 2))),
	}
	path := ""
	if ms, ok := screen.PathMS(t); ok && now.TTFT.N > 0 {
		path = fmt.Sprintf("   path %s of %s", screen.MS(ms), screen.MSUnit(now.TTFT.P50))
	}
	right := []string{
		fmt.Sprintf("offered %s/s (nominal %s)  completed %s/s", screen.Sig3(now.OfferedRPS), screen.Rate(screen.CurrentRate(t)), screen.Sig3(now.CompletedRPS)),
		fmt.Sprintf("in flight %-4d", t.InFlight) + chart.Sparkline(th, m.inFlight(t, 10), 10) + fmt.Sprintf("  %s tok/s", screen.Sig3(now.OutputTokPerS)),
		fmt.Sprintf("send lag p99 %s ms ", screen.Sig3(now.SendLagP99MS)) + st.Render(lag) + path,
	}
	lines := make([]string, 0, 8)
	for i := range left {
		lines = append(lines, widget.Fit(left[i]+" "+th.Border.Render(th.Thin.Vertical)+" "+right[i], w, th.Glyph.Ellipsis))
	}
	lines = append(lines, widget.Fit(m.errorLine(t), w, th.Glyph.Ellipsis))
	tab := m.stepTable(t)
	n := min(len(t.Steps)+1, max(h-2-len(lines)-9, 0))
	if n >= 2 {
		lines = append(lines, strings.Split(tab.Render(w, n), "\n")...)
	}
	for _, l := range m.newest(2, w) {
		lines = append(lines, th.Dim.Render(l))
	}
	return strings.Join(lines, "\n")
}
