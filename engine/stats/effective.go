package stats

import "math"

// maxBlocks bounds the work of EffectiveN: a longer series is first averaged over blocks, which
// keeps the variance of its mean and loses nothing but the shortest lags.
const maxBlocks = 4096

// EffectiveN is how many independent values would give a mean as certain as that of the series,
// from 1 to its length, on the safe side.
//
// It is n / τ with τ the integrated autocorrelation time, estimated by Geyer's initial monotone
// sequence (Practical Markov Chain Monte Carlo, 1992, 3.3) and raised by its own standard error
// (Sokal, Monte Carlo Methods in Statistical Mechanics, 1996, 3.19). A series that is correlated
// over more than a quarter of its length, a trend above all, is worth 1.
func EffectiveN(series []float64) float64 {
	n := len(series)
	if n < 2 {
		return float64(n)
	}
	m := mean(series)
	variance := 0.0
	for _, v := range series {
		variance += (v - m) * (v - m)
	}
	variance /= float64(n)
	if !(variance > 0) {
		return float64(n) // all equal: nothing to correlate
	}
	blocks := averaged(series, (n+maxBlocks-1)/maxBlocks)
	tau, lags, ok := autocorrelationTime(blocks)
	if !ok {
		return 1
	}
	b := float64(len(blocks))
	tau *= 1 + math.Sqrt(2*float64(2*lags+1)/b)
	mb, vb := mean(blocks), 0.0
	for _, v := range blocks {
		vb += (v - mb) * (v - mb)
	}
	vb /= b
	return min(max(variance*b/(vb*tau), 1), float64(n))
}

// autocorrelationTime is τ = 1 + 2·Σρ and the number of lags summed; not ok if the sum did not end
// within a quarter of the series.
func autocorrelationTime(y []float64) (tau float64, lags int, ok bool) {
	n := len(y)
	m := mean(y)
	cov := func(lag int) float64 {
		s := 0.0
		for i := lag; i < n; i++ {
			s += (y[i] - m) * (y[i-lag] - m)
		}
		return s / float64(n)
	}
	c0 := cov(0)
	if !(c0 > 0) {
		return 1, 0, true
	}
	sum, last := 0.0, math.Inf(1)
	for lag := 0; ; lag += 2 {
		if lag > n/4 {
			return 0, lag, false
		}
		pair := cov(lag) + cov(lag+1)
		if pair <= 0 {
			break
		}
		last = min(last, pair)
		sum += last
		lags = lag + 1
	}
	return max(1, (2*sum-c0)/c0), lags, true
}

// averaged is the series as means over blocks of size values; a shorter last block is left out.
func averaged(series []float64, size int) []float64 {
	if size <= 1 {
		return series
	}
	out := make([]float64, 0, len(series)/size)
	for i := 0; i+size <= len(series); i += size {
		out = append(out, mean(series[i:i+size]))
	}
	return out
}

// Autocorrelation is the correlation of a series with itself one step later; 0 if it is constant or
// shorter than three.
func Autocorrelation(series []float64) float64 {
	if len(series) < 3 {
		return 0
	}
	m := mean(series)
	var c0, c1 float64
	for i, v := range series {
		c0 += (v - m) * (v - m)
		if i > 0 {
			c1 += (v - m) * (series[i-1] - m)
		}
	}
	if c0 == 0 {
		return 0
	}
	return c1 / c0
}
