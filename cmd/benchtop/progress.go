package main

import (
	"fmt"
	"strings"
	"time"

	"benchtop/engine"
)

// progressLine tells one second of one target in a line: the twin of the live screen for logs and
// screen readers. Percentiles are of the last 10 s, in ms; a dash means that there is none yet.
func progressLine(now time.Time, t *engine.TargetSnapshot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s ", clock(now), t.Info.Name)
	if t.Current < 0 || t.Current >= len(t.Steps) {
		b.WriteString(stateWords(t))
		return b.String()
	}
	step := t.Steps[t.Current]
	fmt.Fprintf(&b, "step %d/%d %g req/s", t.Current+1, len(t.Steps), step.Rate)
	if t.Try > 1 {
		fmt.Fprintf(&b, " try %d", t.Try)
	}
	switch t.State {
	case engine.StateMeasuring:
		fmt.Fprintf(&b, " %s", elapsed(t))
	case engine.StateWarmup, engine.StateDraining:
		fmt.Fprintf(&b, " %s %s", t.State, elapsed(t))
	default:
		fmt.Fprintf(&b, " %s", stateWords(t))
	}
	bad := t.Rejected + t.Failed + t.Incomplete
	fmt.Fprintf(&b, " sent %d ok %d err %d inflight %d", t.Sent, t.OK, bad, t.InFlight)
	fmt.Fprintf(&b, " ttft p50 %s p99 %s itl p50 %s",
		quantile(t.Now.TTFT, t.Now.TTFT.P50), quantile(t.Now.TTFT, t.Now.TTFT.P99), quantile(t.Now.ITL, t.Now.ITL.P50))
	if t.Health.Level > 0 {
		fmt.Fprintf(&b, " · %s: %s", t.Health.Word, t.Health.Why)
	}
	return b.String()
}

// stateWords is the state and what is known beyond it.
func stateWords(t *engine.TargetSnapshot) string {
	if t.Text == "" {
		return string(t.State)
	}
	return string(t.State) + ": " + t.Text
}

// elapsed is "25/60s" of the current phase.
func elapsed(t *engine.TargetSnapshot) string {
	return fmt.Sprintf("%.0f/%.0fs", t.StepElapsed.Seconds(), t.StepTotal.Seconds())
}

// quantile shows ms with three significant digits, as far as there are values.
func quantile(q engine.Quantiles, ms float64) string {
	if q.N == 0 {
		return "-"
	}
	return threeDigits(ms)
}

// threeDigits writes v with three significant digits and no exponent: 0.123, 26.1, 427, 12300.
func threeDigits(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1 || v <= -1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// eventLine is an engine event as a progress line.
func eventLine(now time.Time, e engine.Event) string {
	mark := ""
	switch {
	case e.Level == 1:
		mark = "warning: "
	case e.Level >= 2:
		mark = "error: "
	}
	who := e.Target
	if who != "" {
		who += " "
	}
	return fmt.Sprintf("%s %s%s%s", clock(now), who, mark, e.Text)
}
