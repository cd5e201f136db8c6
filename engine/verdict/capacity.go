package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
)

// Capacity is up to which rate a target holds an objective.
type Capacity struct {
	Target string
	SLO    SLO
	// Holds is the highest nominal rate up to which every usable rate holds, in requests per
	// second; 0 = none.
	Holds float64
	// Fails is the lowest rate that does not hold; 0 = none was found.
	Fails float64
	// Why says what failed at Fails.
	Why string
	// Step is the step at Holds; of several repeats the one with the median output rate. nil if
	// none holds.
	Step *record.Step
	// Untrusted are the rates of which no step tells whether they hold: none is valid, or those that
	// are leave it open.
	Untrusted []float64
	// Open are the ones among them with a valid step: it was too short, or its limits are on what it
	// has not measured.
	Open []float64
	// Notes say which steps were not used, and what else does not fit the bracket.
	Notes []string
}

// Usable tells whether a step may be used for capacity, cost and gates. Saturated steps are usable:
// they show that a rate does not hold.
func Usable(s *record.Step) bool { return s.Verdict.Valid && !s.Verdict.Void }

// maxCutShare is the share of requests that may be cut at the drain limit before a rate does not
// hold: like errors, they are requests whose users got no answer.
const maxCutShare = maxErrorShare

// Holds tells whether a target kept up with a step's rate within the objective, and if not, why.
func Holds(slo SLO, s *record.Step) (Outcome, string) {
	if s.Verdict.Saturated {
		return NotMet, "saturated"
	}
	outcome, why := Check(slo, s)
	if cut, text := cutOutcome(s); cut > outcome {
		return cut, text
	}
	// What misses a limit while the load still rises misses it the more when it has risen.
	if outcome == Met && TooShort(s) {
		return Unknown, shortWhy(s)
	}
	return outcome, why
}

// cutOutcome is what the requests cut at the drain limit say of a step's rate.
func cutOutcome(s *record.Step) (Outcome, string) {
	if s.Sent == 0 || float64(s.Incomplete) <= maxCutShare*float64(s.Sent) {
		return Met, ""
	}
	why := fmt.Sprintf("%.1f %% of the requests were cut before the end", 100*float64(s.Incomplete)/float64(s.Sent))
	switch cutsOf(s) {
	case Met:
		return Met, ""
	case NotMet:
		return NotMet, why
	}
	return Unknown, why + " by a drain too short to tell" + longerDrain(s)
}

// cutsOf tells whether a step's cut requests speak against its target. They do if it fell behind, or
// if each had longer than the median reply takes; a shorter drain leaves it open.
func cutsOf(s *record.Step) Outcome {
	p50 := s.E2E.P50
	switch {
	case s.Incomplete == 0:
		return Met
	// A tool that ends by the clock cuts what is in flight at that moment, and ranks it nowhere: no more
	// than at any other moment if the target keeps up.
	case s.Censored == 0 && float64(s.Incomplete) <= s.MeanInFlight+3*math.Sqrt(s.MeanInFlight):
		return Met
	case s.Verdict.Saturated || p50 != nil && s.DrainS*1000 >= *p50:
		return NotMet
	}
	return Unknown
}

// longerDrain is the drain that would tell what cut requests mean, to be put behind what is said of
// them; empty for the steps of other tools, whose drain is not for us to set.
func longerDrain(s *record.Step) string {
	e2e, bound, ok := Value(s, "e2e", "p50")
	switch {
	case s.Censored == 0 || !ok:
		return ""
	case bound:
		return fmt.Sprintf("; give --drain more than %.0fs", math.Ceil(max(s.DrainS, e2e/1e3)))
	}
	return fmt.Sprintf("; give --drain %.0fs or more", math.Ceil(e2e/1e3))
}

// CapacityOf finds the bracket of a target from its steps; those of other targets are passed over.
// A rate measured several times holds if most of its usable repeats do.
func CapacityOf(slo SLO, target string, steps []record.Step) Capacity {
	c := Capacity{Target: target, SLO: slo}
	var unused []unusedStep
	for _, r := range ratesOf(slo, target, steps, &c.Notes, &unused) {
		switch {
		case r.outcome() == Unknown:
			c.Untrusted = append(c.Untrusted, r.rate)
			if r.open > 0 {
				c.Open = append(c.Open, r.rate)
			}
		case r.outcome() == NotMet && c.Fails == 0:
			c.Fails, c.Why = r.rate, r.why
		case r.outcome() == Met && c.Fails > 0:
			c.Notes = append(c.Notes, fmt.Sprintf("%s req/s holds although %s req/s does not: not counted", rateText(r.rate), rateText(c.Fails)))
		case r.outcome() == Met:
			c.Holds, c.Step = r.rate, r.median()
		}
	}
	c.Notes = append(unusedNotes(unused), c.Notes...)
	return c
}

// unusedStep is a step that is no evidence, and why; beside is set if another step of its rate is.
type unusedStep struct {
	rate   float64
	why    string
	beside bool
}

// unusedNotes says every reason once, with the rates that it is about.
func unusedNotes(steps []unusedStep) []string {
	slices.SortStableFunc(steps, func(a, b unusedStep) int { return cmp.Compare(a.rate, b.rate) })
	type reason struct {
		why    string
		beside bool
	}
	rates := map[reason][]float64{}
	var order []reason
	for _, s := range steps {
		r := reason{s.why, s.beside}
		if rates[r] == nil {
			order = append(order, r)
		}
		if !slices.Contains(rates[r], s.rate) {
			rates[r] = append(rates[r], s.rate)
		}
	}
	var out []string
	for _, r := range order {
		what, many := "", len(rates[r]) > 1
		switch {
		case r.beside && many:
			what = "measurements of "
		case r.beside:
			what = "a measurement of "
		}
		verb := "is"
		if many {
			verb = "are"
		}
		out = append(out, fmt.Sprintf("%s%s req/s %s not used: %s", what, ratesText(rates[r]), verb, r.why))
	}
	return out
}

// rateResult is what the usable repeats of one rate came to.
type rateResult struct {
	rate   float64
	held   []*record.Step
	failed int
	open   int    // usable, but they do not tell
	why    string // of the first that failed
}

func (r rateResult) outcome() Outcome {
	switch {
	case len(r.held) == 0 && r.failed == 0:
		return Unknown
	case len(r.held) > r.failed:
		return Met
	}
	return NotMet
}

// median is the held step with the median output rate.
func (r rateResult) median() *record.Step {
	held := slices.Clone(r.held)
	slices.SortStableFunc(held, func(a, b *record.Step) int {
		return cmp.Compare(deref(a.OutputTokensPerS), deref(b.OutputTokensPerS))
	})
	return held[(len(held)-1)/2]
}

// ratesOf collects a target's results by rising rate, and notes what cannot be used.
func ratesOf(slo SLO, target string, steps []record.Step, notes *[]string, unused *[]unusedStep) []rateResult {
	byRate := map[float64]*rateResult{}
	for i := range steps {
		s := &steps[i]
		if s.Target != target || s.Verdict.Void {
			continue
		}
		r := byRate[s.Rate]
		if r == nil {
			r = &rateResult{rate: s.Rate}
			byRate[s.Rate] = r
		}
		if !Usable(s) {
			*unused = append(*unused, unusedStep{rate: s.Rate, why: "invalid (" + strings.Join(s.Verdict.Reasons, "; ") + ")"})
			continue
		}
		switch outcome, why := Holds(slo, s); outcome {
		case Met:
			r.held = append(r.held, s)
		case NotMet:
			r.failed++
			r.why = cmp.Or(r.why, why)
		default:
			r.open++
			*unused = append(*unused, unusedStep{rate: s.Rate, why: why})
		}
	}
	for i := range *unused {
		r := byRate[(*unused)[i].rate]
		(*unused)[i].beside = r.outcome() != Unknown
	}
	var out []rateResult
	for _, r := range byRate {
		if r.failed > 0 && len(r.held) > 0 {
			*notes = append(*notes, fmt.Sprintf("%s req/s holds in %d of %d repeats", rateText(r.rate), len(r.held), len(r.held)+r.failed))
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b rateResult) int { return cmp.Compare(a.rate, b.rate) })
	slices.Sort(*notes) // of a map's order
	return out
}

// String is the bracket in words, without the target: "holds 8, breaks at 16 req/s".
func (c Capacity) String() string {
	switch {
	case c.Holds == 0 && c.Fails == 0 && len(c.Open) > 0:
		return "unknown: no step tells"
	case c.Holds == 0 && c.Fails == 0:
		return "unknown: no usable step"
	case c.Holds == 0:
		lowest := "the lowest rate tried"
		if len(c.Untrusted) > 0 && slices.Min(c.Untrusted) < c.Fails {
			lowest = "the lowest rate that tells"
		}
		return fmt.Sprintf("breaks at %s req/s, %s", rateText(c.Fails), lowest)
	case c.Fails == 0:
		return fmt.Sprintf("holds %s+ req/s", rateText(c.Holds))
	}
	return fmt.Sprintf("holds %s, breaks at %s req/s", rateText(c.Holds), rateText(c.Fails))
}

// maxBracket is how wide a bracket may stay, relative to its upper end.
const maxBracket = 0.10

// Refine is the next rate to try to narrow the bracket: its middle, or half of a lowest rate that
// broke; if that was tried and does not tell, one beside it. It is not ok when the bracket is at most
// 10 % wide or has no upper end.
func (c Capacity) Refine() (rate float64, ok bool) {
	if c.Fails == 0 || (c.Fails-c.Holds)/c.Fails <= maxBracket || c.Fails <= 0.02 {
		return 0, false
	}
	// A rate that was tried and does not tell splits the bracket: the wider part is next.
	tried := []float64{c.Holds, c.Fails}
	for _, r := range c.Untrusted {
		if r > c.Holds && r < c.Fails {
			tried = append(tried, r)
		}
	}
	slices.Sort(tried)
	lo, hi := tried[0], tried[1]
	for i := 2; i < len(tried); i++ {
		if tried[i]-tried[i-1] > hi-lo {
			lo, hi = tried[i-1], tried[i]
		}
	}
	middle := (lo + hi) / 2
	// Three digits, unless they would leave the bracket.
	round, _ := strconv.ParseFloat(strconv.FormatFloat(middle, 'g', 3, 64), 64)
	if round > lo && round < hi {
		middle = round
	}
	return middle, true
}

// rateText prints a rate without trailing zeros.
func rateText(r float64) string { return strconv.FormatFloat(math.Round(r*1000)/1000, 'f', -1, 64) }

// ratesText joins rates: "8, 16".
func ratesText(rates []float64) string {
	words := make([]string, len(rates))
	for i, r := range rates {
		words[i] = rateText(r)
	}
	return strings.Join(words, ", ")
}

func deref(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}
