package engine

import (
	"fmt"
	"maps"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// maxRefine bounds the steps that narrow one bracket: ten halvings are more than 10 % ever takes.
const maxRefine = 10

// refine narrows a target's capacity bracket with more steps. Their indices follow the plan's.
func (r *Run) refine(x *runner) {
	var slo verdict.SLO // without objectives: a rate holds if it is not saturated
	if len(r.slos) > 0 {
		slo = r.slos[0]
	}
	for range maxRefine {
		if x.lost.Load() || r.sendCtx.Err() != nil {
			return
		}
		c := verdict.CapacityOf(slo, x.info.Name, x.summaries())
		rate, ok := c.Refine()
		if !ok || x.has(rate) {
			return
		}
		s := record.StepPlan{Index: len(r.steps), Rate: rate}
		if err := r.extend(s); err != nil {
			r.event(x, 2, "refine: "+err.Error())
			return
		}
		r.event(x, 0, fmt.Sprintf("%s: trying %g req/s to narrow it", c, rate))
		x.takeBack(s)
		r.group([]*runner{x}, s)
	}
}

// extend adds a step to the run; until a target takes it back, it is skipped everywhere.
func (r *Run) extend(s record.StepPlan) error {
	hashes, err := scheduleHashes(r.plan, []record.StepPlan{s})
	if err != nil {
		return err
	}
	r.steps = append(r.steps, s)
	for _, x := range r.runners {
		x.mu.Lock()
		x.strip = append(x.strip, StepStatus{Rate: s.Rate, Repeat: s.Repeat, Phase: "skipped"})
		x.mu.Unlock()
	}
	return r.writer.Update(func(run *record.Run) {
		all := map[string]string{} // the other is shared with snapshots
		maps.Copy(all, run.Plan.Schedules)
		maps.Copy(all, hashes)
		run.Plan.Schedules = all
	})
}

// takeBack makes a target take part in a step, also if it had stopped early.
func (x *runner) takeBack(s record.StepPlan) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.dropped = ""
	x.strip[s.Index].Phase = "pending"
}

// summaries are the steps made so far.
func (x *runner) summaries() []record.Step {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []record.Step
	for _, s := range x.strip {
		if s.Summary != nil {
			out = append(out, *s.Summary)
		}
	}
	return out
}

// has says whether a rate was tried: one that came out invalid again would be tried for ever.
func (x *runner) has(rate float64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.strip {
		if s.Rate == rate && s.Phase != "skipped" {
			return true
		}
	}
	return false
}
