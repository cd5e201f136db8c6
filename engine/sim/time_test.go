package sim_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/sim"
)

const streamBody = `{"prompt":[%s1],"max_tokens":%d,"ignore_eos":true,"stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}}`

func stream(prompt, output int) string {
	return fmt.Sprintf(streamBody, strings.Repeat("1,", prompt-1), output)
}

// What is fitted is what is served: over HTTP, in virtual time, every request gets its first and its
// last token at the nanosecond at which Simulate says so.
func TestServerKeepsTheModelsTimes(t *testing.T) {
	for _, path := range []bool{false, true} {
		t.Run(fmt.Sprintf("path=%v", path), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { compareWithSimulate(t, path) })
		})
	}
}

func compareWithSimulate(t *testing.T, path bool) {
	a10, err := sim.ProfileByName("a10")
	if err != nil {
		t.Fatal(err)
	}
	const output = 20
	r := rand.New(rand.NewPCG(3, 4))
	arrivals, at := make([]int64, 60), int64(0) // at the engine
	if path {
		at = int64(a10.Path)
	}
	for i := range arrivals {
		at += int64(r.ExpFloat64() * 30 * ms)
		arrivals[i] = at
	}
	want, err := sim.Simulate(a10.Step, sim.Limits{MaxNumSeqs: 8, TokenBudget: 2048, KVBlocks: a10.KVBlocks}, arrivals, 200, output)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i].StartedNS = 0 // not visible from outside
	}

	var mu sync.Mutex
	got := make([]sim.Reply, len(arrivals))
	s := newServer(t, sim.Config{Profile: a10, MaxNumSeqs: 8, Path: path, Observer: func(id string, event int, atNS int64) {
		mu.Lock()
		defer mu.Unlock()
		var i int
		_, _ = fmt.Sscanf(id, "%d", &i)
		switch event {
		case -1:
			got[i].ArrivedNS = atNS
		case 0:
			got[i].FirstNS = atNS
		}
		got[i].LastNS = atNS
	}})
	l := newPipes()
	serve(t, s, l)
	begin := time.Now()
	var wg sync.WaitGroup
	for i := range arrivals {
		at := time.Duration(arrivals[i])
		if path {
			at -= a10.Path
		}
		time.Sleep(at - time.Since(begin))
		wg.Go(func() {
			p := l.dial(t)
			defer p.Close()
			body := stream(200, output)
			fmt.Fprintf(p, "POST /v1/completions HTTP/1.1\r\nHost: sim\r\nX-Request-Id: %d\r\nContent-Length: %d\r\n\r\n%s", i, len(body), body)
			res, err := http.ReadResponse(p.r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("times (-simulated +served):\n%s", diff)
	}
}

func TestConnectionGoesOnAfterAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, sim.Config{})
		l := newPipes()
		serve(t, s, l)
		p := l.dial(t)
		defer p.Close()
		for i, wait := range []time.Duration{0, 4900 * time.Millisecond, 0, 2 * time.Second} {
			time.Sleep(wait)
			res := p.ask(t, "POST", "/v1/completions", stream(10, 3))
			got, err := events(res.Body)
			if err != nil || len(got) != 5 || got[4] != "[DONE]" {
				t.Fatalf("stream %d: %d events, error %v", i, len(got), err)
			}
			res = p.ask(t, "GET", "/version", "")
			if b, err := io.ReadAll(res.Body); err != nil || string(b) != `{"version":"`+sim.Version+`"}` {
				t.Fatalf("after stream %d: %s, error %v", i, b, err)
			}
		}
	})
}

// uvicorn closes a connection that has been idle for 5 s after a reply, but not one that never asked.
func TestIdleConnectionsAreClosedAfter5s(t *testing.T) {
	for _, c := range []struct {
		name string
		ask  func(t *testing.T, p *peer)
		want time.Duration
	}{
		{"after a stream", func(t *testing.T, p *peer) {
			_, _ = io.Copy(io.Discard, p.ask(t, "POST", "/v1/completions", stream(10, 3)).Body)
		}, 5 * time.Second},
		{"after a plain reply", func(t *testing.T, p *peer) {
			_, _ = io.Copy(io.Discard, p.ask(t, "GET", "/version", "").Body)
		}, 5 * time.Second},
		{"dialled and never used", func(*testing.T, *peer) {}, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, sim.Config{})
				l := newPipes()
				serve(t, s, l)
				p := l.dial(t)
				defer p.Close()
				c.ask(t, p)
				idle := time.Now()
				if _, err := p.r.ReadByte(); err != io.EOF {
					t.Fatalf("read: %v, want EOF", err)
				}
				if got := time.Since(idle); got != c.want {
					t.Errorf("closed after %v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestPathDelaysEveryRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := quick
		p.Path = 300 * time.Millisecond
		s := newServer(t, sim.Config{Profile: p, Path: true})
		l := newPipes()
		serve(t, s, l)
		c := l.dial(t)
		defer c.Close()
		for _, route := range []string{"/health", "/metrics", "/v1/models"} {
			begin := time.Now()
			_, _ = io.Copy(io.Discard, c.ask(t, "GET", route, "").Body)
			if got := time.Since(begin); got != p.Path {
				t.Errorf("%s took %v, want %v", route, got, p.Path)
			}
		}
	})
}

// A step that is handed out late does not move the plan: after a stall of the clock the rest comes at
// the times it would have come anyway.
func TestLateStepsDoNotDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late time.Duration // added to what the server's clock shows
		base := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		s := newServer(t, sim.Config{
			Profile: sim.Profile{Name: "ten", Model: "phi", Step: sim.StepModel{BaseMS: 10}, KVBlocks: 100, MaxModelLen: 1000},
			Now:     func() int64 { mu.Lock(); defer mu.Unlock(); return int64(time.Since(base) + late) },
			Observer: func(_ string, event int, atNS int64) {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Duration(atNS))
				if event == 2 {
					late = 25 * time.Millisecond // as if nobody had run for 25 ms
				}
			},
		})
		l := newPipes()
		serve(t, s, l)
		p := l.dial(t)
		defer p.Close()
		_, _ = io.Copy(io.Discard, p.ask(t, "POST", "/v1/completions", stream(10, 8)).Body)
		// The tokens of 40, 50 and 60 ms are late; those of 70 and 80 are not.
		if len(at) != 9 || at[4] < 55*time.Millisecond || at[7] != 70*time.Millisecond || at[8] != 80*time.Millisecond {
			t.Errorf("the request and its tokens came at %v", at)
		}
	})
}
