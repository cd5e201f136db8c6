package stats

import (
	"math"
	"slices"
)

// Counter counts gaps in µs exactly. Gaps below pagedLimit (4.2 s) are counted in pages that exist
// where gaps do: at most 32 MB, 1.6 MB for gaps spread over 0.2 s, however many there are. Longer
// ones are kept as they are, 4 bytes each: few streams can be silent for seconds at once. The zero
// value is empty and ready.
type Counter struct {
	pages []*page
	long  []uint32 // gaps of pagedLimit and more
	ages  []uint32 // censored gaps
	n     uint64   // without the censored
	sum   uint64   // µs; 2^64 µs are half a million years of gaps
	max   uint32
	dirty bool // long or ages are not sorted
}

const (
	pageSize   = 64
	pagedLimit = 1 << 22
)

type page struct {
	total  uint64
	counts [pageSize]uint64
}

// Add takes one gap in µs.
func (c *Counter) Add(us uint32) {
	c.n++
	c.sum += uint64(us)
	c.max = max(c.max, us)
	if us >= pagedLimit {
		c.long = append(c.long, us)
		c.dirty = true
		return
	}
	p := c.page(int(us / pageSize))
	p.total++
	p.counts[us%pageSize]++
}

func (c *Counter) page(i int) *page {
	if i >= len(c.pages) {
		c.pages = append(c.pages, make([]*page, i+1-len(c.pages))...)
	}
	if c.pages[i] == nil {
		c.pages[i] = new(page)
	}
	return c.pages[i]
}

// AddCensored takes a gap that was cut at the given age in µs.
func (c *Counter) AddCensored(us uint32) {
	c.ages = append(c.ages, us)
	c.dirty = true
}

// ResetCensored forgets the censored gaps.
func (c *Counter) ResetCensored() { c.ages = c.ages[:0] }

// Merge adds all gaps of o.
func (c *Counter) Merge(o *Counter) {
	for i, p := range o.pages {
		if p == nil {
			continue
		}
		mine := c.page(i)
		mine.total += p.total
		for j, n := range p.counts {
			mine.counts[j] += n
		}
	}
	c.long = append(c.long, o.long...)
	c.ages = append(c.ages, o.ages...)
	c.n += o.n
	c.sum += o.sum
	c.max = max(c.max, o.max)
	c.dirty = true
}

// N is the number of gaps, censored ones included.
func (c *Counter) N() uint64 { return c.n + uint64(len(c.ages)) }

// Censored is the number of censored gaps.
func (c *Counter) Censored() int { return len(c.ages) }

// MeanUS is the mean in µs; false if there is no gap or a censored one.
func (c *Counter) MeanUS() (float64, bool) {
	if c.n == 0 || len(c.ages) > 0 {
		return 0, false
	}
	return float64(c.sum) / float64(c.n), true
}

// MaxUS is the longest gap in µs; false if there is no gap or a censored one.
func (c *Counter) MaxUS() (uint32, bool) {
	return c.max, c.n > 0 && len(c.ages) == 0
}

// PercentileUS is the p-th percentile in µs by nearest rank. If bound, it is only a lower bound.
// It is NaN if there is no gap.
func (c *Counter) PercentileUS(p float64) (us float64, bound bool) {
	rank := rank64(p, c.N())
	if rank == 0 {
		return math.NaN(), false
	}
	c.sort()
	if rank <= c.n {
		return float64(c.at(rank)), false
	}
	// The smallest value that so many gaps do not exceed, with every censored one at its age.
	lo, hi := uint32(0), uint32(math.MaxUint32)
	for lo < hi {
		mid := lo + (hi-lo)/2
		if c.atMost(mid)+countAtMost(c.ages, mid) >= rank {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return float64(lo), true
}

func (c *Counter) sort() {
	if c.dirty {
		slices.Sort(c.long)
		slices.Sort(c.ages)
		c.dirty = false
	}
}

// rank64 is Rank for counts that may exceed what a float64 product resolves; the error of one part
// in 10^12 is below one rank up to 10^12 gaps.
func rank64(p float64, n uint64) uint64 { return uint64(Rank(p, int(n))) }

// at is the gap of a rank from 1 to n.
func (c *Counter) at(rank uint64) uint32 {
	for i, p := range c.pages {
		if p == nil {
			continue
		}
		if rank > p.total {
			rank -= p.total
			continue
		}
		for j, n := range p.counts {
			if rank <= n {
				return uint32(i*pageSize + j)
			}
			rank -= n
		}
	}
	return c.long[rank-1]
}

// atMost is how many gaps are not above us; censored ones never count. The long ones must be sorted.
func (c *Counter) atMost(us uint32) uint64 {
	var n uint64
	last := int(us / pageSize)
	for _, p := range c.pages[:min(last, len(c.pages))] {
		if p != nil {
			n += p.total
		}
	}
	if last < len(c.pages) && c.pages[last] != nil {
		for _, k := range c.pages[last].counts[:us%pageSize+1] {
			n += k
		}
	}
	return n + countAtMost(c.long, us)
}

// countAtMost is how many of the sorted values are not above v.
func countAtMost(sorted []uint32, v uint32) uint64 {
	i, _ := slices.BinarySearchFunc(sorted, v, func(e, v uint32) int {
		if e <= v {
			return -1
		}
		return 1
	})
	return uint64(i)
}
