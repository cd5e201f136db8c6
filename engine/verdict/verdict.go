// Package verdict turns requests into a step's summary and a step's summary into answers: can it be
// trusted, did the target keep up, did it meet its objective, up to which rate, at what cost.
//
//	t := verdict.NewTally(meta)           // one step
//	for … { t.Add(&request) }             // live or read from disk: the same numbers
//	step := t.Step()
//	step.Verdict = verdict.Judge(&step, evidence)
//	c := verdict.CapacityOf(slo, target, steps)
//
// Terms:
//   - saturated: the target fell behind the offered rate; a result, not a fault.
//   - valid: the client measured what it meant to. An invalid step keeps its data and is never used
//     for capacity, cost or gates.
//   - good request: within every limit of the objectives; goodput is good requests / window, its
//     share is of the requests sent.
//   - a rate holds if its step is usable, not saturated and meets the objective.
//
// Pure: no clock, no network, no goroutine. It imports engine/stats and engine/record only.
package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"benchtop/engine/record"
)

// The bounds of a valid step.
const (
	maxSendLagMS      = 1.0 // or maxSendLagShare of TTFT p50, whichever is larger
	maxSendLagShare   = 0.01
	maxCoalescedShare = 0.001
	maxPrefixHitPct   = 1.0 // beyond the constant blocks of the chat template
)

// Evidence is what the engine knows of a step besides its requests. A zero field means nothing was
// seen or nothing is known.
type Evidence struct {
	// Planned is how many arrivals the schedule has in the window; 0 = unknown.
	Planned int
	// PromptTokens and OutputTokens are what every request asked for.
	PromptTokens, OutputTokens int
	ClockSteps                 int    // jumps of the wall clock against the monotonic one
	Slept                      bool   // the machine was suspended
	Restarts                   int    // of the target's pod, during the step
	RestartReason              string // "OOMKilled"
	// ForeignTraffic says in words what showed that others use the target; empty = none seen.
	ForeignTraffic string
	// TemplateHitPct is the prefix-cache hit rate that the chat template's constant blocks alone
	// would give, measured by a probe.
	TemplateHitPct float64
}

// Judge says whether the step can be trusted and whether the target kept up, with reasons in words.
// It keeps what step.Verdict already holds of Void, KSP, Reasons and Notes.
func Judge(step *record.Step, ev Evidence) record.Verdict {
	v := step.Verdict
	v.Reasons = append([]string(nil), v.Reasons...)
	v.Notes = append([]string(nil), v.Notes...)
	v.Reasons = append(v.Reasons, clientFaults(step, ev)...)
	v.Reasons = append(v.Reasons, targetFaults(step, ev)...)
	v.Saturated = !step.Partial && Saturated(step) // a cut window ends in the ramp of whatever went on
	if why := tooShort(step); why != "" {
		v.Saturated = false
		v.Notes = slices.Insert(v.Notes, 0, why) // the first that a small screen has room for
	}
	v.Notes = append(v.Notes, notes(step, v.Saturated)...)
	v.Valid = len(v.Reasons) == 0 && !v.Void
	return v
}

// clientFaults are the reasons on our side not to trust a step.
func clientFaults(s *record.Step, ev Evidence) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if s.Partial {
		add("the window was cut short after %s s", digits3(s.WindowS))
	}
	if lag, ok := sendLagP99(s); ok {
		limit := maxSendLagMS
		if p50, _, ok := Value(s, "ttft", "p50"); ok {
			limit = max(limit, maxSendLagShare*p50)
		}
		if lag > limit {
			add("the client sent late: send lag p99 is %s ms, limit %s ms", beside(lag, limit, 1, "", digits3), digits3(limit))
		}
	}
	if s.CoalescedShare > maxCoalescedShare {
		add("the client read late: %s %% of the events shared a read with an earlier one, limit %.1f %%",
			beside(s.CoalescedShare, maxCoalescedShare, 100, "", func(v float64) string { return fmt.Sprintf("%.2f", 100*v) }), 100*maxCoalescedShare)
	}
	if ev.Planned > 0 && s.Sent != ev.Planned && !s.Partial {
		add("%d requests were sent in the window, %d were planned", s.Sent, ev.Planned)
	}
	if ev.ClockSteps > 0 {
		add("the clock was stepped %s", times(ev.ClockSteps))
	}
	if ev.Slept {
		add("this machine was asleep during the step")
	}
	return out
}

// sendLagP99 is the send lag's p99 in ms.
func sendLagP99(s *record.Step) (float64, bool) {
	if s.SendLag.P99 == nil {
		return 0, false
	}
	return *s.SendLag.P99, true
}

// targetFaults are the reasons on the target's side.
func targetFaults(s *record.Step, ev Evidence) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if s.Sent > 0 && s.OK == 0 && s.Incomplete == 0 {
		add("no request succeeded")
	}
	if s.Sent == 0 && !s.Partial {
		add("no request was sent in the window")
	}
	if ev.Restarts > 0 {
		reason := ""
		if ev.RestartReason != "" {
			reason = " (" + ev.RestartReason + ")"
		}
		add("the pod restarted %s%s", times(ev.Restarts), reason)
	}
	if ev.ForeignTraffic != "" {
		add("foreign traffic: %s", ev.ForeignTraffic)
	}
	tokens := func(what string, lo, hi, want int) {
		if want > 0 && hi > 0 && (lo != want || hi != want) {
			add("%s tokens were %s, %d were asked for", what, span2(lo, hi), want)
		}
	}
	tokens("prompt", s.PromptTokensMin, s.PromptTokensMax, ev.PromptTokens)
	tokens("output", s.OutputTokensMin, s.OutputTokensMax, ev.OutputTokens)
	hits := func(what string, pct *float64, expected float64) {
		if limit := expected + maxPrefixHitPct; pct != nil && *pct >= limit {
			add("the %s answered %s %% of the prompt tokens, limit %s %%", what, beside(*pct, limit, 1, "", digits3), digits3(limit))
		}
	}
	hits("prefix cache", s.Server.PrefixHitPct, ev.TemplateHitPct)
	hits("external prefix cache", s.Server.ExternalHitPct, 0)
	return out
}

// notes are what to know of a step that is no reason against it.
func notes(s *record.Step, saturated bool) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if saturated {
		add("saturated: %s of %s requests/s completed and in flight grew by %s/s; percentiles depend on the length of the step",
			digits3(s.CompletedRPS), digits3(s.OfferedRPS), digits3(s.InFlightSlope))
	}
	if s.Incomplete > 0 {
		longer := ""
		if o, _ := cutOutcome(s); o == Unknown && !saturated && !s.Partial {
			longer = longerDrain(s)
		}
		add("%s cut before the end; percentiles among them are lower bounds%s", countOf(s.Incomplete, "request was", "requests were"), longer)
	}
	if share := failedShare(s); share > 0 {
		add("%d of %d requests failed or were rejected (%.1f %%)", s.Failed+s.Rejected, s.Sent, 100*share)
	}
	if s.Server.Preemptions != nil && *s.Server.Preemptions > 0 {
		add("the server preempted %s: its KV cache was full", times(int(*s.Server.Preemptions)))
	}
	return out
}

// Saturated tells whether the target fell behind, by two tests that must agree: it completed less
// in the window than offered × (1 − max(5 %, 3/√n)), and the number in flight rose, with t > 3 and
// by more than 3·√(mean in flight) over the window.
//
// Either test alone cries wolf in 20 to 100 % of healthy steps: completions lag offers by what is
// in flight, and a walk in flight often has a slope.
func Saturated(s *record.Step) bool {
	if s.Sent == 0 || s.WindowS <= 0 {
		return false
	}
	margin := max(0.05, 3/math.Sqrt(float64(s.Sent)))
	behind := float64(s.CompletedInWindow) < float64(s.Sent)*(1-margin)
	growth := s.InFlightSlope * s.WindowS
	return behind && s.InFlightSlopeT > 3 && growth > 3*math.Sqrt(s.MeanInFlight)
}

// shortWindowS is how long a window must be for Saturated to see past the ramp that a warm-up shorter
// than a reply leaves in it: its rates of error were taken from 20 s on.
const shortWindowS = 20

// shortNote begins the note on a step that is too short.
const shortNote = "too short to tell"

// TooShort says whether a step was judged too short to tell whether its target keeps up.
func TooShort(s *record.Step) bool { return shortWhy(s) != "" }

// shortWhy is the note on a step that was judged too short, empty if it was not.
func shortWhy(s *record.Step) string {
	for _, n := range s.Verdict.Notes {
		if strings.HasPrefix(n, shortNote) {
			return n
		}
	}
	return ""
}

// tooShort says why a step cannot tell whether its target keeps up: the warm-up ended before the
// first reply could, so in-flight still rises to its level within a short window.
func tooShort(s *record.Step) string {
	e2e, _, _ := Value(s, "e2e", "p50")
	return ShortOf(s.WarmupS, s.WindowS, e2e)
}

// ShortOf says why a step of such a warm-up and window cannot tell whether its target keeps up if a
// reply takes e2eMS, and what would; empty if it can.
func ShortOf(warmupS, windowS, e2eMS float64) string {
	if windowS >= shortWindowS || warmupS*1e3 >= e2eMS {
		return ""
	}
	// Without the length of the reply, which differs from step to step: tables say the same once.
	return fmt.Sprintf(shortNote+" whether the target keeps up: the warm-up of %s s is shorter than a reply; give --duration %ds or more, or --warmup auto",
		digits3(warmupS), shortWindowS)
}

// times is "once" or "3 times".
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// countOf is "1 request was" or "3 requests were".
func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// span2 is "200" or "200 to 210".
func span2(lo, hi int) string {
	if lo == hi {
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}
