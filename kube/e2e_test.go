package kube_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"benchtop/kube"
	"benchtop/kube/inventory"
	"benchtop/kube/transport"

	"k8s.io/client-go/tools/clientcmd"
)

// These tests drive the cluster that KUBECONFIG names, and only when BENCHTOP_E2E=1 says so. They
// expect one with the Workspaces of a two-SKU test lab (default/custom-vllm, whose pod's port 5000
// leads to 127.0.0.1:15050). The tests of faults also need KUBELAB_DIR, the lab's state directory.

const e2eAddr = "127.0.0.1:15050"

// openE2E opens the cluster as user ("" = as KUBECONFIG says).
func openE2E(t *testing.T, user string, conf kube.Config) *kube.Client {
	t.Helper()
	path := os.Getenv("KUBECONFIG")
	if path == "" || os.Getenv("BENCHTOP_E2E") != "1" {
		t.Skip("needs a cluster with Kaito workspaces: set KUBECONFIG and BENCHTOP_E2E=1")
	}
	if user != "" {
		path = filepath.Join(filepath.Dir(path), "kubeconfig-"+user)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("no kubeconfig of user %s beside KUBECONFIG", user)
		}
	}
	conf.Flags = kube.NewFlags()
	conf.Flags.Kubeconfig = path
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := kube.Open(ctx, conf)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// control makes a fault in the lab.
func control(t *testing.T, what string) {
	t.Helper()
	dir := os.Getenv("KUBELAB_DIR")
	base, err := os.ReadFile(filepath.Join(dir, "control"))
	if dir == "" || err != nil {
		t.Skip("needs KUBELAB_DIR, the state directory of a test lab")
	}
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := hc.Post(strings.TrimSpace(string(base))+"/"+what, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if msg, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s", what, resp.Status, msg)
	}
}

// sseServer streams tokens as a model server does: after the request, one event every gap.
type sseServer struct {
	tokens int
	gap    time.Duration
	served atomic.Int64
	cut    atomic.Int64 // replies whose client went away
}

func (s *sseServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	next := time.Now()
	for i := range s.tokens {
		next = next.Add(s.gap)
		select {
		case <-time.After(time.Until(next)):
		case <-r.Context().Done():
			s.cut.Add(1)
			return
		}
		if _, err := fmt.Fprintf(w, "data: {\"i\":%d}\n\n", i); err != nil {
			s.cut.Add(1)
			return
		}
		w.(http.Flusher).Flush()
	}
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
	s.served.Add(1)
}

func startSSE(t *testing.T, tokens int, gap time.Duration) *sseServer {
	t.Helper()
	l, err := net.Listen("tcp", e2eAddr)
	if err != nil {
		t.Skipf("the pod's port is taken: %v", err)
	}
	s := &sseServer{tokens: tokens, gap: gap}
	srv := &http.Server{Handler: s}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(l) })
	t.Cleanup(func() { _ = srv.Close(); wg.Wait() })
	return s
}

func clientOf(t *testing.T, way *kube.Way) *http.Client {
	t.Helper()
	if way.RoundTripper != nil {
		return &http.Client{Transport: way.RoundTripper}
	}
	tr := &http.Transport{DialContext: way.Dial, MaxIdleConnsPerHost: 1000}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

var errNoEnd = errors.New("stream without its end mark")

// stream reads one reply; ttft is from just before the request.
func stream(ctx context.Context, hc *http.Client, base string) (ttft time.Duration, tokens int, err error) {
	start := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/completions", strings.NewReader(`{"stream":true}`))
	if err != nil {
		return 0, 0, err
	}
	resp, err := hc.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return 0, 0, errors.New(resp.Status)
	}
	sc := bufio.NewScanner(resp.Body)
	for sc.Scan() {
		line := sc.Text()
		switch {
		case line == "data: [DONE]":
			return ttft, tokens, nil
		case strings.HasPrefix(line, "data: "):
			if tokens == 0 {
				ttft = time.Since(start)
			}
			tokens++
		}
	}
	if sc.Err() != nil {
		return ttft, tokens, sc.Err()
	}
	return ttft, tokens, errNoEnd
}

func connectE2E(t *testing.T, c *kube.Client, via string) *kube.Way {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ws, err := c.Find(ctx, "default", "custom-vllm")
	if err != nil {
		t.Fatal(err)
	}
	way, err := c.Connect(ctx, ws, via)
	if err != nil {
		t.Fatalf("Connect %s: %v", via, err)
	}
	t.Cleanup(func() { _ = way.Close() })
	return way
}

// load streams n replies over each of k slots at once and returns the times to the first token.
func load(t *testing.T, way *kube.Way, k, n, tokens int) (ttfts []time.Duration) {
	t.Helper()
	hc := clientOf(t, way)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed int
	var sample error
	for slot := range k {
		wg.Go(func() {
			time.Sleep(time.Duration(slot) * 20 * time.Millisecond) // spread the starts
			for range n {
				d, got, err := stream(t.Context(), hc, way.BaseURL)
				mu.Lock()
				if err == nil && got != tokens {
					err = fmt.Errorf("%d tokens, want %d", got, tokens)
				}
				if err != nil {
					failed, sample = failed+1, err
				}
				ttfts = append(ttfts, d)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failed > 0 {
		t.Errorf("%s: %d of %d streams lost: %v", way.Name, failed, k*n, sample)
	}
	sort.Slice(ttfts, func(i, j int) bool { return ttfts[i] < ttfts[j] })
	return ttfts
}

func TestE2EStreams(t *testing.T) {
	c := openE2E(t, "", kube.Config{Namespace: "default"})
	startSSE(t, 50, 10*time.Millisecond)
	direct := &kube.Way{Name: kube.ViaDirect, BaseURL: "http://" + e2eAddr, Dial: (&net.Dialer{}).DialContext}
	forward, proxy := connectE2E(t, c, kube.ViaPortForward), connectE2E(t, c, kube.ViaProxy)
	for _, k := range []int{16, 64, 200} {
		base := time.Duration(0)
		for _, way := range []*kube.Way{direct, forward, proxy} {
			got := load(t, way, k, 3, 50)
			p50, p99 := got[len(got)/2], got[len(got)*99/100]
			if way == direct {
				base = p50
			}
			t.Logf("%3d streams, %-12s TTFT p50 %6.2f ms (%+5.2f)  p99 %6.2f ms", k, way.Name,
				ms(p50), ms(p50-base), ms(p99))
		}
	}
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// Kubernetes before 1.30 knows SPDY only.
func TestE2ESPDY(t *testing.T) {
	openE2E(t, "", kube.Config{Namespace: "default"}) // for its guards
	startSSE(t, 50, 10*time.Millisecond)
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	for _, protocol := range []string{"websocket", "spdy"} {
		f, err := transport.NewForwarder(cfg, transport.Pod{Namespace: "default", Name: "custom-vllm-0", Port: 5000},
			transport.Options{Protocol: protocol})
		if err != nil {
			t.Fatal(err)
		}
		way := &kube.Way{Name: protocol, BaseURL: "http://pod:5000", Dial: f.Dial}
		got := load(t, way, 16, 3, 50)
		t.Logf("%-9s TTFT p50 %6.2f ms", f.Protocol(), ms(got[len(got)/2]))
		if f.Protocol() != protocol {
			t.Errorf("runs over %s, want %s", f.Protocol(), protocol)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestE2EPersonas(t *testing.T) {
	type cell struct{ workspaces, forward, nodes bool }
	want := map[string]cell{
		"":           {workspaces: true, forward: true, nodes: true},
		"viewer":     {workspaces: true, nodes: true},
		"namespaced": {workspaces: true, forward: true},
		"jobrunner":  {workspaces: true, nodes: true},
	}
	for user, w := range want {
		t.Run("user "+user, func(t *testing.T) {
			c := openE2E(t, user, kube.Config{Namespaces: []string{"bench"}})
			cl, err := c.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(cl.Workspaces) == 0 {
				t.Error("no workspaces")
			}
			var ws *inventory.Workspace
			for i := range cl.Workspaces {
				if cl.Workspaces[i].Name == "qwen-set-7kx2p" {
					ws = &cl.Workspaces[i]
				}
			}
			if ws == nil {
				t.Fatal("bench/qwen-set-7kx2p is not listed")
			}
			if ws.SKU.GPU != "A100" || ws.SKU.Count != 1 {
				t.Errorf("SKU is %+v, want 1 × A100", ws.SKU)
			}
			if got := ws.Price.USDPerHour != nil; got != w.nodes {
				t.Errorf("price known: %v (%s), want %v: the region is a node's", got, ws.Price.Why, w.nodes)
			}
			for _, a := range cl.Access {
				switch a.Capability {
				case "port-forward":
					if a.Allowed != w.forward {
						t.Errorf("port-forward allowed: %v, want %v", a.Allowed, w.forward)
					}
				case "read nodes":
					if a.Allowed != w.nodes {
						t.Errorf("nodes allowed: %v, want %v", a.Allowed, w.nodes)
					}
				}
			}
		})
	}
}
