package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/wire"

	"github.com/google/go-cmp/cmp"
)

func TestASilentServerIsAnErrorSoon(t *testing.T) {
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer s.Close()
	defer close(over)
	r := &Run{plan: record.DefaultPlan(), clock: wire.NewClock(), askLimit: 50 * time.Millisecond}
	defer r.clock.Close()
	x := newRunner(r, Target{BaseURL: s.URL}, 0)
	defer x.close()
	if err := x.connect(); err != nil {
		t.Fatal(err)
	}
	const want = "no answer to GET /v1/models from %s within 50ms; is that the address of the API, and is the server well?"
	if _, err := x.look(t.Context()); err == nil || err.Error() != fmt.Sprintf(want, s.URL) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.look(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interruption: %v", err)
	}
}

func TestServerConfigWins(t *testing.T) {
	flags := map[string]string{"max-model-len": "auto", "gpu-memory-utilization": "0.84"}
	got := withServerConfig(flags, map[string]string{"gpu_memory_utilization": "0.82", "enable_prefix_caching": "True",
		"num_gpu_blocks": "10", "sliding_window": "None", "kv_offloading_backend": "None", "cache_dtype": "auto"})
	want := map[string]string{"max-model-len": "auto", "gpu-memory-utilization": "0.82", "enable-prefix-caching": "true", "kv-cache-dtype": "auto"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if flags["gpu-memory-utilization"] != "0.84" {
		t.Error("the picture's own flags were changed")
	}
	if got := withServerConfig(nil, map[string]string{"num_gpu_blocks": "1"}); got != nil {
		t.Errorf("nothing known gives %v", got)
	}
}
