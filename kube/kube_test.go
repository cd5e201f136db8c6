package kube_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"benchtop/kube"
	"benchtop/kube/inventory"
	"benchtop/kube/sku"

	"github.com/google/go-cmp/cmp"
)

func list(t *testing.T, c *kube.Client) *inventory.Cluster {
	t.Helper()
	cl, err := c.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

func byName(t *testing.T, cl *inventory.Cluster, name string) inventory.Workspace {
	t.Helper()
	for _, w := range cl.Workspaces {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("no workspace %s", name)
	return inventory.Workspace{}
}

func TestListJoins(t *testing.T) {
	c := newCluster(t,
		workspace("default", "chat", true),
		pod("default", "chat", "u1", "aks-1", 2, ""),
		node("aks-1", "Standard_NC24ads_A100_v4", "swedencentral"),
		"{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: hpa, namespace: default}, spec: {scaleTargetRef: {kind: StatefulSet, name: chat}}}",
	).client(t, kube.Config{})
	w := byName(t, list(t, c), "chat")
	if !w.Benchmarkable || w.SKU.GPU != "A100" || w.SKU.Count != 1 || w.Pod != "chat-0" || w.PodUID != "u1" || w.Restarts != 2 ||
		w.ImageDigest != "sha256:00ff" || len(w.Nodes) != 1 || w.Nodes[0].Region != "swedencentral" {
		t.Errorf("joined to %+v", w)
	}
	if w.Price.USDPerHour == nil || *w.Price.USDPerHour != 4.775 || w.Price.Date == "" {
		t.Errorf("price %+v, want 4.775 of swedencentral with a date", w.Price)
	}
	if w.Nodes[0].Spot == nil || *w.Nodes[0].Spot {
		t.Errorf("spot is %v", w.Nodes[0].Spot)
	}
	if want := "HorizontalPodAutoscaler hpa (scales StatefulSet chat)"; w.Autoscaler != want {
		t.Errorf("autoscaler %q, want %q", w.Autoscaler, want)
	}
	if diff := cmp.Diff(map[string]string{"served-model-name": "phi-4-mini-instruct", "gpu-memory-utilization": "0.84"}, w.Flags); diff != "" {
		t.Errorf("flags: %s", diff)
	}
}

func TestListMoreKinds(t *testing.T) {
	child := strings.Replace(workspace("team", "set-abc12", true), "namespace: team", "namespace: team, labels: {inferenceset.kaito.sh/created-by: set}", 1)
	c := newCluster(t,
		"{apiVersion: kaito.sh/v1beta1, kind: InferenceSet, metadata: {name: set, namespace: team}, spec: {replicas: 1, template: {resource: {instanceType: Standard_NC24ads_A100_v4}}}, status: {readyReplicas: 1}}",
		child, workspace("team", "alone", true),
		"{apiVersion: kaito.sh/v1alpha1, kind: MultiRoleInference, metadata: {name: pd, namespace: team}, spec: {model: {name: m}}}",
		"{apiVersion: kaito.sh/v1beta1, kind: RAGEngine, metadata: {name: rag, namespace: team}, spec: {compute: {instanceType: Standard_NV36ads_A10_v5}}}",
		"{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: keda, namespace: team}, spec: {scaleTargetRef: {kind: InferenceSet, name: set}}}",
		strings.Replace(workspace("team", "half", true), "namespace: team", "namespace: team, labels: {multiroleinference.kaito.sh/created-by: pd}", 1),
	).client(t, kube.Config{})
	cl := list(t, c)
	var got []string
	for _, w := range cl.Workspaces {
		mark := "-"
		if w.Benchmarkable {
			mark = "+"
		}
		got = append(got, mark+string(w.Kind)+" "+w.Name)
	}
	want := []string{"+Workspace alone", "-MultiRoleInference pd", "-Workspace half", "-RAGEngine rag", "-InferenceSet set", "+Workspace set-abc12"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, w := range cl.Workspaces {
		if !w.Benchmarkable && w.Reason == "" {
			t.Errorf("%s is not offered, without a reason", w.Name)
		}
	}
	if a := byName(t, cl, "set-abc12").Autoscaler; !strings.Contains(a, "ScaledObject keda") {
		t.Errorf("autoscaler of a replica is %q", a)
	}
	if n := byName(t, cl, "set").Note; n != "replicas: set-abc12" {
		t.Errorf("note of the set is %q", n)
	}
}

func TestGivenSKU(t *testing.T) {
	book, err := sku.NewBook([]string{"own=9"}, "")
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, workspace("default", "chat", true), workspace("default", "own", true)).client(t, kube.Config{Prices: book,
		Given: []sku.Given{{Name: "default/chat", Instance: "Standard_NV36ads_A10_v5", Region: "eastus"}}})
	cl := list(t, c)
	w := byName(t, cl, "chat")
	if w.SKU.GPU != "A10" || w.SKU.Source != "--sku" || w.Price.USDPerHour == nil || *w.Price.USDPerHour != 3.2 {
		t.Errorf("SKU %+v at %+v", w.SKU, w.Price)
	}
	if p := byName(t, cl, "own").Price; p.USDPerHour == nil || *p.USDPerHour != 9 || p.Source != "--price" {
		t.Errorf("price %+v", p)
	}
}

func TestRightsDegrade(t *testing.T) {
	objects := []string{workspace("default", "chat", true), workspace("bench", "other", true),
		pod("default", "chat", "u1", "aks-1", 0, ""), node("aks-1", "Standard_NC24ads_A100_v4", "eastus")}
	tests := []struct {
		name  string
		deny  []string
		conf  kube.Config
		names []string
		check func(*testing.T, *inventory.Cluster)
	}{
		{name: "everything allowed", names: []string{"other", "chat"}},
		{name: "no nodes: SKU from the spec, no region, no price", deny: []string{"list nodes"}, names: []string{"other", "chat"},
			check: func(t *testing.T, cl *inventory.Cluster) {
				w := byName(t, cl, "chat")
				if w.SKU.GPU != "A100" || w.SKU.Source != "spec" || w.Price.USDPerHour != nil || !strings.Contains(w.Price.Why, "region") {
					t.Errorf("SKU %+v, price %+v", w.SKU, w.Price)
				}
				if len(w.Nodes) != 1 || w.Nodes[0].Name != "aks-1" {
					t.Errorf("nodes %+v: the pod names one", w.Nodes)
				}
			}},
		{name: "no pods", deny: []string{"list pods"}, names: []string{"other", "chat"},
			check: func(t *testing.T, cl *inventory.Cluster) {
				if w := byName(t, cl, "chat"); w.Pod != "chat-0" || w.Flags != nil {
					t.Errorf("pod %q, flags %v", w.Pod, w.Flags)
				}
			}},
		{name: "no cluster-wide list: the known namespaces", deny: []string{"list workspaces "}, conf: kube.Config{Namespaces: []string{"bench"}}, names: []string{"other", "chat"}},
		{name: "one of the known namespaces", deny: []string{"list workspaces ", "list workspaces default"}, conf: kube.Config{Namespaces: []string{"bench"}}, names: []string{"other"}},
		{name: "a namespace asked for", conf: kube.Config{Namespace: "bench"}, names: []string{"other"}},
		{name: "no sets", deny: []string{"list inferencesets"}, names: []string{"other", "chat"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cs := newCluster(t, objects...)
			for _, d := range tt.deny {
				cs.deny[d] = true
			}
			cl := list(t, cs.client(t, tt.conf))
			var names []string
			for _, w := range cl.Workspaces {
				names = append(names, w.Name)
			}
			if diff := cmp.Diff(tt.names, names); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			denied := 0
			for _, a := range cl.Access {
				if !a.Allowed {
					denied++
					if a.Without == "" || a.Verb == "" || a.Resource == "" {
						t.Errorf("%+v does not say what is missing and what works without it", a)
					}
				}
			}
			if tt.check != nil {
				tt.check(t, cl)
			}
		})
	}
}

// A right that a Role limits to one workspace is there for it, and missing for others and for all.
func TestAccessToNamedWorkspaces(t *testing.T) {
	cs := newCluster(t, workspace("default", "chat", true), workspace("default", "other", true))
	cs.deny["create pods/portforward"], cs.deny["create services/proxy"] = true, true
	cs.named["create pods/portforward chat-0"] = true
	c := cs.client(t, kube.Config{})
	general, err := c.Access(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	named, err := c.AccessTo(t.Context(), "default", []string{"chat", "other"})
	if err != nil {
		t.Fatal(err)
	}
	ways := func(all []inventory.Access) (out []string) {
		for _, a := range all {
			if !strings.Contains(a.Resource, "/") {
				continue
			}
			out = append(out, fmt.Sprintf("%s %q in %q: %v", a.Resource, a.Name, a.Namespace, a.Allowed))
			if hint := strings.Contains(a.Without, "rbac --check NAMESPACE/WORKSPACE"); hint != (a.Name == "") {
				t.Errorf("%+v: tells how to ask for one: %v", a, hint)
			}
		}
		return out
	}
	for _, tt := range []struct {
		what      string
		got, want []string
	}{
		{"for all", ways(general), []string{`pods/portforward "" in "": false`, `services/proxy "" in "": false`}},
		{"for two", ways(named), []string{`pods/portforward "chat-0" in "default": true`, `pods/portforward "other-0" in "default": false`,
			`services/proxy "chat:80" in "default": false`, `services/proxy "other:80" in "default": false`}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.what, diff)
		}
	}
	if len(general) != len(named)-2 { // what has no name of its own is asked once
		t.Errorf("%d rights for all, %d for two workspaces", len(general), len(named))
	}
}

func TestMayListNowhere(t *testing.T) {
	cs := newCluster(t, workspace("default", "chat", true))
	cs.deny["list workspaces"] = true
	c := cs.client(t, kube.Config{})
	_, err := c.List(t.Context())
	var p *inventory.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Why, "verb list on workspaces.kaito.sh") || len(p.Next) == 0 {
		t.Fatalf("error is %v", err)
	}
	ws, err := c.Find(t.Context(), "default", "chat") // one that is named may still be read
	if err != nil || ws.Name != "chat" || !ws.Benchmarkable {
		t.Errorf("Find by name: %+v, %v", ws, err)
	}
}

func TestFind(t *testing.T) {
	c := newCluster(t, workspace("default", "phi4-mini-a10", true), workspace("default", "twice", true), workspace("a", "twice", true),
		workspace("a", "double", true), workspace("b", "double", true), workspace("bench", "only-here", true),
		"{apiVersion: kaito.sh/v1beta1, kind: InferenceSet, metadata: {name: set, namespace: a}, spec: {replicas: 2}}",
		"{apiVersion: v1, kind: Service, metadata: {name: phi4-mini-a10, namespace: default}, spec: {ports: [{name: http, port: 80, targetPort: 5000}]}, status: {loadBalancer: {ingress: [{ip: 20.1.2.3}]}}}",
	).client(t, kube.Config{})
	tests := []struct {
		ns, name, want, err string
	}{
		{"", "phi4-mini-a10", "default/phi4-mini-a10", ""},
		{"", "twice", "default/twice", ""}, // the context's own namespace first
		{"a", "twice", "a/twice", ""},
		{"", "only-here", "bench/only-here", ""},
		{"", "double", "", "choose a/double or b/double"},
		{"", "phi4-mini-a1O", "", `no workspace "phi4-mini-a1O" in test (did you mean default/phi4-mini-a10`},
		{"bench", "phi4-mini-a10", "", "did you mean default/phi4-mini-a10"},
		{"a", "set", "", "InferenceSet a/set has no endpoint"},
	}
	for _, tt := range tests {
		ws, err := c.Find(t.Context(), tt.ns, tt.name)
		if got := ws.Namespace + "/" + ws.Name; tt.want != "" && (err != nil || got != tt.want) {
			t.Errorf("Find(%q, %q) = %s, %v; want %s", tt.ns, tt.name, got, err, tt.want)
		}
		if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("Find(%q, %q): error %v, want %q in it", tt.ns, tt.name, err, tt.err)
		}
	}
	if ws, _ := c.Find(t.Context(), "", "phi4-mini-a10"); ws.ServicePort != 80 || ws.LoadBalancer != "http://20.1.2.3:80" {
		t.Errorf("service %d, %q", ws.ServicePort, ws.LoadBalancer)
	}
}

func TestInferenceConfigMap(t *testing.T) {
	c := newCluster(t, strings.Replace(workspace("default", "chat", true), "inference: {", "inference: {config: params, ", 1),
		pod("default", "chat", "u1", "aks-1", 0, ""),
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: params, namespace: default}, data: {inference_config.yaml: \"vllm: {gpu-memory-utilization: 0.9, api-key: sesame, max-num-seqs: 64}\"}}",
	).client(t, kube.Config{})
	ws, err := c.Find(t.Context(), "", "chat")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"served-model-name": "phi-4-mini-instruct", "gpu-memory-utilization": "0.9", "max-num-seqs": "64"}
	if diff := cmp.Diff(want, ws.Flags); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
