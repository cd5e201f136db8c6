package engine

import (
	"fmt"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/wire"
)

// resume takes up the run in Options.Dir: its plan, its id and its clock go on, and the steps that
// can be used are not made again.
func (r *Run) resume() error {
	saved, err := record.Load(r.opt.Dir)
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	if saved.Imported != "" {
		return fmt.Errorf("resume: run %s was imported from %s and cannot go on", saved.ID, saved.Imported)
	}
	slos, stop, err := parseRules(saved.Plan)
	if err != nil {
		return fmt.Errorf("resume run %s: %w", saved.ID, err)
	}
	r.id, r.plan, r.slos, r.stop = saved.ID, saved.Plan, slos, stop
	planned := saved.Plan.Steps()
	r.steps = append(planned, added(saved, len(planned))...)
	r.started = saved.StartedAt
	r.base = wire.Now() - int64(time.Since(saved.StartedAt))
	r.notes = saved.Notes
	hashes, err := scheduleHashes(r.plan, planned)
	if err != nil {
		return err
	}
	for k, h := range hashes {
		if was := saved.Plan.Schedules[k]; was != "" && was != h {
			return fmt.Errorf("resume run %s: this version makes other arrivals for %s; start a new run with --like", saved.ID, k)
		}
	}
	for i, x := range r.runners {
		x = newRunner(r, x.target, i)
		for j := range x.strip[len(planned):] {
			x.strip[len(planned)+j].Phase = "skipped" // until its own target takes it up
		}
		r.runners[i] = x
	}
	for i := range saved.Steps {
		r.takeUp(&saved.Steps[i])
	}
	return nil
}

// maxAdded bounds what a damaged file can make of the steps beyond the plan.
const maxAdded = 10_000

// added are the steps that Refine had made beyond the planned ones. They keep their indices: ids of
// requests and prompts are made of them, so no other step may get the same.
func added(saved *record.Run, planned int) []record.StepPlan {
	var out []record.StepPlan
	take := func(s record.StepPlan) {
		i := s.Index - planned
		if i < 0 || i >= maxAdded {
			return
		}
		for len(out) <= i {
			out = append(out, record.StepPlan{Index: planned + len(out)})
		}
		out[i] = s
	}
	for _, s := range saved.Steps {
		take(record.StepPlan{Index: s.Index, Repeat: s.Repeat, Rate: s.Rate})
	}
	for _, o := range saved.Open {
		take(record.StepPlan{Index: o.Index, Repeat: o.Repeat, Rate: o.Rate})
	}
	return out
}

// takeUp enters a step that was made before.
func (r *Run) takeUp(s *record.Step) {
	for _, x := range r.runners {
		if x.info.Name != s.Target || s.Index < 0 || s.Index >= len(x.strip) {
			continue
		}
		x.tried[s.Index] = max(x.tried[s.Index], s.Try)
		if s.Verdict.Valid && !s.Verdict.Void && !s.Partial {
			x.strip[s.Index].Phase, x.strip[s.Index].Summary = "done", s
		}
	}
}

// reopen continues the run directory; targets are as they are known now.
func (r *Run) reopen(targets []record.Target) error {
	w, saved, err := record.Reopen(r.opt.Dir)
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	r.writer, r.dir = w, w.Dir()
	for _, o := range saved.Open { // cut by a kill: its try is used up
		for _, x := range r.runners {
			if x.info.Name == o.Target {
				x.tried[o.Index] = max(x.tried[o.Index], o.Try)
			}
		}
	}
	return w.Update(func(run *record.Run) { run.Targets = targets })
}

// nextTry counts a try of a step.
func (x *runner) nextTry(s record.StepPlan) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tried[s.Index]++
	return x.tried[s.Index]
}
