package kube

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// A direct way is dialled by the load itself: that a proxy of the environment could reach it says
// nothing, and its round trip is not the load's.
func TestADirectWayIsMeasuredWithoutAProxy(t *testing.T) {
	answered := func(n *atomic.Int64) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) }))
		t.Cleanup(s.Close)
		return s
	}
	var direct, proxied atomic.Int64
	target, proxy := answered(&direct), answered(&proxied)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	// Loopback addresses are never asked for through a proxy; this one leads there all the same.
	way := &Way{Name: ViaDirect, BaseURL: strings.Replace(target.URL, "127.0.0.1", "0.0.0.0", 1)}
	if _, _, err := way.measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if direct.Load() != probes || proxied.Load() != 0 {
		t.Errorf("%d requests went straight and %d through the proxy, want %d and 0", direct.Load(), proxied.Load(), probes)
	}
}
