package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui/uitest"

	"github.com/google/go-cmp/cmp"
)

var testTime = time.Date(2026, 3, 1, 14, 7, 31, 0, time.UTC)

func testNow() time.Time { return testTime }

func testSnapshot() *engine.Snapshot {
	steps := make([]engine.StepStatus, 5)
	for i := range steps {
		steps[i] = engine.StepStatus{Rate: float64(int(1) << i), Phase: "pending"}
	}
	steps[2].Summary = &record.Step{Target: "A10", Index: 2, Rate: 4, Try: 1}
	return &engine.Snapshot{
		RunID: "20260301T140500Z-1", Dir: "/runs/x", Phase: "running", Left: 95500 * time.Millisecond,
		Targets: []engine.TargetSnapshot{{
			Info: record.Target{Name: "A10"}, State: engine.StateMeasuring, Steps: steps, Current: 3, Try: 1,
			StepElapsed: 25 * time.Second, StepTotal: 60 * time.Second,
			Sent: 204, OK: 171, InFlight: 31, Health: engine.Health{Word: "ok"},
			Now: engine.Live{
				TTFT:         engine.Quantiles{N: 80, P50: 427.2, P90: 600, P99: 691},
				ITL:          engine.Quantiles{N: 9000, P50: 26.14, P90: 30, P99: 40.5},
				SendLagP99MS: 0.2, OfferedRPS: 8.1, CompletedRPS: 7.9,
			},
			Server: engine.ServerNow{Available: true, Running: 31, Waiting: 0, KVPct: math.NaN()},
		}},
	}
}

func TestProgressLine(t *testing.T) {
	tests := []struct {
		name string
		mod  func(*engine.TargetSnapshot)
		want string
	}{
		{"measuring", func(*engine.TargetSnapshot) {},
			"14:07:31 A10 step 4/5 8 req/s 25/60s sent 204 ok 171 err 0 inflight 31 ttft p50 427 p99 691 itl p50 26.1"},
		{"before the first step", func(s *engine.TargetSnapshot) {
			s.Current, s.State, s.Text = -1, engine.StatePreparing, "asking for the model"
		},
			"14:07:31 A10 preparing: asking for the model"},
		{"after the last step", func(s *engine.TargetSnapshot) { s.Current, s.State = 5, engine.StateDone }, "14:07:31 A10 done"},
		{"warm-up of a second try without replies", func(s *engine.TargetSnapshot) {
			s.State, s.Try, s.Now = engine.StateWarmup, 2, engine.Live{}
		}, "14:07:31 A10 step 4/5 8 req/s try 2 warm-up 25/60s sent 204 ok 171 err 0 inflight 31 ttft p50 - p99 - itl p50 -"},
		{"errors are added up", func(s *engine.TargetSnapshot) { s.Rejected, s.Failed, s.Incomplete = 1, 2, 3 },
			"14:07:31 A10 step 4/5 8 req/s 25/60s sent 204 ok 171 err 6 inflight 31 ttft p50 427 p99 691 itl p50 26.1"},
		{"bad health is said in words", func(s *engine.TargetSnapshot) {
			s.Health = engine.Health{Word: "saturating", Level: 1, Why: "in flight grows"}
		}, "14:07:31 A10 step 4/5 8 req/s 25/60s sent 204 ok 171 err 0 inflight 31 ttft p50 427 p99 691 itl p50 26.1 · saturating: in flight grows"},
		{"lost", func(s *engine.TargetSnapshot) { s.State, s.Text = engine.StatePaused, "tunnel cut" },
			"14:07:31 A10 step 4/5 8 req/s paused: tunnel cut sent 204 ok 171 err 0 inflight 31 ttft p50 427 p99 691 itl p50 26.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := testSnapshot().Targets[0]
			tt.mod(&s)
			if diff := cmp.Diff(tt.want, progressLine(testNow(), &s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A fakeRun is a run whose end the test decides.
type fakeRun struct {
	snap          *engine.Snapshot
	events        chan engine.Event
	done          chan struct{}
	stops, aborts int
}

func newFakeRun() *fakeRun {
	return &fakeRun{snap: testSnapshot(), events: make(chan engine.Event, 8), done: make(chan struct{})}
}

func (r *fakeRun) Snapshot() *engine.Snapshot    { return r.snap }
func (r *fakeRun) Events() <-chan engine.Event   { return r.events }
func (r *fakeRun) Skip(string)                   {}
func (r *fakeRun) Stop()                         { r.stops++ }
func (r *fakeRun) Abort()                        { r.aborts++; r.end() }
func (r *fakeRun) Note(string)                   {}
func (r *fakeRun) Done() <-chan struct{}         { return r.done }
func (r *fakeRun) Wait() (*engine.Result, error) { <-r.done; return &engine.Result{}, nil }
func (r *fakeRun) end()                          { close(r.events); close(r.done) }

func TestFollowPassesSignalsOn(t *testing.T) {
	tests := []struct {
		name                  string
		signals               []os.Signal
		wantStops, wantAborts int
	}{
		{"Ctrl-C twice stops, then cuts", []os.Signal{os.Interrupt, os.Interrupt}, 1, 1},
		{"a hang-up cuts at once", []os.Signal{syscall.SIGHUP}, 0, 1},
		{"a termination after Ctrl-C cuts", []os.Signal{os.Interrupt, syscall.SIGTERM}, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run := newFakeRun()
			sig := make(chan os.Signal, len(tt.signals))
			for _, s := range tt.signals {
				sig <- s
			}
			var msg bytes.Buffer
			f := follower{run: run, rep: plainReporter{&msg, testNow}, signals: sig, msg: &msg}
			if _, err := f.follow(); err != nil {
				t.Fatal(err)
			}
			if run.stops != tt.wantStops || run.aborts != tt.wantAborts {
				t.Errorf("stops %d, aborts %d; want %d, %d", run.stops, run.aborts, tt.wantStops, tt.wantAborts)
			}
		})
	}
}

// failingWriter is a reader that has gone away.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestFollowOutlivesItsReader(t *testing.T) {
	run := newFakeRun()
	run.events <- engine.Event{Text: "step ended"}
	run.end()
	f := follower{run: run, rep: newNDJSON(failingWriter{}, testNow), msg: failingWriter{}}
	if res, err := f.follow(); res == nil || err != nil {
		t.Errorf("follow() = %v, %v; want the result", res, err)
	}
}

func TestNDJSONTellsEverythingOnce(t *testing.T) {
	run := newFakeRun()
	var out, msg bytes.Buffer
	f := follower{run: run, rep: newNDJSON(&out, testNow), msg: &msg}
	f.tick()
	f.tick()
	run.events <- engine.Event{Target: "A10", Level: 1, Text: "step 3 ended"}
	run.end()
	if _, err := f.follow(); err != nil {
		t.Fatal(err)
	}
	var types []string
	for line := range strings.Lines(out.String()) {
		var h struct {
			V        int    `json:"v"`
			Type, At string `json:",omitempty"`
		}
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if h.V != progressVersion {
			t.Errorf("v = %d in %q", h.V, line)
		}
		types = append(types, h.Type)
	}
	want := []string{"step", "tick", "tick", "start", "event"}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	uitest.Golden(t, "progress.ndjson", out.String())
}
