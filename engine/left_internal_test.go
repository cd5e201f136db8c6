package engine

import (
	"fmt"
	"math"
	"testing"
	"time"

	"benchtop/engine/record"
)

// A sweep in virtual time: what each step of each target is like. E2E times in s by step.
type tape struct {
	plan   Plan
	probes []float64
	e2e    [][]float64 // by target and step
	serves [][]float64 // req/s that the server completes, 0: all
	groups [][]int
	pause  float64 // s between steps
}

// stretch is one phase of a target, in s since the sweep began.
type stretch struct {
	state    State
	step     int
	from, to float64
}

// play lays the phases of all targets out in time, and returns when the sweep ends.
func (p *tape) play() (phases [][]stretch, end float64) {
	phases = make([][]stretch, len(p.probes))
	warmOf := func(i, k int) float64 {
		e := p.probes[i]
		if k > 0 {
			e = p.e2e[i][k-1]
		}
		return warmupAfter(seconds64(e)).Seconds()
	}
	for k, rate := range p.plan.Rates {
		for _, g := range p.groups {
			warm, over := 0.0, 0.0
			for _, i := range g {
				warm = max(warm, warmOf(i, k))
			}
			for _, i := range g {
				at := end
				add := func(s State, d float64) {
					phases[i] = append(phases[i], stretch{s, k, at, at + d})
					at += d
				}
				window := p.plan.StepWindow(rate).Seconds()
				add(StateIdling, p.pause)
				add(StateWarmup, warm)
				add(StateMeasuring, window)
				add(StateDraining, min(p.drain(i, k, warm+window), time.Duration(p.plan.Drain).Seconds()))
				over = max(over, at)
			}
			end = over
		}
	}
	return phases, end
}

func (p *tape) drain(i, k int, load float64) float64 {
	if c := p.serves[i][k]; c > 0 {
		return p.queue(i, k, load) / c
	}
	return p.e2e[i][k] - 0.7/p.plan.Rates[k]
}

// alone is the E2E time in s of a rate that is not held before requests pile up.
const alone = 7.5

// queue is what is in flight after so many seconds of a step: Little's law, and what piles up.
func (p *tape) queue(i, k int, load float64) float64 {
	rate, c := p.plan.Rates[k], p.serves[i][k]
	if c > 0 {
		return rate*min(alone, load) + (rate-c)*max(load-alone, 0)
	}
	return rate * min(p.e2e[i][k], load)
}

// at is the picture of the sweep at a moment, as the aggregator makes it.
func (p *tape) at(now float64, phases [][]stretch) *forecast {
	f := &forecast{plan: p.plan, groups: p.groups, between: seconds64(p.pause)}
	for i := range p.probes {
		f.probes = append(f.probes, seconds64(p.probes[i]))
		f.targets = append(f.targets, p.target(i, now, phases[i]))
	}
	return f
}

func (p *tape) target(i int, now float64, phases []stretch) TargetSnapshot {
	t := TargetSnapshot{Current: -1, State: StateBarrier}
	for _, r := range p.plan.Rates {
		t.Steps = append(t.Steps, StepStatus{Rate: r, Phase: "pending"})
	}
	for _, s := range phases {
		st := &t.Steps[s.step]
		switch {
		case now < s.from:
			return t
		case now >= s.to && s.state == StateDraining:
			ms := p.e2e[i][s.step] * 1e3
			st.Phase, st.Summary = "done", &record.Step{Rate: st.Rate, CompletedRPS: st.Rate, E2E: record.Dist{P95: &ms}}
			if c := p.serves[i][s.step]; c > 0 {
				st.Summary.CompletedRPS, st.Summary.Verdict.Saturated = c, true
			}
			t.Current, t.State = -1, StateBarrier
		case now < s.to:
			t.State, t.StepElapsed, t.StepTotal = s.state, seconds64(now-s.from), seconds64(s.to-s.from)
			if s.state == StateDraining {
				t.StepTotal = time.Duration(p.plan.Drain)
			}
			if s.state != StateIdling {
				st.Phase, t.Current = "running", s.step
				p.load(&t, i, s, now, phases)
			}
			return t
		}
	}
	return t
}

// load fills in what a target under load shows.
func (p *tape) load(t *TargetSnapshot, i int, s stretch, now float64, phases []stretch) {
	rate, e2e := p.plan.Rates[s.step], p.e2e[i][s.step]
	began := 0.0
	for _, q := range phases {
		if q.step == s.step && q.state == StateWarmup {
			began = q.from
		}
	}
	t.Now = Live{OfferedRPS: rate, CompletedRPS: rate, Window: liveWindow * time.Second}
	if c := p.serves[i][s.step]; c > 0 {
		t.Now.CompletedRPS = 2 * c * float64(int(now/10)%2) // they end in waves, their tokens come steadily
		t.Now.OutputTokPerS = c * float64(p.plan.Workload.OutputTokens)
	}
	n := p.queue(i, s.step, now-began)
	if s.state == StateDraining {
		t.Now.OfferedRPS = 0
		n = p.queue(i, s.step, s.from-began) * (s.to - now) / (s.to - s.from)
	}
	t.InFlight = int(math.Round(n))
	if now-began > e2e+1 && p.serves[i][s.step] == 0 {
		t.Now.E2E = Quantiles{N: uint64(min(now-began-e2e, liveWindow) * rate), P50: e2e * 950, P90: e2e * 980, P99: e2e * 1e3}
	}
	t.Marks = []Mark{{T: began, Kind: "step"}}
	got := 0.0
	for at := began; at <= now; at++ {
		t.Series = append(t.Series, Point{T: at, InFlight: int(p.queue(i, s.step, at-began)), OutputTokens: t.Now.OutputTokPerS})
		got += t.Now.OutputTokPerS
	}
	t.OK = int(got / float64(p.plan.Workload.OutputTokens))
}

// The time left is within a tenth of what it takes, from the first step on, though E2E times grow
// with the rate: that is what makes warm-ups and drains longer from step to step.
func TestTimeLeft(t *testing.T) {
	plan := func(seconds int, rates ...float64) Plan {
		p := record.DefaultPlan()
		p.Rates, p.Duration = rates, record.Duration(time.Duration(seconds)*time.Second)
		return p
	}
	a10, a100 := []float64{4.3, 5, 6.1, 7.5}, []float64{1.8, 1.9, 2, 2.2}
	held := [][]float64{make([]float64, 4), make([]float64, 4)}
	sequential := plan(20, 1, 2, 4, 8)
	sequential.Order = "interleaved"
	tests := []struct {
		name string
		tape tape
		from float64 // share of the sweep from which the estimate is right
	}{
		{"side by side", tape{plan(20, 1, 2, 4, 8), []float64{3.8, 1.7}, [][]float64{a10, a100}, held, [][]int{{0, 1}}, 2.5}, 0.1},
		{"one after the other", tape{sequential, []float64{3.8, 1.7}, [][]float64{a10, a100}, held, [][]int{{0}, {1}}, 2.5}, 0.1},
		{"one target, long steps", tape{plan(60, 1, 2, 4, 8), []float64{3.8}, [][]float64{a10}, held, [][]int{{0}}, 2.5}, 0.05},
		{"no round trip to speak of", tape{plan(20, 1, 2, 4, 8), []float64{0.4}, [][]float64{{0.4, 0.4, 0.5, 0.5}}, held, [][]int{{0}}, 0.6}, 0.1},
		// It breaks at 16: known once requests pile up in that step.
		{"the last rate is not held", tape{plan(60, 1, 2, 4, 8, 16), []float64{3.8}, [][]float64{{4.3, 5, 6.1, 7.5, 60}},
			[][]float64{{0, 0, 0, 0, 9}}, [][]int{{0}}, 2.5}, 0.75},
		// What the first broken rate left behind tells of those above it.
		{"nor are those above it", tape{plan(60, 8, 16, 24, 32), []float64{3.8}, [][]float64{{7.5, 60, 60, 60}},
			[][]float64{{0, 9, 9, 9}}, [][]int{{0}}, 2.5}, 0.45},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			phases, end := tt.tape.play()
			for share := tt.from; share < 0.97; share += 0.01 {
				now := share * end
				got, want := tt.tape.at(now, phases).left().Seconds(), end-now
				if math.Abs(got-want) > max(0.1*want, 1.5) {
					t.Errorf("at %.0f %% of %.0f s: %.1f s left, want %.1f; %s", 100*share, end, got, want, where(tt.tape.at(now, phases)))
				}
			}
		})
	}
}

func where(f *forecast) (s string) {
	for _, t := range f.targets {
		s += fmt.Sprintf("%s step %d, %v of %v; ", t.State, t.Current, t.StepElapsed, t.StepTotal)
	}
	return s
}

// Whatever a target shows, the estimate is a time.
func TestTimeLeftOfOddSweeps(t *testing.T) {
	p := record.DefaultPlan()
	zero, saturated := 0.0, record.Step{Rate: 4}
	saturated.Verdict.Saturated = true
	for name, steps := range map[string][]StepStatus{
		"none":                         nil,
		"all skipped":                  {{Rate: 1, Phase: "skipped"}, {Rate: 2, Phase: "failed"}},
		"nothing completed":            {{Rate: 4, Phase: "done", Summary: &saturated}, {Rate: 8, Phase: "pending"}},
		"no time at all":               {{Rate: 4, Phase: "done", Summary: &record.Step{Rate: 4, E2E: record.Dist{P95: &zero}}}, {Rate: 8, Phase: "pending"}},
		"the same rate twice":          {{Rate: 4, Phase: "done", Summary: &record.Step{Rate: 4}}, {Rate: 4, Repeat: 1, Phase: "pending"}},
		"one step more than another's": {{Rate: 1, Phase: "done"}, {Rate: 1, Phase: "void"}, {Rate: 1, Phase: "pending"}},
	} {
		f := forecast{plan: p, groups: [][]int{{0, 1}}, probes: []time.Duration{0, time.Second},
			targets: []TargetSnapshot{{Steps: steps, Current: -1}, {Current: -1}}}
		if left := f.left(); left < 0 || left > time.Hour {
			t.Errorf("%s: %v", name, left)
		}
	}
}

// What is in flight has part of its tokens: only the rest is work.
func TestServedCountsTokens(t *testing.T) {
	f := forecast{plan: record.DefaultPlan()}
	size := float64(f.plan.Workload.OutputTokens)
	s := TargetSnapshot{InFlight: 100, OK: 50, Now: Live{CompletedRPS: 99, OutputTokPerS: 10 * size},
		Marks: []Mark{{T: 20, Kind: "step"}}, Series: []Point{{T: 20, OutputTokens: 1e9}, {T: 30, OutputTokens: 90 * size}}}
	for _, tt := range []struct {
		name string
		edit func(*TargetSnapshot)
		more float64
		want time.Duration
	}{
		{"40 of 100 are served", func(*TargetSnapshot) {}, 0, 6 * time.Second},
		{"and 30 more come", func(*TargetSnapshot) {}, 30, 9 * time.Second},
		{"nothing in flight", func(s *TargetSnapshot) { s.InFlight = 0 }, 0, 0},
		{"more tokens than requests", func(s *TargetSnapshot) { s.OK = 0; s.InFlight = 10 }, 0, 0},
		{"no token lately", func(s *TargetSnapshot) { s.Now.OutputTokPerS = 0; s.Now.CompletedRPS = 20 }, 0, 5 * time.Second},
		{"nothing at all lately", func(s *TargetSnapshot) { s.Now = Live{} }, 0, time.Minute},
	} {
		c := s
		tt.edit(&c)
		if got := f.served(&c, tt.more, time.Minute); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A sweep of many steps is estimated ten times a second beside the load: at most 1 ms of 100.
func BenchmarkTimeLeft(b *testing.B) {
	p := record.DefaultPlan()
	p.Rates = nil
	t := TargetSnapshot{Current: -1, State: StateBarrier}
	for k := range 200 {
		rate, ms := float64(k+1), 4000+float64(k)
		p.Rates = append(p.Rates, rate)
		st := StepStatus{Rate: rate, Phase: "pending"}
		if k < 100 {
			st.Phase, st.Summary = "done", &record.Step{Rate: rate, E2E: record.Dist{P95: &ms}}
		}
		t.Steps = append(t.Steps, st)
	}
	targets, probes := []TargetSnapshot{t, t, t, t}, make([]time.Duration, 4)
	b.ReportAllocs()
	for b.Loop() {
		f := forecast{plan: p, targets: targets, probes: probes, groups: [][]int{{0, 1, 2, 3}}}
		if f.left() <= 0 {
			b.Fatal("no time left")
		}
	}
}
