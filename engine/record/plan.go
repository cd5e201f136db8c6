package record

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Limits of a plan, with their reasons: a single client measured above MaxRate would measure itself,
// and MaxRequests keeps requests.jsonl under some 15 GB. maxWindow catches a rate typed in the wrong
// unit before a night is lost to it.
const (
	MaxRate     = 10_000
	MaxRequests = 10_000_000
	maxWindow   = 24 * time.Hour
	maxSteps    = 10_000
	maxTokens   = 10_000_000
)

// The shortest default step: long enough for a p99 that is not the maximum.
const (
	minWindow   = 60 * time.Second
	minRequests = 100
	minWarmup   = 5 * time.Second
)

var (
	arrivalKinds  = []string{"poisson", "poisson-free", "constant"}
	endpointKinds = []string{"auto", "completions", "chat"}
	orderKinds    = []string{"parallel", "sequential", "interleaved"}
	viaKinds      = []string{"", "auto", "port-forward", "proxy", "direct", viaDemo}
	workloadKinds = []string{"fixed"}
)

// viaDemo is the way to the embedded cluster's servers, which is nothing to choose.
const viaDemo = "simulated"

// DefaultPlan is the sweep that runs when nothing is said: 1, 2, 4, 8, 16 req/s, 200 prompt and 200
// output tokens, each step 60 s and at least 100 requests.
func DefaultPlan() Plan {
	return Plan{
		Rates:    []float64{1, 2, 4, 8, 16},
		Drain:    Duration(120 * time.Second),
		Workload: Workload{Kind: "fixed", PromptTokens: 200, OutputTokens: 200},
		Arrivals: "poisson",
		Seed:     42,
		Endpoint: "auto",
		Order:    "parallel",
		Repeat:   1,
		Via:      "auto",
	}
}

// StepPlan is one step of a plan before it is made.
type StepPlan struct {
	Index  int     // over (repeat, rate), from 0; the same as Step.Index
	Repeat int     // from 0
	Rate   float64 // req/s
}

// Steps lists the steps of the plan in the order of their index.
func (p Plan) Steps() []StepPlan {
	var out []StepPlan
	for rep := range max(p.Repeat, 1) {
		for _, rate := range p.Rates {
			out = append(out, StepPlan{Index: len(out), Repeat: rep, Rate: rate})
		}
	}
	return out
}

// StepWindow is the measured window of a step at rate req/s: Duration if set, else as long as
// Requests take, else 60 s and at least 100 requests. It is at most a day and a second, so that an
// absurd rate cannot overflow; Validate refuses anything above a day.
func (p Plan) StepWindow(rate float64) time.Duration {
	if p.Duration > 0 {
		return time.Duration(p.Duration)
	}
	n := float64(p.Requests)
	if p.Requests <= 0 {
		n = max(minRequests, rate*minWindow.Seconds())
	}
	s := n / rate
	if !(s < maxWindow.Seconds()+1) { // also NaN and +Inf
		return maxWindow + time.Second
	}
	return time.Duration(math.Round(s * float64(time.Second)))
}

// ExpectedRequests is how many requests the plan sends to one target, at least: the measured windows
// and the shortest warm-up before each.
func (p Plan) ExpectedRequests() float64 {
	warm := minWarmup
	if p.Warmup.Fixed {
		warm = p.Warmup.For
	}
	var n float64
	for _, s := range p.Steps() {
		n += s.Rate * (p.StepWindow(s.Rate) + warm).Seconds()
	}
	return n
}

// Validate returns every problem of the plan, joined; each message names the field, the bound and
// the value.
func (p Plan) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }

	errs = append(errs, p.validateRates()...)
	if p.Duration < 0 {
		bad("duration must be positive, but is %s", p.Duration)
	}
	if time.Duration(p.Duration) > maxWindow {
		bad("duration must be at most %s a step, but is %s", maxWindow, p.Duration)
	}
	if p.Requests < 0 || p.Requests > MaxRequests {
		bad("requests must be 0 (by duration) to %d, but is %d", MaxRequests, p.Requests)
	}
	if p.Duration > 0 && p.Requests > 0 {
		bad("duration (%s) and requests (%d) both set the length of a step: give one", p.Duration, p.Requests)
	}
	if p.Warmup.Fixed && (p.Warmup.For < 0 || p.Warmup.For > maxWindow) {
		bad("warmup must be auto or 0s to %s, but is %s", maxWindow, p.Warmup)
	}
	if p.Drain < 0 || time.Duration(p.Drain) > maxWindow {
		bad("drain must be 0s to %s, but is %s", maxWindow, p.Drain)
	}
	if p.Repeat < 1 || p.Repeat > maxSteps {
		bad("repeat must be 1 to %d, but is %d", maxSteps, p.Repeat)
	}
	tokens := func(what string, n int) {
		if n < 1 || n > maxTokens {
			bad("%s must be 1 to %d, but is %d", what, maxTokens, n)
		}
	}
	tokens("prompt tokens", p.Workload.PromptTokens)
	tokens("output tokens", p.Workload.OutputTokens)
	oneOf := func(what, got string, want []string) {
		if !slices.Contains(want, got) {
			offered := slices.DeleteFunc(slices.Clone(want), func(w string) bool { return w == viaDemo })
			bad("%s must be %s, but is %q%s", what, orList(offered), got, didYouMean(got, offered))
		}
	}
	oneOf("workload kind", p.Workload.Kind, workloadKinds)
	oneOf("arrivals", p.Arrivals, arrivalKinds)
	oneOf("endpoint", p.Endpoint, endpointKinds)
	oneOf("order", p.Order, orderKinds)
	oneOf("via", p.Via, viaKinds)
	if len(errs) == 0 {
		errs = append(errs, p.validateSize())
	}
	return errors.Join(errs...)
}

func (p Plan) validateRates() []error {
	var errs []error
	if len(p.Rates) == 0 {
		return []error{errors.New("rates: none given; want one or more request rates in req/s, like 1,2,4,8,16")}
	}
	if steps := len(p.Rates) * max(p.Repeat, 1); steps > maxSteps {
		errs = append(errs, fmt.Errorf("rates × repeat must be at most %d steps, but are %d", maxSteps, steps))
	}
	seen := map[float64]bool{}
	for _, r := range p.Rates {
		switch {
		case !(r > 0) || math.IsInf(r, 0):
			errs = append(errs, fmt.Errorf("rate must be above 0 req/s, but is %v", r))
		case r > MaxRate:
			errs = append(errs, fmt.Errorf("rate must be at most %d req/s (one client measures itself above that), but is %v", MaxRate, r))
		case seen[r]:
			errs = append(errs, fmt.Errorf("rate %v is given twice; to measure it again use repeat", r))
		case p.Duration <= 0 && p.StepWindow(r) > maxWindow:
			n := max(p.Requests, minRequests)
			errs = append(errs, fmt.Errorf("rate %v req/s needs more than %s for %d requests; give a duration or fewer requests", r, maxWindow, n))
		}
		seen[r] = true
	}
	return errs
}

// validateSize runs when every field is sound by itself.
func (p Plan) validateSize() error {
	targets := max(len(p.Targets), 1)
	n := p.ExpectedRequests() * float64(targets)
	if n > MaxRequests {
		return fmt.Errorf("a sweep may send at most %d requests, but this one would send %.0f (%d target(s), %d step(s)); lower rates, duration or repeat",
			MaxRequests, n, targets, len(p.Steps()))
	}
	for _, r := range p.Rates {
		if p.Duration > 0 && r*p.StepWindow(r).Seconds() < 1 {
			return fmt.Errorf("rate %v req/s expects no request within %s; lengthen duration", r, p.Duration)
		}
	}
	return nil
}

// orList joins the non-empty words with commas and a final "or".
func orList(words []string) string {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
