package engine

import (
	"errors"
	"fmt"
	"time"

	"benchtop/engine/arrival"
	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// Load opens a saved run. Steps that a kill cut short are rebuilt: their finished requests from
// requests.jsonl, the others from plan and seed as incomplete (killed). They are partial, and so
// invalid. It needs neither cluster nor server.
func Load(dir string) (*record.Run, error) {
	run, err := record.Load(dir)
	if err != nil || len(run.Open) == 0 || run.State == record.StateRunning {
		return run, err
	}
	tallies, err := reopen(run)
	if err != nil {
		return nil, fmt.Errorf("rebuild the cut steps of run %s: %w", run.ID, err)
	}
	last := int64(0) // the latest moment the record knows of
	for r, err := range record.Requests(dir) {
		var skipped *record.SkippedError
		if errors.As(err, &skipped) {
			break // what is readable was read
		}
		if err != nil {
			return nil, err
		}
		last = max(last, r.DoneNS)
		if t := tallies[stepKey{r.Target, r.Step, r.Try}]; t != nil {
			t.tally.Add(r)
			t.seen[r.K] = true
		}
	}
	for _, o := range run.Open {
		run.Steps = append(run.Steps, tallies[stepKey{o.Target, o.Index, o.Try}].close(run, last))
	}
	return run, nil
}

type stepKey struct {
	target    string
	step, try int
}

// cutStep is a step that a kill ended.
type cutStep struct {
	open  record.OpenStep
	sched arrival.Schedule
	tally *verdict.Tally
	seen  map[int]bool
}

func reopen(run *record.Run) (map[stepKey]*cutStep, error) {
	slos, err := verdict.ParseSLOs(run.Plan.SLO)
	if err != nil {
		return nil, err
	}
	out := map[stepKey]*cutStep{}
	for _, o := range run.Open {
		warmup := time.Duration(o.WindowStartNS - o.StartNS)
		sched, err := arrival.New(arrivalSpec(run.Plan, record.StepPlan{Index: o.Index, Repeat: o.Repeat, Rate: o.Rate}, warmup))
		if err != nil {
			return nil, err
		}
		meta := verdict.Meta{
			Target: o.Target, Rate: o.Rate, Index: o.Index, Repeat: o.Repeat, Try: o.Try, StartedAt: o.StartedAt,
			StartNS: o.StartNS, WindowStartNS: o.WindowStartNS, WindowEndNS: o.WindowEndNS,
			Arrivals: run.Plan.Arrivals, OutputTokens: run.Plan.Workload.OutputTokens, SLOs: slos,
		}
		out[stepKey{o.Target, o.Index, o.Try}] = &cutStep{o, sched, verdict.NewTally(meta), map[int]bool{}}
	}
	return out, nil
}

// close adds what was scheduled before the kill and left no line, and summarises the step.
func (c *cutStep) close(run *record.Run, last int64) record.Step {
	end := min(max(last, c.open.WindowStartNS), c.open.WindowEndNS)
	for k, at := range c.sched.TimesNS {
		due := c.open.StartNS + at
		if due > end || c.seen[k] {
			continue
		}
		c.tally.Add(&record.Request{
			ID:     fmt.Sprintf("%s-%s-%d.%d-%d", run.ID, c.open.Target, c.open.Index, c.open.Try, k),
			Target: c.open.Target, Step: c.open.Index, Try: c.open.Try, K: k, Warmup: k < c.sched.First,
			SchedNS: due, StartNS: due, SentNS: due, DoneNS: max(last, due),
			Status: record.StatusIncomplete, Class: record.ClassKilled,
		})
	}
	c.tally.Finish(end, max(last, end), true)
	s := c.tally.Step()
	s.Verdict.Reasons = append(s.Verdict.Reasons, "the run was killed in this step: incomplete (killed) are the requests without a line")
	s.Verdict = verdict.Judge(&s, verdict.Evidence{
		PromptTokens: run.Plan.Workload.PromptTokens, OutputTokens: run.Plan.Workload.OutputTokens,
	})
	return s
}
