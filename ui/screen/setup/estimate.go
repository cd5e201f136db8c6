package setup

import (
	"time"

	"benchtop/engine/record"
	"benchtop/ui/screen"
)

// Estimate is what a plan will come to.
type Estimate struct {
	Steps    int // on each target
	Requests float64
	Tokens   float64 // prompt and output
	Time     time.Duration
	USD      *float64 // GPU time of all targets for as long as it takes; nil = a price is unknown
}

// What a step takes beside its window, as long as nothing is measured: the automatic warm-up is
// two E2E times between 5 and 60 s, and the last requests of the window end one E2E time after it.
// 30 ms a token is between the first and the last rate that the published A10 runs hold (20 to 54 ms);
// the slowest target decides how long a step takes.
const (
	guessGap  = 30 * time.Millisecond
	guessIdle = 2 * time.Second
	minWarmup = 5 * time.Second
	maxWarmup = 60 * time.Second
)

// EstimateOf is the size of a plan on these targets.
func EstimateOf(p record.Plan, targets []screen.Selection) Estimate {
	var e Estimate
	var one time.Duration // of one target
	e2e := time.Duration(p.Workload.OutputTokens) * guessGap
	warmup := min(max(2*e2e, minWarmup), maxWarmup)
	if p.Warmup.Fixed {
		warmup = p.Warmup.For
	}
	drain := min(time.Duration(p.Drain), e2e)
	for _, s := range p.Steps() {
		e.Steps++
		window := p.StepWindow(s.Rate)
		e.Requests += s.Rate * (window + warmup).Seconds()
		one += warmup + window + drain + guessIdle
	}
	n := float64(max(len(targets), 1))
	e.Requests *= n
	e.Tokens = e.Requests * float64(p.Workload.PromptTokens+p.Workload.OutputTokens)
	e.Time = one
	if p.Order != "parallel" {
		e.Time = time.Duration(float64(one) * n)
	}
	e.USD = cost(targets, e.Time)
	return e
}

// cost is what the nodes of all targets cost for that long: they are paid for whether loaded or not.
func cost(targets []screen.Selection, d time.Duration) *float64 {
	var sum float64
	for _, t := range targets {
		if t.Workspace == nil || t.Workspace.Price.USDPerHour == nil {
			return nil
		}
		sum += *t.Workspace.Price.USDPerHour * d.Hours()
	}
	return &sum
}
