package engine

import (
	"cmp"
	"errors"
	"fmt"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// evidence is what is known beside the requests when a step begins.
type evidence struct {
	cond       Condition
	clockSteps int
	sleeps     int
}

func (x *runner) evidence() evidence {
	e := evidence{clockSteps: x.run.clock.Steps(), sleeps: x.run.clock.Sleeps()}
	if x.target.Watch != nil {
		e.cond = x.target.Watch()
	}
	return e
}

// summarise adds to a step what its requests cannot tell, and judges it.
func (x *runner) summarise(sum *record.Step, before evidence, cause error, st start, drained bool) {
	from, to := sum.WindowStartNS+x.run.base, sum.WindowEndNS+x.run.base
	sum.Path = x.view.path(from, to)
	sum.Server = x.view.server(from, to)
	now := x.evidence()
	w := x.run.plan.Workload
	in := verdict.Evidence{
		Planned: st.sched.Window(), PromptTokens: w.PromptTokens, OutputTokens: w.OutputTokens,
		ClockSteps: now.clockSteps - before.clockSteps, Slept: now.sleeps > before.sleeps, ForeignTraffic: st.foreign[x],
		Restarts: now.cond.Restarts - before.cond.Restarts, RestartReason: now.cond.Reason,
		TemplateHitPct: x.templatePct,
	}
	note := func(format string, args ...any) {
		sum.Verdict.Notes = append(sum.Verdict.Notes, fmt.Sprintf(format, args...))
	}
	if !x.prompts.exact && x.prompts.vocab.Len() == 0 {
		in.PromptTokens = 0
		note("prompts are text: %d to %d tokens by the server's count", sum.PromptTokensMin, sum.PromptTokensMax)
	}
	switch {
	case errors.Is(cause, errLost) || in.Restarts > 0 || in.Slept || now.cond.Cuts != before.cond.Cuts:
		x.void(sum, in)
	case errors.Is(cause, errSkipped):
		note("skipped by the user")
	case cause != nil:
		note("the run was stopped")
	case !drained:
		note("requests still in flight were cut at the drain limit of %s", x.run.plan.Drain)
	}
	sum.Verdict = verdict.Judge(sum, in)
}

// void marks a step whose target was lost: it is kept, not used, and made again.
func (x *runner) void(sum *record.Step, in verdict.Evidence) {
	why := "the target was lost"
	switch {
	case in.Restarts > 0:
		x.noteRestart(sum.Index, in.Restarts, in.RestartReason)
		why = "the pod restarted"
		if in.RestartReason != "" {
			why += ": " + in.RestartReason
		}
	case in.Slept:
		why = "this machine was asleep" // the verdict says it too
	default:
		if detail := cmp.Or(x.live.lastError(), in.RestartReason); detail != "" {
			why += ": " + detail
		}
		sum.Verdict.Reasons = append(sum.Verdict.Reasons, why)
	}
	sum.Verdict.Void = true
	x.mark("note", "void")
	x.run.note(x.info.Name, fmt.Sprintf("%g req/s void: %s", sum.Rate, why), false)
}

// restart counts the restarts of a target at one step.
type restart struct {
	before int // what its watch counted when the step was first tried
	told   int
	why    string
}

// beginAt notes what was counted before the first try of a step.
func (x *runner) beginAt(step int, c Condition) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, ok := x.restarts[step]; !ok {
		x.restarts[step] = restart{before: c.Restarts}
	}
}

func (x *runner) noteRestart(step, n int, why string) restart {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := x.restarts[step]
	r.told += n
	if why != "" {
		r.why = ": " + why
	}
	x.restarts[step] = r
	return r
}

// restartsAt is how often the target restarted since the step was first tried. A cluster may know of a
// restart later than the connections that it cut, which alone were told of then: it is made up for.
func (x *runner) restartsAt(s record.StepPlan) (int, string) {
	x.mu.Lock()
	r := x.restarts[s.Index]
	x.mu.Unlock()
	now := x.evidence().cond
	if late := now.Restarts - r.before - r.told; late > 0 {
		r = x.noteRestart(s.Index, late, now.Reason)
		x.run.note(x.info.Name, fmt.Sprintf("%g req/s void: the pod restarted%s", s.Rate, r.why), false)
	}
	return r.told, r.why
}
