package kube

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"
	"benchtop/kube/skim"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/yaml"
)

var workspacesGVR = schema.GroupVersionResource{Group: kaitoGroup, Version: "v1beta1", Resource: "workspaces"}

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

// What is left out of the answers is never read, and there is a lot of it.
func TestUnread(t *testing.T) {
	tests := []struct {
		gvr  schema.GroupVersionResource
		text string
	}{
		{nodesGVR, `
kind: Node
metadata:
  name: aks-1
  managedFields: [large]
  annotations: {large: large}
  labels: {large/label: "1", node.kubernetes.io/instance-type: Standard_NC24ads_A100_v4, topology.kubernetes.io/region: eastus,
    topology.kubernetes.io/zone: eastus-1, kubernetes.azure.com/scalesetpriority: spot, nvidia.com/gpu.product: NVIDIA-A100-80GB-PCIe,
    nvidia.com/gpu.count: "1", nvidia.com/cuda.driver-version.full: 580.95.05, kaito.sh/workspace: chat, kaito.sh/workspacenamespace: team}
spec: {large: large}
status: {images: [large], capacity: {nvidia.com/gpu: "1"}, conditions: [{type: Ready, status: "True"}]}
`},
		{nodesGVR, `
kind: Node
metadata: {name: aks-2, labels: {karpenter.azure.com/sku-name: x, karpenter.azure.com/sku-gpu-name: A100, karpenter.azure.com/sku-gpu-count: "2",
  failure-domain.beta.kubernetes.io/region: r, failure-domain.beta.kubernetes.io/zone: z, eks.amazonaws.com/capacityType: ON_DEMAND,
  karpenter.kaito.sh/workspace-name: chat, karpenter.kaito.sh/workspace-namespace: team}}
`},
		{nodesGVR, "{kind: Node, metadata: {name: aks-3, labels: {agentpool: a}}, status: none}"},
		{podsGVR, `
kind: Pod
metadata: {name: chat-0, namespace: team, uid: u, annotations: {large: large}, labels: {kaito.sh/workspace: chat}, deletionTimestamp: "2026-08-25T09:19:31Z"}
spec: {nodeName: aks-1, volumes: [large], containers: [{name: chat, env: [large], args: [--max-num-seqs=8], resources: {limits: {nvidia.com/gpu: "1"}}}]}
status: {phase: Running, conditions: [{type: Ready, status: "True"}, {type: PodScheduled, status: "False", reason: r, message: m}],
  containerStatuses: [{name: chat, restartCount: 1, imageID: "x@sha256:0", state: {waiting: {reason: r, message: m}}, lastState: {terminated: {reason: OOMKilled}}}]}
`},
		{workspacesGVR, `
kind: Workspace
metadata: {name: chat, namespace: team, managedFields: [large], annotations: {kaito.sh/disable-benchmark: "true"}, creationTimestamp: "2026-08-25T09:19:31Z"}
resource: {instanceType: Standard_NC24ads_A100_v4}
inference: {preset: {name: phi-4-mini-instruct}}
status: {conditions: [{type: InferenceReady, status: "True", message: m}], performance: {metrics: {peakTokensPerMinute: {value: "1.5"}}}}
`},
	}
	for _, tt := range tests {
		s := &source{want: want{gvr: tt.gvr, kind: inventory.KindWorkspace}, feed: &feed{lives: map[string]life{}}}
		obj, err := yaml.YAMLToJSON([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		read := func(answer io.Reader) any {
			var l struct {
				Metadata map[string]string
				Items    []map[string]any
			}
			if err := json.NewDecoder(answer).Decode(&l); err != nil {
				t.Fatal(err)
			}
			if l.Metadata["continue"] != "more" || l.Metadata["resourceVersion"] != "7" {
				t.Errorf("the list's own metadata is %v", l.Metadata)
			}
			return s.parse(l.Items[0])
		}
		list := fmt.Sprintf(`{"metadata":{"continue":"more","resourceVersion":"7"},"items":[%s]}`, obj)
		var left bytes.Buffer
		after := read(io.TeeReader(skim.NewReader(strings.NewReader(list), s.unread), &left))
		if before := read(strings.NewReader(list)); !reflect.DeepEqual(after, before) {
			t.Errorf("%s is read as %+v, was %+v", obj, after, before)
		}
		if strings.Contains(left.String(), "large") {
			t.Errorf("left of %s: %s", obj, left.String())
		}
	}
}

// The end of a watch's patience comes as an object of another kind.
func TestUnreadLeavesErrorsAlone(t *testing.T) {
	const gone = `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}`
	for _, gvr := range []schema.GroupVersionResource{nodesGVR, podsGVR, workspacesGVR} {
		s := &source{want: want{gvr: gvr}}
		b, err := io.ReadAll(skim.NewReader(strings.NewReader(gone), s.unread))
		if err != nil || strings.TrimSuffix(string(b), "\n") != gone {
			t.Errorf("%s: %s, error %v", gvr.Resource, b, err)
		}
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
