package stats

import (
	"math"
	"slices"
)

// KSUniform tests whether values are uniform on [lo, hi] (Kolmogorov and Smirnov, one sample). It
// returns the p value: the chance that a uniform sample lies as far off. It is 1 for no values.
// Values outside count as at the nearer end.
func KSUniform(values []float64, lo, hi float64) float64 {
	return ks(values, func(v float64) float64 { return min(max((v-lo)/(hi-lo), 0), 1) })
}

// KSExponential tests whether values are exponential with the given mean, which must be known
// beforehand and not estimated from them (that would need Lilliefors' tables). It returns the p
// value as KSUniform does.
func KSExponential(values []float64, mean float64) float64 {
	return ks(values, func(v float64) float64 { return -math.Expm1(-max(v, 0) / mean) })
}

// ks is the p value of the largest distance between the empirical and a given distribution, by
// Stephens' approximation (EDF Statistics for Goodness of Fit and Some Comparisons, 1974), good to
// two digits from n = 5 on.
func ks(values []float64, cdf func(float64) float64) float64 {
	if len(values) == 0 {
		return 1
	}
	v := slices.Clone(values)
	slices.Sort(v)
	n := float64(len(v))
	d := 0.0
	for i, x := range v {
		f := cdf(x)
		d = max(d, f-float64(i)/n, float64(i+1)/n-f)
	}
	root := math.Sqrt(n)
	return kolmogorov((root + 0.12 + 0.11/root) * d)
}

// kolmogorov is the upper tail of Kolmogorov's distribution.
func kolmogorov(x float64) float64 {
	if x < 0.2 {
		return 1
	}
	sum, sign := 0.0, 1.0
	for k := 1.0; k < 101; k++ {
		term := math.Exp(-2 * k * k * x * x)
		sum += sign * term
		if term < 1e-12 {
			break
		}
		sign = -sign
	}
	return min(max(2*sum, 0), 1)
}
