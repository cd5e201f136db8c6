// Package arrival makes the seeded schedules of an open-loop load: when each request of a step is
// due, fixed before the step starts.
//
//	s, err := arrival.New(arrival.Spec{Process: arrival.Poisson, Rate: 8, Warmup: 5 * time.Second,
//		Window: time.Minute, Seed: 42})
//	for k, due := range s.TimesNS { … } // due is ns after the step's start
//
// Terms: nominal rate = Spec.Rate, in requests per second; offered rate = arrivals in the measured
// window / length of the window; window = the measured part of a step, [WarmupNS, WarmupNS+WindowNS);
// warm-up = the part before it.
//
// Promises:
//   - The same Spec gives the same schedule on every platform: uniform and exponential variates are
//     made from integers by comparison alone, without a logarithm whose last bit may differ.
//   - The window's arrivals depend on seed, repeat, rate and window only. They do not move when the
//     warm-up gets longer, and a longer warm-up only adds arrivals in front of a shorter one's.
//   - Every rate and every repeat has arrivals of its own; every target of a step has the same ones.
//   - Shards of one schedule are disjoint and their union is the schedule, for any number of agents.
//
// Pure: no clock, no network, no goroutine. It imports the standard library only.
package arrival

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"slices"
	"time"
)

// The arrival processes.
const (
	// Poisson is a Poisson process conditioned on the expected count in the window: Rate × Window
	// arrivals, rounded, placed as sorted uniforms. Gaps are those of a Poisson process, and the
	// offered rate is the nominal one.
	Poisson = "poisson"
	// PoissonFree has independent exponential gaps; the count varies by its square root.
	PoissonFree = "poisson-free"
	// Constant has equal gaps, the first arrival half a gap after the window opens.
	Constant = "constant"
)

// The limits of a schedule.
const (
	MinRate     = 0.001      // requests per second: one in 17 minutes
	MaxRate     = 10_000     // requests per second
	MaxRequests = 10_000_000 // warm-up and window together
	maxWindow   = 1000 * time.Hour
)

// Spec is what a schedule is made from.
type Spec struct {
	Process string        // Poisson, PoissonFree or Constant; empty is Poisson
	Rate    float64       // nominal, requests per second, in [MinRate, MaxRate]
	Warmup  time.Duration // >= 0
	Window  time.Duration // > 0 unless Requests is set
	// Requests, if positive, is the exact number of arrivals in the window; Window is then ignored
	// and becomes Requests / Rate. PoissonFree ends the window where the next arrival would come,
	// so that the expected offered rate is the nominal one.
	Requests int
	Seed     uint64
	Repeat   int // which repetition of the sweep, from 0
}

// Schedule is when every request of a step is due. It is not changed after New.
type Schedule struct {
	// TimesNS are ns after the step's start, which is the start of the warm-up; sorted.
	TimesNS []int64
	// WarmupNS is where the window opens, WindowNS how long it is.
	WarmupNS, WindowNS int64
	// First indexes the first arrival of the window; all from there on belong to it.
	First int
}

// New makes a schedule. The error names every field that is out of bounds.
func New(s Spec) (Schedule, error) {
	if s.Process == "" {
		s.Process = Poisson
	}
	if err := s.validate(); err != nil {
		return Schedule{}, err
	}
	win := newSource(s, "window")
	var times []int64
	var windowNS int64
	switch s.Process {
	case Poisson:
		n, w := s.countAndWindow()
		times, windowNS = sortedUniforms(win, n, w), w
	case Constant:
		n, w := s.countAndWindow()
		times, windowNS = evenly(n, w), w
	case PoissonFree:
		times, windowNS = s.freeWindow(win)
	}
	if len(times) == 0 {
		return Schedule{}, fmt.Errorf("arrivals at %g requests/s: no arrival falls in a window of %v: make the step longer", s.Rate, s.Window)
	}
	warm := s.warmup(newSource(s, "warmup"))
	out := Schedule{WarmupNS: int64(s.Warmup), WindowNS: windowNS, First: len(warm)}
	out.TimesNS = append(warm, times...)
	for i := out.First; i < len(out.TimesNS); i++ {
		out.TimesNS[i] += out.WarmupNS
	}
	return out, nil
}

// Window is the number of arrivals in the measured window.
func (s Schedule) Window() int { return len(s.TimesNS) - s.First }

// OfferedRPS is the rate the window offers, in requests per second.
func (s Schedule) OfferedRPS() float64 {
	if s.WindowNS <= 0 {
		return 0
	}
	return float64(s.Window()) / (float64(s.WindowNS) / 1e9)
}

// Hash identifies the window's arrivals relative to the window: 32 hex digits that do not depend on
// the warm-up. Two schedules with the same hash put the same load on a target.
func (s Schedule) Hash() string {
	h := sha256.New()
	writeInt(h, s.WindowNS)
	writeInt(h, int64(s.Window()))
	for _, t := range s.TimesNS[s.First:] {
		writeInt(h, t-s.WarmupNS)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func writeInt(h hash.Hash, v int64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(v))
	h.Write(b[:]) // never fails
}

// Shard returns the indices of the arrivals that agent i of n sends: all k with k mod n = i. It is
// nil unless 0 <= i < n.
func (s Schedule) Shard(i, n int) []int {
	if n <= 0 || i < 0 || i >= n {
		return nil
	}
	out := make([]int, 0, len(s.TimesNS)/n+1)
	for k := i; k < len(s.TimesNS); k += n {
		out = append(out, k)
	}
	return out
}

// validate reports everything that is out of bounds, at once.
func (s Spec) validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch s.Process {
	case Poisson, PoissonFree, Constant:
	default:
		add("arrivals %q: want %s, %s or %s", s.Process, Poisson, PoissonFree, Constant)
	}
	rateOK := s.Rate >= MinRate && s.Rate <= MaxRate // false for NaN
	if !rateOK {
		add("rate must be at least %g and at most %d requests/s, but is %g", MinRate, MaxRate, s.Rate)
	}
	if s.Warmup < 0 {
		add("warm-up must not be negative, but is %v", s.Warmup)
	}
	if s.Requests < 0 {
		add("requests must not be negative, but is %d", s.Requests)
	}
	if s.Requests == 0 && s.Window <= 0 {
		add("window must be longer than 0, but is %v", s.Window)
	}
	if s.Repeat < 0 {
		add("repeat must not be negative, but is %d", s.Repeat)
	}
	if rateOK && len(errs) == 0 {
		n := s.Rate * s.Warmup.Seconds()
		if s.Requests > 0 {
			n += float64(s.Requests)
		} else {
			n += s.Rate * s.Window.Seconds()
		}
		if n > MaxRequests {
			add("a step may hold at most %d requests, but %g requests/s make about %.0f: shorten it", MaxRequests, s.Rate, n)
		}
		if d := time.Duration(float64(s.Requests) / s.Rate * 1e9); d > maxWindow || s.Window > maxWindow || s.Warmup > maxWindow {
			add("a step may last at most %v: shorten it", maxWindow)
		}
	}
	return errors.Join(errs...)
}

// countAndWindow is the number of arrivals in the window and its length in ns.
func (s Spec) countAndWindow() (int, int64) {
	if s.Requests > 0 {
		return s.Requests, int64(math.Round(float64(s.Requests) / s.Rate * 1e9))
	}
	return int(math.Round(s.Rate * s.Window.Seconds())), int64(s.Window)
}

// freeWindow draws exponential gaps until the window or the number of requests is full.
func (s Spec) freeWindow(src *source) ([]int64, int64) {
	var times []int64
	t := src.gapNS(s.Rate)
	if s.Requests > 0 {
		for range s.Requests {
			times = append(times, t)
			t += src.gapNS(s.Rate)
		}
		return times, t
	}
	for ; t < int64(s.Window) && len(times) < MaxRequests; t += src.gapNS(s.Rate) {
		times = append(times, t)
	}
	return times, int64(s.Window)
}

// warmup draws the arrivals before the window, from its opening backwards, so that a longer warm-up
// starts earlier and changes nothing else.
func (s Spec) warmup(src *source) []int64 {
	w := int64(s.Warmup)
	var times []int64
	if s.Process == Constant {
		gap := 1e9 / s.Rate
		for i := 0; ; i++ {
			t := w - int64(math.Round((float64(i)+0.5)*gap))
			if t < 0 {
				break
			}
			times = append(times, t)
		}
	} else {
		for t := w - src.gapNS(s.Rate); t >= 0 && len(times) < MaxRequests; t -= src.gapNS(s.Rate) {
			times = append(times, t)
		}
	}
	slices.Reverse(times)
	return times
}
