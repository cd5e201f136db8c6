package record

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseRates reads request rates in req/s: a list ("1,2,4" or "1 2 4"), a geometric range
// ("1..16x2": 1, 2, 4, 8, 16) or an arithmetic one ("2..10+2"); lists may hold ranges. It checks
// the form only: Plan.Validate knows the bounds. Yet values that no plan can have are refused here
// already, since a range over them would not end.
func ParseRates(s string) ([]float64, error) {
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
	if len(fields) == 0 {
		return nil, errors.New("rates: none given; want one or more request rates in req/s, like 1,2,4,8,16")
	}
	var out []float64
	for _, f := range fields {
		rates, err := parseRange(f)
		if err != nil {
			return nil, err
		}
		if out = append(out, rates...); len(out) > maxSteps {
			return nil, fmt.Errorf("rates: more than %d", maxSteps)
		}
	}
	return out, nil
}

func parseRange(f string) ([]float64, error) {
	from, rest, isRange := strings.Cut(f, "..")
	if !isRange {
		r, err := parseRate(f)
		return []float64{r}, err
	}
	at := strings.LastIndexAny(rest, "x+")
	if at > 0 && rest[at] == '+' && (rest[at-1] == 'e' || rest[at-1] == 'E') {
		at = -1 // an exponent's sign
	}
	if at < 0 {
		return nil, fmt.Errorf("rates %q: a range needs a factor or a step, like 1..16x2 or 2..10+2", f)
	}
	lo, err1 := parseRate(from)
	hi, err2 := parseRate(rest[:at])
	by, err3 := parseRate(rest[at+1:])
	if err := cmp.Or(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("rates %q: %w", f, err)
	}
	if hi < lo {
		return nil, fmt.Errorf("rates %q: a range goes up, but %v is above %v", f, lo, hi)
	}
	geometric := rest[at] == 'x'
	if geometric && by <= 1 {
		return nil, fmt.Errorf("rates %q: the factor must be above 1, but is %v", f, by)
	}
	var out []float64
	for i := 0; i < maxSteps; i++ {
		r := lo + float64(i)*by
		if geometric {
			r = lo * math.Pow(by, float64(i))
		}
		if r > hi*(1+1e-9) {
			return out, nil
		}
		out = append(out, asTyped(r))
	}
	return nil, fmt.Errorf("rates %q: more than %d", f, maxSteps)
}

// asTyped drops what binary fractions leave at the end of a computed rate: 0.1..0.3+0.1 ends at 0.3 and
// not at 0.30000000000000004, which would be printed so, and which no gate on 0.3 would be about.
func asTyped(r float64) float64 {
	r, _ = strconv.ParseFloat(strconv.FormatFloat(r, 'g', 12, 64), 64)
	return r
}

func parseRate(s string) (float64, error) {
	r, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("rate %q is not a number; want req/s, like 0.5 or 16", s)
	case !(r > 0):
		return 0, fmt.Errorf("rate must be above 0 req/s, but is %s", s)
	case r > MaxRate:
		return 0, fmt.Errorf("rate must be at most %d req/s, but is %s", MaxRate, s)
	}
	return r, nil
}
