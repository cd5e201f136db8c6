// Package demo is a Kaito cluster inside this process: client-go's fake dynamic client holding the
// objects that Kaito, AKS and Kubernetes would hold for one model on two SKUs, and a few workspaces
// that cannot be benchmarked. Everything above the client is the code that talks to real clusters.
//
//	c := demo.Open(demo.Options{Endpoints: map[string]string{demo.A10: "http://127.0.0.1:8001", …}})
//
// The endpoints are not here: whoever opens it says which URL stands for which workspace. Every
// picture and every way is labelled as simulated. It may import kube/* and client-go.
package demo

import (
	"context"
	"embed"
	"fmt"
	"io"
	"time"

	"benchtop/kube"
	"benchtop/kube/sku"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
)

// The two workspaces that can be benchmarked, as namespace/name.
const (
	A10  = "default/phi4-mini-a10"
	A100 = "default/phi4-mini-a100"
)

// Model is the id that both serve.
const Model = "phi-4-mini-instruct"

//go:embed objects/*.yaml
var objects embed.FS

// Options are what the embedded cluster needs from outside.
type Options struct {
	// Endpoints maps namespace/name to the base URL of the simulated server.
	Endpoints map[string]string
	Prices    *sku.Book
	Given     []sku.Given
	Namespace string    // "" = all
	Now       time.Time // creation times are set relative to it; zero = the present
}

// resources are the kinds of objects that the cluster knows.
var resources = []struct {
	gvr  schema.GroupVersionResource
	kind string
}{
	{schema.GroupVersionResource{Group: "kaito.sh", Version: "v1beta1", Resource: "workspaces"}, "Workspace"},
	{schema.GroupVersionResource{Group: "kaito.sh", Version: "v1beta1", Resource: "inferencesets"}, "InferenceSet"},
	{schema.GroupVersionResource{Version: "v1", Resource: "nodes"}, "Node"},
	{schema.GroupVersionResource{Version: "v1", Resource: "pods"}, "Pod"},
	{schema.GroupVersionResource{Version: "v1", Resource: "services"}, "Service"},
	{schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, "ConfigMap"},
	{schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}, "HorizontalPodAutoscaler"},
	{schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}, "ScaledObject"},
}

// Open returns a Client of the embedded cluster. It fails only if the embedded objects are broken.
func Open(o Options) (*kube.Client, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	kinds := map[schema.GroupVersionResource]string{}
	byKind := map[string]schema.GroupVersionResource{}
	for _, r := range resources {
		kinds[r.gvr] = r.kind + "List"
		byKind[r.kind] = r.gvr
	}
	client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds)
	client.PrependReactor("create", "selfsubjectaccessreviews", allow)
	objs, err := load(o.Now)
	if err != nil {
		return nil, err
	}
	for _, u := range objs {
		gvr, ok := byKind[u.GetKind()]
		if !ok {
			return nil, fmt.Errorf("embedded cluster: unknown kind %s", u.GetKind())
		}
		if err := client.Tracker().Create(gvr, u, u.GetNamespace()); err != nil {
			return nil, fmt.Errorf("embedded cluster: %s %s: %w", u.GetKind(), u.GetName(), err)
		}
	}
	served := kube.Served{"workspaces": "v1beta1", "inferencesets": "v1beta1", "scaledobjects": "v1alpha1"}
	return kube.New(kube.Backend{
		Context: "demo", Server: "simulated", User: "you", Contexts: []string{"demo"}, Namespace: "default",
		Dynamic: client, Simulated: true,
		Served:   func(context.Context) (kube.Served, error) { return served, nil },
		Endpoint: func(namespace, name string) string { return o.Endpoints[namespace+"/"+name] },
	}, kube.Config{Namespace: o.Namespace, Prices: o.Prices, Given: o.Given}), nil
}

// allow answers every access review with yes.
func allow(a clienttesting.Action) (bool, runtime.Object, error) {
	u, ok := a.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
	if !ok {
		return false, nil, nil
	}
	u = u.DeepCopy()
	_ = unstructured.SetNestedField(u.Object, true, "status", "allowed")
	return true, u, nil
}

// load reads the embedded objects and moves their times so that the youngest is a day old.
func load(now time.Time) ([]*unstructured.Unstructured, error) {
	entries, err := objects.ReadDir("objects")
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for _, e := range entries {
		f, err := objects.Open("objects/" + e.Name())
		if err != nil {
			return nil, err
		}
		dec := utilyaml.NewYAMLOrJSONDecoder(f, 4096)
		for {
			u := &unstructured.Unstructured{}
			err := dec.Decode(&u.Object)
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("embedded cluster: %s: %w", e.Name(), err)
			}
			if len(u.Object) == 0 {
				continue
			}
			u.SetCreationTimestamp(metav1.NewTime(now.Add(-26 * time.Hour).Truncate(time.Second)))
			out = append(out, u)
		}
		_ = f.Close()
	}
	return out, nil
}
