package engine_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a simulated server on loopback and returns its URL.
func serve(t *testing.T, cfg sim.Config) (url string, srv *sim.Server) {
	t.Helper()
	srv, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ctx, ln) }()
	t.Cleanup(func() { cancel(); srv.Close(); <-done })
	return "http://" + ln.Addr().String(), srv
}

// quick is a profile whose steps are short, so that tests are.
func quick(t *testing.T) sim.Profile {
	t.Helper()
	p, err := sim.ProfileByName("a100")
	if err != nil {
		t.Fatal(err)
	}
	p.Step = sim.StepModel{BaseMS: 2, SeqMS: 0.02, PrefillMS: 0.001}
	return p
}

// plan is a sweep of a few seconds.
func plan(rates ...float64) engine.Plan {
	p := record.DefaultPlan()
	p.Rates = rates
	p.Duration = record.Duration(time.Second)
	p.Warmup = record.Warmup{Fixed: true, For: 200 * time.Millisecond}
	p.Drain = record.Duration(10 * time.Second)
	p.Workload = record.Workload{Kind: "fixed", PromptTokens: 40, OutputTokens: 20}
	return p
}

func target(name, url string) engine.Target {
	return engine.Target{Info: record.Target{Name: name}, BaseURL: url}
}

func run(t *testing.T, p engine.Plan, targets ...engine.Target) *engine.Result {
	t.Helper()
	r, err := engine.Start(t.Context(), p, targets, engine.Options{Dir: filepath.Join(t.TempDir(), "run"), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestSweepMeasuresEveryRequest(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	p := plan(20, 40)
	res := run(t, p, target("a", url))
	if res.Err != nil || res.Run.State != record.StateComplete {
		t.Fatalf("state %q, err %v", res.Run.State, res.Err)
	}
	if got, want := len(res.Run.Steps), 2; got != want {
		t.Fatalf("%d steps, want %d", got, want)
	}
	for _, s := range res.Run.Steps {
		want := int(s.Rate)
		if s.Sent != want || s.OK != want {
			t.Errorf("%g req/s: sent %d, ok %d, want %d; errors %v", s.Rate, s.Sent, s.OK, want, s.ErrorSamples)
		}
		if s.PromptTokensMin != 40 || s.PromptTokensMax != 40 || s.OutputTokensMin != 20 || s.OutputTokensMax != 20 {
			t.Errorf("%g req/s: prompts %d–%d, outputs %d–%d tokens", s.Rate, s.PromptTokensMin, s.PromptTokensMax, s.OutputTokensMin, s.OutputTokensMax)
		}
		if s.ITL.N != s.OK*19 {
			t.Errorf("%g req/s: %d gaps, want %d", s.Rate, s.ITL.N, s.OK*19)
		}
	}
	n := 0
	for r, err := range record.Requests(res.Dir) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if r.Status != record.StatusOK || r.SentNS < r.SchedNS || r.FirstTokenNS <= r.SentNS || r.DoneNS < r.LastTokenNS {
			t.Errorf("odd request: %+v", r)
		}
	}
	if n < 60 {
		t.Errorf("%d requests on disk, want at least 60", n)
	}
}
