package arrival

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// source is a random stream of a step: ChaCha8 keyed by a hash of everything the stream may depend
// on. The derivation is part of the file format (a plan and a seed must give the same load years
// later), so it never changes; the golden hashes in the tests hold it in place.
type source struct{ r *rand.ChaCha8 }

// newSource derives the stream called name of (seed, repeat, rate).
func newSource(s Spec, name string) *source {
	buf := []byte("benchtop arrivals 1 ")
	buf = binary.LittleEndian.AppendUint64(buf, s.Seed)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(s.Repeat))
	buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(s.Rate))
	buf = append(buf, name...)
	return &source{r: rand.NewChaCha8(sha256.Sum256(buf))}
}

// below is a uniform integer in [0, n), n > 0: the high half of a 128-bit product. Its bias is
// below n/2^64, one part in 10^6 for a window of a day.
func (s *source) below(n int64) int64 {
	hi, _ := bits.Mul64(s.r.Uint64(), uint64(n))
	return int64(hi)
}

// gapNS is an exponential variate with mean 1/rate, in ns.
//
// It is von Neumann's method (Various techniques used in connection with random digits, 1951): in a
// run of falling uniforms u1 > u2 > …, the run's length is odd with probability e^-u1; u1 is then
// the fraction of the variate, and the number of failed runs its whole part. Comparisons of
// integers only: the same on every platform, where a logarithm is not.
func (s *source) gapNS(rate float64) int64 {
	for whole := 0.0; ; whole++ {
		first := s.r.Uint64()
		odd := true
		for last := first; ; odd = !odd {
			next := s.r.Uint64()
			if next >= last {
				break
			}
			last = next
		}
		if odd {
			fraction := float64(first>>11) / (1 << 53)
			return int64((whole + fraction) * (1e9 / rate))
		}
	}
}

// sortedUniforms is n sorted uniform instants in [0, w): the arrivals of a Poisson process given
// that there are n (Karlin and Taylor, A First Course in Stochastic Processes, theorem 4.2.3).
func sortedUniforms(s *source, n int, w int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = s.below(w)
	}
	slices.Sort(out)
	return out
}

// evenly is n instants with equal gaps in [0, w), the first half a gap in.
func evenly(n int, w int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		hi, lo := bits.Mul64(uint64(2*i+1), uint64(w))
		q, _ := bits.Div64(hi, lo, uint64(2*n))
		out[i] = int64(q)
	}
	return out
}
