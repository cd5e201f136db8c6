package transport

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// apiServer is an API server's proxy as far as a client sees it: HTTP/2 over TLS, a bearer token.
func apiServer(t *testing.T, h http.HandlerFunc) *rest.Config {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return &rest.Config{Host: s.URL, BearerToken: "sesame", QPS: 0.001, Burst: 1,
		TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
}

func TestProxy(t *testing.T) {
	var paths []string
	cfg := apiServer(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.EscapedPath())
		if r.Header.Get("Authorization") != "Bearer sesame" {
			t.Errorf("authorization is %q", r.Header.Get("Authorization"))
		}
		if strings.HasSuffix(r.URL.Path, "/cut") {
			w.WriteHeader(200)
			_, _ = io.WriteString(w, "data: half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "ok")
	})
	p, err := NewProxy(cfg, "team a", "chat", 80)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	get := func(path string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.BaseURL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p.RoundTrip(req)
	}
	for range 20 { // a client-side limit of 0.001 per second would show
		resp, err := get("/health")
		if err != nil {
			t.Fatal(err)
		}
		if resp.ProtoMajor != 2 {
			t.Errorf("over HTTP/%d, want 2", resp.ProtoMajor)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	if want := "/api/v1/namespaces/team%20a/services/chat:80/proxy/health"; paths[0] != want {
		t.Errorf("path is %s, want %s", paths[0], want)
	}
	resp, err := get("/cut")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("a reply that was cut ends cleanly")
	}
	_ = resp.Body.Close()
}

func TestProxyCarriesNoAPIKey(t *testing.T) {
	cfg := apiServer(t, func(http.ResponseWriter, *http.Request) { t.Error("the key reached the API server") })
	p, err := NewProxy(cfg, "ns", "ws", 80)
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, p.BaseURL()+"/v1/completions", strings.NewReader("{}"))
	req.Header.Set("Authorization", "Bearer model-key")
	if _, err := p.RoundTrip(req); !errors.Is(err, ErrAPIKey) {
		t.Errorf("got %v", err)
	}
}

func TestPodURL(t *testing.T) {
	if u, err := podURL(&rest.Config{Host: "https://example.com"}, Pod{Namespace: "ns", Name: "../../../secrets"}); err != nil ||
		!strings.HasPrefix(u.String(), "https://example.com/api/v1/namespaces/ns/pods/..%2F") {
		t.Errorf("a pod's name leads to %v, %v", u, err)
	}
	u, err := podURL(&rest.Config{Host: "https://example.com/prefix"}, Pod{Namespace: "ns", Name: "ws-0"})
	if err != nil || u.String() != "https://example.com/prefix/api/v1/namespaces/ns/pods/ws-0/portforward" {
		t.Errorf("got %v, %v", u, err)
	}
}

// slowLogin waits before the request goes out, as a log-in plug-in does whose token is too old.
type slowLogin struct {
	next http.RoundTripper
	wait time.Duration
}

func (l slowLogin) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(l.wait)
	return l.next.RoundTrip(r)
}

func TestProxyTellsRequestsHeldUpByALogin(t *testing.T) {
	cfg := apiServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	for _, tt := range []struct {
		name string
		wait time.Duration
		exec bool
		held int
	}{{"a plug-in asks", heldFor + 10*time.Millisecond, true, 1}, {"no plug-in", heldFor + 10*time.Millisecond, false, 0}} {
		p, err := NewProxy(cfg, "team", "chat", 80)
		if err != nil {
			t.Fatal(err)
		}
		p.logsIn, p.rt = tt.exec, slowLogin{p.rt, tt.wait}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.BaseURL()+"/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := p.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if p.Held() != tt.held {
			t.Errorf("%s: %d held, want %d", tt.name, p.Held(), tt.held)
		}
		_ = p.Close()
	}
}
