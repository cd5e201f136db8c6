package arrival_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"benchtop/engine/arrival"
)

func mustNew(t *testing.T, s arrival.Spec) arrival.Schedule {
	t.Helper()
	out, err := arrival.New(s)
	if err != nil {
		t.Fatalf("New(%+v): %v", s, err)
	}
	return out
}

func Example() {
	s, err := arrival.New(arrival.Spec{Rate: 8, Warmup: 5 * time.Second, Window: time.Minute, Seed: 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d arrivals in the window, %.3f requests/s, %s\n", s.Window(), s.OfferedRPS(), s.Hash())
	// Output: 480 arrivals in the window, 8.000 requests/s, 10814201d29c0456267474e0927fd325
}

// The golden hashes hold the derivation in place: a saved plan must give the same load for ever.
func TestScheduleNeverChanges(t *testing.T) {
	for _, tc := range []struct {
		name string
		spec arrival.Spec
		want string
	}{
		{"poisson", arrival.Spec{Rate: 16, Window: time.Minute, Seed: 42}, "d0ec4220a3b910f36bab1366ffa9cf6e"},
		{"poisson, second repeat", arrival.Spec{Rate: 16, Window: time.Minute, Seed: 42, Repeat: 1}, "f2129a5e8e04c2ef12082248884629ce"},
		{"a number of requests", arrival.Spec{Rate: 1.5, Requests: 1000, Seed: 1}, "78817a922b1e3327690bf02f4198cb2b"},
		{"free", arrival.Spec{Process: arrival.PoissonFree, Rate: 16, Window: time.Minute, Seed: 42}, "b75c4394da4ecfdcc3fc35409e75027e"},
		{"free, a number of requests", arrival.Spec{Process: arrival.PoissonFree, Rate: 16, Requests: 1000, Seed: 42}, "efca2d026379022d715bba0bdcfaa608"},
		{"constant", arrival.Spec{Process: arrival.Constant, Rate: 3, Window: time.Minute, Seed: 42}, "97d39d40d5bf5394e8b204169b889b94"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := mustNew(t, tc.spec).Hash(); got != tc.want {
				t.Errorf("hash = %s, want %s: saved plans would no longer give the same load", got, tc.want)
			}
		})
	}
}

func TestOfferedRateIsNominal(t *testing.T) {
	for _, process := range []string{arrival.Poisson, arrival.Constant} {
		for _, rate := range []float64{0.5, 1, 2.5, 7.3, 64, 10_000} {
			s := mustNew(t, arrival.Spec{Process: process, Rate: rate, Window: 20 * time.Second})
			if n, want := s.Window(), int(math.Round(rate*20)); n != want {
				t.Errorf("%s at %g/s: %d arrivals in the window, want %d", process, rate, n, want)
			}
			s = mustNew(t, arrival.Spec{Process: process, Rate: rate, Requests: 123})
			if got := s.OfferedRPS(); s.Window() != 123 || math.Abs(got/rate-1) > 1e-6 {
				t.Errorf("%s at %g/s: %d requests at %g/s, want 123", process, rate, s.Window(), got)
			}
		}
	}
	s := mustNew(t, arrival.Spec{Process: arrival.PoissonFree, Rate: 16, Requests: 123})
	if s.Window() != 123 {
		t.Errorf("free: %d arrivals, want 123", s.Window())
	}
}

// A window that ends where the next arrival would come offers the nominal rate on average: the
// mean of n/T over gamma distributed T is the rate itself. 400 seeds of 100 requests: s.d. 0.5 %.
func TestFreeRateIsNominalOnAverage(t *testing.T) {
	sum := 0.0
	for seed := range uint64(400) {
		s := mustNew(t, arrival.Spec{Process: arrival.PoissonFree, Rate: 4, Requests: 100, Seed: seed})
		sum += s.OfferedRPS()
	}
	if mean := sum / 400; math.Abs(mean/4-1) > 0.02 {
		t.Errorf("mean offered rate %g, want 4 within 2 %%", mean)
	}
}

func TestInvariants(t *testing.T) {
	for _, process := range []string{arrival.Poisson, arrival.PoissonFree, arrival.Constant} {
		for _, rate := range []float64{0.3, 1, 16, 333} {
			for _, warm := range []time.Duration{0, 1, 5 * time.Second} {
				name := fmt.Sprintf("%s at %g/s after %v", process, rate, warm)
				spec := arrival.Spec{Process: process, Rate: rate, Warmup: warm, Window: 30 * time.Second, Seed: 7}
				s := mustNew(t, spec)
				if !slices.IsSorted(s.TimesNS) {
					t.Errorf("%s: not sorted", name)
				}
				for k, at := range s.TimesNS {
					if in := at >= s.WarmupNS; in != (k >= s.First) || at < 0 || at >= s.WarmupNS+s.WindowNS {
						t.Fatalf("%s: arrival %d at %d ns is on the wrong side (first in the window is %d)", name, k, at, s.First)
					}
				}
				again := mustNew(t, spec)
				if !slices.Equal(s.TimesNS, again.TimesNS) {
					t.Errorf("%s: the same spec gave another schedule", name)
				}
			}
		}
	}
}

func TestWarmupMovesNothing(t *testing.T) {
	for _, process := range []string{arrival.Poisson, arrival.PoissonFree, arrival.Constant} {
		spec := arrival.Spec{Process: process, Rate: 9, Window: 30 * time.Second, Seed: 7}
		cold := mustNew(t, spec)
		spec.Warmup = 5 * time.Second
		short := mustNew(t, spec)
		spec.Warmup = 17 * time.Second
		long := mustNew(t, spec)
		if cold.Hash() != short.Hash() || short.Hash() != long.Hash() {
			t.Errorf("%s: the window's arrivals moved with the warm-up", process)
		}
		for i := 1; i <= short.First; i++ {
			a := short.TimesNS[short.First-i] - short.WarmupNS
			b := long.TimesNS[long.First-i] - long.WarmupNS
			if a != b {
				t.Fatalf("%s: warm-up arrival %d from its end moved from %d to %d ns", process, i, a, b)
			}
		}
	}
}

func TestEveryRateAndRepeatItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, rate := range []float64{1, 2, 4, 8, 16} {
		for repeat := range 3 {
			for _, seed := range []uint64{1, 2} {
				s := mustNew(t, arrival.Spec{Rate: rate, Requests: 100, Repeat: repeat, Seed: seed})
				// Relative to its length, so that a rescaled copy would be found.
				at := fmt.Sprintf("%.6f", float64(s.TimesNS[0])/float64(s.WindowNS))
				name := fmt.Sprintf("rate %g repeat %d seed %d", rate, repeat, seed)
				if other, ok := seen[at]; ok {
					t.Errorf("%s has the arrivals of %s", name, other)
				}
				seen[at] = name
			}
		}
	}
}

func TestShardsAreAPartition(t *testing.T) {
	s := mustNew(t, arrival.Spec{Rate: 20, Warmup: time.Second, Window: 10 * time.Second})
	for _, n := range []int{1, 2, 3, 7, 500} {
		var all []int
		for i := range n {
			all = append(all, s.Shard(i, n)...)
		}
		slices.Sort(all)
		for k, got := range all {
			if k != got {
				t.Fatalf("%d agents: arrival %d is sent %d times or never", n, k, got)
			}
		}
		if len(all) != len(s.TimesNS) {
			t.Errorf("%d agents send %d of %d arrivals", n, len(all), len(s.TimesNS))
		}
	}
	for _, bad := range [][2]int{{0, 0}, {-1, 2}, {2, 2}} {
		if got := s.Shard(bad[0], bad[1]); got != nil {
			t.Errorf("Shard(%d, %d) = %d arrivals, want none", bad[0], bad[1], len(got))
		}
	}
}

func TestBadSpecs(t *testing.T) {
	good := arrival.Spec{Rate: 1, Window: time.Minute}
	for _, tc := range []struct {
		name string
		edit func(*arrival.Spec)
		want string
	}{
		{"unknown process", func(s *arrival.Spec) { s.Process = "gamma" }, "want poisson"},
		{"no rate", func(s *arrival.Spec) { s.Rate = 0 }, "rate must be at least 0.001"},
		{"negative rate", func(s *arrival.Spec) { s.Rate = -1 }, "but is -1"},
		{"rate above the limit", func(s *arrival.Spec) { s.Rate = 1e9 }, "at most 10000"},
		{"rate not a number", func(s *arrival.Spec) { s.Rate = math.NaN() }, "but is NaN"},
		{"rate without end", func(s *arrival.Spec) { s.Rate = math.Inf(1) }, "but is +Inf"},
		{"no window", func(s *arrival.Spec) { s.Window = 0 }, "window must be longer"},
		{"negative requests", func(s *arrival.Spec) { s.Requests = -5 }, "requests must not be negative"},
		{"negative warm-up", func(s *arrival.Spec) { s.Warmup = -1 }, "warm-up must not be negative"},
		{"negative repeat", func(s *arrival.Spec) { s.Repeat = -1 }, "repeat must not be negative"},
		{"too many requests", func(s *arrival.Spec) { s.Rate = 10_000; s.Window = time.Hour }, "at most 10000000 requests"},
		{"too many with the warm-up", func(s *arrival.Spec) { s.Rate = 10_000; s.Warmup = 1000 * time.Second }, "at most 10000000 requests"},
		{"too long", func(s *arrival.Spec) { s.Rate = 0.001; s.Requests = 9_000_000 }, "may last at most"},
		{"longest duration", func(s *arrival.Spec) { s.Rate = 0.001; s.Window = math.MaxInt64 }, "may last at most"},
		{"no arrival", func(s *arrival.Spec) { s.Rate = 0.001; s.Window = time.Second }, "no arrival"},
		{"two at once", func(s *arrival.Spec) { s.Rate = -1; s.Warmup = -1 }, "warm-up must not be negative"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec := good
			tc.edit(&spec)
			_, err := arrival.New(spec)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("New(%+v) = %v, want an error with %q", spec, err, tc.want)
			}
		})
	}
}

func FuzzNew(f *testing.F) {
	f.Add("poisson", 16.0, int64(1e9), int64(5e9), 0, uint64(42), 0)
	f.Add("poisson-free", 0.001, int64(0), int64(1), 3, uint64(0), 9)
	f.Add("constant", 9999.9, int64(77), int64(1e9), 0, uint64(1), 1)
	f.Fuzz(func(t *testing.T, process string, rate float64, warm, window int64, requests int, seed uint64, repeat int) {
		if rate*float64(warm+window)/1e9 > 1e4 || requests > 1e4 {
			t.Skip("too large for a fuzz step")
		}
		s, err := arrival.New(arrival.Spec{Process: process, Rate: rate, Warmup: time.Duration(warm),
			Window: time.Duration(window), Requests: requests, Seed: seed, Repeat: repeat})
		if err != nil {
			return
		}
		if !slices.IsSorted(s.TimesNS) || s.Window() < 1 || s.First < 0 || s.WindowNS <= 0 {
			t.Errorf("bad schedule: %d arrivals, first %d, window %d ns", len(s.TimesNS), s.First, s.WindowNS)
		}
		if last := s.TimesNS[len(s.TimesNS)-1]; s.TimesNS[0] < 0 || last >= s.WarmupNS+s.WindowNS {
			t.Errorf("arrivals from %d to %d ns in a step of %d ns", s.TimesNS[0], last, s.WarmupNS+s.WindowNS)
		}
	})
}

func BenchmarkNewMillion(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := arrival.New(arrival.Spec{Rate: 1000, Requests: 1_000_000}); err != nil {
			b.Fatal(err)
		}
	}
}
