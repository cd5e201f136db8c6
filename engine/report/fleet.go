package report

import (
	"fmt"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// Fleets says what serving rps takes on each target, the cheapest first: replicas, cost per month
// and headroom, with every replica loaded to at most utilisation (0 to 1] of the rate it was seen to
// hold. Targets whose capacity is unknown are told of below the table.
func Fleets(run *record.Run, rps, utilisation float64, opt TableOptions) (string, error) {
	if !(rps > 0) || rps > 1e9 {
		return "", fmt.Errorf("target rate must be above 0 req/s, but is %v", rps)
	}
	if !(utilisation > 0 && utilisation <= 1) {
		return "", fmt.Errorf("utilisation must be above 0 and at most 1, but is %v", utilisation)
	}
	var fleets []verdict.Fleet
	var notes []string
	for _, o := range outcomes(run, Objective(run)) {
		f, ok := verdict.FleetFor(rps, utilisation, o.Capacity, o.usd)
		if !ok {
			notes = append(notes, o.name+": "+strings.TrimPrefix(o.String(), "unknown: ")+".")
			continue
		}
		fleets = append(fleets, f)
	}
	verdict.SortCheapest(fleets)
	var rows [][]string
	bound := false
	for _, f := range fleets {
		month, replicas := "unknown", thousands(fmt.Sprint(f.Replicas))
		if f.USDPerMonth != nil {
			month = usd(*f.USDPerMonth)
		}
		if f.AtLeast {
			replicas, bound = "≤ "+replicas, true
		}
		rows = append(rows, []string{label(run, targetOf(run, f.Target)), replicas, month, fmt.Sprintf("%.0f %%", 100*f.Headroom)})
	}
	var b strings.Builder
	if len(rows) == 0 {
		return fmt.Sprintf("What serving %s req/s takes cannot be said:\n", rate(rps)) + lines(notes, opt), nil
	}
	fmt.Fprintf(&b, "To serve %s req/s with replicas loaded to %.0f %% of what they held:\n", rate(rps), 100*utilisation)
	plainGrid(opt, []string{"target", "replicas", "USD/month", "headroom"}, rows).plain(&b)
	if bound {
		notes = append(notes, "≤: the target never broke, so fewer replicas may do.")
	}
	return b.String() + lines(notes, opt), nil
}

// lines are notes, one below the other.
func lines(notes []string, opt TableOptions) string {
	var b strings.Builder
	for _, n := range notes {
		b.WriteString(opt.wrap(n))
	}
	return b.String()
}
