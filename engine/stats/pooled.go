package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// minSlots is the fewest slots that tell how much the share of a value varies.
const minSlots = 8

// The fewest independent values a pooled interval may rest on, in all and beyond the percentile.
// They may be fewer than minNEff because Student's t already allows for an uncertain variance. A
// few episodes beyond the percentile do not tell how many there could have been: with no minimum
// there, 95 % intervals of the p95 of a lightly loaded server held the truth in half the cases.
// Comparisons (the 99 % intervals) do without it, since both sides miss the same.
const (
	minPooledNEff = 8
	minBeyond     = 5
)

// PooledIntervals are intervals of the percentiles ps of all gaps together. Gaps are far from
// independent (all streams of a server wait for the same step), so how certain a share is comes
// from how it varies over time: slots holds the gaps of consecutive, equally long parts of the
// window, without censored ones, nil if there were none.
//
// An interval is every value whose share of smaller gaps is not shown to be above or below the
// percentile's (Francisco and Fuller, Quantile Estimation with a Complex Survey Design, 1991). The
// variance is taken anew at each value: gaps come in the steps of an engine, and from one step to
// the next the share moves by a lot. It is that of a ratio over batches of slots (Cochran, Sampling
// Techniques, 6.3), with Student's t for how few they are.
func (c *Counter) PooledIntervals(slots []*Hist, ps ...float64) []Interval {
	shares := newShares(slots)
	out := make([]Interval, len(ps))
	for i, p := range ps {
		v := &out[i]
		v.N = int(c.N())
		us, bound := c.PercentileUS(p)
		switch {
		case v.N == 0:
		case bound:
			v.Why = "it is censored"
		case shares.n < minSlots:
			v.Why = "the window is too short"
		default:
			// Slots hold no censored gaps: the percentile's share among the others is larger.
			c.pooled(v, shares, p/100*float64(c.N())/float64(c.n), bucket(int64(us)))
		}
	}
	return out
}

// pooled fills an interval; at is the bucket of the percentile itself.
func (c *Counter) pooled(v *Interval, s *shares, q float64, at int) {
	_, v.NEff = s.at(at)
	lo, loN := s.walkDown(q, at, 0.025)
	hi, hiN, ok := s.walkUp(q, at, 0.025)
	v.NEff = min(v.NEff, loN, hiN)
	switch {
	case v.NEff < minPooledNEff || !ok:
		v.Why = tooFew(v.N, v.NEff)
		return
	case v.NEff*min(q, 1-q) < minBeyond:
		v.Why = tooFew(v.N, v.NEff)
	default:
		v.Lo, v.Hi, v.OK = c.within(lo, hi)
	}
	lo, _ = s.walkDown(q, at, 0.005)
	if hi, _, ok = s.walkUp(q, at, 0.005); ok {
		v.Lo99, v.Hi99, v.OK99 = c.within(lo, hi)
	}
}

// within is the smallest gap of bucket lo and the largest of bucket hi, in ms.
func (c *Counter) within(lo, hi int) (loMS, hiMS float64, ok bool) {
	first, last := uint64(0), c.atMost(uint32(min(lowest(hi+1)-1, math.MaxUint32)))
	if lo > 0 {
		first = c.atMost(uint32(lowest(lo) - 1))
	}
	if last <= first {
		return 0, 0, false
	}
	return float64(c.at(first+1)) / 1e3, float64(c.at(last)) / 1e3, true
}

// shares is the cumulative counts of slots.
type shares struct {
	upTo  [][]uint64 // per slot: gaps in buckets up to and including i
	n     int        // slots that hold anything
	total uint64
	first int // lowest bucket in use
	last  int
	e     []float64 // scratch: residuals of the slots
	t     []float64 // by number of batches: how much wider Student's t is than the normal; 0 = not yet known
}

func newShares(slots []*Hist) *shares {
	s := &shares{first: numBuckets - 1}
	for _, h := range slots {
		if h == nil {
			h = new(Hist)
		}
		up := make([]uint64, numBuckets)
		var sum uint64
		for i, k := range h.counts {
			if k > 0 {
				s.first, s.last = min(s.first, i), max(s.last, i)
			}
			sum += uint64(k)
			up[i] = sum
		}
		if sum > 0 {
			s.n++
		}
		s.total += sum
		s.upTo = append(s.upTo, up)
	}
	s.e = make([]float64, 0, len(slots))
	s.t = make([]float64, len(slots)+1)
	return s
}

// minBatches is the fewest batches whose scatter is looked at.
const minBatches = 6

// at is the share of gaps in buckets up to and including i, and how many independent values it
// rests on: the fewest over slots, pairs of slots, fours and so on, as correlation between
// neighbouring slots shows in larger batches.
func (s *shares) at(i int) (share, n float64) {
	var below uint64
	for _, up := range s.upTo {
		below += up[i]
	}
	total := float64(s.total)
	share = float64(below) / total
	if below == 0 || below == s.total {
		return share, total
	}
	s.e = s.e[:0]
	for _, up := range s.upTo {
		if n := up[numBuckets-1]; n > 0 {
			s.e = append(s.e, float64(up[i])-share*float64(n))
		}
	}
	n = total
	for e := s.e; len(e) >= minBatches; e = pairs(e) {
		b := float64(len(e))
		ss := 0.0
		for _, v := range e {
			ss += v * v
		}
		if variance := ss * b / (b - 1) / (total * total); variance > 0 {
			t := s.widening(len(e))
			n = min(n, share*(1-share)/(variance*t*t))
		}
	}
	return share, n
}

// widening is the 97.5 % quantile of Student's t for a number of batches over that of the normal
// distribution.
func (s *shares) widening(batches int) float64 {
	if s.t[batches] == 0 {
		s.t[batches] = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(batches - 1)}.Quantile(0.975) / z975
	}
	return s.t[batches]
}

// pairs adds neighbours in place; a last one without a partner joins the pair before it.
func pairs(v []float64) []float64 {
	n := len(v) / 2
	for i := range n {
		v[i] = v[2*i] + v[2*i+1]
	}
	if len(v)%2 == 1 && n > 0 {
		v[n-1] += v[len(v)-1]
	}
	return v[:n]
}

// walkDown is the lowest bucket, from the percentile's own down, of which no lower one shows by its
// share that the percentile q is above; n is the smallest number of independent values met.
func (s *shares) walkDown(q float64, from int, tail float64) (lo int, n float64) {
	n = math.Inf(1)
	lo = from
	for i := from - 1; i >= s.first-1 && i >= 0; i-- {
		share, k := s.at(i)
		if share > 0 {
			n = min(n, k)
		}
		if atMostChance(k, q, share) <= tail {
			break
		}
		lo = i
	}
	return max(lo, s.first), n
}

// walkUp is the lowest bucket, from the percentile's own up, that shows by its share that the
// percentile q is not above it; not ok if there is none.
func (s *shares) walkUp(q float64, from int, tail float64) (hi int, n float64, ok bool) {
	n = math.Inf(1)
	for i := from; i <= s.last; i++ {
		share, k := s.at(i)
		if share < 1 {
			n = min(n, k)
		} else {
			k = n // at the top there is no variance left to see
		}
		if atMostChance(k, 1-q, 1-share) <= tail {
			return i, n, true
		}
	}
	return 0, n, false
}

// atMostChance is the chance that of n independent values no larger a share than share falls below
// a point with probability q below it.
func atMostChance(n, q, share float64) float64 {
	switch k := share * n; {
	case math.IsInf(n, 1):
		return 0
	case k >= n:
		return 1
	case n > 1e6:
		return distuv.UnitNormal.CDF((share - q) / math.Sqrt(q*(1-q)/n))
	default:
		return mathext.RegIncBeta(n-k, k+1, 1-q)
	}
}
