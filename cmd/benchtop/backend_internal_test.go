package main

import (
	"testing"
	"time"

	"benchtop/kube"
	"benchtop/kube/inventory"
	"benchtop/ui/screen"

	"github.com/spf13/pflag"
)

// demoBackend is a backend on the embedded cluster.
func demoBackend(t *testing.T) *backend {
	t.Helper()
	c := &cli{demo: true, env: func(string) string { return "" }}
	opt, err := c.backendOptions(&clusterFlags{})
	if err != nil {
		t.Fatal(err)
	}
	b := newBackend(opt, runOptions{})
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := b.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

// cluster polls until the picture is as wanted, as the interface does.
func cluster(t *testing.T, b *backend, want func(*inventory.Cluster) bool) *inventory.Cluster {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if cl := b.Cluster(); want(cl) {
			return cl
		}
	}
	t.Fatalf("the picture stays %+v", b.Cluster())
	return nil
}

func find(cl *inventory.Cluster, name string) *inventory.Workspace {
	for i := range cl.Workspaces {
		if cl.Workspaces[i].Name == name {
			return &cl.Workspaces[i]
		}
	}
	return nil
}

func TestPictureSaysHowBusyServersAre(t *testing.T) {
	b := demoBackend(t)
	before := cluster(t, b, func(cl *inventory.Cluster) bool { return cl.Synced })
	if ws := find(before, "phi4-mini-a10"); ws == nil || !ws.Benchmarkable {
		t.Fatalf("phi4-mini-a10: %+v", ws)
	}
	b.watchBusy(t.Context())
	after := cluster(t, b, func(cl *inventory.Cluster) bool {
		ws := find(cl, "phi4-mini-a10")
		return ws != nil && ws.Running != nil && *ws.Running == 0
	})
	if after.Seq <= before.Seq {
		t.Errorf("Seq %d after %d: the interface would not look", after.Seq, before.Seq)
	}
	if find(after, "llama-8b-h100").Running != nil {
		t.Error("a workspace without a server has a load")
	}
}

func TestNamespaceOfTheFlagsIsLeft(t *testing.T) {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags := addClusterFlags(set)
	if err := set.Parse([]string{"-n", "nosuch"}); err != nil {
		t.Fatal(err)
	}
	c := &cli{demo: true, env: func(string) string { return "" }}
	opt, err := c.backendOptions(flags)
	if err != nil {
		t.Fatal(err)
	}
	b := newBackend(opt, runOptions{})
	defer b.Close()
	if err := b.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		namespace string
		found     bool
	}{{"nosuch", false}, {"", true}, {"nosuch", false}, {"default", true}} {
		if err := b.Use(t.Context(), demoContext, step.namespace); err != nil {
			t.Fatal(err)
		}
		cl := cluster(t, b, func(cl *inventory.Cluster) bool { return cl.Synced && cl.Live })
		if cl.Namespace != step.namespace || (find(cl, "phi4-mini-a10") != nil) != step.found {
			t.Errorf("in %q: namespace %q, %d workspaces", step.namespace, cl.Namespace, len(cl.Workspaces))
		}
	}
	if len(b.clients) != 3 {
		t.Errorf("%d clients of 3 pictures", len(b.clients))
	}
}

// A workspace is reached through the cluster that it was found in, which is not opened again.
func TestConnectTakesTheOpenCluster(t *testing.T) {
	c := &cli{demo: true, env: func(string) string { return "" }}
	opt, err := c.backendOptions(&clusterFlags{})
	if err != nil {
		t.Fatal(err)
	}
	b := newBackend(opt, runOptions{})
	defer b.Close()
	sels, err := b.resolve(t.Context(), demoTargets(), func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, errs := b.connectAll(t.Context(), sels, "auto", true); errs[0] != nil || errs[1] != nil {
		t.Fatal(errs)
	}
	if len(b.clients) != 1 {
		t.Errorf("%d clients of one cluster", len(b.clients))
	}
}

func TestPreflightOnTheDemo(t *testing.T) {
	b := demoBackend(t)
	cl := cluster(t, b, func(cl *inventory.Cluster) bool { return cl.Synced })
	sel := []screen.Selection{
		{Name: "a10", Workspace: find(cl, "phi4-mini-a10")},
		{Name: "h100", Workspace: find(cl, "llama-8b-h100")},
		{Name: "gone", URL: "http://127.0.0.1:1"},
	}
	s, err := (&cli{demo: true}).plan(&runFlags{plan: addPlanFlags(pflag.NewFlagSet("", pflag.ContinueOnError)), progress: "plain"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	checks, err := b.Preflight(t.Context(), s.plan, sel)
	if err != nil {
		t.Fatal(err)
	}
	worst := map[string]int{}
	for _, c := range checks {
		worst[c.Target] = max(worst[c.Target], c.Level)
	}
	want := map[string]int{"a10": screen.CheckFine, "h100": screen.CheckRefused, "gone": screen.CheckRefused}
	for name, level := range want {
		if worst[name] != level {
			t.Errorf("%s: level %d, want %d: %+v", name, worst[name], level, checks)
		}
	}
}

// run --wait asks the server of a workspace that starts, without the watch of the picker.
func TestCloseEndsTheWaysOfTheBusyWatch(t *testing.T) {
	b := newBackend(backendOptions{demo: true}, runOptions{})
	closed := 0
	b.busy.ways["one"] = &kube.Way{Close: func() error { closed++; return nil }}
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if closed != 1 {
		t.Errorf("its way was closed %d times", closed)
	}
}
