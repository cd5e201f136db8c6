package engine_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine"
	"benchtop/engine/sim"
)

// answering is a server that gives every question the same answer.
func answering(t *testing.T, status int, contentType, body string, header ...string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestLookFindsWhatIsServed(t *testing.T) {
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	two := answering(t, 200, "application/json", `{"data":[{"id":"a"},{"id":"b"},{"id":"lora","parent":"a"}]}`)
	for _, tt := range []struct {
		name, url, model string
		want             engine.Finding
		text             string
	}{
		{"one model", url, "", engine.Finding{Model: "phi-4-mini-instruct"}, "serves phi-4-mini-instruct"},
		{"the first of two", two, "", engine.Finding{Model: "a", Others: []string{"b"}}, "serves a, which is measured; also b: choose with --model"},
		{"the second of two", two, "b", engine.Finding{Model: "b", Others: []string{"a"}}, "serves b, which is measured; also a: choose with --model"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := plan(1)
			p.Model = tt.model
			got, err := engine.Look(t.Context(), p, target("x", tt.url))
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("error %v, finding (-want +got):\n%s", err, diff)
			}
			if got.Text() != tt.text {
				t.Errorf("text %q, want %q", got.Text(), tt.text)
			}
		})
	}
}

func TestLookSaysWhatToDo(t *testing.T) {
	const json = "application/json"
	for _, tt := range []struct{ name, url, want string }{
		{"nothing listens", "http://127.0.0.1:1", "GET /v1/models: connect to 127.0.0.1:1: connection refused; is the server running, and are host and port right?"},
		{"a page", answering(t, 200, "text/html", "<html><title>Welcome</title></html>"),
			"GET /v1/models: HTTP 200: HTML page: Welcome; is this an OpenAI-compatible server, and not a page or a log-in before it?"},
		{"a redirect", answering(t, 307, "text/plain", "", "Location", "https://sso.example.com/\x1b[31m"),
			"GET /v1/models: HTTP 307: Temporary Redirect; it redirects to https://sso.example.com/: name the server behind it, redirects are not followed"},
		{"not there", answering(t, 404, json, `{"detail":"Not Found"}`),
			"GET /v1/models: HTTP 404: Not Found; is this an OpenAI-compatible server, and is the path before /v1 right?"},
		{"a fault", answering(t, 503, "text/html", "<html><title>503 Unavailable</title></html>"),
			"GET /v1/models: HTTP 503: HTML page: 503 Unavailable; the server or a proxy before it has a fault: see its log"},
		{"a key is asked for", answering(t, 401, json, `{"error":"Unauthorized"}`),
			"GET /v1/models: HTTP 401: Unauthorized; give the key with --api-key-env or --api-key-file"},
		{"turned away", answering(t, 429, json, `{"error":"slow down"}`),
			"GET /v1/models: HTTP 429: slow down; the server turns requests away: wait, or raise its limit"},
		{"no model", answering(t, 200, json, `{"data":[]}`),
			"GET /v1/models: list of models: the server lists none; has the server loaded its model?"},
		{"http is spoken, https asked for", strings.Replace(answering(t, 200, json, "{}"), "http://", "https://", 1), "try http://"},
		{"an unknown authority", httpsServer(t), "--target-ca-file"},
		{"https is spoken, http asked for", strings.Replace(httpsServer(t), "https://", "http://", 1),
			"GET /v1/models: HTTP 400: Client sent an HTTP request to an HTTPS server."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := engine.Look(t.Context(), plan(1), target("x", tt.url))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
}

func TestMetricsAskOnce(t *testing.T) {
	asked := make(chan string, 10)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- "elsewhere" }))
	defer elsewhere.Close()
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   float64 // running; -1 = an error
	}{
		{"vLLM", 200, "vllm:num_requests_running{engine=\"0\"} 3.0\n", 3},
		{"another server's", 200, `{"gpu":1}`, -1},
		{"not there", 404, "no", -1},
		{"a redirect", 307, "", -1},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked <- r.Method + " " + r.URL.Path
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(tt.body))
		}))
		v, err := engine.Metrics(t.Context(), target("x", s.URL))
		s.Close()
		if got := <-asked; got != "GET /metrics" || len(asked) > 0 {
			t.Errorf("%s: asked %s and %d more, want GET /metrics alone", tt.name, got, len(asked))
		}
		if (err != nil) != (tt.want < 0) || err == nil && (v.Running == nil || *v.Running != tt.want) {
			t.Errorf("%s: %+v, %v, want %g running", tt.name, v, err, tt.want)
		}
	}
}

func httpsServer(t *testing.T) string {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.URL
}
