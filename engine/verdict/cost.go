package verdict

import (
	"cmp"
	"math"
	"slices"

	"benchtop/engine/record"
)

// Cost is what serving costs at a step's load, in USD, from in-window throughput. nil = unknown:
// no price, or nothing was served.
type Cost struct {
	PerMillionOutput *float64 // per 1M output tokens
	PerMillionTotal  *float64 // per 1M prompt and output tokens
	Per1kRequests    *float64 // per 1,000 completed requests
}

// CostOf is the cost at a step for a target at a price per hour, all nodes together.
func CostOf(usdPerHour *float64, step *record.Step) Cost {
	if usdPerHour == nil || step == nil || *usdPerHour < 0 {
		return Cost{}
	}
	per := func(perSecond *float64, unit float64) *float64 {
		if perSecond == nil || !(*perSecond > 0) {
			return nil
		}
		return ptr(*usdPerHour / (*perSecond * 3600) * unit)
	}
	return Cost{
		PerMillionOutput: per(step.OutputTokensPerS, 1e6),
		PerMillionTotal:  per(step.TotalTokensPerS, 1e6),
		Per1kRequests:    per(&step.CompletedRPS, 1e3),
	}
}

// HoursPerMonth turns a price per hour into one per month (365 days / 12).
const HoursPerMonth = 730

// Fleet is how many replicas of a target serve a rate.
type Fleet struct {
	Target   string
	Replicas int
	// USDPerMonth is nil without a price.
	USDPerMonth *float64
	// Headroom is the share of the fleet's capacity that the rate leaves unused, 0 to 1.
	Headroom float64
	// AtLeast: no rate was tried that breaks the target, so fewer replicas may do.
	AtLeast bool
}

// load is the rate that a replica was seen to take: the nominal one, or what was sent where that is less
// by more than a request. The arrivals of other tools do not keep to the rate they are asked for.
func (c Capacity) load() float64 {
	s := c.Step
	if s == nil || s.OfferedRPS <= 0 || (c.Holds-s.OfferedRPS)*s.WindowS <= 1 {
		return c.Holds
	}
	return s.OfferedRPS
}

// FleetFor is the fleet that serves rps with every replica loaded to at most utilisation (in (0, 1])
// of its capacity. It is not ok if the capacity is unknown or 0, or an argument is out of range.
func FleetFor(rps, utilisation float64, c Capacity, usdPerHour *float64) (Fleet, bool) {
	if !(rps > 0) || !(utilisation > 0) || utilisation > 1 || !(c.Holds > 0) {
		return Fleet{}, false
	}
	// A rounding error must not buy another node.
	n := math.Ceil(rps / (c.load() * utilisation) * (1 - 1e-12))
	if n > math.MaxInt32 {
		return Fleet{}, false
	}
	f := Fleet{Target: c.Target, Replicas: max(int(n), 1), AtLeast: c.Fails == 0}
	f.Headroom = max(0, 1-rps/(float64(f.Replicas)*c.load()))
	if usdPerHour != nil {
		f.USDPerMonth = ptr(float64(f.Replicas) * *usdPerHour * HoursPerMonth)
	}
	return f, true
}

// SortCheapest orders fleets by cost per month, those without a price last, then by replicas.
func SortCheapest(fleets []Fleet) {
	slices.SortStableFunc(fleets, func(a, b Fleet) int {
		if (a.USDPerMonth == nil) != (b.USDPerMonth == nil) {
			if a.USDPerMonth == nil {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(deref(a.USDPerMonth), deref(b.USDPerMonth)), cmp.Compare(a.Replicas, b.Replicas))
	})
}
