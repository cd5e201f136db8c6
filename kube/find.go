package kube

import (
	"context"
	"fmt"
	"strings"
	"time"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// Find returns the workspace of that name, with what its Service and inference ConfigMap say.
// Namespace "" means the context's own first, then the only one that has the name. The error of an
// unknown name is an *inventory.Problem that gives the nearest ones.
func (c *Client) Find(ctx context.Context, namespace, name string) (inventory.Workspace, error) {
	cl, err := c.List(ctx)
	if err != nil {
		if ws, ok := c.getOne(ctx, namespace, name); ok {
			return c.describe(ctx, ws), nil
		}
		return inventory.Workspace{}, err
	}
	ws, err := lookUp(cl, c.b.Namespace, namespace, name)
	if err != nil {
		return inventory.Workspace{}, err
	}
	return c.describe(ctx, ws), nil
}

func lookUp(cl *inventory.Cluster, own, namespace, name string) (inventory.Workspace, error) {
	var found, sets []inventory.Workspace
	var names []string
	for _, w := range cl.Workspaces {
		full := w.Namespace + "/" + w.Name
		if w.Kind == inventory.KindWorkspace {
			names = append(names, full)
		}
		if w.Name != name || namespace != "" && w.Namespace != namespace {
			continue
		}
		if w.Kind == inventory.KindWorkspace {
			found = append(found, w)
		} else {
			sets = append(sets, w)
		}
	}
	for _, w := range found {
		if w.Namespace == own && namespace == "" {
			return w, nil
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var where []string
		for _, w := range found {
			where = append(where, w.Namespace+"/"+w.Name)
		}
		return inventory.Workspace{}, &inventory.Problem{What: fmt.Sprintf("%q is in several namespaces", name),
			Next: []string{"choose " + strings.Join(where, " or ")}}
	case len(sets) > 0:
		s := sets[0]
		why := s.Reason
		if s.Note != "" {
			why += "; " + s.Note
		}
		return inventory.Workspace{}, &inventory.Problem{What: fmt.Sprintf("%s %s/%s has no endpoint to drive", s.Kind, s.Namespace, s.Name), Why: why}
	}
	want := name
	if namespace != "" {
		want = namespace + "/" + name
	}
	p := &inventory.Problem{What: fmt.Sprintf("no workspace %q in %s", want, cl.Context)}
	switch near := nearest(want, names, 3); {
	case len(near) > 0:
		p.Next = []string{"did you mean " + strings.Join(near, ", ") + "?"}
	default:
		p.Why = "it has none that this user can see"
	}
	return inventory.Workspace{}, p
}

// getOne reads one workspace and its pod by name, for users who may get but not list.
func (c *Client) getOne(ctx context.Context, namespace, name string) (inventory.Workspace, bool) {
	if namespace == "" {
		namespace = c.b.Namespace
	}
	served, err := c.served(ctx)
	if err != nil || namespace == "" {
		return inventory.Workspace{}, false
	}
	obj, err := c.get(ctx, schema.GroupVersionResource{Group: kaitoGroup, Version: served["workspaces"], Resource: "workspaces"}, namespace, name)
	if err != nil {
		return inventory.Workspace{}, false
	}
	it := kaito.Parse(inventory.KindWorkspace, obj.Object)
	p := parts{pods: map[string][]kaito.Pod{}}
	if pod, err := c.get(ctx, podsGVR, namespace, name+"-0"); err == nil {
		p.pods[namespace+"/"+name] = []kaito.Pod{kaito.ParsePod(pod.Object)}
	}
	c.complete(&it, &p)
	return it.Workspace, true
}

func (c *Client) get(ctx context.Context, gvr schema.GroupVersionResource, namespace, name string) (*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	return c.b.Dynamic.Resource(gvr).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
}

// describe adds what is only read for a workspace that is going to be used: its Service, and the
// flags of its inference ConfigMap, which vLLM gets last. What cannot be read stays unknown.
func (c *Client) describe(ctx context.Context, ws inventory.Workspace) inventory.Workspace {
	if svc, err := c.get(ctx, servicesGVR, ws.Namespace, ws.Name); err == nil {
		s := kaito.ParseService(svc.Object)
		ws.ServicePort, ws.LoadBalancer = s.Port, s.URL
	}
	if ws.ConfigMap == "" {
		return ws
	}
	cm, err := c.get(ctx, configsGVR, ws.Namespace, ws.ConfigMap)
	if err != nil {
		return ws
	}
	text, _, _ := unstructured.NestedString(cm.Object, "data", "inference_config.yaml")
	var conf map[string]any
	if yaml.Unmarshal([]byte(text), &conf) != nil {
		return ws
	}
	flags := map[string]string{}
	for k, v := range ws.Flags {
		flags[k] = v
	}
	for k, v := range kaito.ConfigFlags(conf) {
		flags[k] = v
	}
	ws.Flags, ws.Parallelism = flags, kaito.Parallelism(flags)
	return ws
}

const lookEvery = 10 * time.Second

// WaitReady waits until the workspace may be benchmarked and returns it. It watches the cluster, and
// calls look, if not nil, with what the workspace is now: at once, when that changes, and every ten
// seconds. When ctx ends first, the error says what the workspace was waiting for.
func (c *Client) WaitReady(ctx context.Context, namespace, name string, look func(inventory.Workspace)) (inventory.Workspace, error) {
	c.Watch()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		changed := c.change()
		cl := c.Cluster()
		var last string
		if cl.Synced {
			ws, err := lookUp(cl, c.b.Namespace, namespace, name)
			switch {
			case err != nil:
				return inventory.Workspace{}, err
			case ws.Benchmarkable:
				return c.describe(ctx, ws), nil
			case ws.Never():
				return inventory.Workspace{}, &inventory.Problem{What: fmt.Sprintf("%s/%s cannot be benchmarked", ws.Namespace, ws.Name), Why: ws.Reason}
			}
			last = ws.Reason
			if look != nil {
				look(ws)
			}
		} else if cl.Problem != nil {
			last = cl.Problem.Error()
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return inventory.Workspace{}, &inventory.Problem{What: fmt.Sprintf("%s is not ready", joinName(namespace, name)), Why: last,
				Next: []string{"wait longer with --wait", "look at: kubectl describe workspace " + name}}
		}
	}
}

func joinName(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}
