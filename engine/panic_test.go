package engine_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/sim"
	"benchtop/engine/wire"
)

// brittle panics once so many replies of a run have been read; requests before a run have no id.
type brittle struct {
	http.Transport
	after int64
	read  atomic.Int64
}

func (b *brittle) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.read.Load() >= b.after {
		panic("the way fell apart")
	}
	resp, err := b.Transport.RoundTrip(r)
	if err == nil && r.Header.Get("X-Request-Id") != "" {
		resp.Body = &countedBody{resp.Body, &b.read}
	}
	return resp, err
}

type countedBody struct {
	io.ReadCloser
	read *atomic.Int64
}

func (c *countedBody) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err == io.EOF {
		c.read.Add(1)
	}
	return n, err
}

func TestPanicInAWorkerStopsAndSaves(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	way := &brittle{after: 20} // more than the warm-up has
	defer way.CloseIdleConnections()
	tg, p := target("a", url), plan(20)
	tg.RoundTripper, p.Duration = way, record.Duration(time.Hour)
	dir := filepath.Join(t.TempDir(), "run")
	r, err := engine.Start(t.Context(), p, []engine.Target{tg}, engine.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	const want = "internal error: the way fell apart (the trace is in panic.txt)"
	if res.Err == nil || res.Err.Error() != want || res.Run.State != record.StateInterrupted || res.Run.Reason != want {
		t.Errorf("error %v, state %q (%s)", res.Err, res.Run.State, res.Run.Reason)
	}
	if s := r.Snapshot(); !s.Done || s.Err != want {
		t.Errorf("the last snapshot: done %v, error %q", s.Done, s.Err)
	}
	if len(res.Run.Steps) != 1 || res.Run.Steps[0].OK == 0 {
		t.Errorf("what was measured is lost: %+v", res.Run.Steps)
	}
	if trace, err := os.ReadFile(filepath.Join(dir, "panic.txt")); err != nil || !strings.Contains(string(trace), "RoundTrip") {
		t.Errorf("the trace: %v, %q", err, trace)
	}
}

func TestPanicWhileProbingIsAnError(t *testing.T) {
	t.Parallel()
	tg := target("a", "http://127.0.0.1:1")
	tg.RoundTripper = &brittle{}
	_, err := engine.Start(t.Context(), plan(20), []engine.Target{tg}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	var p *wire.Panic
	if !errors.As(err, &p) || p.Error() != "internal error: the way fell apart" || !strings.Contains(string(p.Stack), "RoundTrip") {
		t.Fatalf("error %v", err)
	}
	if text := err.Error(); text != `target "a": `+p.Error() {
		t.Errorf("error %q", text)
	}
}
