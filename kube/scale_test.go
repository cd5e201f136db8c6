package kube_test

import (
	"fmt"
	"testing"
	"time"

	"benchtop/kube"
	"benchtop/kube/inventory"
)

// The size that must stay comfortable: 2,000 workspaces on 5,000 nodes.
const manyWorkspaces, manyNodes = 2000, 5000

func manyCluster(t testing.TB) *cluster {
	cs := newCluster(t)
	for i := range manyNodes {
		cs.add(t, node(fmt.Sprintf("aks-%04d", i), "Standard_NC24ads_A100_v4", "eastus"))
	}
	for i := range manyWorkspaces {
		ns, name := fmt.Sprintf("team-%02d", i%40), fmt.Sprintf("chat-%04d", i)
		cs.add(t, workspace(ns, name, true))
		cs.add(t, pod(ns, name, fmt.Sprint(i), fmt.Sprintf("aks-%04d", i), 0, ""))
	}
	return cs
}

func TestManyWorkspaces(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 9,000 objects")
	}
	cs := manyCluster(t)
	c := cs.client(t, kube.Config{})
	start := time.Now()
	cl := list(t, c)
	t.Logf("listed in %v", time.Since(start).Round(time.Millisecond))
	if len(cl.Workspaces) != manyWorkspaces {
		t.Fatalf("%d workspaces", len(cl.Workspaces))
	}
	for _, w := range cl.Workspaces {
		if w.SKU.GPU != "A100" || w.Price.USDPerHour == nil || len(w.Nodes) != 1 {
			t.Fatalf("workspace %+v", w)
		}
	}
	c.Watch()
	waitFor(t, c, "the watch is complete", func(cl *inventory.Cluster) bool { return cl.Synced && cl.Live })
	cs.update(t, workspace("team-00", "chat-0000", false))
	start = time.Now()
	waitFor(t, c, "a change shows", func(cl *inventory.Cluster) bool { return !byName(t, cl, "chat-0000").Ready })
	t.Logf("a change showed after %v", time.Since(start).Round(time.Millisecond))
}

// BenchmarkList reads everything and makes the picture: what stands between the API server's answer
// and the first screen, without the decoding of JSON.
func BenchmarkList(b *testing.B) {
	c := manyCluster(b).client(b, kube.Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.List(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
