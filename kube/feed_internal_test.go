package kube

import (
	"strings"
	"testing"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/cache"
)

func nodeObject(ready, heartbeat string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"kind":     "Node",
		"metadata": map[string]any{"name": "aks-1", "managedFields": []any{"large"}, "labels": map[string]any{"agentpool": "a"}},
		"status": map[string]any{
			"images":     []any{"large"},
			"conditions": []any{map[string]any{"type": "Ready", "status": ready, "lastHeartbeatTime": heartbeat}},
		},
	}}
}

func TestHeartbeatsMakeNoPicture(t *testing.T) {
	f := &feed{dirty: make(chan struct{}, 1), lives: map[string]life{}}
	s := &source{want: want{gvr: nodesGVR}, feed: f, values: map[string]any{}}
	dirty := func(what string, o any, want bool) {
		t.Helper()
		var err error
		switch o := o.(type) {
		case *unstructured.Unstructured:
			err = s.Update(o)
		default:
			err = s.Delete(o)
		}
		if err != nil {
			t.Fatal(err)
		}
		got := false
		select {
		case <-f.dirty:
			got = true
		default:
		}
		if got != want {
			t.Errorf("%s: a picture is due: %v, want %v", what, got, want)
		}
	}
	dirty("a new node", nodeObject("True", "10:00"), true)
	dirty("its heartbeat", nodeObject("True", "10:05"), false)
	dirty("it goes down", nodeObject("Unknown", "10:05"), true)
	dirty("it is gone", cache.DeletedFinalStateUnknown{Key: "/aks-1"}, true)
	if len(s.values) != 0 {
		t.Errorf("values left: %v", s.values)
	}
	if err := s.Add("no object"); err == nil {
		t.Error("what is no object is taken")
	}
}

func TestSlim(t *testing.T) {
	o, err := (&source{}).Transformer()(nodeObject("True", "now"))
	if err != nil {
		t.Fatal(err)
	}
	u := o.(*unstructured.Unstructured).Object
	if u["metadata"].(map[string]any)["managedFields"] != nil || u["status"].(map[string]any)["images"] != nil {
		t.Errorf("large parts are kept: %v", u)
	}
	if u["status"].(map[string]any)["conditions"] == nil {
		t.Error("conditions are gone")
	}
}

func TestOutagesAreCounted(t *testing.T) {
	c := New(Backend{Context: "test"}, Config{})
	defer c.Close()
	state := func(live bool) (bool, int) {
		cl := c.blank()
		cl.Synced, cl.Live = true, live
		c.publish(cl)
		ok, outages, _ := c.apiServer()
		return ok, outages
	}
	for i, want := range []struct {
		live    bool
		outages int
	}{{false, 0}, {true, 0}, {false, 1}, {false, 1}, {true, 1}, {false, 2}} {
		if ok, n := state(want.live); ok != want.live || n != want.outages {
			t.Errorf("picture %d, live %v: ok %v after %d outages, want %d", i, want.live, ok, n, want.outages)
		}
	}
}

func TestPriceIsPendingUntilTheMachinesAreRead(t *testing.T) {
	c := New(Backend{Context: "test"}, Config{})
	defer c.Close()
	f := &feed{plan: &plan{scopes: []string{""}}, lives: map[string]life{}}
	ws := &source{feed: f, synced: true, live: true, values: map[string]any{"default/a": kaito.Parse(inventory.KindWorkspace, map[string]any{
		"metadata": map[string]any{"namespace": "default", "name": "a"},
		"resource": map[string]any{"instanceType": "Standard_NC24ads_A100_v4"},
	})}}
	nodes := &source{feed: f, want: want{gvr: nodesGVR, optional: true}, values: map[string]any{}}
	f.sources = []*source{ws, nodes}
	why := func() string { return c.picture(f).Workspaces[0].Price.Why }
	if got := why(); got != "the machines are still being read" {
		t.Errorf("before the nodes: %q", got)
	}
	nodes.synced = true
	if got := why(); !strings.HasPrefix(got, "region unknown") {
		t.Errorf("after them: %q", got)
	}
}
