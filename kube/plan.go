package kube

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const kaitoGroup = "kaito.sh"

// plan is what to read, where: made from what the cluster serves and what this user may do.
type plan struct {
	made    time.Time
	served  Served
	scopes  []string // namespaces to read; [""] = all at once; empty = none that may be listed
	access  []inventory.Access
	sources []want
}

// want is one resource in one scope.
type want struct {
	gvr       schema.GroupVersionResource
	kind      inventory.Kind // of Kaito's objects
	namespace string
	selector  string
	optional  bool // its absence is no problem
}

// The resources that are not Kaito's.
var (
	podsGVR     = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	nodesGVR    = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	servicesGVR = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	configsGVR  = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	hpaGVR      = schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}
	kedaGVR     = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}
)

// kaitoKinds are Kaito's kinds in the order in which they are read.
var kaitoKinds = []struct {
	list capability
	kind inventory.Kind
}{
	{canListWorkspaces, inventory.KindWorkspace},
	{canListSets, inventory.KindInferenceSet},
	{canListRoles, inventory.KindMultiRole},
	{canListRAG, inventory.KindRAGEngine},
}

// planner makes a plan once and keeps it for a minute: rights and CRDs rarely change.
type planner struct {
	mu   sync.Mutex
	last *plan
}

const planAge = time.Minute

func (p *planner) get(ctx context.Context, c *Client) (*plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last != nil && time.Since(p.last.made) < planAge {
		return p.last, nil
	}
	pl, err := c.makePlan(ctx)
	if err != nil {
		return nil, err
	}
	p.last = pl
	return pl, nil
}

func (c *Client) makePlan(ctx context.Context) (*plan, error) {
	served, err := c.served(ctx)
	if err != nil {
		return nil, err
	}
	p := &plan{made: time.Now(), served: served}
	if p.scopes, err = c.findScopes(ctx); err != nil {
		return nil, err
	}
	asked := p.scopes
	if len(asked) == 0 {
		asked = []string{c.conf.Namespace}
	}
	if p.access, err = c.access(ctx, served, asked, nil); err != nil {
		return nil, err
	}
	p.addSources()
	return p, nil
}

// served is what the cluster serves, Kaito's workspaces among it.
func (c *Client) served(ctx context.Context) (Served, error) {
	served, err := c.b.Served(ctx)
	if err == nil && served["workspaces"] == "" {
		err = errNoKaito
	}
	return served, err
}

// findScopes says where workspaces may be listed: everywhere, in the one namespace asked for, or in
// those of the known namespaces that allow it.
func (c *Client) findScopes(ctx context.Context) ([]string, error) {
	ok, _, err := c.can(ctx, canListWorkspaces, c.conf.Namespace)
	if err != nil || ok {
		return []string{c.conf.Namespace}, err
	}
	if c.conf.Namespace != "" {
		return nil, nil
	}
	known := slices.Concat([]string{c.b.Namespace, "default"}, c.b.Namespaces, c.conf.Namespaces)
	allowed := make([]bool, len(known))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, ns := range known {
		if ns == "" {
			continue
		}
		g.Go(func() (err error) {
			allowed[i], _, err = c.can(ctx, canListWorkspaces, ns)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []string
	for i, ns := range known {
		if allowed[i] && !slices.Contains(out, ns) {
			out = append(out, ns)
		}
	}
	sort.Strings(out)
	return out, nil
}

// may says whether access holds the capability in the scope.
func (p *plan) may(cap capability, scope string) bool {
	if cap.cluster {
		scope = ""
	}
	for _, a := range p.access {
		if a.Capability == cap.name && a.Namespace == scope {
			return a.Allowed
		}
	}
	return false
}

func (p *plan) addSources() {
	for _, ns := range p.scopes {
		for _, k := range kaitoKinds {
			v := p.served[k.list.resource]
			if v == "" || k.kind != inventory.KindWorkspace && !p.may(k.list, ns) {
				continue
			}
			p.sources = append(p.sources, want{kind: k.kind, namespace: ns, optional: k.kind != inventory.KindWorkspace,
				gvr: schema.GroupVersionResource{Group: kaitoGroup, Version: v, Resource: k.list.resource}})
		}
		if p.may(canListPods, ns) {
			p.sources = append(p.sources, want{gvr: podsGVR, namespace: ns, selector: kaito.LabelWorkspace, optional: true})
		}
		if p.may(canListScalers, ns) {
			p.sources = append(p.sources, want{gvr: hpaGVR, namespace: ns, optional: true})
		}
		if p.may(canListScaled, ns) {
			p.sources = append(p.sources, want{gvr: kedaGVR, namespace: ns, optional: true})
		}
	}
	if len(p.scopes) > 0 && p.may(canListNodes, "") {
		p.sources = append(p.sources, want{gvr: nodesGVR, optional: true})
	}
}
