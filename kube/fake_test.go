package kube_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"benchtop/kube"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The reader of log-in plugins' output and client-go's idle connections live as long as the process.
		goleak.IgnoreAnyFunction("benchtop/kube.relayLogin"))
}

var (
	workspacesGVR = schema.GroupVersionResource{Group: "kaito.sh", Version: "v1beta1", Resource: "workspaces"}
	podsGVR       = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	nodesGVR      = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
)

var kinds = map[string]schema.GroupVersionResource{
	"Workspace":               workspacesGVR,
	"InferenceSet":            {Group: "kaito.sh", Version: "v1beta1", Resource: "inferencesets"},
	"MultiRoleInference":      {Group: "kaito.sh", Version: "v1alpha1", Resource: "multiroleinferences"},
	"RAGEngine":               {Group: "kaito.sh", Version: "v1beta1", Resource: "ragengines"},
	"Pod":                     podsGVR,
	"Node":                    nodesGVR,
	"Service":                 {Version: "v1", Resource: "services"},
	"ConfigMap":               {Version: "v1", Resource: "configmaps"},
	"HorizontalPodAutoscaler": {Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
	"ScaledObject":            {Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"},
}

// cluster is a fake cluster under test.
type cluster struct {
	*fake.FakeDynamicClient
	mu   sync.Mutex
	deny map[string]bool // "verb resource" or "verb resource namespace"
	// named are the objects that are allowed although others are denied: "verb resource name".
	named map[string]bool
}

func newCluster(t testing.TB, objects ...string) *cluster {
	t.Helper()
	lists := map[schema.GroupVersionResource]string{}
	for kind, gvr := range kinds {
		lists[gvr] = kind + "List"
	}
	c := &cluster{FakeDynamicClient: fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists),
		deny: map[string]bool{}, named: map[string]bool{}}
	c.PrependReactor("create", "selfsubjectaccessreviews", c.review)
	for _, o := range objects {
		c.add(t, o)
	}
	return c
}

func (c *cluster) review(a clienttesting.Action) (bool, runtime.Object, error) {
	u := a.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured).DeepCopy()
	attrs, _, _ := unstructured.NestedStringMap(u.Object, "spec", "resourceAttributes")
	key := attrs["verb"] + " " + attrs["resource"]
	if attrs["subresource"] != "" {
		key += "/" + attrs["subresource"]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	allowed := !c.deny[key] && !c.deny[key+" "+attrs["namespace"]] || c.named[key+" "+attrs["name"]]
	_ = unstructured.SetNestedField(u.Object, allowed, "status", "allowed")
	return true, u, nil
}

func parse(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return u
}

func (c *cluster) add(t testing.TB, text string) {
	t.Helper()
	u := parse(t, text)
	if err := c.Tracker().Create(kinds[u.GetKind()], u, u.GetNamespace()); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) update(t testing.TB, text string) {
	t.Helper()
	u := parse(t, text)
	if err := c.Tracker().Update(kinds[u.GetKind()], u, u.GetNamespace()); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) remove(t testing.TB, gvr schema.GroupVersionResource, ns, name string) {
	t.Helper()
	if err := c.Tracker().Delete(gvr, ns, name); err != nil {
		t.Fatal(err)
	}
}

// client opens the fake cluster.
func (c *cluster) client(t testing.TB, conf kube.Config, change ...func(*kube.Backend)) *kube.Client {
	t.Helper()
	served := kube.Served{"workspaces": "v1beta1", "inferencesets": "v1beta1", "multiroleinferences": "v1alpha1", "ragengines": "v1beta1", "scaledobjects": "v1alpha1"}
	b := kube.Backend{Context: "test", Server: "https://cluster.example:6443", Namespace: "default", Dynamic: c,
		Served: func(context.Context) (kube.Served, error) { return served, nil }}
	for _, f := range change {
		f(&b)
	}
	k := kube.New(b, conf)
	t.Cleanup(func() { _ = k.Close() })
	return k
}

// workspace is the YAML of a Workspace on an A100 machine.
func workspace(ns, name string, ready bool) string {
	status := "False"
	if ready {
		status = "True"
	}
	return fmt.Sprintf(`apiVersion: kaito.sh/v1beta1
kind: Workspace
metadata: {name: %s, namespace: %s}
resource: {instanceType: Standard_NC24ads_A100_v4}
inference: {preset: {name: phi-4-mini-instruct}}
status:
  targetNodeCount: 1
  conditions:
  - {type: ResourceReady, status: "True", reason: ok}
  - {type: InferenceReady, status: "%s", reason: WorkspaceInferenceStatusPending}
`, name, ns, status)
}

func pod(ns, ws, uid, node string, restarts int, more string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata: {name: %[2]s-0, namespace: %[1]s, uid: %[3]s, labels: {kaito.sh/workspace: %[2]s}}
spec:
  nodeName: %[4]s
  containers:
  - name: %[2]s
    image: mcr.microsoft.com/aks/kaito/kaito-base:0.5.0
    command: [/bin/sh, -c, "python3 api.py --served-model-name=phi-4-mini-instruct --gpu-memory-utilization=0.84 --api-key=sesame"]
status:
  phase: Running
  conditions: [{type: Ready, status: "True"}]
  containerStatuses:
  - {name: %[2]s, ready: true, started: true, restartCount: %[5]d, state: {running: {}}, imageID: "x@sha256:00ff"%[6]s}
`, ns, ws, uid, node, restarts, more)
}

func node(name, instance, region string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Node
metadata:
  name: %s
  labels: {node.kubernetes.io/instance-type: %s, topology.kubernetes.io/region: %s, agentpool: gpu}
status:
  capacity: {nvidia.com/gpu: "1"}
  conditions: [{type: Ready, status: "True"}]
`, name, instance, region)
}
