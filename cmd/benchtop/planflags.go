package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"benchtop/engine/record"

	"github.com/spf13/pflag"
)

// demoStep is the length of a demo run's step when nothing is said: shorter ones end before the
// simulated A10 collapses at 16 req/s.
const demoStep = 30 * time.Second

// planFlags are the flags that say what to measure. They change a plan only where given, so that
// they refine a plan file or an earlier run's plan.
type planFlags struct {
	own *pflag.FlagSet // these flags alone

	rates                string
	duration, drain      time.Duration
	requests, repeat     int
	warmup               string
	promptTok, outputTok int
	arrivals, endpoint   string
	model, via, order    string
	seed                 uint64
	slo, gate, stopWhen  []string
	refine               bool
}

func addPlanFlags(set *pflag.FlagSet) *planFlags {
	f := &planFlags{own: pflag.NewFlagSet("plan", pflag.ContinueOnError)}
	d := record.DefaultPlan()
	f.own.StringVar(&f.rates, "rates", rateList(d.Rates), "request `rates` in req/s: a list, or a range like 1..16x2 or 2..10+2")
	f.own.DurationVar(&f.duration, "duration", 0, "measured window of a step (default 60s and at least 100 requests)")
	f.own.IntVar(&f.requests, "requests", 0, "requests `N` in the measured window of a step, instead of --duration")
	f.own.StringVar(&f.warmup, "warmup", d.Warmup.String(), "`time` at a step's rate before its window opens, or auto: 5 s to 60 s by latency")
	f.own.DurationVar(&f.drain, "drain", time.Duration(d.Drain), "how long a step waits for its last replies before they are cut")
	f.own.IntVar(&f.promptTok, "prompt-tokens", d.Workload.PromptTokens, "tokens of every prompt, by the server's count")
	f.own.IntVar(&f.outputTok, "output-tokens", d.Workload.OutputTokens, "tokens of every reply")
	f.own.StringVar(&f.arrivals, "arrivals", d.Arrivals, "`kind` of arrivals: poisson (exact expected count), poisson-free (exponential gaps) or constant")
	f.own.Uint64Var(&f.seed, "seed", d.Seed, "seed of arrivals and prompts; every target gets the same arrivals")
	f.own.StringVar(&f.endpoint, "endpoint", d.Endpoint, "`route` to use: auto, completions or chat")
	f.own.StringVar(&f.model, "model", "", "model `name` to ask for (default: the one that is served)")
	f.own.StringVar(&f.via, "via", d.Via, "`way` to a workspace: auto, port-forward, proxy or direct")
	f.own.StringVar(&f.order, "order", d.Order, "`order` of targets: parallel (side by side), sequential or interleaved")
	f.own.IntVar(&f.repeat, "repeat", d.Repeat, "how often the rates are run")
	f.own.StringArrayVar(&f.slo, "slo", nil, "latency `objectives`, like 'ttft.p95<500ms,itl.p95<50ms'; never changes the exit code (may be repeated)")
	f.own.StringArrayVar(&f.gate, "gate", nil, "`conditions` that end with exit code 99 if not met, like 'capacity>=8,ttft.p95@8<500ms' (may be repeated)")
	f.own.StringArrayVar(&f.stopWhen, "stop-when", nil, "`rules` to end a target's sweep early, like 'saturated,errors>5%'; errors are failed, rejected and cut requests (may be repeated)")
	f.own.BoolVar(&f.refine, "refine", false, "add steps between the last rate that holds the first --slo and the first that does not, until they are 10 % apart")
	inGroup(f.own, sweepFlags)
	set.AddFlagSet(f.own)
	return f
}

// apply changes the plan where flags were given. A demo takes shorter steps unless told otherwise.
func (f *planFlags) apply(p *record.Plan, demo bool) error {
	var errs []error
	given := func(name string) bool { return f.own.Changed(name) }
	if given("rates") {
		rates, err := record.ParseRates(f.rates)
		if errs = append(errs, prefix("--rates", err)); err == nil {
			p.Rates = rates
		}
	}
	if given("duration") {
		if f.duration <= 0 {
			errs = append(errs, fmt.Errorf("--duration must be positive, but is %s", f.duration))
		} else {
			p.Duration = record.Duration(f.duration)
		}
		if !given("requests") {
			p.Requests = 0
		}
	}
	if given("requests") {
		if f.requests <= 0 {
			errs = append(errs, fmt.Errorf("--requests must be positive, but is %d", f.requests))
		} else {
			p.Requests = f.requests
		}
		if !given("duration") {
			p.Duration = 0
		}
	}
	if demo && !given("duration") && !given("requests") && p.Duration == 0 && p.Requests == 0 {
		p.Duration = record.Duration(demoStep)
	}
	if given("warmup") {
		w, err := parseWarmup(f.warmup)
		errs = append(errs, err)
		p.Warmup = w
	}
	if given("drain") {
		p.Drain = record.Duration(f.drain)
	}
	f.applyPlain(p, given)
	return errors.Join(errs...)
}

// applyPlain copies the flags that need no reading.
func (f *planFlags) applyPlain(p *record.Plan, given func(string) bool) {
	set := func(name string, copyTo func()) {
		if given(name) {
			copyTo()
		}
	}
	set("prompt-tokens", func() { p.Workload.PromptTokens = f.promptTok })
	set("output-tokens", func() { p.Workload.OutputTokens = f.outputTok })
	set("arrivals", func() { p.Arrivals = f.arrivals })
	set("seed", func() { p.Seed = f.seed })
	set("endpoint", func() { p.Endpoint = f.endpoint })
	set("model", func() { p.Model = record.Clean(f.model) })
	set("via", func() { p.Via = f.via })
	set("order", func() { p.Order = f.order })
	set("repeat", func() { p.Repeat = f.repeat })
	set("slo", func() { p.SLO = f.slo })
	set("gate", func() { p.Gate = f.gate })
	set("stop-when", func() { p.StopWhen = f.stopWhen })
	set("refine", func() { p.Refine = f.refine })
}

// parseWarmup reads "auto" or a duration.
func parseWarmup(s string) (record.Warmup, error) {
	if s == "auto" {
		return record.Warmup{}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return record.Warmup{}, fmt.Errorf("--warmup must be auto or a duration like 5s, but is %q", s)
	}
	return record.Warmup{Fixed: true, For: d}, nil
}

// rateList writes rates as --rates takes them.
func rateList(rates []float64) string {
	var b strings.Builder
	for i, r := range rates {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%g", r)
	}
	return b.String()
}

// prefix names the flag an error is about, in place of the word that the library has for it; nil stays
// nil.
func prefix(flag string, err error) error {
	if err == nil {
		return nil
	}
	word := strings.TrimPrefix(flag, "--")
	var lines []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if rest, ok := strings.CutPrefix(line, word); ok && rest != "" && (rest[0] == ' ' || rest[0] == ':') {
			lines = append(lines, errors.New(flag+rest))
		}
	}
	if len(lines) > 0 {
		return errors.Join(lines...)
	}
	return fmt.Errorf("%s: %w", flag, err)
}

// flagError is what pflag says about a value, without Go's own words.
func flagError(err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return err
	}
	want, ok := map[string]string{
		"duration": "a time with a unit, like 30s or 2m", "bool": "true or false", "int": "a whole number",
		"uint64": "a whole number from 0 to 18446744073709551615",
	}[bad.GetFlag().Value.Type()]
	if !ok {
		return err
	}
	return fmt.Errorf("--%s %q: want %s", bad.GetFlag().Name, bad.GetValue(), want)
}

// given lists the plan flags on the command line, as they are typed.
func (f *planFlags) given() []string {
	var out []string
	f.own.VisitAll(func(fl *pflag.Flag) {
		if fl.Changed {
			out = append(out, "--"+fl.Name)
		}
	})
	return out
}
