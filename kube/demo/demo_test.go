package demo_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"benchtop/kube"
	"benchtop/kube/demo"
	"benchtop/kube/inventory"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatTheDemoShows(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	c, err := demo.Open(demo.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	start := time.Now()
	cl, err := c.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("listed in %v", time.Since(start).Round(time.Microsecond))
	if !cl.Simulated || cl.Problem != nil || cl.Context != "demo" {
		t.Errorf("cluster %+v", cl)
	}
	type row struct {
		Name, Model, GPU, State, Region string
		GiB, USD                        float64
		Benchmarkable, Peak             bool
	}
	var got []row
	for _, w := range cl.Workspaces {
		r := row{Name: w.Namespace + "/" + w.Name, Model: w.Model, GPU: w.SKU.GPU, GiB: w.SKU.MemoryGiB, State: w.State,
			Benchmarkable: w.Benchmarkable, Peak: w.PeakTokensPerMinute != nil, Region: w.Price.Region}
		if w.Price.USDPerHour != nil {
			r.USD = *w.Price.USDPerHour
		}
		if !w.Benchmarkable && w.Reason == "" {
			t.Errorf("%s is not offered, without a reason", r.Name)
		}
		if age := now.Sub(w.Created); age < time.Hour || age > 48*time.Hour {
			t.Errorf("%s is %v old", r.Name, age)
		}
		got = append(got, r)
	}
	want := []row{
		{Name: "default/llama-8b-h100", Model: "llama-3.1-8b-instruct", GPU: "H100", GiB: 94, State: "NoNode", USD: 6.98, Region: "eastus"},
		{Name: demo.A10, Model: demo.Model, GPU: "A10", GiB: 24, State: "Ready", USD: 3.2, Region: "eastus", Benchmarkable: true, Peak: true},
		{Name: demo.A100, Model: demo.Model, GPU: "A100", GiB: 80, State: "Ready", USD: 3.673, Region: "eastus", Benchmarkable: true, Peak: true},
		{Name: "default/phi4-tickets-tuning", GPU: "A100", GiB: 80, State: "Tuning", USD: 3.673, Region: "eastus"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// The two differ in more than the GPU, which is what a comparison has to tell.
func TestFlagsDiffer(t *testing.T) {
	c, err := demo.Open(demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	util := map[string]string{}
	for _, name := range []string{demo.A10, demo.A100} {
		ns, ws, _ := strings.Cut(name, "/")
		w, err := c.Find(t.Context(), ns, ws)
		if err != nil {
			t.Fatal(err)
		}
		util[name] = w.Flags["gpu-memory-utilization"]
		if w.ImageDigest == "" || w.ServicePort != 80 {
			t.Errorf("%s has digest %q, port %d", name, w.ImageDigest, w.ServicePort)
		}
	}
	if diff := cmp.Diff(map[string]string{demo.A10: "0.82", demo.A100: "0.84"}, util); diff != "" {
		t.Error(diff)
	}
}

func TestDemoWay(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	c, err := demo.Open(demo.Options{Endpoints: map[string]string{demo.A10: srv.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	c.Watch()
	limit := time.Now().Add(20 * time.Second)
	for !c.Cluster().Synced {
		if time.Now().After(limit) {
			t.Fatal("the watch does not complete")
		}
		time.Sleep(time.Millisecond)
	}
	var a10, h100 inventory.Workspace
	for _, w := range c.Cluster().Workspaces {
		switch w.Name {
		case "phi4-mini-a10":
			a10 = w
		case "llama-8b-h100":
			h100 = w
		}
	}
	way, err := c.Connect(t.Context(), a10, kube.ViaAuto)
	if err != nil {
		t.Fatal(err)
	}
	if way.Name != "simulated" || way.BaseURL != srv.URL {
		t.Errorf("way %+v", way)
	}
	if ready, _, reason := way.Watch(); !ready {
		t.Errorf("not ready: %s", reason)
	}
	if err := way.Reconnect(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.Connect(t.Context(), h100, kube.ViaAuto); err == nil {
		t.Error("a way to a workspace without an endpoint")
	}
}
