package kube

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"benchtop/kube/inventory"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// capability is one thing benchtop does with a cluster and the right it needs for it.
type capability struct {
	name     string
	verb     string
	group    string
	resource string
	sub      string
	cluster  bool // of the whole cluster: nodes have no namespace
	// named makes a workspace's name that of the object, to which a rule may limit the right; "" = none does.
	named   string
	without string
}

// objects are the names that a rule for these workspaces alone is limited to.
func (c capability) objects(workspaces []string) (names []string) {
	for _, w := range workspaces {
		names = append(names, fmt.Sprintf(c.named, w))
	}
	return names
}

func (c capability) full() string {
	s := c.resource
	if c.sub != "" {
		s += "/" + c.sub
	}
	if c.group != "" {
		s += "." + c.group
	}
	return s
}

var (
	canListWorkspaces = capability{name: "list workspaces", verb: "list", group: kaitoGroup, resource: "workspaces",
		without: "name a workspace as NAMESPACE/WORKSPACE, or give a URL"}
	canListSets = capability{name: "list InferenceSets", verb: "list", group: kaitoGroup, resource: "inferencesets",
		without: "the replicas are listed as workspaces"}
	canListPods = capability{name: "read pods", verb: "list", resource: "pods",
		without: "nodes come from the workspace's status; restarts, flags and image are unknown"}
	canListNodes = capability{name: "read nodes", verb: "list", resource: "nodes", cluster: true,
		without: "the SKU comes from the workspace's instance type; give --sku NAME=TYPE@REGION for a price"}
	canGetServices = capability{name: "read services", verb: "get", resource: "services",
		without: "Kaito's own ports are assumed (80 to 5000)"}
	canForward = capability{name: "port-forward", verb: "create", resource: "pods", sub: "portforward", named: "%s-0",
		without: "the service proxy is used if allowed, or give a URL"}
	canProxy = capability{name: "service proxy", verb: "create", resource: "services", sub: "proxy", named: "%s:80",
		without: "port-forward is used if allowed, or give a URL"}
	canListScalers = capability{name: "read autoscalers", verb: "list", group: "autoscaling", resource: "horizontalpodautoscalers",
		without: "an autoscaler that could add nodes goes unnoticed"}
	canListScaled = capability{name: "read KEDA's autoscalers", verb: "list", group: kedaGVR.Group, resource: kedaGVR.Resource,
		without: "a ScaledObject that could add nodes goes unnoticed"}
	canListRoles = capability{name: "list MultiRoleInferences", verb: "list", group: kaitoGroup, resource: "multiroleinferences",
		without: "their workspaces are listed as serving one role"}
	canListRAG = capability{name: "list RAGEngines", verb: "list", group: kaitoGroup, resource: "ragengines",
		without: "they are not listed; they cannot be benchmarked anyway"}
	canGetConfig = capability{name: "read configuration", verb: "get", resource: "configmaps",
		without: "vLLM flags set in the inference ConfigMap are unknown"}
)

// shown are the capabilities that Access reports, in the order in which they matter. Those on what the
// cluster does not serve are left out.
var shown = []capability{canListWorkspaces, canListPods, canListNodes, canForward, canProxy,
	canListSets, canGetServices, canListScalers, canListScaled, canGetConfig, canListRoles, canListRAG}

// mayBeMissing says of a resource that not every cluster serves it.
func (c capability) mayBeMissing() bool { return c.group == kaitoGroup || c.group == kedaGVR.Group }

var reviews = schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}

// can asks the API server whether this user may do what cap needs; namespace "" = in all.
func (c *Client) can(ctx context.Context, cap capability, namespace string) (bool, string, error) {
	return c.review(ctx, cap, namespace, "")
}

// review asks for one object, whose name a rule may be limited to; name "" = for all.
func (c *Client) review(ctx context.Context, cap capability, namespace, name string) (bool, string, error) {
	attrs := map[string]any{"verb": cap.verb, "group": cap.group, "resource": cap.resource}
	if name != "" {
		attrs["name"] = name
	}
	if cap.sub != "" {
		attrs["subresource"] = cap.sub
	}
	if namespace != "" && !cap.cluster {
		attrs["namespace"] = namespace
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	out, err := c.b.Dynamic.Resource(reviews).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": attrs},
	}}, metav1.CreateOptions{})
	if err != nil {
		return false, "", err
	}
	allowed, _, _ := unstructured.NestedBool(out.Object, "status", "allowed")
	reason, _, _ := unstructured.NestedString(out.Object, "status", "reason")
	return allowed, inventory.Clean(reason, 200), nil
}

// Access says for each capability whether this user has it, as asked within the last minute.
func (c *Client) Access(ctx context.Context) ([]inventory.Access, error) {
	p, err := c.plan.get(ctx, c)
	if err != nil {
		return nil, problem(err, c.b)
	}
	return p.access, nil
}

// AccessTo is Access in one namespace, and of the ways to each of these workspaces alone.
func (c *Client) AccessTo(ctx context.Context, namespace string, workspaces []string) ([]inventory.Access, error) {
	served, err := c.served(ctx)
	if err != nil {
		return nil, problem(err, c.b)
	}
	return c.access(ctx, served, []string{namespace}, workspaces)
}

// ofNames is what to do about a right that is missing for all objects, but may be there for some.
const ofNames = "; a right to single workspaces shows with: benchtop rbac --check NAMESPACE/WORKSPACE"

func (c *Client) access(ctx context.Context, served Served, scopes, workspaces []string) ([]inventory.Access, error) {
	var out []inventory.Access
	var caps []capability
	ask := func(cap capability, ns, name string) {
		a := inventory.Access{Capability: cap.name, Verb: cap.verb, Resource: cap.full(), Namespace: ns, Name: name, Without: cap.without}
		if cap.named != "" && name == "" {
			a.Without += ofNames
		}
		out, caps = append(out, a), append(caps, cap)
	}
	for _, cap := range shown {
		switch {
		case cap.mayBeMissing() && served[cap.resource] == "":
			continue
		case cap.cluster:
			ask(cap, "", "")
			continue
		}
		for _, ns := range scopes {
			if cap.named == "" || len(workspaces) == 0 {
				ask(cap, ns, "")
				continue
			}
			for _, name := range cap.objects(workspaces) {
				ask(cap, ns, name)
			}
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range out {
		g.Go(func() (err error) {
			a := &out[i]
			a.Allowed, a.Reason, err = c.review(ctx, caps[i], a.Namespace, a.Name)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, problem(err, c.b)
	}
	return out, nil
}

// RoleOptions select what Role grants.
type RoleOptions struct {
	Namespace string // where the workspaces are; "" = all, which makes it a ClusterRole
	User      string // who gets it; "" = a placeholder
	// Workspaces limits port-forward and proxy to those of these names; empty = all.
	Workspaces  []string
	PortForward bool
	Proxy       bool
	Nodes       bool // SKU, region and spot of the machines, which are the cluster's
}

// Role is the YAML with the least rights for what was asked, ready for kubectl apply.
func Role(o RoleOptions) string {
	kind, name := "Role", "benchtop"
	if o.Namespace == "" {
		kind = "ClusterRole"
	}
	user := o.User
	if user == "" {
		user = "USER"
	}
	var b strings.Builder
	writeRole(&b, kind, name, o.Namespace, user, namespacedRules(o))
	if o.Nodes && kind == "Role" {
		b.WriteString("---\n")
		writeRole(&b, "ClusterRole", "benchtop-nodes", "", user, []rule{nodesRule})
	}
	return b.String()
}

type rule struct {
	group, resources, verbs string
	names                   []string
}

var nodesRule = rule{group: "", resources: "nodes", verbs: "get, list, watch"}

func namespacedRules(o RoleOptions) []rule {
	rules := []rule{
		{group: kaitoGroup, resources: "workspaces, inferencesets, multiroleinferences, ragengines", verbs: "get, list, watch"},
		{group: "", resources: "pods", verbs: "get, list, watch"},
		{group: "", resources: "services, configmaps", verbs: "get"},
		{group: "autoscaling", resources: "horizontalpodautoscalers", verbs: "list, watch"},
		{group: "keda.sh", resources: "scaledobjects", verbs: "list, watch"},
	}
	if o.PortForward {
		rules = append(rules, rule{"", "pods/portforward", "get, create", canForward.objects(o.Workspaces)})
	}
	if o.Proxy {
		rules = append(rules, rule{"", "services/proxy", "get, create", canProxy.objects(o.Workspaces)})
	}
	if o.Nodes && o.Namespace == "" {
		rules = append(rules, nodesRule)
	}
	return rules
}

func writeRole(b *strings.Builder, kind, name, ns, user string, rules []rule) {
	meta := fmt.Sprintf("metadata:\n  name: %s\n", name)
	if ns != "" {
		meta += fmt.Sprintf("  namespace: %q\n", ns)
	}
	fmt.Fprintf(b, "apiVersion: rbac.authorization.k8s.io/v1\nkind: %s\n%srules:\n", kind, meta)
	for _, r := range rules {
		fmt.Fprintf(b, "- apiGroups: [%q]\n  resources: [%s]\n  verbs: [%s]\n", r.group, r.resources, r.verbs)
		if len(r.names) > 0 {
			fmt.Fprintf(b, "  resourceNames: [%s]\n", quoted(r.names))
		}
	}
	fmt.Fprintf(b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %sBinding\n%s", kind, meta)
	fmt.Fprintf(b, "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: %s}\n", kind, name)
	fmt.Fprintf(b, "subjects:\n- {apiGroup: rbac.authorization.k8s.io, kind: User, name: %q}\n", user)
}

// quoted writes names as the items of a YAML list.
func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strconv.Quote(n)
	}
	return strings.Join(out, ", ")
}
