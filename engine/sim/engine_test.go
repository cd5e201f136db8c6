package sim_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/sim"
)

const ms = 1_000_000 // ns

var (
	simpleModel  = sim.StepModel{BaseMS: 10, SeqMS: 1, PrefillMS: 0.1}
	simpleLimits = sim.Limits{MaxNumSeqs: 4, TokenBudget: 100, KVBlocks: 1000}
)

func newEngine(t *testing.T, limits sim.Limits) *sim.Engine {
	t.Helper()
	e, err := sim.NewEngine(simpleModel, limits)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func add(t *testing.T, e *sim.Engine, atMS float64, prompt, output int) *sim.Seq {
	t.Helper()
	s := &sim.Seq{Prompt: prompt, Max: output, ArrivedNS: int64(atMS * ms)}
	if err := e.Add(s); err != nil {
		t.Fatal(err)
	}
	return s
}

// trace runs an engine to its end and prints each step: end in ms, and how many got a token.
func trace(e *sim.Engine) (steps []string) {
	for end, ok := e.Begin(0); ok; end, ok = e.Begin(end) {
		steps = append(steps, fmt.Sprintf("%g:%d", float64(end)/ms, len(e.End())))
	}
	return steps
}

// With the simple model a step takes 10 ms, 1 ms for each sequence and 0.1 ms for each prompt token.
func TestSteps(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits sim.Limits
		load   [][3]float64 // arrival ms, prompt, output
		want   string
	}{
		{"one sequence: prefill gives the first token", simpleLimits,
			[][3]float64{{0, 20, 3}}, "13:1 24:1 35:1"},
		{"an idle engine starts at the arrival", simpleLimits,
			[][3]float64{{7, 20, 1}, {100, 20, 1}}, "20:1 113:1"},
		{"who arrives during a step waits for its end, and slows the others with its prefill", simpleLimits,
			[][3]float64{{0, 20, 3}, {5, 30, 2}}, "13:1 28:2 40:2"},
		{"a prompt longer than the budget is computed in chunks", simpleLimits,
			[][3]float64{{0, 250, 2}}, "21:0 42:0 58:1 69:1"},
		{"running sequences have the first claim on the budget", simpleLimits,
			[][3]float64{{0, 20, 4}, {1, 150, 1}}, "13:1 34.9:1 52:2 63:1"},
		{"the fifth of five waits for a place", simpleLimits,
			[][3]float64{{0, 10, 2}, {0, 10, 2}, {0, 10, 2}, {0, 10, 2}, {0, 10, 1}}, "18:4 32:4 44:1"},
		{"the queue is first come, first served: a short prompt does not overtake", sim.Limits{MaxNumSeqs: 4, TokenBudget: 100, KVBlocks: 10},
			[][3]float64{{0, 96, 2}, {1, 96, 1}, {2, 16, 1}}, "20.6:1 31.6:1 53.6:1 65.8:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine(t, c.limits)
			for _, l := range c.load {
				add(t, e, l[0], int(l[1]), int(l[2]))
			}
			if diff := cmp.Diff(c.want, strings.Join(trace(e), " ")); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if e.Running() != 0 || e.Waiting() != 0 || e.KVUsage() != 0 {
				t.Errorf("at the end %d run, %d wait and %g of the cache is in use", e.Running(), e.Waiting(), e.KVUsage())
			}
		})
	}
}

func TestPreemptionEvictsTheLastAndComputesItAgain(t *testing.T) {
	e := newEngine(t, sim.Limits{MaxNumSeqs: 4, TokenBudget: 100, KVBlocks: 4})
	a, b := add(t, e, 0, 30, 20), add(t, e, 0, 30, 20) // 30 + 20 tokens need 4 blocks each
	trace(e)
	if a.Preemptions != 0 || b.Preemptions != 1 || e.Preemptions() != 1 {
		t.Errorf("preempted %d and %d times, %d in all; want 0, 1, 1", a.Preemptions, b.Preemptions, e.Preemptions())
	}
	if a.Generated != 20 || b.Generated != 20 {
		t.Errorf("generated %d and %d tokens, want 20 each", a.Generated, b.Generated)
	}
	if b.LastNS <= a.LastNS {
		t.Errorf("the evicted sequence ended at %d, not after the other at %d", b.LastNS, a.LastNS)
	}
}

func TestAbort(t *testing.T) {
	for _, when := range []string{"waiting", "running", "in the middle of a step", "ended"} {
		t.Run(when, func(t *testing.T) {
			e := newEngine(t, sim.Limits{MaxNumSeqs: 1, TokenBudget: 100, KVBlocks: 10})
			a, b := add(t, e, 0, 10, 2), add(t, e, 0, 10, 2)
			end, _ := e.Begin(0)
			gone, other := a, b
			switch when {
			case "waiting":
				gone, other = b, a
				e.Abort(b)
				e.End()
			case "running":
				e.End()
				e.Abort(a)
			case "in the middle of a step":
				e.Abort(a)
				if got := e.End(); len(got) != 0 {
					t.Errorf("%d sequences got a token, want none", len(got))
				}
			case "ended":
				e.End()
				end, _ = e.Begin(end)
				e.End()
				e.Abort(a)
			}
			e.Abort(gone) // again: nothing
			for end, ok := e.Begin(end); ok; end, ok = e.Begin(end) {
				e.End()
			}
			if other.Generated != 2 || e.KVUsage() != 0 || e.Running() != 0 || e.Waiting() != 0 {
				t.Errorf("the other got %d of 2 tokens; %d run, %d wait, cache %g", other.Generated, e.Running(), e.Waiting(), e.KVUsage())
			}
		})
	}
}

func TestNewEngineRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		model  sim.StepModel
		limits sim.Limits
		want   string
	}{
		{"no sequences", simpleModel, sim.Limits{TokenBudget: 1, KVBlocks: 1}, "sequences in a step must be at least 1, but is 0"},
		{"no blocks", simpleModel, sim.Limits{MaxNumSeqs: 1, TokenBudget: 1}, "blocks must be at least 1, but is 0"},
		{"negative budget", simpleModel, sim.Limits{MaxNumSeqs: 1, TokenBudget: -3, KVBlocks: 1}, "token budget of a step must be at least 1, but is -3"},
		{"budget too small for the batch", simpleModel, sim.Limits{MaxNumSeqs: 9, TokenBudget: 8, KVBlocks: 1}, "must not be below"},
		{"steps without a time", sim.StepModel{SeqMS: 1}, simpleLimits, "base of a step's time must be above 0"},
		{"negative time", sim.StepModel{BaseMS: 1, SeqMS: -1}, simpleLimits, "between 0 and 60,000 ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sim.NewEngine(c.model, c.limits)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestAddRefuses(t *testing.T) {
	e := newEngine(t, sim.Limits{MaxNumSeqs: 1, TokenBudget: 100, KVBlocks: 4})
	for _, s := range []sim.Seq{{Prompt: 0, Max: 1}, {Prompt: 1, Max: 0}, {Prompt: 60, Max: 5}} {
		if err := e.Add(&s); err == nil {
			t.Errorf("a sequence of %d + %d tokens was taken", s.Prompt, s.Max)
		}
	}
	if err := e.Add(&sim.Seq{Prompt: 60, Max: 4}); err != nil {
		t.Errorf("a sequence that just fits was refused: %v", err)
	}
}

// TestInvariants drives random loads through random limits. Whatever they are: never more runs than
// allowed, the cache is never overdrawn and empty at the end, every sequence gets exactly its tokens in
// growing time, and nobody starts before arriving or before who came first.
func TestInvariants(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		limits := sim.Limits{MaxNumSeqs: 1 + r.IntN(20), TokenBudget: 20 + r.IntN(200), KVBlocks: 20 + r.IntN(100)}
		e := newEngine(t, limits)
		var seqs []*sim.Seq
		at := 0.0
		for range 1 + r.IntN(80) {
			at += r.ExpFloat64() * 20
			seqs = append(seqs, add(t, e, at, 1+r.IntN(200), 1+r.IntN(100)))
		}
		before := make(map[*sim.Seq]int64)
		for end, ok := e.Begin(0); ok; end, ok = e.Begin(end) {
			if e.Running() > limits.MaxNumSeqs || e.KVUsage() < 0 || e.KVUsage() > 1 {
				t.Fatalf("%+v: %d run and %g of the cache is in use", limits, e.Running(), e.KVUsage())
			}
			for _, s := range e.End() {
				if s.LastNS != end || s.LastNS <= before[s] {
					t.Fatalf("%+v: a token at %d in a step that ends at %d, after one at %d", limits, s.LastNS, end, before[s])
				}
				before[s] = s.LastNS
			}
		}
		for i, s := range seqs {
			if s.Generated != s.Max || s.StartedNS < s.ArrivedNS || s.FirstNS <= s.StartedNS {
				t.Fatalf("%+v: sequence %d is %+v", limits, i, *s)
			}
			if i > 0 && s.StartedNS < seqs[i-1].StartedNS {
				t.Fatalf("%+v: sequence %d started before %d", limits, i, i-1)
			}
		}
		if e.KVUsage() != 0 || e.Running() != 0 || e.Waiting() != 0 {
			t.Fatalf("%+v: at the end %d run, %d wait and %g of the cache is in use", limits, e.Running(), e.Waiting(), e.KVUsage())
		}
	}
}

func BenchmarkSimulateA10At16(b *testing.B) {
	p, err := sim.ProfileByName("a10")
	if err != nil {
		b.Fatal(err)
	}
	arrivals := guideLLMArrivals(16, 1000)
	limits := sim.Limits{MaxNumSeqs: 256, TokenBudget: 2048, KVBlocks: p.KVBlocks}
	for b.Loop() {
		if _, err := sim.Simulate(p.Step, limits, arrivals, 200, 200); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleSimulate() {
	a10, _ := sim.ProfileByName("a10")
	limits := sim.Limits{MaxNumSeqs: 256, TokenBudget: 2048, KVBlocks: a10.KVBlocks}
	// Two requests, 10 ms apart: the second waits for the end of the first one's prefill step.
	replies, _ := sim.Simulate(a10.Step, limits, []int64{0, 10e6}, 200, 200)
	for _, r := range replies {
		fmt.Printf("TTFT %.1f ms, TPOT %.2f ms\n", float64(r.FirstNS-r.ArrivedNS)/1e6, float64(r.LastNS-r.FirstNS)/1e6/199)
	}
	// Output:
	// TTFT 45.6 ms, TPOT 17.64 ms
	// TTFT 81.5 ms, TPOT 17.49 ms
}
