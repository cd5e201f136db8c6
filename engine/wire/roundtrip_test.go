package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"benchtop/engine/wire"
)

func TestRoundTripper(t *testing.T) {
	leave := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/proxy/moved":
			http.Redirect(w, r, "/proxy/v1/completions", http.StatusTemporaryRedirect)
		case "/proxy/hang":
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-leave:
			}
		case "/proxy/cut":
			w.Write([]byte("data: a\n\n"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		default:
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "%s %s %s %s", r.Header.Get("X-Request-Id"), r.Header.Get("Authorization"),
				r.Header.Get("Accept-Encoding"), r.Header.Get("Accept"))
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(leave) })
	base := wire.Config{BaseURL: s.URL + "/proxy", RoundTripper: s.Client().Transport,
		Header: http.Header{"Authorization": {"Bearer canary"}}}
	c := client(t, base)
	if slot := c.Reserve(t.Context(), wire.Now()); slot != nil {
		t.Error("a slot, but connections are the round tripper's")
	}
	for k := range 2 {
		g, x, err := post(t, c)
		if want := "run-a-0.1-7 Bearer canary identity text/event-stream"; err != nil || g.body.String() != want {
			t.Errorf("%v, body %q", err, g.body.String())
		}
		if x.NewConn != (k == 0) || x.Kernel || x.SentNS == 0 || x.HeadNS < x.SentNS || x.DoneNS < x.HeadNS || x.Status != 200 {
			t.Errorf("request %d: %+v", k, x)
		}
	}
	if x, err := c.Post(t.Context(), nil, "/moved", "", nil, &got{}); err != nil || x.Status != 307 || x.Location == "" {
		t.Errorf("redirect: %v, %+v", err, x)
	}
	if _, err := c.Post(t.Context(), nil, "/cut", "", nil, &got{}); opOf(err) != wire.OpEOF {
		t.Errorf("cut: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := c.Post(ctx, nil, "/hang", "", nil, &got{onHead: cancel}); opOf(err) != wire.OpCancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	base.StallLimit = 50 * time.Millisecond
	if _, err := client(t, base).Post(t.Context(), nil, "/hang", "", nil, &got{}); opOf(err) != wire.OpStall {
		t.Errorf("stalled: %v", err)
	}
	enough := errors.New("enough")
	if _, err := c.Post(t.Context(), nil, "/x", "", nil, &got{onBody: func() error { return enough }}); err != enough {
		t.Errorf("handler: %v", err)
	}
}

func TestRoundTripperThatCannotConnect(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	if _, _, err := post(t, client(t, wire.Config{BaseURL: dead.URL, RoundTripper: transport})); opOf(err) != wire.OpDial {
		t.Errorf("refused: %v", err)
	}
	secure, _ := overTLS(t, 1)
	if _, _, err := post(t, client(t, wire.Config{BaseURL: secure.URL, RoundTripper: transport})); opOf(err) != wire.OpTLS {
		t.Errorf("no trust: %v", err)
	}
}
