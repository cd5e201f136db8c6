package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"benchtop/kube"
	"benchtop/kube/inventory"
	"benchtop/kube/skim"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
)

// waitFor polls the client's picture.
func waitFor(t *testing.T, c *kube.Client, what string, ok func(*inventory.Cluster) bool) *inventory.Cluster {
	t.Helper()
	limit := time.Now().Add(30 * time.Second)
	for {
		cl := c.Cluster()
		if ok(cl) {
			return cl
		}
		if time.Now().After(limit) {
			t.Fatalf("not within 30 s: %s; picture: %+v", what, cl)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestWatch(t *testing.T) {
	cs := newCluster(t, workspace("default", "chat", false), pod("default", "chat", "u1", "aks-1", 1, ""))
	c := cs.client(t, kube.Config{})
	if cl := c.Cluster(); cl == nil || cl.Synced || cl.Context != "test" {
		t.Errorf("the first picture is %+v", cl)
	}
	c.Watch()
	c.Watch() // again is fine
	first := waitFor(t, c, "the first picture is complete", func(cl *inventory.Cluster) bool { return cl.Synced && cl.Live })
	if byName(t, first, "chat").Benchmarkable {
		t.Error("a workspace that is not ready is offered")
	}
	cs.update(t, workspace("default", "chat", true))
	ready := waitFor(t, c, "it turns ready", func(cl *inventory.Cluster) bool { return byName(t, cl, "chat").Benchmarkable })
	if ready.Seq <= first.Seq {
		t.Errorf("picture %d follows %d", ready.Seq, first.Seq)
	}
	if byName(t, first, "chat").Benchmarkable {
		t.Error("an old picture has changed")
	}
	cs.add(t, workspace("default", "new", true))
	waitFor(t, c, "a new one appears", func(cl *inventory.Cluster) bool { return len(cl.Workspaces) == 2 })
	cs.remove(t, workspacesGVR, "default", "new")
	waitFor(t, c, "it goes", func(cl *inventory.Cluster) bool { return len(cl.Workspaces) == 1 })

	restarts := func(n int) func(*inventory.Cluster) bool {
		return func(cl *inventory.Cluster) bool { return byName(t, cl, "chat").Restarts == n }
	}
	waitFor(t, c, "the pod's restart is known", restarts(1))
	cs.update(t, pod("default", "chat", "u1", "aks-1", 2, ""))
	waitFor(t, c, "another restart", restarts(2))
	cs.remove(t, podsGVR, "default", "chat-0")
	cs.add(t, pod("default", "chat", "u2", "aks-1", 0, ""))
	waitFor(t, c, "the replacement counts on top", restarts(3))
	if cl := list(t, c); cl != c.Cluster() {
		t.Error("List reads anew although the watch is current")
	}
}

// pagedServer is an API server with three workspaces in three pages, and nothing else.
func pagedServer(t *testing.T) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, kind := r.URL.Query(), path.Base(r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodPost:
			fmt.Fprint(w, `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":true}}`)
		case q.Get("watch") != "":
			if q.Get("sendInitialEvents") != "" || q.Get("resourceVersion") != "42" {
				t.Errorf("%s are watched with %s; they are of version 42", kind, r.URL.RawQuery)
			}
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case kind != "workspaces":
			fmt.Fprint(w, `{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"42"},"items":[]}`)
		default:
			next := map[string]string{"": "two", "two": "three", "three": ""}
			c, ok := next[q.Get("continue")]
			if !ok || q.Get("limit") != "500" {
				t.Errorf("a list is asked for with %s", r.URL.RawQuery)
			}
			fmt.Fprintf(w, `{"kind":"WorkspaceList","apiVersion":"kaito.sh/v1beta1","metadata":{"resourceVersion":"42","continue":%q},"items":[
				{"kind":"Workspace","apiVersion":"kaito.sh/v1beta1","metadata":{"name":"before-%s","namespace":"default","managedFields":[1]}}]}`, c, c)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// A long list comes in pages, to List and to the watch, and is never asked for as a stream.
func TestListsComeInPages(t *testing.T) {
	srv := pagedServer(t)
	api, err := dynamic.NewForConfigAndClient(&rest.Config{Host: srv.URL, QPS: -1}, &http.Client{Transport: skim.Transport(srv.Client().Transport)})
	if err != nil {
		t.Fatal(err)
	}
	c := kube.New(kube.Backend{Context: "test", Dynamic: api, Served: func(context.Context) (kube.Served, error) {
		return kube.Served{"workspaces": "v1beta1"}, nil
	}}, kube.Config{})
	t.Cleanup(func() { _ = c.Close() })
	if n := len(list(t, c).Workspaces); n != 3 {
		t.Errorf("List gives %d workspaces of 3", n)
	}
	c.Watch()
	waitFor(t, c, "the watch has all three", func(cl *inventory.Cluster) bool { return cl.Live && cl.Synced && len(cl.Workspaces) == 3 })
}

func TestWatchSurvivesAnOutage(t *testing.T) {
	cs := newCluster(t, workspace("default", "chat", true))
	var away atomic.Bool
	away.Store(true)
	refused := errors.New("dial tcp: connection refused")
	fail := func(clienttesting.Action) (bool, runtime.Object, error) {
		if away.Load() {
			return true, nil, refused
		}
		return false, nil, nil
	}
	cs.PrependReactor("list", "workspaces", fail)
	c := cs.client(t, kube.Config{})
	c.Watch()
	cl := waitFor(t, c, "the outage is told", func(cl *inventory.Cluster) bool { return cl.Problem != nil })
	if cl.Live || cl.Synced {
		t.Errorf("live %v, synced %v during an outage", cl.Live, cl.Synced)
	}
	away.Store(false)
	waitFor(t, c, "it is over", func(cl *inventory.Cluster) bool {
		return cl.Live && cl.Synced && cl.Problem == nil && len(cl.Workspaces) == 1
	})
}

func TestWaitReady(t *testing.T) {
	cs := newCluster(t, workspace("default", "chat", false), "{apiVersion: kaito.sh/v1beta1, kind: Workspace, metadata: {name: tune, namespace: default}, tuning: {method: qlora}}")
	c := cs.client(t, kube.Config{})
	c.Watch()
	waitFor(t, c, "the first list", func(cl *inventory.Cluster) bool { return cl.Synced })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	seen := ""
	_, err := c.WaitReady(ctx, "", "chat", func(ws inventory.Workspace) { seen = ws.Name + ": " + ws.Reason })
	if !strings.HasPrefix(seen, "chat: not ready") {
		t.Errorf("while it waits: %q", seen)
	}
	if err == nil || !strings.Contains(err.Error(), "chat is not ready: not ready: WorkspaceInferenceStatusPending") {
		t.Errorf("after the time limit: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		ws, err := c.WaitReady(t.Context(), "default", "chat", nil)
		if err == nil && !ws.Benchmarkable {
			err = errors.New("returned before it is ready")
		}
		done <- err
	}()
	cs.update(t, workspace("default", "chat", true))
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := c.WaitReady(t.Context(), "", "tune", nil); err == nil || !strings.Contains(err.Error(), "cannot be benchmarked") {
		t.Errorf("a tuning job: %v", err)
	}
	if _, err := c.WaitReady(t.Context(), "", "nope", nil); err == nil || !strings.Contains(err.Error(), "no workspace") {
		t.Errorf("an unknown one: %v", err)
	}
}

func TestConnectDirect(t *testing.T) {
	var sick atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sick.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer srv.Close()
	cs := newCluster(t, workspace("default", "chat", true), workspace("default", "none", true))
	c := cs.client(t, kube.Config{}, func(b *kube.Backend) {
		b.Endpoint = func(_, name string) string { return map[string]string{"chat": srv.URL}[name] }
	})
	ws, err := c.Find(t.Context(), "", "chat")
	if err != nil {
		t.Fatal(err)
	}
	way, err := c.Connect(t.Context(), ws, kube.ViaAuto)
	if err != nil {
		t.Fatal(err)
	}
	if way.BaseURL != srv.URL || way.Name != "simulated" || way.RTT <= 0 || way.Reason == "" {
		t.Errorf("way %+v", way)
	}
	waitFor(t, c, "synced", func(cl *inventory.Cluster) bool { return cl.Synced })
	if ready, restarts, reason := way.Watch(); !ready || restarts != 0 || reason != "" {
		t.Errorf("Watch: %v, %d, %q", ready, restarts, reason)
	}
	cs.update(t, workspace("default", "chat", false))
	waitFor(t, c, "not ready", func(*inventory.Cluster) bool { ready, _, reason := way.Watch(); return !ready && reason != "" })
	sick.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := way.Reconnect(ctx); err == nil {
		t.Error("Reconnect to a workspace that is not ready")
	}
	cs.update(t, workspace("default", "chat", true))
	waitFor(t, c, "ready", func(*inventory.Cluster) bool { ready, _, _ := way.Watch(); return ready })
	done := make(chan error, 1)
	go func() { done <- way.Reconnect(t.Context()) }()
	sick.Store(false)
	if err := <-done; err != nil {
		t.Errorf("Reconnect: %v", err)
	}
	cs.remove(t, workspacesGVR, "default", "chat")
	waitFor(t, c, "gone", func(*inventory.Cluster) bool { _, _, reason := way.Watch(); return reason == "the workspace is gone" })
	if err := way.Close(); err != nil {
		t.Error(err)
	}
	other, _ := c.Find(t.Context(), "", "none")
	if _, err := c.Connect(t.Context(), other, kube.ViaAuto); err == nil || !strings.Contains(err.Error(), "no way to default/none") {
		t.Errorf("a workspace without an endpoint: %v", err)
	}
}

func TestConnectErrors(t *testing.T) {
	cs := newCluster(t, workspace("default", "chat", true))
	for _, d := range []string{"create pods/portforward", "get pods/portforward", "create services/proxy"} {
		cs.deny[d] = true
	}
	c := cs.client(t, kube.Config{})
	ws, err := c.Find(t.Context(), "", "chat")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Connect(t.Context(), ws, kube.ViaAuto)
	for _, want := range []string{"no way to default/chat", "verb create on pods/portforward is missing", "verb create on services/proxy is missing", "benchtop rbac"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	cs.mu.Lock()
	clear(cs.deny)
	cs.mu.Unlock()
	if _, err := c.Connect(t.Context(), ws, kube.ViaProxy); err == nil || !strings.Contains(err.Error(), "no API server") {
		t.Errorf("an embedded cluster without a server: %v", err)
	}
	if _, err := c.Connect(t.Context(), ws, "carrier-pigeon"); err == nil || !strings.Contains(err.Error(), "want auto, port-forward, proxy or direct") {
		t.Errorf("unknown way: %v", err)
	}
	if _, err := c.Connect(t.Context(), ws, kube.ViaDirect); err == nil || !strings.Contains(err.Error(), "no load balancer") {
		t.Errorf("direct without a load balancer: %v", err)
	}
}

func TestConnectThroughALoadBalancer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer srv.Close()
	host, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	cs := newCluster(t, workspace("default", "chat", true), fmt.Sprintf(
		"{apiVersion: v1, kind: Service, metadata: {name: chat, namespace: default}, spec: {ports: [{name: http, port: %s, targetPort: 5000}]}, status: {loadBalancer: {ingress: [{ip: %s}]}}}", port, host))
	c := cs.client(t, kube.Config{})
	ws, err := c.Find(t.Context(), "", "chat")
	if err != nil {
		t.Fatal(err)
	}
	for _, via := range []string{kube.ViaDirect, kube.ViaAuto} {
		way, err := c.Connect(t.Context(), ws, via)
		if err != nil {
			t.Fatalf("%s: %v", via, err)
		}
		if way.Name != kube.ViaDirect || way.BaseURL != srv.URL || way.Dial != nil || way.RoundTripper != nil {
			t.Errorf("%s: way %+v", via, way)
		}
	}
}

// What a server's command line and configuration hold of secrets never leaves the parser.
func TestNoSecrets(t *testing.T) {
	c := newCluster(t, strings.Replace(workspace("default", "chat", true), "inference: {", "inference: {config: params, ", 1),
		pod("default", "chat", "u1", "aks-1", 0, ""),
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: params, namespace: default}, data: {inference_config.yaml: \"vllm: {api-key: sesame}\"}}",
	).client(t, kube.Config{})
	ws, err := c.Find(t.Context(), "", "chat")
	if err != nil {
		t.Fatal(err)
	}
	all, err := json.Marshal([]any{ws, list(t, c)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(all), "gpu-memory-utilization") {
		t.Error("no flags were read at all")
	}
	if strings.Contains(string(all), "sesame") {
		t.Errorf("the key got out: %s", all)
	}
}
