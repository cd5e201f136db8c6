package selfcheck

import (
	"fmt"
	"slices"
	"strings"
)

// What a trusted row keeps to: p99 of each error within a hundredth of what it is an error of, as
// the verdict on a step asks it of the send lag, and hardly an event read together with another.
const (
	maxShare        = 0.01
	maxCoalescedPct = 0.1
)

// judge says whether the row can be trusted.
func (r *Row) judge(reply Reply) {
	ttft, gap := maxShare*float64(reply.TTFT.Microseconds()), maxShare*float64(reply.Gap.Microseconds())
	limit := func(what string, got, most float64) {
		if got <= most {
			return
		}
		seen := micros(got)
		if seen == micros(most) { // rounding must not make the two look the same
			seen = fmt.Sprintf("%g µs", got)
		}
		r.Reasons = append(r.Reasons, fmt.Sprintf("%s p99 %s, want at most %s", what, seen, micros(most)))
	}
	limit("send lag", r.SendLag.P99, ttft)
	if r.TTFTError != nil {
		limit("TTFT error", r.TTFTError.P99, ttft)
	}
	limit("ITL error", r.ITLError.P99, gap)
	if r.CoalescedPct > maxCoalescedPct {
		r.Reasons = append(r.Reasons, fmt.Sprintf("%.2g %% of events read late, together with others, want at most %g %%", r.CoalescedPct, maxCoalescedPct))
	}
	r.Trusted = len(r.Reasons) == 0
}

// Trusted says whether the machine can be trusted at all: at the smallest load that was made.
func (rep *Report) Trusted() bool {
	first, ok := rep.smallest()
	return ok && first.Trusted
}

// smallest is the row with the least to do, plain before others.
func (rep *Report) smallest() (Row, bool) {
	if rows := rep.ladder(); len(rows) > 0 {
		return rows[0], true
	}
	if len(rep.Rows) == 0 {
		return Row{}, false
	}
	return slices.MinFunc(rep.Rows, byRate), true
}

// ladder is the plain rows by growing load.
func (rep *Report) ladder() []Row {
	var rows []Row
	for _, r := range rep.Rows {
		if r.load.plain() {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, byRate)
	return rows
}

func byRate(a, b Row) int {
	switch {
	case a.RateRPS < b.RateRPS:
		return -1
	case a.RateRPS > b.RateRPS:
		return 1
	}
	return 0
}

// conclude puts the report into a sentence.
func (rep *Report) conclude(reply Reply) {
	rep.Criteria = fmt.Sprintf("every request answered in full; p99 of send lag and TTFT error within 1 %% of the TTFT (%s), "+
		"p99 of ITL error within 1 %% of the gap (%s); at most %g %% of events read late together with others",
		micros(maxShare*float64(reply.TTFT.Microseconds())), micros(maxShare*float64(reply.Gap.Microseconds())), maxCoalescedPct)
	var best, worst *Row
	for _, r := range rep.ladder() {
		if !r.Trusted {
			worst = &r
			break
		}
		best = &r
	}
	switch {
	case best != nil && worst != nil:
		rep.Verdict = fmt.Sprintf("trust this machine up to %s; not at %s: %s", best.size(), worst.size(), strings.Join(worst.Reasons, "; "))
	case best != nil:
		rep.Verdict = fmt.Sprintf("trust this machine up to %s, the most that was tried", best.size())
	case worst != nil:
		rep.Verdict = fmt.Sprintf("do not trust this machine: even at %s: %s", worst.size(), strings.Join(worst.Reasons, "; "))
	}
	if best != nil {
		rep.TrustedUpTo = best.Name
	}
	rep.Verdict = strings.TrimPrefix(rep.Verdict+rep.stress(), "; ")
}

// stress tells of the rows that were made harder.
func (rep *Report) stress() string {
	var good, bad []string
	for _, r := range rep.Rows {
		switch {
		case r.load.plain():
		case r.Trusted:
			good = append(good, r.size())
		default:
			bad = append(bad, fmt.Sprintf("%s: %s", r.size(), strings.Join(r.Reasons, "; ")))
		}
	}
	var s string
	if len(good) > 0 {
		s += "; trusted as well: " + strings.Join(good, ", ")
	}
	if len(bad) > 0 {
		s += "; not trusted: " + strings.Join(bad, "; ")
	}
	return s
}

// size is the row's load in words, as measured: "1,024 streams (48k tok/s)".
func (r *Row) size() string {
	name := thousands(r.load.Streams) + " streams"
	switch {
	case r.load.Rate > 0:
		name = fmt.Sprintf("%g req/s", r.load.Rate)
	case r.load.Streams == 1:
		name = "1 stream"
	}
	return fmt.Sprintf("%s (%s tok/s)%s", name, kilo(r.TokPerS), r.load.harder())
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

func kilo(v float64) string {
	switch {
	case v < 999.5:
		return fmt.Sprintf("%.0f", v)
	case v < 999_500:
		return fmt.Sprintf("%.3gk", v/1000)
	}
	return fmt.Sprintf("%.3gM", v/1e6)
}

// micros writes µs with three digits, as ms from 1,000 on.
func micros(us float64) string {
	if us >= 999.5 {
		return fmt.Sprintf("%.3g ms", us/1000)
	}
	return fmt.Sprintf("%.3g µs", us)
}
