package engine_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"benchtop/engine"
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
