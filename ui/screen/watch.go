package screen

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui/chart"
	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

// Metric is what a chart shows.
type Metric int

// The metrics of a chart. TPOT stands in for ITL in runs of tools that keep no single gaps; a sweep
// under way has no TPOT.
const (
	TTFT Metric = iota
	ITL
	TPOT
)

// String is the name as it is printed.
func (m Metric) String() string { return [...]string{"TTFT", "ITL", "TPOT"}[m] }

// Next is the other metric: the gaps of TTFT, and the other way round.
func (m Metric) Next() Metric {
	if m == TTFT {
		return ITL
	}
	return TTFT
}

// Gaps is the metric of the gaps between tokens that can be shown for all of a run: ITL, or TPOT
// where a target has nothing else.
func Gaps(run *record.Run) Metric {
	for i := range run.Targets {
		itl, tpot := false, false
		for j := range run.Steps {
			if s := &run.Steps[j]; s.Target == run.Targets[i].Name {
				itl, tpot = itl || s.ITL.N > 0, tpot || s.TPOT.N > 0
			}
		}
		if tpot && !itl {
			return TPOT
		}
	}
	return ITL
}

// Percentiles are the ones that the interface shows.
var Percentiles = [3]string{"p50", "p90", "p99"}

// Of is a percentile of q by its index in Percentiles; NaN when there is no value.
func Of(q engine.Quantiles, p int) float64 {
	if q.N == 0 {
		return math.NaN()
	}
	return [...]float64{q.P50, q.P90, q.P99}[p]
}

// Track is the series of one target as points of a chart, kept from picture to picture, so that a
// new second costs one conversion and not all of them. The zero value is empty.
type Track struct {
	points [2][len(Percentiles)][]chart.Point
	n      int
}

// overlap is how many of the latest points are converted again: the last one may still change.
const overlap = 2

// Set takes the series of a newer snapshot of the same run.
func (t *Track) Set(series []engine.Point) {
	keep := max(min(t.n, len(series))-overlap, 0)
	for m := range t.points {
		for p := range t.points[m] {
			t.points[m][p] = t.points[m][p][:keep]
		}
	}
	for i := keep; i < len(series); i++ {
		for p := range Percentiles {
			t.points[TTFT][p] = append(t.points[TTFT][p], chart.Point{X: series[i].T, Y: Of(series[i].TTFT, p)})
			t.points[ITL][p] = append(t.points[ITL][p], chart.Point{X: series[i].T, Y: Of(series[i].ITL, p)})
		}
	}
	t.n = len(series)
}

// Points is one line of the chart.
func (t *Track) Points(m Metric, percentile int) []chart.Point { return t.points[m][percentile] }

// Lines are the three percentiles of a target in its tints, labelled at their ends.
func (t *Track) Lines(m Metric, look theme.Target) []chart.Series {
	out := make([]chart.Series, len(Percentiles))
	for p, name := range Percentiles {
		out[p] = chart.Series{Name: name, Style: look.Tints[p], Points: t.points[m][p]}
	}
	return out
}

// Marks are the vertical lines of the chart of target i: its steps, and what a person noted.
func Marks(s *engine.Snapshot, i int) []chart.Mark {
	t := &s.Targets[i]
	out := make([]chart.Mark, 0, len(t.Marks)+len(s.Notes))
	for _, n := range s.Notes {
		if n.User && (n.Target == "" || n.Target == t.Info.Name) {
			out = append(out, chart.Mark{X: float64(n.AtNS) / 1e9, Text: n.Text, Note: true})
		}
	}
	for _, m := range t.Marks {
		switch m.Kind {
		case "step":
			out = append(out, chart.Mark{X: m.T, Text: m.Text})
		case "note":
			out = append(out, chart.Mark{X: m.T, Text: m.Text, Note: true})
		}
	}
	return out
}

// spans are the lengths that a time axis grows through, so that it does not move every second.
var spans = []float64{60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700}

// Span is the time axis from the start of the sweep: as long as it has lasted, and at most half as
// long again, in round steps; exact when it is done. With window > 0 it is the last so many seconds.
func Span(s *engine.Snapshot, window float64) (lo, hi float64) {
	at := s.At.Seconds()
	if window > 0 && at > window {
		return at - window, at
	}
	if s.Done && at > 1 {
		return 0, at
	}
	for _, v := range spans {
		if at <= v {
			return 0, v
		}
	}
	const hour = 3600
	return 0, math.Ceil(at/hour) * hour
}

// Strip is the steps of a target, each with its state.
func Strip(t *engine.TargetSnapshot) []widget.Step {
	out := make([]widget.Step, len(t.Steps))
	for i := range t.Steps {
		s := &t.Steps[i]
		out[i] = widget.Step{Label: Rate(s.Rate), State: stepState(s, i == t.Current)}
		if s.Repeat > 0 {
			out[i].Label += fmt.Sprintf("(%d)", s.Repeat+1)
		}
	}
	return out
}

func stepState(s *engine.StepStatus, current bool) widget.StepState {
	switch s.Phase {
	case "running", "void":
		return widget.StepRunning
	case "skipped":
		return widget.StepSkipped
	case "failed":
		return widget.StepFailed
	case "done":
		if s.Summary == nil {
			return widget.StepDone
		}
		return verdictState(&s.Summary.Verdict)
	}
	if current {
		return widget.StepRunning
	}
	return widget.StepPending
}

// verdictState is the glyph of a finished step.
func verdictState(v *record.Verdict) widget.StepState {
	switch {
	case v.Void || !v.Valid:
		return widget.StepInvalid
	case v.Saturated:
		return widget.StepSaturated
	}
	return widget.StepDone
}

// Preparing says whether no target is under load yet: all of them are still asked what they serve.
func Preparing(s *engine.Snapshot) bool {
	for i := range s.Targets {
		if s.Targets[i].State != engine.StatePreparing {
			return false
		}
	}
	return len(s.Targets) > 0 && !s.Done
}

// Asked is what a target is asked before the first step, in words.
const Asked = "model, how it counts tokens, prompt length, round trip"

// Progress says where a target is in its step: "step 4/5 · measuring 36/60 s".
func Progress(t *engine.TargetSnapshot) string {
	if t.State == engine.StatePreparing {
		return cmp.Or(t.Text, "asking the target")
	}
	text := string(t.State)
	if t.StepTotal > 0 {
		text += fmt.Sprintf(" %d/%d s", int(t.StepElapsed.Seconds()), int(t.StepTotal.Round(time.Second).Seconds()))
	}
	if t.Current >= 0 && t.Current < len(t.Steps) {
		text = fmt.Sprintf("step %d/%d · ", t.Current+1, len(t.Steps)) + text
		if t.Try > 1 {
			text += fmt.Sprintf(" (try %d)", t.Try)
		}
	}
	return text
}

// Fraction is how much of the current phase is over.
func Fraction(t *engine.TargetSnapshot) float64 {
	if t.StepTotal <= 0 {
		return 0
	}
	return t.StepElapsed.Seconds() / t.StepTotal.Seconds()
}

// CurrentRate is the rate of the step that runs, 0 between steps.
func CurrentRate(t *engine.TargetSnapshot) float64 {
	if t.Current < 0 || t.Current >= len(t.Steps) {
		return 0
	}
	return t.Steps[t.Current].Rate
}

// Health is the light of a target: a glyph, a word and the style of both.
func Health(th *theme.Theme, h engine.Health) (text string, st *theme.Style) {
	word := h.Word
	if word == "" {
		word = "waiting"
	}
	switch h.Level {
	case 0:
		return th.Glyph.Check + " " + word, th.Good
	case 1:
		return th.Glyph.Warn + " " + word, th.Warn
	}
	return th.Glyph.Cross + " " + word, th.Bad
}

// LagOK says whether the client sends in time: send lag p99 of at most 1 ms or 1 % of the median
// TTFT, whichever is more.
func LagOK(now *engine.Live) bool {
	return now.SendLagP99MS <= math.Max(1, now.TTFT.P50/100)
}

// PathMS is the share of the way to the target in the median TTFT: what the server does not account
// for, else the round trip. ok is false when neither is known.
func PathMS(t *engine.TargetSnapshot) (ms float64, ok bool) {
	s := &t.Server
	if s.Available && !math.IsNaN(s.TTFTMeanMS) && s.TTFTMeanMS > 0 && t.Now.TTFT.N > 0 {
		return math.Max(t.Now.TTFT.P50-s.TTFTMeanMS, 0), true
	}
	return t.RTTMS, t.RTTMS > 0
}

// autoLog is the spread of values, highest by lowest, from which a logarithmic axis shows more: one
// saturated step flattens everything else on a linear one.
const autoLog = 20

// Scale is whether the axis of a chart is logarithmic: by itself where the values ask for it, or as
// the person said. The zero value decides by itself.
type Scale struct {
	log, said bool
}

// Log decides for values between lo and hi. Once logarithmic by itself it stays so: an axis that
// changes to and fro cannot be read.
func (s *Scale) Log(lo, hi float64) bool {
	if !s.said && lo > 0 && hi > autoLog*lo {
		s.log = true
	}
	return s.log
}

// Toggle is what the person says.
func (s *Scale) Toggle() { s.log, s.said = !s.log, true }

// Draw is a chart with its limits, or words where it has nothing to show yet; state is that of the
// target.
func Draw(ts *chart.TimeSeries, state engine.State, w, h int) string {
	if lo, _ := ts.Range(); math.IsNaN(lo) {
		why := "no token in this window yet"
		if state == engine.StatePreparing {
			why = "No load yet: the target is asked first.\n" + Asked
		}
		return widget.Center(widget.Wrap(why, max(w, 1), ts.Theme.Dim), w, h)
	}
	return ts.Render(w, h)
}

// Where says what a target is: "default/phi4-mini · A10 · port-forward".
func Where(t *record.Target) string {
	where := t.URL
	if t.Workspace != "" {
		where = t.Workspace
		if t.Namespace != "" {
			where = t.Namespace + "/" + where
		}
	}
	for _, part := range []string{t.InstanceType, t.Via} {
		if part != "" {
			where += " · " + part
		}
	}
	return where
}

// VerdictGlyph is the sign of a finished step.
func VerdictGlyph(th *theme.Theme, v *record.Verdict) (string, *theme.Style) {
	switch verdictState(v) {
	case widget.StepInvalid:
		return th.Glyph.Warn, th.Warn
	case widget.StepSaturated:
		return th.Glyph.AtLeast, th.Warn
	}
	return th.Glyph.Check, th.Good
}

// minP99 is the number of requests below which a p99 is close to the maximum, and marked.
const minP99 = 100

// StepValue shows a percentile ("p50", "p90", "p95", "p99") of a finished step: a number, a lower
// bound where requests were cut, or unknown. A p99 of fewer than 100 requests is marked.
func StepValue(s *record.Step, m Metric, percentile string, th *theme.Theme) string {
	v, bound := StepNumber(s, m, percentile)
	text := MS(v)
	if bound {
		text = "> " + text
	}
	if percentile == "p99" && text != Unknown && FewForP99(s) {
		text += th.Glyph.Dagger
	}
	return text
}

// FewForP99 says whether a p99 of the step stands on fewer than 100 requests.
func FewForP99(s *record.Step) bool { return s.TTFT.N < minP99 }

// StepNumber is a percentile of a finished step in ms; bound says that it is a lower bound. NaN is
// unknown.
func StepNumber(s *record.Step, m Metric, percentile string) (v float64, bound bool) {
	d, key := [...]*record.Dist{&s.TTFT, &s.ITL, &s.TPOT}[m], strings.ToLower(m.String())+"_"+percentile+"_ms"
	p := map[string]*float64{"p50": d.P50, "p90": d.P90, "p95": d.P95, "p99": d.P99}[percentile]
	if p != nil {
		return *p, false
	}
	if b, ok := s.LowerBounds[key]; ok {
		return b, true
	}
	return math.NaN(), false
}
