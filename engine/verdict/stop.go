package verdict

import (
	"errors"
	"fmt"
	"strings"

	"benchtop/engine/record"
)

// Stop is when to leave out a target's higher rates: after a saturated step, or one with too many
// errors. The zero value never stops.
type Stop struct {
	Saturated bool
	// Errors is the share of requests without an answer above which to stop; 0 = not asked for. Those
	// are the failed, the rejected, and the ones cut by a drain that outlasted the median reply.
	Errors float64
}

// ParseStop reads rules like "saturated,errors>5%"; several texts add up. The error names every
// problem.
func ParseStop(texts ...string) (Stop, error) {
	var s Stop
	var errs []error
	for _, text := range texts {
		for clause := range strings.SplitSeq(text, ",") {
			clause = strings.TrimSpace(clause)
			share, isErrors := strings.CutPrefix(strings.ReplaceAll(clause, " ", ""), "errors>")
			switch {
			case clause == "saturated":
				s.Saturated = true
			case isErrors:
				v, err := parseShare(share)
				if err == nil && !(v > 0 && v < 1) {
					err = fmt.Errorf("share %q: want above 0 and below 100 %%", share)
				}
				if err != nil {
					errs = append(errs, fmt.Errorf("stop-when %q: %w", clause, err))
				}
				s.Errors = v
			default:
				errs = append(errs, fmt.Errorf("stop-when %q: want saturated or errors>5%%", clause))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Stop{}, err
	}
	return s, nil
}

// Why says why a target's higher rates should be left out after this step; empty = go on. Void
// steps never stop a sweep.
func (s Stop) Why(step *record.Step) string {
	share, _ := errorShare(step)
	switch {
	case step.Verdict.Void:
		return ""
	case s.Saturated && step.Verdict.Saturated:
		return fmt.Sprintf("saturated at %s req/s", rateText(step.Rate))
	case s.Errors > 0 && share > s.Errors:
		cut := ""
		if share > failedShare(step) {
			cut = ", cut requests among them,"
		}
		return fmt.Sprintf("%s %% errors%s at %s req/s", digits3(100*share), cut, rateText(step.Rate))
	}
	return ""
}
