package verdict

import (
	"math"
	"slices"

	"benchtop/engine/stats"
)

// span is a request on its way: sent to done, on the run's clock.
type span struct{ from, to int64 }

// load is the number of requests in flight over a window.
type load struct {
	max      int
	mean     float64 // over time
	slope, t float64 // per second, and its t value
}

// The slope is fitted to one point a second, but to no fewer and no more than these.
const (
	minSamples = 20
	maxSamples = 100_000
)

// loadOf follows the number in flight through [start, end). A request that ends when another begins
// is not in flight with it.
func loadOf(spans []span, start, end int64) load {
	if end <= start {
		return load{}
	}
	ups, downs := make([]int64, 0, len(spans)), make([]int64, 0, len(spans))
	for _, s := range spans {
		if s.to > s.from {
			ups, downs = append(ups, s.from), append(downs, s.to)
		}
	}
	slices.Sort(ups)
	slices.Sort(downs)

	n := min(max(minSamples, int(math.Ceil(float64(end-start)/1e9))), maxSamples)
	x, y := make([]float64, n), make([]float64, n)
	var out load
	var area float64 // requests × ns
	i, j, now, at := 0, 0, 0, start
	advance := func(to int64) { // through all events up to and including to
		for {
			next := to + 1
			if j < len(downs) {
				next = downs[j]
			}
			up := i < len(ups) && ups[i] < next
			if up {
				next = ups[i]
			}
			if next > to {
				break
			}
			if next > at {
				area += float64(now) * float64(next-at)
				at = next
			}
			if up {
				i, now = i+1, now+1
			} else {
				j, now = j+1, now-1
			}
			if at >= start && next >= start {
				out.max = max(out.max, now)
			}
		}
		if to > at {
			area += float64(now) * float64(to-at)
			at = to
		}
	}
	advance(start)
	out.max = now
	for k := range n {
		// The middle of each of n equal parts.
		to := start + int64(float64(end-start)*(float64(k)+0.5)/float64(n))
		advance(to)
		x[k], y[k] = float64(to-start)/1e9, float64(now)
	}
	advance(end - 1)
	area += float64(now) * float64(end-at)
	out.mean = area / float64(end-start)
	out.slope, out.t = stats.Trend(x, y)
	return out
}
