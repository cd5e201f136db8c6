package engine

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"benchtop/engine/openai"
	"benchtop/engine/record"
	"benchtop/engine/wire"
)

// runner is one target within a run: its connections, what was learnt of it, and where it is.
type runner struct {
	run    *Run
	target Target
	index  int
	client *wire.Client
	info   record.Target

	secrets []string

	// Set by prepare, read only afterwards.
	model    string // as the server spells it
	probes   int
	endpoint openai.Endpoint
	options  openai.StreamOptions
	prompts  promptMaker
	probeE2E time.Duration
	metrics  bool // /metrics is there and speaks Prometheus
	// templatePct is the prefix-cache hit rate that the chat template alone gives.
	templatePct float64

	live live
	view view // server's and path's view, filled by monitor

	inFlight atomic.Int64
	lost     atomic.Bool                             // the target did not come back; no more steps are made
	skipped  atomic.Pointer[context.CancelCauseFunc] // of the step under way

	mu       sync.Mutex // guards what follows
	state    State
	text     string
	phaseAt  int64 // ns on the run's clock when the phase began
	phaseNS  int64
	current  int
	try      int
	strip    []StepStatus
	marks    []Mark
	dropped  string          // why no more steps are made
	restarts map[int]restart // by step index
	tried    map[int]int     // tries made of each step, those of a resumed run included
	lastE2E  float64         // p95 of the step before, ms; 0 = none
}

func newRunner(r *Run, t Target, index int) *runner {
	x := &runner{
		run: r, target: t, index: index, info: t.Info, state: StatePreparing, current: -1,
		restarts: map[int]restart{}, tried: map[int]int{},
	}
	for _, s := range r.steps {
		x.strip = append(x.strip, StepStatus{Rate: s.Rate, Repeat: s.Repeat, Phase: "pending"})
	}
	x.view.init()
	return x
}

// header is sent with every request to the target.
func (t *Target) header() http.Header {
	h := http.Header{}
	if t.APIKey != "" {
		h.Set("Authorization", "Bearer "+t.APIKey)
	}
	h.Set("User-Agent", "benchtop")
	return h
}

func (x *runner) close() {
	if x.client != nil {
		x.client.Close()
	}
}

// enter notes a new phase of the target; d is how long it should take (0 = unknown).
func (x *runner) enter(s State, d time.Duration, text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.state, x.text = s, text
	x.phaseAt, x.phaseNS = x.run.now(), int64(d)
}

func (x *runner) mark(kind, text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.marks = append(x.marks, Mark{T: seconds(x.run.now()), Kind: kind, Text: text})
}

// setStep updates one entry of the step strip.
func (x *runner) setStep(index int, phase string, sum *record.Step) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.strip[index].Phase = phase
	if sum != nil {
		x.strip[index].Summary = sum
	}
	if phase == "running" {
		x.current, x.try = index, x.tried[index]
	} else {
		x.current = -1
	}
}

// drop gives up on the rest of the sweep for this target.
func (x *runner) drop(why string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.dropped != "" {
		return
	}
	x.dropped = why
	for i := range x.strip {
		if x.strip[i].Phase == "pending" {
			x.strip[i].Phase = "skipped"
		}
	}
}

func (x *runner) isDropped() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.dropped != ""
}

// skip ends the step under way, if any.
func (x *runner) skip() {
	if cancel := x.skipped.Load(); cancel != nil {
		(*cancel)(errSkipped)
	}
}

func seconds(ns int64) float64 { return float64(ns) / 1e9 }

func millis(ns int64) float64 { return float64(ns) / 1e6 }
