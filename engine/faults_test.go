package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/sim"
)

func TestStartRefuses(t *testing.T) {
	good, _ := serve(t, sim.Config{Profile: quick(t)})
	keyed, _ := serve(t, sim.Config{Profile: quick(t), APIKey: "s3cret-key"})
	html := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>log in</html>"))
	}))
	t.Cleanup(html.Close)
	tests := []struct {
		name    string
		url     string
		change  func(*engine.Plan, *engine.Target)
		mention []string
	}{
		{"nothing listens", "http://127.0.0.1:1", nil, []string{`"a"`, "127.0.0.1:1"}},
		{"a page instead of the API", html.URL, nil, []string{"/v1/models"}},
		{"a key is asked for", keyed, nil, []string{"401", "--api-key-env"}},
		{"a wrong key", keyed, func(_ *engine.Plan, t *engine.Target) { t.APIKey = "wrong-key" }, []string{"--api-key-env"}},
		{"an unknown model", good, func(p *engine.Plan, _ *engine.Target) { p.Model = "llama" }, []string{"llama", "phi-4-mini-instruct"}},
		{"beyond the context", good, func(p *engine.Plan, _ *engine.Target) { p.Workload.OutputTokens = 1 << 20 }, []string{"context", "--output-tokens"}},
		{"no rate", good, func(p *engine.Plan, _ *engine.Target) { p.Rates = nil }, []string{"rate"}},
		{"no host in the URL", "http://", nil, []string{"URL"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, tg := plan(5), target("a", tt.url)
			if tt.change != nil {
				tt.change(&p, &tg)
			}
			dir := filepath.Join(t.TempDir(), "run")
			_, err := engine.Start(t.Context(), p, []engine.Target{tg}, engine.Options{Dir: dir})
			if err == nil {
				t.Fatal("started")
			}
			for _, m := range tt.mention {
				if !strings.Contains(err.Error(), m) {
					t.Errorf("error %q does not mention %q", err, m)
				}
			}
			for _, secret := range []string{"s3cret-key", "wrong-key"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error %q tells a key", err)
				}
			}
			if _, err := record.Load(dir); err == nil {
				t.Error("a run directory was made")
			}
		})
	}
}

func TestFaultsAreClassesNotLatencies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault sim.FaultKind
		class string
	}{
		{sim.FaultStatus, "http-5xx"},
		{sim.FaultCut, "cut"},
		{sim.FaultGarbage, "garbage"},
		{sim.FaultErrorEvent, "error-event"},
		{sim.FaultWrongUsage, "wrong-tokens"},
		{sim.FaultHTML, "html"},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault), func(t *testing.T) {
			t.Parallel()
			url, srv := serve(t, sim.Config{Profile: quick(t)})
			p := plan(20)
			r, err := engine.Start(t.Context(), p, []engine.Target{target("a", url)}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
			if err != nil {
				t.Fatal(err)
			}
			fault := sim.Fault{Kind: tt.fault, Every: 2, After: 3}
			if tt.fault == sim.FaultStatus {
				fault.Status = 500
			}
			if err := srv.SetFaults(fault); err != nil {
				t.Fatal(err)
			}
			res, err := r.Wait()
			if err != nil {
				t.Fatal(err)
			}
			s := res.Run.Steps[0]
			if s.OK+s.Failed != s.Sent || s.Errors[tt.class] != s.Failed || s.Failed < s.Sent/3 {
				t.Errorf("sent %d, ok %d, failed %d, errors %v %v", s.Sent, s.OK, s.Failed, s.Errors, s.ErrorSamples)
			}
			if s.TTFT.N != s.OK {
				t.Errorf("%d latencies of %d good replies", s.TTFT.N, s.OK)
			}
		})
	}
}

func TestStopKeepsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	p := plan(20, 20.5)
	p.Duration = record.Duration(time.Minute)
	r, err := engine.Start(t.Context(), p, []engine.Target{target("a", url)}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return r.Snapshot().Targets[0].OK > 10 })
	r.Note("half way")
	r.Stop()
	res, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(res.Err, engine.ErrStopped) || res.Run.State != record.StateInterrupted {
		t.Errorf("state %q, err %v", res.Run.State, res.Err)
	}
	if len(res.Run.Steps) != 1 || !res.Run.Steps[0].Partial || res.Run.Steps[0].OK == 0 {
		t.Errorf("steps %+v", res.Run.Steps)
	}
	if len(res.Run.Notes) != 1 || res.Run.Notes[0].Text != "half way" {
		t.Errorf("notes %v", res.Run.Notes)
	}
}

func TestSkipEndsOneStep(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	p := plan(20, 5)
	r, err := engine.Start(t.Context(), p, []engine.Target{target("a", url)}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return r.Snapshot().Targets[0].OK > 3 })
	r.Skip("a")
	res, err := r.Wait()
	if err != nil || res.Err != nil {
		t.Fatal(err, res.Err)
	}
	if n := len(res.Run.Steps); n != 2 {
		t.Fatalf("%d steps", n)
	}
	if !res.Run.Steps[0].Partial || res.Run.Steps[0].Verdict.Valid || res.Run.Steps[1].Partial {
		t.Errorf("first partial %v valid %v, second partial %v", res.Run.Steps[0].Partial, res.Run.Steps[0].Verdict.Valid, res.Run.Steps[1].Partial)
	}
}

// counted is a connection that is counted while it is open.
type counted struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// Connections are opened half a second ahead of their requests. When those are not sent any more they
// must be given back: nobody else would close them.
func TestASkippedStepLeavesNoConnectionOpen(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	var open atomic.Int64
	tgt := target("a", url)
	tgt.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		open.Add(1)
		return &counted{Conn: c, open: &open}, nil
	}
	p := plan(100, 5)
	p.Duration = record.Duration(5 * time.Second)
	r, err := engine.Start(t.Context(), p, []engine.Target{tgt}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return r.Snapshot().Targets[0].OK > 3 })
	r.Skip("a")
	if res, err := r.Wait(); err != nil || res.Err != nil {
		t.Fatal(err, res.Err)
	}
	if n := open.Load(); n != 0 {
		t.Errorf("%d connections are open after the run", n)
	}
}

// What a log-in plug-in says can come at any time, also when the run that it is told to has ended.
func TestARunMayBeToldAfterItsEnd(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	r, err := engine.Start(t.Context(), plan(10), []engine.Target{target("a", url)}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	r.Tell("log in")
	r.Abort()
	<-r.Done()
	r.Tell("log in again")
	var told []string
	for e := range r.Events() {
		told = append(told, e.Text)
	}
	if !slices.Contains(told, "log in") || slices.Contains(told, "log in again") {
		t.Errorf("told %q", told)
	}
}

// until polls cond; the test's own deadline is the limit.
func until(t *testing.T, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("gave up waiting")
		}
	}
}

func TestSideBySideMeetsAtEveryStep(t *testing.T) {
	t.Parallel()
	slow := quick(t)
	slow.Step.BaseMS = 10
	a, _ := serve(t, sim.Config{Profile: quick(t)})
	b, _ := serve(t, sim.Config{Profile: slow})
	res := run(t, plan(8, 16), target("a", a), target("b", b))
	if len(res.Run.Steps) != 4 {
		t.Fatalf("%d steps, want 4", len(res.Run.Steps))
	}
	start := map[int]int64{}
	for _, s := range res.Run.Steps {
		if at, ok := start[s.Index]; ok && at != s.WindowStartNS {
			t.Errorf("step %d opened at %d and %d", s.Index, at, s.WindowStartNS)
		}
		start[s.Index] = s.WindowStartNS
	}
}

func TestTwoTargetsOnOneEndpointTakeTurns(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	// By another name it is still one endpoint.
	res := run(t, plan(10), target("a", url), target("b", strings.Replace(url, "127.0.0.1", "localhost", 1)+"/"))
	if len(res.Run.Steps) != 2 {
		t.Fatalf("%d steps, want 2", len(res.Run.Steps))
	}
	if first, second := res.Run.Steps[0], res.Run.Steps[1]; second.StartNS < first.EndNS {
		t.Errorf("second began at %d before the first ended at %d", second.StartNS, first.EndNS)
	}
}

func TestFlappingTargetIsMeasuredOn(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	var away atomic.Bool
	tg := target("a", url)
	tg.Watch = func() engine.Condition {
		return engine.Condition{Ready: !away.Load(), Reason: "ContainerOOMKilled"}
	}
	r, err := engine.Start(t.Context(), plan(20), []engine.Target{tg}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return r.Snapshot().Targets[0].OK > 3 })
	away.Store(true)
	res, err := r.Wait()
	if err != nil || res.Err != nil {
		t.Fatal(err, res.Err)
	}
	if len(res.Run.Steps) != 1 || res.Run.Steps[0].Verdict.Void || res.Run.Steps[0].OK != res.Run.Steps[0].Sent {
		t.Errorf("%d steps, the first %+v", len(res.Run.Steps), res.Run.Steps[0].Verdict)
	}
	told := ""
	for _, n := range res.Run.Notes {
		told += n.Text + "\n"
	}
	if !strings.Contains(told, "no longer calls itself ready: ContainerOOMKilled") {
		t.Errorf("notes %q", told)
	}
}

func TestHoldComesBeforeEachStep(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	p := plan(10, 20)
	held := 0
	r, err := engine.Start(t.Context(), p, []engine.Target{target("a", url)}, engine.Options{Dir: filepath.Join(t.TempDir(), "run"),
		Hold: func(_ context.Context, say func(string)) { held++; say(fmt.Sprintf("held %d", held)) }})
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Wait()
	if err != nil || res.Err != nil {
		t.Fatal(err, res.Err)
	}
	if held != 2 || len(res.Run.Notes) != 2 || res.Run.Notes[1].Text != "held 2" {
		t.Errorf("held %d times, notes %+v", held, res.Run.Notes)
	}
	if first, second := res.Run.Steps[0], res.Run.Notes[1]; second.AtNS < first.EndNS {
		t.Errorf("held at %d within the first step, which ended at %d", second.AtNS, first.EndNS)
	}
}
