package main

import (
	"fmt"
	"strconv"
	"strings"

	"benchtop/kube/inventory"

	"github.com/spf13/cobra"
)

func (c *cli) listCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the workspaces of the cluster with their GPU SKU and price",
		Args:  usageArgs(cobra.NoArgs),
	}
	flags := addClusterFlags(cmd.Flags())
	addOutputFlag(cmd, &format, outputFormats...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkOutput(format, outputFormats...); err != nil {
			return err
		}
		opt, err := c.backendOptions(flags)
		if err != nil {
			return err
		}
		b := newBackend(opt, runOptions{})
		defer b.Close()
		client, err := b.client(cmd.Context(), place{})
		if err != nil {
			return err
		}
		cl, err := client.List(cmd.Context())
		if err != nil {
			return err
		}
		if cl.Simulated {
			fmt.Fprintln(c.errw, "simulated: the embedded demo cluster")
		}
		return workspaceListing(cl).print(c.out, c.errw, format)
	}
	return cmd
}

// listed is a workspace in the JSON and YAML of `list`; null = unknown.
type listed struct {
	Namespace     string   `json:"namespace"`
	Name          string   `json:"name"`
	Kind          string   `json:"kind"`
	Model         *string  `json:"model"`
	InstanceType  *string  `json:"instance_type"`
	GPU           *string  `json:"gpu"`
	GPUCount      *int     `json:"gpu_count"` // per node
	GPUMemoryGiB  *float64 `json:"gpu_memory_gib"`
	Nodes         *int     `json:"nodes"`
	Region        *string  `json:"region"`
	Spot          *bool    `json:"spot"`
	USDPerHour    *float64 `json:"usd_per_hour"` // all nodes
	PriceSource   *string  `json:"price_source"`
	PriceDate     *string  `json:"price_date"`
	Ready         bool     `json:"ready"`
	State         string   `json:"state"`
	Benchmarkable bool     `json:"benchmarkable"`
	Reason        *string  `json:"reason"` // why it is not benchmarkable
	Context       string   `json:"context"`
	Simulated     bool     `json:"simulated"`
}

func workspaceListing(cl *inventory.Cluster) listing {
	l := listing{
		cols: []string{"namespace", "name", "kind", "model", "gpu", "nodes", "usd/h", "state", "reason",
			"instance type", "gpu memory", "region", "spot", "price source"},
		wide:  9,
		empty: fmt.Sprintf("no workspaces in %s that this user can see; try --demo", cl.Context),
	}
	objects := []listed{}
	for i := range cl.Workspaces {
		o := listedOf(&cl.Workspaces[i], cl)
		objects = append(objects, o)
		l.rows = append(l.rows, o.row())
	}
	l.objects = objects
	return l
}

func listedOf(ws *inventory.Workspace, cl *inventory.Cluster) listed {
	o := listed{
		Namespace: ws.Namespace, Name: ws.Name, Kind: string(ws.Kind), Model: orNull(ws.Model),
		InstanceType: orNull(ws.SKU.InstanceType), GPU: orNull(ws.SKU.GPU), GPUCount: orNull(ws.SKU.Count),
		GPUMemoryGiB: orNull(ws.SKU.MemoryGiB), Nodes: orNull(nodeCount(ws)), USDPerHour: ws.Price.USDPerHour,
		Ready: ws.Ready, State: ws.State, Benchmarkable: ws.Benchmarkable, Context: cl.Context, Simulated: cl.Simulated,
	}
	if o.InstanceType == nil {
		o.InstanceType = orNull(ws.InstanceType)
	}
	if !ws.Benchmarkable {
		o.Reason = orNull(ws.Reason)
	}
	if o.USDPerHour != nil {
		o.PriceSource, o.PriceDate = orNull(ws.Price.Source), orNull(ws.Price.Date)
	}
	if len(ws.Nodes) > 0 {
		o.Region, o.Spot = orNull(ws.Nodes[0].Region), ws.Nodes[0].Spot
	}
	return o
}

// row is the workspace for people: a dash for what is unknown.
func (o listed) row() []string {
	gpu := text(o.GPU)
	if o.GPU != nil && o.GPUCount != nil && *o.GPUCount > 1 {
		gpu = fmt.Sprintf("%d× %s", *o.GPUCount, gpu)
	}
	reason, memory, spot, source := "", "–", "–", "–"
	if o.Reason != nil {
		reason = *o.Reason
	}
	if o.GPUMemoryGiB != nil {
		memory = fmt.Sprintf("%g GiB", *o.GPUMemoryGiB)
	}
	if o.Spot != nil {
		spot = map[bool]string{true: "yes", false: "no"}[*o.Spot]
	}
	if o.PriceSource != nil {
		source = strings.TrimSpace(*o.PriceSource + " " + strings.TrimPrefix(text(o.PriceDate), "–"))
	}
	price, nodes := "–", "–"
	if o.USDPerHour != nil {
		price = fmt.Sprintf("%.2f", *o.USDPerHour)
	}
	if o.Nodes != nil {
		nodes = strconv.Itoa(*o.Nodes)
	}
	return []string{o.Namespace, o.Name, o.Kind, text(o.Model), gpu, nodes, price, o.State, reason,
		text(o.InstanceType), memory, text(o.Region), spot, source}
}

// orNull is nil for the zero value, which stands for unknown.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func text(s *string) string {
	if s == nil {
		return "–"
	}
	return *s
}
