package engine_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/sim"
)

// A target that cannot be measured is told at once, also while another still makes up its mind.
func TestOneRefusalEndsTheProbing(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/models" {
			<-over
		}
		_, _ = w.Write([]byte(`{"data":[{"id":"m"}]}`))
	}))
	defer slow.Close()
	defer close(over)
	bad := answering(t, 500, "text/plain", "boom")
	p := plan(5)
	_, err := engine.Start(t.Context(), p, []engine.Target{target("slow", slow.URL), target("bad", bad), target("worse", "http://127.0.0.1:1")},
		engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	if err == nil || strings.Contains(err.Error(), "slow") || !strings.Contains(err.Error(), `"bad": GET /v1/models: HTTP 500`) || !strings.Contains(err.Error(), `"worse"`) {
		t.Errorf("error %v", err)
	}
}

func TestWhatTargetsAreAskedIsTold(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	told := make(chan string, 10)
	r, err := engine.Start(t.Context(), plan(5), []engine.Target{target("a", url)}, engine.Options{
		Dir: filepath.Join(t.TempDir(), "run"), Doing: func(target, what string) { told <- target + ": " + what },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Abort()
	<-r.Done()
	for _, want := range []string{"a: asking what it serves", "a: finding out how to make prompts of an exact length", "a: waiting for one reply of 20 tokens"} {
		if got := <-told; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
}

// Rates whose steps cannot tell anything are named before the first of them, with what to give.
func TestStepsTooShortAreToldBefore(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	const want = "at 5, 8 req/s it will be too short to tell whether the target keeps up: the warm-up of 0 s is shorter than a reply; give --duration 20s or more, or --warmup auto"
	for _, tc := range []struct {
		name   string
		warmup record.Warmup
		told   bool
	}{{"none", record.Warmup{Fixed: true}, true}, {"auto", record.Warmup{}, false}} {
		p := plan(5, 8)
		p.Warmup = tc.warmup
		r, err := engine.Start(t.Context(), p, []engine.Target{target("a", url)}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
		if err != nil {
			t.Fatal(err)
		}
		r.Abort()
		told := false
		for e := range r.Events() {
			told = told || e.Level == 1 && e.Text == want
		}
		if told != tc.told {
			t.Errorf("warm-up %s: told %v, want %v", tc.name, told, tc.told)
		}
	}
}
