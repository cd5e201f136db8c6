// Package engine runs a sweep: it drives a Poisson load of streaming requests at stepped rates
// against one or several targets and measures TTFT, ITL, TPOT and E2E as design says.
//
//	run, err := engine.Start(ctx, plan, targets, engine.Options{Dir: dir})
//	for s := run.Snapshot(); …            // poll, ten times a second is enough
//	result, err := run.Wait()
//
// The load is open loop: every request is sent at its scheduled time, whatever the server does. No
// cap, no catching up, no dropping, no re-anchoring.
//
// Data flows one way: schedule → wire → record → stats → Snapshot. Nothing here ever calls the
// interface, and a slow reader of Snapshot or Events cannot slow the load: Snapshot is an immutable
// value behind an atomic pointer, Events drops the oldest when nobody reads.
//
// The package owns every goroutine of a run; Wait returns after the last of them ended. It imports
// engine/* only.
package engine

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"benchtop/engine/record"
)

// Plan is what a sweep is asked to do.
type Plan = record.Plan

// Target is one endpoint to put under load.
type Target struct {
	// Info is what is known of the target; Info.Name is unique in a run.
	Info record.Target
	// BaseURL is scheme, host and optional path prefix, without /v1.
	BaseURL string
	// Exactly one of Dial and RoundTripper is set, or neither: then the engine dials TCP itself.
	// Dialling ahead, kernel stamps and HTTP/1.1 hold for Dial and the engine's own dialler only.
	Dial         func(ctx context.Context, network, addr string) (net.Conn, error)
	RoundTripper http.RoundTripper
	// TLS is used when BaseURL is https and RoundTripper is nil.
	TLS *tls.Config
	// APIKey is sent as a bearer token; it never reaches a record, a log or a screen.
	APIKey string
	// Watch, if not nil, is asked for what happened to the target between two instants: pod
	// restarts, readiness lost. It must not block. See Condition.
	Watch func() Condition
	// Reconnect, if not nil, is called between tries of a void step; it returns when the target is
	// reachable and ready again or ctx ends.
	Reconnect func(ctx context.Context) error
}

// Condition is what is known of a target's health from outside the load path.
type Condition struct {
	Ready    bool
	Restarts int    // monotonic count of pod restarts and replacements
	Cuts     int    // monotonic count of the times the way to the target broke or stalled under its requests
	Reason   string // "OOMKilled", "tunnel cut"
}

// Options are how a run is made, as opposed to what it measures.
type Options struct {
	Dir       string // run directory, created; must be absent or empty
	Name      string
	Version   string // benchtop's own
	Labels    map[string]string
	Simulated bool
	// Yes goes on although a target is busy.
	Yes bool
	// WaitFor is how long a void step's target may take to come back (--wait).
	WaitFor time.Duration
	// Resume continues the run in Dir: only missing, void and invalid steps are made.
	Resume bool
	// Doing, if not nil, is told during Start what a target is being asked; from several goroutines.
	Doing func(target, what string)
	// Hold, if not nil, is called before each step, which waits for its return. What say is given
	// becomes an event.
	Hold func(ctx context.Context, say func(text string))

	freeSpace func(dir string) (bytes uint64, ok bool) // record.FreeSpace but in tests
}

// State is where a target is within its sweep.
type State string

// The states of a target.
const (
	StatePreparing State = "preparing" // probing, asking the tokenizer
	StateWarmup    State = "warm-up"
	StateMeasuring State = "measuring"
	StateDraining  State = "draining"
	StateIdling    State = "waiting for idle"
	StateBarrier   State = "waiting for the others"
	StatePaused    State = "paused" // void step, reconnecting
	StateDone      State = "done"
	StateFailed    State = "failed"
)

// Snapshot is an immutable picture of a run, published ten times a second. Slices in it may be
// shared between snapshots: never write to them.
type Snapshot struct {
	Seq       uint64
	RunID     string
	Dir       string        // absolute path of the run directory
	At        time.Duration // since the run's base
	StartedAt time.Time
	Plan      Plan
	Phase     string // starting, running, stopping, done
	Simulated bool
	// Left estimates the time to the end of the sweep.
	Left    time.Duration
	Targets []TargetSnapshot
	Notes   []record.Note
	Done    bool
	Err     string
}

// TargetSnapshot is one target within a Snapshot.
type TargetSnapshot struct {
	Info  record.Target
	State State
	Text  string // what is going on, in words, if more than State says

	// Steps has one entry per step of the plan (repeat × rate), in the order they are made.
	Steps []StepStatus
	// Current indexes Steps; -1 before the first and after the last.
	Current int
	// StepElapsed and StepTotal are of the current phase (warm-up, window or drain).
	StepElapsed, StepTotal time.Duration
	// Try of the current step, from 1.
	Try int

	Now    Live    // the last 10 s
	Series []Point // one a second since the sweep began; gaps have Has* false
	Marks  []Mark  // step boundaries in Series
	Health Health

	InFlight                               int
	Sent, OK, Rejected, Failed, Incomplete int // of the current step, warm-up included
	LastError                              string
	Stamps                                 string // kernel, user, mixed
	Server                                 ServerNow
	RTTMS                                  float64 // median of the last 10 s, 0 = unknown
}

// StepStatus is one entry of the step strip.
type StepStatus struct {
	Rate    float64
	Repeat  int
	Phase   string       // pending, running, done, void, skipped, failed
	Summary *record.Step // set when done
}

// Quantiles are live percentiles in ms of a window of at most 10 s; relative error <= 1 %.
type Quantiles struct {
	N             uint64
	P50, P90, P99 float64
}

// Live is the last 10 s of a target.
type Live struct {
	TTFT, ITL, E2E Quantiles
	OfferedRPS     float64 // arrivals sent / s
	CompletedRPS   float64
	OutputTokPerS  float64
	ErrorsPerS     float64
	SendLagP99MS   float64
	Window         time.Duration
}

// Point is one second of a target's sweep. Zero counts are real; quantiles with N 0 are gaps.
type Point struct {
	T                       float64   // s since the sweep began, end of the second
	TTFT, ITL               Quantiles // over the last 10 s, within the step
	InFlight                int
	OutputTokens            float64 // that arrived in this second
	Running, Waiting, KVPct float64 // server's view; NaN = unknown
}

// Mark is a step boundary or an event on the time axis.
type Mark struct {
	T    float64 // s since the sweep began
	Text string  // "4/s", "void", a note
	Kind string  // step, window, note
}

// Health is the light beside a target: Word is one of ok, warming up, saturating, saturated, client
// late, errors, lost, paused. Why says it in a sentence.
type Health struct {
	Word  string
	Level int // 0 ok, 1 mind, 2 bad
	Why   string
}

// ServerNow is the server's own view of this second; NaN = n/a.
type ServerNow struct {
	Running, Waiting, KVPct   float64
	TTFTMeanMS, QueueMeanMS   float64
	Preemptions, PrefixHitPct float64
	Available                 bool
}

// Event is something rare that a person wants to read: a step ended, a target was lost.
type Event struct {
	At     time.Duration
	Target string
	Level  int // 0 info, 1 warning, 2 error
	Text   string
}

// Result is what a run came to.
type Result struct {
	Run *record.Run
	Dir string
	// Err is why the run is not complete; nil when it is.
	Err error
}
