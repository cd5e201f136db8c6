package chart

import (
	"math"
	"slices"
	"time"
)

// Axis is a value axis. On a logarithmic one Min is above 0.
type Axis struct {
	Min, Max float64
	Log      bool
}

func (a Axis) valid() bool {
	return a.Max > a.Min && finite(a.Max-a.Min) && (!a.Log || a.Min > 0)
}

// FitAxis is the axis for values between lo and hi with round ends: from 0 when linear, from 1, 2 or
// 5 times a power of ten when logarithmic. NaN, infinite and negative values are no help and give
// an axis of a default range.
func FitAxis(lo, hi float64, log bool) Axis {
	if !finite(hi) || hi <= 0 {
		hi = 1
	}
	if hi > 1e15 {
		hi = 1e15
	}
	if !log {
		return Axis{Min: 0, Max: niceCeil(hi)}
	}
	if !finite(lo) || lo <= 0 || lo > hi {
		lo = hi / 10
	}
	lo = math.Max(lo, hi/1e6)
	a := Axis{Min: floor125(lo), Max: ceil125(hi), Log: true}
	if a.Max < 5*a.Min {
		a.Max = ceil125(a.Max * 1.01)
	}
	if a.Max < 5*a.Min {
		a.Min = floor125(a.Min * 0.99)
	}
	return a
}

// holdTime is how long a smaller axis must suffice before the axis shrinks.
const holdTime = 10 * time.Second

// AxisScale keeps an axis steady while values move: it grows at once and shrinks only after the
// values would have fitted a smaller one for 10 s. Share one between the charts of several targets
// by giving it the range of all of them. The zero value is ready; it is not safe for concurrent
// use.
type AxisScale struct {
	axis    Axis
	since   time.Time // since when a smaller axis would do; zero: it would not
	biggest Axis      // the axis that held all values since then
}

// Fit is the axis for values between lo and hi at the time now.
func (s *AxisScale) Fit(now time.Time, lo, hi float64, log bool) Axis {
	want := FitAxis(lo, hi, log)
	if !finite(hi) && s.axis.valid() && s.axis.Log == log {
		return s.axis // nothing to show: keep still
	}
	switch {
	case !s.axis.valid() || s.axis.Log != log:
		s.axis, s.since = want, time.Time{}
	case want.Max > s.axis.Max || want.Min < s.axis.Min:
		s.axis, s.since = union(s.axis, want), time.Time{}
	case want == s.axis:
		s.since = time.Time{}
	case s.since.IsZero():
		s.since, s.biggest = now, want
	default:
		s.biggest = union(s.biggest, want)
		if now.Sub(s.since) >= holdTime {
			s.axis, s.since = s.biggest, time.Time{}
		}
	}
	return s.axis
}

func union(a, b Axis) Axis {
	return Axis{Min: math.Min(a.Min, b.Min), Max: math.Max(a.Max, b.Max), Log: b.Log}
}

// niceCeil is the smallest round number that is at least v > 0.
func niceCeil(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// ceil125 is the smallest 1, 2 or 5 times a power of ten that is at least v > 0.
func ceil125(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// floor125 is the largest 1, 2 or 5 times a power of ten that is at most v > 0.
func floor125(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{10, 5, 2, 1} {
		if m*p <= v*(1+1e-9) {
			return m * p
		}
	}
	return p
}

// ticks are the values to label on an axis of rows cells, each of them dots high: round ones, with
// at least one row free between two labels. A linear axis has one above its start.
func (a Axis) ticks(rows, dots int) []float64 {
	if a.Log {
		return a.logTicks(rows, dots)
	}
	length := float64(rows*dots-1) / float64(dots)
	span := a.Max - a.Min
	gap := math.Max(2, float64(rows)/10)
	step := ceil125(span * gap / math.Max(length, gap))
	if step > span {
		step = floor125(span)
	}
	var out []float64
	for i := math.Ceil(a.Min/step-1e-9) + 0; i*step <= a.Max+step*1e-9 && len(out) <= rows; i++ {
		out = append(out, i*step)
	}
	return out
}

// logTicks are powers of ten, and if there is room for all of them the ends, the fives and twos that
// have room beside them.
func (a Axis) logTicks(rows, dots int) []float64 {
	lo, hi := math.Log10(a.Min), math.Log10(a.Max)
	taken := make([]bool, rows)
	var out []float64
	add := func(v float64) {
		if v < a.Min*(1-1e-9) || v > a.Max*(1+1e-9) {
			return
		}
		row := int(math.Round((math.Log10(v)-lo)/(hi-lo)*float64(rows*dots-1))) / dots
		row = max(0, min(row, rows-1))
		for r := max(row-1, 0); r <= min(row+1, rows-1); r++ {
			if taken[r] {
				return
			}
		}
		taken[row] = true
		out = append(out, v)
	}
	first, last := int(math.Ceil(lo-1e-9)), int(math.Floor(hi+1e-9))
	every := max(1, int(math.Ceil((hi-lo)*2/float64(rows))))
	for d := first; d <= last; d += every {
		add(math.Pow10(d))
	}
	if every == 1 {
		add(a.Min)
		add(a.Max)
		for _, m := range []float64{5, 2} {
			for d := first - 1; d <= last; d++ {
				add(m * math.Pow10(d))
			}
		}
	}
	slices.Sort(out)
	return out
}
