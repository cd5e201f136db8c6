// Package stats holds the numbers behind every table: percentiles by one stated definition, exact
// counting of gaps, a mergeable histogram for live windows, honest intervals and tests.
//
// Percentile, everywhere: nearest rank (inverse of the empirical distribution, no interpolation):
// the ceil(p/100·n)-th smallest of n values (Hyndman and Fan, Sample Quantiles in Statistical
// Packages, 1996, type 1). Percentiles are 0 < p <= 100; p = 100 is the maximum.
//
// Censored values are those that were cut before they existed, known only to be larger than their
// age when cut. They rank as +∞. A percentile that falls among them is a lower bound: the same
// percentile with every censored value at its age. Mean and maximum do not exist then.
//
//	Sample   a few million float64 values, exact
//	Counter  hundreds of millions of gaps in µs, exact, in the memory of their distinct values
//	Hist     any number of int64 values, 0.4 % relative error, mergeable, for live windows only
//	Interval a 95 % interval of a percentile that allows for dependence, or says why there is none
//
// Everything is pure and deterministic: no clock, no global random source, no goroutine. Values are
// not safe for concurrent use, but for AtomicHist. It imports the standard library and gonum.
package stats

import (
	"math"
	"slices"
)

// Rank is the nearest rank of percentile p among n values: ceil(p/100·n), from 1 to n; 0 if n is 0
// or p is not above 0. The product is taken before the quotient and a rounding error of one part in
// 10^12 is forgiven, so that 99.9 % of 1000 is 999.
func Rank(p float64, n int) int {
	if n <= 0 || !(p > 0) {
		return 0
	}
	r := int(math.Ceil(p * float64(n) / 100 * (1 - 1e-12)))
	return min(max(r, 1), n)
}

// Sample is a set of values, some of which may be censored. The zero value is empty and ready.
type Sample struct {
	values []float64
	ages   []float64
	sorted bool
}

// Add takes a value. NaN is ignored: it is no measurement.
func (s *Sample) Add(v float64) {
	if !math.IsNaN(v) {
		s.values = append(s.values, v)
		s.sorted = false
	}
}

// AddCensored takes a value that was cut at the given age.
func (s *Sample) AddCensored(age float64) {
	if !math.IsNaN(age) {
		s.ages = append(s.ages, age)
		s.sorted = false
	}
}

// Merge adds all values of o.
func (s *Sample) Merge(o *Sample) {
	s.values = append(s.values, o.values...)
	s.ages = append(s.ages, o.ages...)
	s.sorted = false
}

// N is the number of values, censored ones included.
func (s *Sample) N() int { return len(s.values) + len(s.ages) }

// Censored is the number of censored values.
func (s *Sample) Censored() int { return len(s.ages) }

func (s *Sample) sort() {
	if !s.sorted {
		slices.Sort(s.values)
		slices.Sort(s.ages)
		s.sorted = true
	}
}

// Percentile is the p-th percentile by nearest rank. If bound, it is only a lower bound. It is NaN
// for an empty sample.
func (s *Sample) Percentile(p float64) (value float64, bound bool) {
	return s.at(Rank(p, s.N()))
}

// at is the value of a rank from 1.
func (s *Sample) at(rank int) (value float64, bound bool) {
	if rank < 1 || rank > s.N() {
		return math.NaN(), false
	}
	s.sort()
	if rank <= len(s.values) {
		return s.values[rank-1], false
	}
	return mergedAt(s.values, s.ages, rank), true
}

// mergedAt is the value of a rank in the union of two sorted slices.
func mergedAt(a, b []float64, rank int) float64 {
	i, j := 0, 0
	for ; rank > 1; rank-- {
		if j == len(b) || i < len(a) && a[i] <= b[j] {
			i++
		} else {
			j++
		}
	}
	if j == len(b) || i < len(a) && a[i] <= b[j] {
		return a[i]
	}
	return b[j]
}

// Mean is the mean; false if the sample is empty or holds a censored value.
func (s *Sample) Mean() (float64, bool) {
	if len(s.values) == 0 || len(s.ages) > 0 {
		return 0, false
	}
	s.sort() // in sorted order the sum does not depend on the order of arrival
	sum := 0.0
	for _, v := range s.values {
		sum += v
	}
	return sum / float64(len(s.values)), true
}

// Max is the maximum; false if the sample is empty or holds a censored value.
func (s *Sample) Max() (float64, bool) {
	if len(s.values) == 0 || len(s.ages) > 0 {
		return 0, false
	}
	s.sort()
	return s.values[len(s.values)-1], true
}
