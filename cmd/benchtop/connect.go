package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/kube"
	"benchtop/kube/inventory"
	"benchtop/kube/sku"
	"benchtop/ui"
)

// A connection is a target that a sweep can be started on, and what the way to it is like.
type connection struct {
	target engine.Target
	way    *kube.Way // nil for a URL
}

// connect opens the way to a selection anew, or takes the one that was opened last if reuse is set.
func (b *backend) connect(ctx context.Context, sel ui.Selection, via string, reuse bool) (connection, error) {
	if sel.Workspace == nil {
		return b.urlTarget(sel), nil
	}
	ws := *sel.Workspace
	key := strings.Join([]string{ws.Context, ws.Namespace, ws.Name, via}, "\x00")
	b.mu.Lock()
	way := b.ways[key]
	b.mu.Unlock()
	if way == nil || !reuse {
		c, err := b.clientOf(ctx, ws)
		if err != nil {
			return connection{}, err
		}
		if way, err = c.Connect(ctx, ws, via); err != nil {
			return connection{}, err
		}
		b.keep(key, way)
	}
	return connection{target: b.workspaceTarget(sel, way), way: way}, nil
}

// clientOf is a client of the cluster that the workspace is in, which has been opened if the workspace
// came from there. (A pod's own account has no context that could be opened by name.)
func (b *backend) clientOf(ctx context.Context, ws inventory.Workspace) (*kube.Client, error) {
	b.mu.Lock()
	known := append([]*kube.Client{b.current, b.clients[place{}]}, slices.Collect(maps.Values(b.clients))...)
	b.mu.Unlock()
	for _, c := range known {
		if c != nil && c.Cluster().Context == ws.Context {
			return c, nil
		}
	}
	return b.client(ctx, place{context: ws.Context})
}

// keep makes way the one for key. The one before stays open: a sweep may be going over it.
func (b *backend) keep(key string, way *kube.Way) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.ways[key]; old != nil {
		b.closers = append(b.closers, old.Close)
	}
	b.ways[key] = way
}

// workspaceTarget is what the engine needs of a workspace and a way to it.
func (b *backend) workspaceTarget(sel ui.Selection, way *kube.Way) engine.Target {
	ws := sel.Workspace
	rtt := float64(way.RTT.Microseconds()) / 1e3
	t := engine.Target{
		BaseURL: way.BaseURL, Dial: way.Dial, RoundTripper: way.RoundTripper,
		TLS: b.run.tls, APIKey: b.run.apiKey, Reconnect: way.Reconnect,
		Info: record.Target{
			Name: sel.Name, Context: ws.Context, Namespace: ws.Namespace, Workspace: ws.Name, Model: ws.Model,
			InstanceType: ws.SKU.InstanceType, GPU: ws.SKU.GPU, GPUCount: ws.SKU.Count, GPUMemoryGiB: ws.SKU.MemoryGiB,
			Nodes: nodeCount(ws), Via: way.Name, ViaReason: way.Reason, ImageDigest: ws.ImageDigest, Flags: ws.Flags,
			Parallelism: ws.Parallelism, Autoscaler: ws.Autoscaler, PeakTokensPerMinute: ws.PeakTokensPerMinute,
			Simulated: way.Name == "simulated", BaseLatencyMS: &rtt,
		},
	}
	if t.Info.InstanceType == "" {
		t.Info.InstanceType = ws.InstanceType
	}
	for _, n := range ws.Nodes {
		t.Info.NodeNames = append(t.Info.NodeNames, n.Name)
	}
	if len(ws.Nodes) > 0 {
		t.Info.Region, t.Info.Spot, t.Info.Driver = ws.Nodes[0].Region, ws.Nodes[0].Spot, ws.Nodes[0].Driver
	}
	if t.Info.Region == "" {
		t.Info.Region = ws.Price.Region // as said with --sku by the workspace's name
	}
	said := b.opt.said(sel.Name, &t.Info)
	// A price by the target's own name wins over what the cluster's picture says.
	price := ws.Price
	if said {
		price = b.opt.prices.Price(sku.Query{Names: []string{ws.Name, ws.Namespace + "/" + ws.Name}, Instance: t.Info.InstanceType,
			Region: t.Info.Region, Spot: t.Info.Spot, Nodes: t.Info.Nodes})
	}
	if own := b.opt.prices.Price(sku.Query{Names: []string{sel.Name}}); own.PerNode != nil {
		own = b.opt.prices.Price(sku.Query{Names: []string{sel.Name}, Nodes: t.Info.Nodes, Region: t.Info.Region, Spot: t.Info.Spot})
		price = own
	}
	setPrice(&t.Info, price)
	if way.Watch != nil {
		t.Watch = func() engine.Condition {
			ready, restarts, reason := way.Watch()
			return engine.Condition{Ready: ready, Restarts: restarts, Cuts: way.Cuts(), Reason: reason}
		}
	}
	return t
}

func nodeCount(ws *inventory.Workspace) int {
	if n := len(ws.Nodes); n > 0 {
		return n
	}
	return ws.NodeCount
}

// urlTarget is a target of which nothing is known but what the user said.
func (b *backend) urlTarget(sel ui.Selection) connection {
	info := record.Target{Name: sel.Name, URL: sel.URL, Via: kube.ViaDirect, ViaReason: "a URL"}
	b.opt.complete(&info)
	return connection{target: engine.Target{Info: info, BaseURL: sel.URL, TLS: b.run.tls, APIKey: b.run.apiKey}}
}

// said fills in what the user said with --sku of a target of this name; false = nothing.
func (o *backendOptions) said(name string, info *record.Target) (ok bool) {
	for _, g := range o.given {
		if g.Name != name {
			continue
		}
		ok = true
		info.InstanceType = g.Instance
		if g.Region != "" {
			info.Region = g.Region
		}
		if s, ok := sku.Lookup(g.Instance); ok {
			info.GPU, info.GPUCount, info.GPUMemoryGiB = s.GPU, s.Count, s.MemoryGiB
		}
	}
	return ok
}

// complete fills in what the user said of a target that no cluster knows, and what that costs.
func (o *backendOptions) complete(info *record.Target) {
	said, nodes := o.said(info.Name, info), max(info.Nodes, 1)
	price := o.prices.Price(sku.Query{Names: []string{info.Name}, Instance: info.InstanceType, Region: info.Region, Spot: info.Spot, Nodes: nodes})
	if price.USDPerHour != nil {
		setPrice(info, price)
	}
	if said || price.USDPerHour != nil || info.URL != "" {
		info.Nodes = nodes
	}
}

func setPrice(info *record.Target, p inventory.Price) {
	info.USDPerHour = p.USDPerHour
	if p.USDPerHour != nil {
		info.PriceSource, info.PriceDate = p.Source, p.Date
	}
}

// connectAll connects every selection, side by side. Its errors name the target.
func (b *backend) connectAll(ctx context.Context, sels []ui.Selection, via string, reuse bool) ([]connection, []error) {
	conns, errs := make([]connection, len(sels)), make([]error, len(sels))
	each(len(sels), func(i int) {
		c, err := b.connect(ctx, sels[i], via, reuse)
		if err != nil {
			err = fmt.Errorf("target %q: %w", sels[i].Name, err)
		}
		conns[i], errs[i] = c, err
	})
	return conns, errs
}
