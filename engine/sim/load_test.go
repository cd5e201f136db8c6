package sim_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/scrape"
	"benchtop/engine/sim"
)

// look reads /metrics through a connection of its own.
func look(t *testing.T, l *pipes) scrape.View {
	t.Helper()
	p := l.dial(t)
	defer p.Close()
	v, err := scrape.Parse(p.ask(t, "GET", "/metrics", "").Body)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDisconnectAbortsTheSequence(t *testing.T) {
	for name, body := range map[string]string{
		"stream": stream(10, 500), "plain": `{"prompt":"a","max_tokens":500,"ignore_eos":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, sim.Config{MaxNumSeqs: 1})
				l := newPipes()
				serve(t, s, l)
				running, waiting := l.dial(t), l.dial(t)
				for _, p := range []*peer{running, waiting} {
					if _, err := fmt.Fprintf(p, "POST /v1/completions HTTP/1.1\r\nHost: sim\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
						t.Fatal(err)
					}
					go io.Copy(io.Discard, p) // ends with the connection
					synctest.Wait()           // the first to ask is the first in the queue
				}
				time.Sleep(20 * time.Millisecond)
				if v := look(t, l); *v.Running != 1 || *v.Waiting != 1 {
					t.Fatalf("%g run and %g wait, want 1 and 1", *v.Running, *v.Waiting)
				}
				_ = waiting.Close()
				synctest.Wait()
				if v := look(t, l); *v.Running != 1 || *v.Waiting != 0 {
					t.Fatalf("after the waiting client left, %g run and %g wait, want 1 and 0", *v.Running, *v.Waiting)
				}
				_ = running.Close()
				synctest.Wait()
				if v := look(t, l); *v.Running != 0 || *v.Waiting != 0 || *v.KVPct != 0 {
					t.Fatalf("after both left, %g run, %g wait, cache %g %%; want nothing", *v.Running, *v.Waiting, *v.KVPct)
				}
			})
		})
	}
}

// Kaito's guard rejects while more requests wait than can run.
func TestRateLimit(t *testing.T) {
	for _, limit := range []bool{true, false} {
		t.Run(fmt.Sprintf("on=%v", limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, sim.Config{MaxNumSeqs: 2, RateLimit: limit})
				l := newPipes()
				serve(t, s, l)
				var status []int
				for range 7 {
					p := l.dial(t)
					defer p.Close()
					res := p.ask(t, "POST", "/v1/completions", stream(10, 500))
					status = append(status, res.StatusCode)
					if res.StatusCode == 200 {
						go io.Copy(io.Discard, res.Body) // ends with the connection
					} else if b, _ := io.ReadAll(res.Body); !strings.Contains(string(b), `"code":"rate_limit_exceeded"`) {
						t.Errorf("body of the rejection: %s", b)
					}
					time.Sleep(2 * time.Millisecond) // a step
				}
				want := []int{200, 200, 200, 200, 200, 429, 429} // two run, three wait
				if !limit {
					want = []int{200, 200, 200, 200, 200, 200, 200}
				}
				if diff := cmp.Diff(want, status); diff != "" {
					t.Errorf("status (-want +got):\n%s", diff)
				}
				v := look(t, l)
				if limit && (v.RateLimited == nil || *v.RateLimited != 2) || !limit && v.RateLimited != nil {
					t.Errorf("rejections in /metrics: %v", v.RateLimited)
				}
			})
		})
	}
}

// Two requests of 10 + 20 tokens, alone on steps of 1 ms: every number in /metrics follows.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, sim.Config{MaxNumSeqs: 1})
		l := newPipes()
		serve(t, s, l)
		before := look(t, l)
		var wg sync.WaitGroup
		for range 2 {
			p := l.dial(t)
			defer p.Close()
			wg.Go(func() { _, _ = io.Copy(io.Discard, p.ask(t, "POST", "/v1/completions", stream(10, 20)).Body) })
			synctest.Wait() // both arrive in the first step
		}
		wg.Wait()
		after := look(t, l)
		f := func(x float64) *float64 { return &x }
		want := scrape.View{
			Engines: 1, Running: f(0), Waiting: f(0), KVPct: f(0), PromptTokens: f(20), GenerationTokens: f(40),
			PrefixQueries: f(20), PrefixHits: f(0), ExternalQueries: f(0), ExternalHits: f(0), Preemptions: f(0),
			TTFT:   scrape.Total{Sum: f(0.001 + 0.021), Count: f(2)}, // the second waits for the first's 20 steps
			ITL:    scrape.Total{Sum: f(2 * 0.019), Count: f(38)},
			Queue:  scrape.Total{Sum: f(0.020), Count: f(2)},
			Config: map[string]string{"block_size": "16", "cache_dtype": "auto", "enable_prefix_caching": "False", "num_gpu_blocks": "100"},
		}
		near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
		if diff := cmp.Diff(want, after, near); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
		sum := scrape.Summary([]scrape.View{before, after})
		if sum.TTFTMeanMS == nil || *sum.TTFTMeanMS < 10.9 || *sum.TTFTMeanMS > 11.1 {
			t.Errorf("mean TTFT of the server: %v, want 11 ms", sum.TTFTMeanMS)
		}
	})
}

func TestMetricsAreZippedWhenAsked(t *testing.T) {
	_, url := start(t, sim.Config{})
	_, plainHead, plain, _ := do(t, client(t), "GET", url+"/metrics", "", "Accept-Encoding", "identity")
	_, h, zipped, err := do(t, client(t), "GET", url+"/metrics", "", "Accept-Encoding", "gzip")
	if err != nil || h.Get("Content-Encoding") != "gzip" || plainHead.Get("Content-Encoding") != "" {
		t.Fatalf("encodings %q and %q, error %v", h.Get("Content-Encoding"), plainHead.Get("Content-Encoding"), err)
	}
	z, err := gzip.NewReader(strings.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || string(b) != plain {
		t.Errorf("error %v; %d bytes unzipped, %d plain", err, len(b), len(plain))
	}
}

// Close returns while clients are in the middle of everything, and leaves no goroutine (TestMain).
func TestCloseCutsAll(t *testing.T) {
	s, url := start(t, sim.Config{Faults: []sim.Fault{{Kind: sim.FaultStall, Every: 2}}})
	c := client(t)
	var wg sync.WaitGroup
	for _, body := range []string{stream(10, 900), stream(10, 900), `{"prompt":"a","max_tokens":900,"ignore_eos":true}`} {
		res := make(chan struct{})
		wg.Go(func() {
			req, err := http.NewRequestWithContext(context.Background(), "POST", url+"/v1/completions", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			close(res)
			if r, err := c.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
			}
		})
		<-res
	}
	s.Close()
	s.Close()
	wg.Wait()
	if _, _, _, err := do(t, client(t), "GET", url+"/health", ""); err == nil {
		t.Error("the server answers after Close")
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  sim.Config
		want string
	}{
		{"no profile", sim.Config{}, "blocks must be at least 1"},
		{"no model", sim.Config{Profile: sim.Profile{Step: simpleModel, KVBlocks: 1, MaxModelLen: 10}}, "needs a model name"},
		{"no context", sim.Config{Profile: sim.Profile{Model: "phi", Step: simpleModel, KVBlocks: 1}}, "context of at least 2"},
		{"negative sequences", sim.Config{Profile: quick, MaxNumSeqs: -1}, "must be at least 1, but is -1"},
		{"unknown fault", sim.Config{Profile: quick, Faults: []sim.Fault{{Kind: "crash"}}}, "no fault is called"},
	} {
		if _, err := sim.New(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := sim.ProfileByName("h200"); err == nil || !strings.Contains(err.Error(), "a10 or a100") {
		t.Errorf("unknown profile: %v", err)
	}
	if p, err := sim.ProfileByName("A100"); err != nil || p.GPU != "A100" {
		t.Errorf("A100: %+v, %v", p, err)
	}
}
