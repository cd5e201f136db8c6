package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"benchtop/engine/record"
	"benchtop/ui"
)

func TestWaitingForAURL(t *testing.T) {
	var asked atomic.Int32
	starting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/models" && asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"data":[{"id":"m"}]}`))
	}))
	defer starting.Close()
	keyed := answering(t, 401, "application/json", "{}")
	for _, tt := range []struct {
		name, url string
		wait      time.Duration
		want      string
	}{
		{"it starts up", starting.URL, time.Minute, ""},
		{"what waiting does not change", keyed, time.Hour, ""},
		{"no wait", "http://127.0.0.1:1", 0, ""},
		{"it never comes", "http://127.0.0.1:1", 50 * time.Millisecond, `target "x" was not ready within 50ms: GET /v1/models: connect to 127.0.0.1:1`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := &backend{run: runOptions{wait: tt.wait}}
			err := b.awaitURLs(t.Context(), record.DefaultPlan(), []ui.Selection{{Name: "x", URL: tt.url}}, newWaits(time.Now))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}
