package wire_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"benchtop/engine/wire"
)

func sideServer(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(`{"version":"0.32.0"}`)) })
	mux.HandleFunc("POST /tokenize", func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		b.ReadFrom(r.Body)
		w.Write([]byte(r.Header.Get("Content-Type") + " " + b.String()))
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") == "gzip" {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write([]byte(strings.Repeat("vllm:num_requests_running 3\n", 1000)))
			z.Close()
		}
	})
	var bomb bytes.Buffer
	z, _ := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	for range 17 {
		z.Write(make([]byte, 1<<20))
	}
	z.Close()
	mux.HandleFunc("GET /bomb", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb.Bytes())
	})
	mux.HandleFunc("GET /moved", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/login")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("GET /flood", func(w http.ResponseWriter, r *http.Request) {
		for range 17 {
			w.Write(make([]byte, 1<<20))
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestSideRequests(t *testing.T) {
	s := sideServer(t)
	for name, cfg := range map[string]wire.Config{
		"by hand":            {BaseURL: s.URL},
		"by a round tripper": {BaseURL: s.URL, RoundTripper: s.Client().Transport},
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, cfg)
			r, err := c.Get(t.Context(), "/version")
			if r.Status != 200 || string(r.Body) != `{"version":"0.32.0"}` || r.RTTNS <= 0 || err != nil {
				t.Errorf("get: %+v, %v", r, err)
			}
			r, err = c.PostJSON(t.Context(), "/tokenize", []byte(`{}`))
			if r.Status != 200 || string(r.Body) != "application/json {}" || err != nil {
				t.Errorf("post: %+v, %v", r, err)
			}
			r, err = c.GetGzip(t.Context(), "/metrics")
			if r.Status != 200 || len(r.Body) != 28000 || err != nil {
				t.Errorf("gzip: %d, %d bytes, %v", r.Status, len(r.Body), err)
			}
			if r, err = c.Get(t.Context(), "/nowhere"); r.Status != 404 || err != nil {
				t.Errorf("not found: %d, %v", r.Status, err)
			}
			if r, err = c.Get(t.Context(), "/moved"); r.Status != 302 || r.Location != "/login" || err != nil {
				t.Errorf("redirect: %+v, %v", r, err)
			}
			if r, err = c.GetGzip(t.Context(), "/bomb"); err == nil {
				t.Errorf("17 MiB unpacked: %d bytes", len(r.Body))
			}
			if r, err = c.Get(t.Context(), "/flood"); err == nil {
				t.Errorf("17 MiB: %d bytes", len(r.Body))
			}
		})
	}
}

func TestSideRequestsLeaveTheLoadAlone(t *testing.T) {
	s := replies(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	c := client(t, wire.Config{BaseURL: s.url})
	for range 2 {
		if _, _, err := post(t, c); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Get(t.Context(), "/version"); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.conns.Load(); n != 2 {
		t.Errorf("%d connections, want one for the load and one beside it", n)
	}
}
