package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui/chart"
	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/theme"
)

func TestDelta(t *testing.T) {
	q := func(p50, p90, p99 float64) engine.Quantiles {
		return engine.Quantiles{N: 80, P50: p50, P90: p90, P99: p99}
	}
	a10, a100 := q(478, 532, 627), q(285, 301, 340)
	for _, c := range []struct {
		name     string
		a, b     engine.Quantiles
		p        int
		requests uint64
		want     string
	}{
		{"far apart", a10, a100, 0, 80, "-40%"},
		{"far apart at p99", a10, a100, 2, 80, "-46%"},
		{"the same", a10, a10, 0, 80, noise},
		{"within the noise", q(478, 532, 627), q(482, 536, 640), 0, 80, noise},
		{"the same distance with many requests", q(478, 532, 627), q(482, 536, 640), 0, 80_000, "+0.8%"},
		{"a p99 needs more than a median", q(478, 532, 627), q(478, 532, 650), 2, 80, noise},
		{"one request says nothing", a10, a100, 0, 1, noise},
		{"no value", engine.Quantiles{}, a100, 0, 80, ""},
		{"a value of zero", q(0, 1, 2), a100, 0, 80, ""},
	} {
		if got := delta(c.a, c.b, c.p, c.requests); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Two windows of the same target are called different in few cases: values of ten seconds are drawn
// from one normal distribution 2,000 times.
func TestDeltaRarelyCriesWolf(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	alarms := 0
	const runs, n = 2000, 80
	for range runs {
		if d := delta(window(rng, n), window(rng, n), 0, n); d != noise {
			alarms++
		}
	}
	if alarms > runs/100 {
		t.Errorf("%d of %d pairs that do not differ are called different", alarms, runs)
	}
}

// window is the quantiles of n values.
func window(rng *rand.Rand, n int) engine.Quantiles {
	v := make([]float64, n)
	for i := range v {
		v[i] = 478 + 42*rng.NormFloat64()
	}
	slices.Sort(v)
	at := func(p float64) float64 { return v[int(math.Ceil(p*float64(n)))-1] }
	return engine.Quantiles{N: uint64(n), P50: at(0.5), P90: at(0.9), P99: at(0.99)}
}

func TestGhosts(t *testing.T) {
	old := fixture.Run(2)
	old.Name = "old"
	old.Steps = append(old.Steps, record.Step{Target: "a10", Rate: 8, Verdict: record.Verdict{}}) // a later invalid try does not count
	gs := ghostsOf([]*record.Run{old})
	if len(gs) != 2 || gs[0].name != "a10@old" || gs[1].name != "a100@old" {
		t.Fatalf("ghosts %+v", gs)
	}
	for _, c := range []struct {
		rate float64
		want engine.Quantiles
	}{
		{8, engine.Quantiles{N: 480, P50: 478, P90: 532, P99: 627}},
		{16, engine.Quantiles{}}, // its p99 is censored
		{3, engine.Quantiles{}},
	} {
		if got := gs[0].quantiles(screen.TTFT, c.rate); got != c.want {
			t.Errorf("at %v req/s: %+v, want %+v", c.rate, got, c.want)
		}
	}
	live := fixture.Snapshot(1, 100).Targets[0]
	nan := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	want := []chart.Point{{X: 0, Y: 386}, {X: 82, Y: 386}, {X: 82, Y: math.NaN()}, {X: 82, Y: 419}, {X: 120, Y: 419}, {X: 120, Y: math.NaN()}}
	if diff := cmp.Diff(want, gs[0].line(&live, 120, screen.TTFT, 1), nan); diff != "" {
		t.Errorf("the dashed line (-want +got):\n%s", diff)
	}
}

func TestGhostWithoutITLShowsItsTPOTAndSaysSo(t *testing.T) {
	old := fixture.Run(1)
	old.Name = "kaito"
	for i := range old.Steps {
		s := &old.Steps[i]
		s.TPOT, s.ITL = s.ITL, record.Dist{}
	}
	m := New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.Reset([]*record.Run{old})
	m.Set(fixture.Snapshot(1, 300))
	want := *old.Steps[3].TPOT.P50
	if got := m.ghosts[0].quantiles(screen.ITL, 8).P50; got != want {
		t.Errorf("ITL of the ghost is %v, want its TPOT %v", got, want)
	}
	if text := m.Render(160, 43); !strings.Contains(text, "a10@kaito has no ITL: its TPOT stands there") {
		t.Errorf("nothing says that TPOT stands for ITL:\n%s", text)
	}
}

func TestSameAxisUnlessOwn(t *testing.T) {
	m := New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.Reset(nil)
	m.Set(fixture.Snapshot(2, 300))
	if a, b := m.axis(screen.TTFT, 0), m.axis(screen.TTFT, 1); a != b {
		t.Errorf("axes %v and %v side by side", a, b)
	}
	m.ownAxis = true
	if a, b := m.axis(screen.TTFT, 0), m.axis(screen.TTFT, 1); a.Max <= b.Max {
		t.Errorf("own axes %v and %v", a, b)
	}
}

// A saved run of several repetitions stands beside the live one with its middle one, not its last.
func TestGhostOfRepetitions(t *testing.T) {
	run := fixture.Run(1)
	base := run.Steps[0]
	run.Steps = nil
	for i, ms := range []float64{300, 250, 900} {
		s := base
		s.Repeat, s.Index, s.TTFT.P50 = i, i, &ms
		run.Steps = append(run.Steps, s)
	}
	if got := ghostsOf([]*record.Run{run})[0].quantiles(screen.TTFT, base.Rate).P50; got != 300 {
		t.Errorf("TTFT p50 of the ghost is %g ms, want 300", got)
	}
}
