package kube

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"
	"benchtop/kube/sku"
)

// parts are the values of a feed, sorted by what they are.
type parts struct {
	items   []kaito.Item
	pods    map[string][]kaito.Pod // by namespace/workspace
	nodes   map[string]inventory.Node
	marked  map[string][]string // names of nodes that carry a workspace's labels, by namespace/workspace
	scalers []kaito.Scaler
	synced  bool
	live    bool
	err     error // of a table that is needed
}

func (f *feed) parts() parts {
	p := parts{pods: map[string][]kaito.Pod{}, nodes: map[string]inventory.Node{}, marked: map[string][]string{}, synced: true, live: true}
	for _, s := range f.sources {
		s.mu.Lock()
		for _, v := range s.values {
			switch v := v.(type) {
			case kaito.Item:
				p.items = append(p.items, v)
			case kaito.Pod:
				if !v.Job && v.Workspace != "" {
					k := v.Namespace + "/" + v.Workspace
					p.pods[k] = append(p.pods[k], v)
				}
			case machine:
				p.nodes[v.Name] = v.Node
				if v.workspace != "" {
					p.marked[v.workspace] = append(p.marked[v.workspace], v.Name)
				}
			case kaito.Scaler:
				p.scalers = append(p.scalers, v)
			}
		}
		p.synced = p.synced && s.synced
		if !s.optional {
			p.live = p.live && s.live
			if s.err != nil {
				p.err = s.err
			}
		}
		s.mu.Unlock()
	}
	sort.Slice(p.scalers, func(i, j int) bool { return p.scalers[i].Kind+p.scalers[i].Name < p.scalers[j].Kind+p.scalers[j].Name })
	return p
}

// picture joins what was read into a Cluster.
func (c *Client) picture(f *feed) *inventory.Cluster {
	p := f.parts()
	cl := c.blank()
	cl.Access, cl.Synced, cl.Live = f.plan.access, p.synced, p.live && len(f.sources) > 0
	names := map[string]bool{c.b.Namespace: true}
	for _, ns := range slices.Concat(c.b.Namespaces, c.conf.Namespaces, f.plan.scopes) {
		names[ns] = true
	}
	cl.Workspaces = make([]inventory.Workspace, 0, len(p.items))
	for i := range p.items {
		c.complete(&p.items[i], &p)
		if price := &p.items[i].Price; !p.synced && price.USDPerHour == nil {
			price.Why = "the machines are still being read"
		}
		cl.Workspaces = append(cl.Workspaces, p.items[i].Workspace)
		names[p.items[i].Namespace] = true
	}
	sortWorkspaces(cl.Workspaces)
	nameReplicas(cl.Workspaces)
	delete(names, "")
	for ns := range names {
		cl.Namespaces = append(cl.Namespaces, ns)
	}
	sort.Strings(cl.Namespaces)
	switch {
	case len(f.plan.scopes) == 0:
		cl.Problem = c.mayNotList()
	case p.err != nil:
		cl.Problem = problem(p.err, c.b)
	}
	return cl
}

func (c *Client) mayNotList() *inventory.Problem {
	where := "any known namespace"
	if c.conf.Namespace != "" {
		where = "namespace " + c.conf.Namespace
	}
	return &inventory.Problem{What: fmt.Sprintf("this user may not list workspaces in %s of %s", where, c.b.Context),
		Why:  "verb list on workspaces.kaito.sh is missing",
		Next: ways("choose a namespace with -n", "ask an admin to apply the output of: benchtop rbac")}
}

// sortWorkspaces orders by namespace and name, each replica after the set that made it.
func sortWorkspaces(ws []inventory.Workspace) {
	key := func(w *inventory.Workspace) (string, string, bool, string) {
		group := w.Name
		if w.Parent != "" {
			group = w.Parent
		}
		return w.Namespace, group, w.Kind == inventory.KindWorkspace, w.Name
	}
	sort.Slice(ws, func(i, j int) bool {
		n1, g1, k1, m1 := key(&ws[i])
		n2, g2, k2, m2 := key(&ws[j])
		switch {
		case n1 != n2:
			return n1 < n2
		case g1 != g2:
			return g1 < g2
		case k1 != k2:
			return !k1
		}
		return m1 < m2
	})
}

// nameReplicas tells in the note of each set which workspaces are its replicas.
func nameReplicas(ws []inventory.Workspace) {
	for i := range ws {
		if ws[i].Kind != inventory.KindInferenceSet {
			continue
		}
		var names []string
		for j := i + 1; j < len(ws) && ws[j].Namespace == ws[i].Namespace && ws[j].Parent == ws[i].Name; j++ {
			names = append(names, ws[j].Name)
		}
		if len(names) > 0 {
			ws[i].Note = "replicas: " + strings.Join(names, ", ")
		}
	}
}

// complete adds to an item what its pods, nodes, autoscalers and prices say.
func (c *Client) complete(it *kaito.Item, p *parts) {
	it.Context = c.b.Context
	pods := p.pods[it.Namespace+"/"+it.Name]
	head := headOf(it.Name, pods)
	if it.Kind == inventory.KindWorkspace && !it.Tuning {
		it.Pod = it.Name + "-0"
	}
	if head != nil {
		fromPod(it, head)
	}
	it.Nodes = nodesOf(it, pods, p)
	c.hardware(it, head)
	for _, s := range p.scalers {
		if s.Namespace == it.Namespace && scales(s, it) {
			it.Autoscaler = fmt.Sprintf("%s %s (scales %s %s)", s.Kind, s.Name, s.TargetKind, s.TargetName)
		}
	}
	kaito.Judge(it, head)
	for _, n := range it.Nodes {
		if it.Benchmarkable && n.SKU.Source != "" && !n.Ready {
			it.Note = strings.TrimPrefix(it.Note+"; node "+n.Name+" is not ready", "; ")
		}
	}
}

// headOf is the pod that serves: number 0 of the StatefulSet, else the first one.
func headOf(name string, pods []kaito.Pod) *kaito.Pod {
	var head *kaito.Pod
	for i := range pods {
		if pods[i].Name == name+"-0" {
			return &pods[i]
		}
		if head == nil || pods[i].Name < head.Name {
			head = &pods[i]
		}
	}
	return head
}

func fromPod(it *kaito.Item, head *kaito.Pod) {
	it.Pod, it.PodUID, it.ImageDigest = head.Name, head.UID, head.ImageDigest
	it.Restarts, it.LastExit = head.Restarts, head.LastExit
	it.Flags = head.Flags
	it.Parallelism = kaito.Parallelism(it.Flags)
	if m := it.Flags["served-model-name"]; m != "" {
		it.Model = m // what the server was told is better than any rule
	}
	if it.Template && len(it.Flags) > 0 {
		it.Runtime = kaito.RuntimeVLLM
	}
}

// nodesOf lists the machines: those the pods run on, else those the status names, else those that
// were made for the workspace. One that cannot be read has its name only.
func nodesOf(it *kaito.Item, pods []kaito.Pod, p *parts) []inventory.Node {
	var names []string
	for i := range pods {
		if n := pods[i].Node; n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		names = slices.Clone(it.WorkerNodes)
	}
	if len(names) == 0 && it.Kind == inventory.KindWorkspace {
		names = slices.Clone(p.marked[it.Namespace+"/"+it.Name])
	}
	slices.Sort(names)
	var out []inventory.Node
	for _, n := range names {
		node, ok := p.nodes[n]
		if !ok {
			node = inventory.Node{Name: n}
		}
		out = append(out, node)
	}
	return out
}

// hardware sets SKU, instance type and price: what the user said, then the node, then the spec.
func (c *Client) hardware(it *kaito.Item, head *kaito.Pod) {
	var region, real string
	var spot *bool
	for _, n := range it.Nodes {
		if it.SKU.GPU == "" && (n.SKU.GPU != "" || n.SKU.Count > 0) {
			it.SKU = n.SKU
		}
		if real == "" {
			real = n.InstanceType
		}
		if region == "" {
			region, spot = n.Region, n.Spot
		}
	}
	if real != "" {
		it.InstanceType = real // what is paid for, whatever was asked for
	}
	if it.SKU.GPU == "" {
		if s, ok := sku.Lookup(it.InstanceType); ok {
			s.Source = "spec"
			it.SKU = s
		}
	}
	names := []string{it.Name, it.Namespace + "/" + it.Name}
	for _, g := range c.conf.Given {
		if !slices.Contains(names, g.Name) {
			continue
		}
		it.InstanceType = g.Instance
		s, _ := sku.Lookup(g.Instance)
		s.Source = "--sku"
		it.SKU = s
		if g.Region != "" {
			region = g.Region
		}
	}
	switch {
	case it.MIGProfile != "":
		it.SKU = sku.Partition(it.SKU, it.MIGProfile, it.MIGCount)
	case head != nil && head.MIGProfile != "":
		it.SKU = sku.Partition(it.SKU, head.MIGProfile, head.GPUs)
	}
	if it.SKU.InstanceType == "" {
		it.SKU.InstanceType = it.InstanceType
	}
	if it.Kind == inventory.KindInferenceSet || it.Kind == inventory.KindMultiRole {
		it.Price.Why = "each of its workspaces has its own price"
		return
	}
	it.Price = c.conf.Prices.Price(sku.Query{Names: names, Instance: it.InstanceType, Region: region, Spot: spot, Nodes: it.NodeCount})
}

func scales(s kaito.Scaler, it *kaito.Item) bool {
	switch s.TargetKind {
	case string(inventory.KindInferenceSet):
		return it.Parent == s.TargetName || it.Kind == inventory.KindInferenceSet && it.Name == s.TargetName
	case "StatefulSet", string(inventory.KindWorkspace):
		return it.Kind == inventory.KindWorkspace && it.Name == s.TargetName
	}
	return false
}
