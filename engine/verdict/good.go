package verdict

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"benchtop/engine/record"
)

// goodput fills what the objectives make of the step: each alone in SLOs, all together in the
// step's own fields. The denominator of a share is what was sent, rejected and failed included.
func (t *Tally) goodput(s *record.Step) {
	if len(t.meta.SLOs) == 0 || s.Sent == 0 || s.WindowS <= 0 {
		return
	}
	counts := make([]int, len(t.meta.SLOs))
	all := 0
	t.window(func(w *row) {
		if w.good == 1<<len(counts)-1 {
			all++
		}
		for i := range counts {
			if w.good>>i&1 == 1 {
				counts[i]++
			}
		}
	})
	together := Met
	for i, slo := range t.meta.SLOs {
		outcome, why := Check(slo, s)
		s.SLOs = append(s.SLOs, record.SLOResult{
			SLO: slo.Text, GoodputRPS: float64(counts[i]) / s.WindowS,
			GoodShare: float64(counts[i]) / float64(s.Sent), Met: outcome.pointer(), Why: why,
		})
		together = max(together, outcome)
	}
	s.GoodputRPS = ptr(float64(all) / s.WindowS)
	s.GoodShare = ptr(float64(all) / float64(s.Sent))
	s.SLOMet = together.pointer()
}

// Outcome is what came of an objective or a gate, from good to bad.
type Outcome int

// The outcomes.
const (
	Met Outcome = iota
	Unknown
	NotMet
)

// String is "met", "unknown" or "not met".
func (o Outcome) String() string { return [...]string{"met", "unknown", "not met"}[o] }

func (o Outcome) pointer() *bool {
	if o == Unknown {
		return nil
	}
	return ptr(o == Met)
}

// maxErrorShare is the share of requests that may fail or be rejected before a step meets no
// objective: percentiles of the survivors say nothing for the others.
const maxErrorShare = 0.01

// Check tells whether a step met an objective, and if not, why not in words. A lower bound above a
// limit does not meet it; one below it leaves it unknown, as does a missing value.
func Check(slo SLO, step *record.Step) (Outcome, string) {
	out := Met
	var why []string
	if share := failedShare(step); share > maxErrorShare {
		out = NotMet
		why = append(why, fmt.Sprintf("%.1f %% of the requests failed or were rejected", 100*share))
	}
	for _, l := range slo.Limits {
		o, text := l.check(step)
		out = max(out, o)
		if o != Met {
			why = append(why, text)
		}
	}
	return out, strings.Join(why, "; ")
}

// check compares one limit with a step.
func (l Limit) check(step *record.Step) (Outcome, string) {
	name := l.Metric + "." + l.Stat
	ms, bound, ok := Value(step, l.Metric, l.Stat)
	switch {
	case !ok:
		return Unknown, name + " is unknown"
	case bound && !l.holds(ms):
		return NotMet, fmt.Sprintf("%s is above %s, limit %s", name, beside(ms, l.MS, 1, " ms", timeText), timeText(l.MS))
	case bound:
		return Unknown, fmt.Sprintf("%s is only known to be above %s", name, timeText(ms))
	case !l.holds(ms):
		return NotMet, fmt.Sprintf("%s is %s, limit %s", name, beside(ms, l.MS, 1, " ms", timeText), timeText(l.MS))
	}
	return Met, ""
}

// failedShare is the share of what was sent that failed or was rejected.
func failedShare(step *record.Step) float64 {
	if step.Sent == 0 {
		return 0
	}
	return float64(step.Rejected+step.Failed) / float64(step.Sent)
}

// errorShare is the share of what was sent that got no answer: it failed, was rejected, or was cut
// although its drain outlasted the median reply. Where the drain leaves that open the share is at
// least this, and at most most.
func errorShare(step *record.Step) (share, most float64) {
	share = failedShare(step)
	most = share
	outcome := cutsOf(step)
	if outcome != Met {
		most += float64(step.Incomplete) / float64(step.Sent)
	}
	if outcome == NotMet {
		share = most
	}
	return share, most
}

// timeText prints a time in ms with its unit: ms, or s from one second on.
func timeText(ms float64) string {
	if ms >= 999.5 {
		return digits3(ms/1e3) + " s"
	}
	return digits3(ms) + " ms"
}

// beside is the text of a value that is held against a limit. Where rounding makes the two look the same
// though they are not, it is written out, times scale and with its unit: "500.2 ms, limit 500 ms".
func beside(v, limit, scale float64, unit string, text func(float64) string) string {
	s := text(v)
	if v == limit || s != text(limit) {
		return s
	}
	return strconv.FormatFloat(math.Round(v*scale*1e6)/1e6, 'f', -1, 64) + unit
}

// digits3 prints three significant digits without an exponent.
func digits3(v float64) string {
	switch a := max(v, -v); {
	case a >= 100 || a == 0:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
