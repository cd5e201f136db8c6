package wire_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"benchtop/engine/wire"
)

// overTLS is a server that streams n events.
func overTLS(tb testing.TB, n int) (*httptest.Server, *tls.Config) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for k := range n {
			fmt.Fprintf(w, "data: %d\n\n", k)
			w.(http.Flusher).Flush()
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true // offered, not taken
	s.StartTLS()
	tb.Cleanup(s.Close)
	return s, s.Client().Transport.(*http.Transport).TLSClientConfig
}

func TestTLS(t *testing.T) {
	if runtime.GOOS == "linux" {
		awaitStamping(t)
	}
	s, trust := overTLS(t, 50)
	c := client(t, wire.Config{BaseURL: s.URL, TLS: trust})
	for k := range 3 {
		g, x, err := post(t, c)
		if err != nil || strings.Count(g.body.String(), "data: ") != 50 || x.NewConn != (k == 0) {
			t.Fatalf("request %d: %v, %+v, body %q", k, err, x, g.body.String())
		}
		if x.Kernel != (runtime.GOOS == "linux") {
			t.Errorf("kernel stamps below TLS: %t", x.Kernel)
		}
		if x.SentNS == 0 || x.HeadNS < x.SentNS || x.DoneNS < x.HeadNS {
			t.Errorf("stamps: %+v", x)
		}
	}
}

func TestTLSWithoutTrust(t *testing.T) {
	s, _ := overTLS(t, 1)
	_, _, err := post(t, client(t, wire.Config{BaseURL: s.URL}))
	if opOf(err) != wire.OpTLS || !strings.Contains(errText(err), "certificate") {
		t.Errorf("got %v", err)
	}
}
