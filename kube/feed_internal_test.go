package kube

import (
	"testing"

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
