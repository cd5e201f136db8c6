//go:build unix

package term_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	_ "benchtop/ui/termbg" // as main does

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/sim"
	"benchtop/kube/inventory"
	"benchtop/test/term"
	"benchtop/ui"
)

// breakEnv makes the test binary a program that breaks in the midst of a sweep: engine and interface
// are the real ones, and the way to the target panics. Its value is the folder of the run.
const breakEnv = "BENCHTOP_TEST_BREAK"

// A faultyWay panics on the goroutine of the worker that sends request 6.
type faultyWay struct{ http.RoundTripper }

func (f faultyWay) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Request-Id"), "-0.1-6") {
		panic("the way fell apart")
	}
	return f.RoundTripper.RoundTrip(r)
}

// noCluster is the world outside of a program that shows one sweep.
type noCluster struct{ ui.Backend }

func (noCluster) Cluster() *inventory.Cluster { return &inventory.Cluster{} }

// broken is that program's main.
func broken() int {
	res, err := brokenSweep(os.Getenv(breakEnv))
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	fmt.Printf("%s: %v\n", res.Run.State, res.Err)
	return 3
}

func brokenSweep(dir string) (*engine.Result, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	profile, err := sim.ProfileByName("a100")
	if err != nil {
		return nil, err
	}
	srv, err := sim.New(sim.Config{Profile: profile})
	if err != nil {
		return nil, err
	}
	defer srv.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { _ = srv.Serve(ctx, l) }() // Close ends it
	plan := record.DefaultPlan()
	plan.Rates, plan.Duration = []float64{5}, record.Duration(time.Hour)
	plan.Warmup = record.Warmup{Fixed: true}
	plan.Workload = record.Workload{Kind: "fixed", PromptTokens: 20, OutputTokens: 20}
	run, err := engine.Start(ctx, plan, []engine.Target{{Info: record.Target{Name: "a100"},
		BaseURL: "http://" + l.Addr().String(), RoundTripper: faultyWay{&http.Transport{}}}}, engine.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	if _, err := ui.Show(ctx, noCluster{}, ui.Options{Start: ui.StartLive, Run: run}); err != nil {
		return nil, err
	}
	return run.Wait()
}

func TestPanicInAWorkerKeepsResultsAndTerminal(t *testing.T) {
	h := newHome(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(h.env, breakEnv+"="+h.runs+"/broken")
	x := term.Start(t, cmd, 120, 40, nil)
	x.Await("✗ ended early", "Ended early", "internal error: the way fell apart")
	x.Press("q")
	if code := x.End(); code != 3 {
		t.Errorf("exit code %d; on the terminal:\n%s", code, x.Text())
	}
	if s := x.Text(); !strings.Contains(s, "internal error: the way fell apart") {
		t.Errorf("the terminal does not say what happened:\n%s", s)
	}
	h.wantInterrupted("a100")
	if trace, err := os.ReadFile(h.runs + "/broken/panic.txt"); err != nil || !strings.Contains(string(trace), "RoundTrip") {
		t.Errorf("no trace is kept: %v, %q", err, trace)
	}
}
