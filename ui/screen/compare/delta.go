package compare

import (
	"math"

	"benchtop/engine"
	"benchtop/ui/screen"
)

// noise is what stands for a difference that may be none.
const noise = "n.s."

// spread is, for each of screen.Percentiles, the standard error of that percentile of n values in
// units of σ/√n, for a normal distribution: √(p(1−p))/φ(z_p). It is an order of magnitude, which is
// what ten seconds are good for; the results compare by intervals.
var spread = [len(screen.Percentiles)]float64{1.2533, 1.7094, 3.7333}

// z90 is the distance from the median to the 90th percentile of a normal distribution, in σ.
const z90 = 1.2816

// margin is how many standard errors a difference must be above, more than the usual two since
// values within ten seconds depend on each other.
const margin = 3

// delta is the relative difference of percentile p from a to b, or noise. requests is the smaller
// number of requests behind the two: gaps of one request are not independent values.
func delta(a, b engine.Quantiles, p int, requests uint64) string {
	va, vb := screen.Of(a, p), screen.Of(b, p)
	if math.IsNaN(va) || math.IsNaN(vb) || va <= 0 {
		return ""
	}
	if requests < 2 || math.Abs(vb-va) < margin*math.Hypot(stdErr(a, p, requests), stdErr(b, p, requests)) {
		return noise
	}
	return screen.Percent(vb/va - 1)
}

func stdErr(q engine.Quantiles, p int, n uint64) float64 {
	sigma := (q.P90 - q.P50) / z90
	return spread[p] * sigma / math.Sqrt(float64(n))
}
