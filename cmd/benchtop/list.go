package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"benchtop/kube"
	"benchtop/kube/inventory"

	"github.com/spf13/cobra"
)

func (c *cli) listCommand() *cobra.Command {
	var format string
	var watch bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the workspaces of the cluster with their GPU SKU and price",
		Args:  usageArgs(cobra.NoArgs),
	}
	flags := addClusterFlags(cmd.Flags())
	addOutputFlag(cmd, &format, outputFormats...)
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "go on printing workspaces that change (with -o json: an object a line)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkOutput(format, outputFormats...); err != nil {
			return err
		}
		if watch && format != "table" && format != "wide" && format != "json" {
			return usage(fmt.Errorf("--watch: want -o table, wide or json, but is %s", format))
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
		switch {
		case watch:
			return c.watchList(cmd.Context(), client, cl, format)
		case format == "csv":
			return c.print(machineListing(cl), format)
		}
		if format == "table" {
			defer c.sayPrices(cl)
		}
		return c.print(workspaceListing(cl), format)
	}
	return cmd
}

// lookEvery is how often a watched list is looked at.
const lookEvery = 500 * time.Millisecond

// A listWatch prints a list and then what changes in it, below the same titles: columns keep their
// width, as kubectl's do, and grow when a cell does not fit.
type listWatch struct {
	*cli
	format string
	told   map[string]listed
	widths []int
}

// watchList prints every workspace, then those that change or go, until ctx ends or nobody reads.
func (c *cli) watchList(ctx context.Context, client *kube.Client, cl *inventory.Cluster, format string) error {
	client.Watch()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	w := listWatch{cli: c, format: format, told: map[string]listed{}}
	for seq := uint64(0); ; {
		if cl.Synced && (cl.Seq != seq || len(w.told) == 0) {
			seq = cl.Seq
			if err := w.changes(cl); err != nil {
				return err
			}
		}
		select {
		case <-ticker.C:
			cl = client.Cluster()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// changes prints the workspaces that differ from what was told, and remembers them.
func (w *listWatch) changes(cl *inventory.Cluster) error {
	all := workspaceListing(cl)
	changed := all
	changed.rows = nil
	here := map[string]bool{}
	for i, o := range all.objects.([]listed) {
		key := o.Kind + " " + o.Namespace + "/" + o.Name
		here[key] = true
		if before, ok := w.told[key]; ok && reflect.DeepEqual(before, o) {
			continue
		}
		w.told[key] = o
		if w.format != "json" {
			changed.rows = append(changed.rows, all.rows[i])
			continue
		}
		if err := json.NewEncoder(w.out).Encode(o); err != nil {
			return err
		}
	}
	for key := range w.told {
		if !here[key] {
			delete(w.told, key)
			fmt.Fprintln(w.errw, key+" is gone")
		}
	}
	if len(changed.rows) == 0 {
		return nil
	}
	if changed.headless = w.widths != nil; !changed.headless {
		w.widths = make([]int, len(all.cols))
	}
	changed.widths = w.widths
	return w.print(changed, w.format)
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
	PriceNote     *string  `json:"price_note"` // why there is no price
	Ready         bool     `json:"ready"`
	State         string   `json:"state"`
	Benchmarkable bool     `json:"benchmarkable"`
	Reason        *string  `json:"reason"` // why it is not benchmarkable
	Context       string   `json:"context"`
	Simulated     bool     `json:"simulated"`
	Parent        *string  `json:"parent"`      // the InferenceSet or MultiRoleInference that made it
	Runtime       *string  `json:"runtime"`     // vllm, transformers
	Parallelism   *string  `json:"parallelism"` // "TP8 PP2"
	Zone          *string  `json:"zone"`
	Driver        *string  `json:"driver"`
	PeakTPM       *float64 `json:"kaito_peak_tokens_per_minute"` // of Kaito's own start-up benchmark
	Autoscaler    *string  `json:"autoscaler"`                   // what could add nodes
	Note          *string  `json:"note"`
}

func workspaceListing(cl *inventory.Cluster) listing {
	l := listing{
		cols: []string{"namespace", "name", "kind", "model", "gpu", "nodes", "usd/h", "state", "note",
			"instance type", "gpu memory", "region", "spot", "price source", "parallel", "peak tok/min", "autoscaler"},
		wide:  9,
		empty: emptyText(cl),
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

func emptyText(cl *inventory.Cluster) string {
	where := cl.Context
	if cl.Namespace != "" {
		where = "namespace " + cl.Namespace + " of " + where
	}
	text := fmt.Sprintf("no workspaces in %s that this user can see", where)
	if cl.Namespace != "" {
		text += "; look everywhere with -A"
	}
	if !cl.Simulated {
		text += "; or try --demo"
	}
	return text
}

func listedOf(ws *inventory.Workspace, cl *inventory.Cluster) listed {
	o := listed{
		Namespace: ws.Namespace, Name: ws.Name, Kind: string(ws.Kind), Model: orNull(ws.Model),
		InstanceType: orNull(ws.SKU.InstanceType), GPU: orNull(ws.SKU.GPU), GPUCount: orNull(ws.SKU.Count),
		GPUMemoryGiB: orNull(ws.SKU.MemoryGiB), Nodes: orNull(nodeCount(ws)), USDPerHour: ws.Price.USDPerHour,
		Ready: ws.Ready, State: ws.State, Benchmarkable: ws.Benchmarkable, Context: cl.Context, Simulated: cl.Simulated,
		Parent: orNull(ws.Parent), Runtime: orNull(ws.Runtime), Parallelism: orNull(ws.Parallelism), PeakTPM: ws.PeakTokensPerMinute,
		Autoscaler: orNull(ws.Autoscaler), Note: orNull(ws.Note),
	}
	if o.InstanceType == nil {
		o.InstanceType = orNull(ws.InstanceType)
	}
	if !ws.Benchmarkable {
		o.Reason = orNull(ws.Reason)
	}
	if o.USDPerHour != nil {
		o.PriceSource, o.PriceDate = orNull(ws.Price.Source), orNull(ws.Price.Date)
	} else {
		o.PriceNote = orNull(ws.Price.Why)
	}
	if len(ws.Nodes) > 0 {
		n := &ws.Nodes[0]
		o.Region, o.Zone, o.Spot, o.Driver = orNull(n.Region), orNull(n.Zone), n.Spot, orNull(n.Driver)
	}
	return o
}

// row is the workspace for people: a dash for what is unknown.
func (o listed) row() []string {
	gpu := text(o.GPU)
	if o.GPUCount != nil && (*o.GPUCount > 1 || o.GPU == nil) {
		gpu = fmt.Sprintf("%d× %s", *o.GPUCount, cmp.Or(strings.TrimPrefix(gpu, "–"), "unknown"))
	}
	memory, spot, source, peak := "–", "–", "–", "–"
	notes := slices.DeleteFunc([]string{plain(o.Reason), plain(o.Note)}, func(s string) bool { return s == "" })
	if o.PeakTPM != nil {
		peak = fmt.Sprintf("%.0f", *o.PeakTPM)
	}
	if o.GPUMemoryGiB != nil {
		memory = fmt.Sprintf("%g GiB", *o.GPUMemoryGiB)
	}
	if o.Spot != nil {
		spot = map[bool]string{true: "yes", false: "no"}[*o.Spot]
	}
	if o.PriceSource != nil {
		source = strings.TrimSpace(*o.PriceSource + " " + strings.TrimPrefix(text(o.PriceDate), "–"))
	} else if o.PriceNote != nil {
		source = *o.PriceNote
	}
	price, nodes := "–", "–"
	if o.USDPerHour != nil {
		price = fmt.Sprintf("%.2f", *o.USDPerHour)
	}
	if o.Nodes != nil {
		nodes = strconv.Itoa(*o.Nodes)
	}
	return []string{o.Namespace, o.Name, o.Kind, text(o.Model), gpu, nodes, price, o.State, strings.Join(notes, "; "),
		text(o.InstanceType), memory, text(o.Region), spot, source, text(o.Parallelism), peak, text(o.Autoscaler)}
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

// sayPrices says where the prices of a table come from that has no room for it.
func (c *cli) sayPrices(cl *inventory.Cluster) {
	sources := map[string]bool{}
	for i := range cl.Workspaces {
		if p := cl.Workspaces[i].Price; p.USDPerHour != nil {
			sources[strings.TrimSpace(p.Source+" "+p.Date)] = true
		}
	}
	if len(sources) > 0 {
		fmt.Fprintln(c.errw, "USD/h: "+strings.Join(slices.Sorted(maps.Keys(sources)), "; "))
	}
}

// machineListing is the list for programs: the columns are the keys of the JSON, an unknown value is
// empty and numbers are plain.
func machineListing(cl *inventory.Cluster) listing {
	l := listing{cols: []string{"namespace", "name", "kind", "model", "instance_type", "gpu", "gpu_count", "gpu_memory_gib", "nodes",
		"region", "spot", "usd_per_hour", "price_source", "price_date", "ready", "state", "benchmarkable", "reason", "context", "simulated",
		"parent", "runtime", "parallelism", "zone", "driver", "kaito_peak_tokens_per_minute", "autoscaler", "note"}}
	for i := range cl.Workspaces {
		o := listedOf(&cl.Workspaces[i], cl)
		l.rows = append(l.rows, []string{o.Namespace, o.Name, o.Kind, plain(o.Model), plain(o.InstanceType), plain(o.GPU), plain(o.GPUCount),
			plain(o.GPUMemoryGiB), plain(o.Nodes), plain(o.Region), plain(o.Spot), plain(o.USDPerHour), plain(o.PriceSource), plain(o.PriceDate),
			plain(&o.Ready), o.State, plain(&o.Benchmarkable), plain(o.Reason), o.Context, plain(&o.Simulated),
			plain(o.Parent), plain(o.Runtime), plain(o.Parallelism), plain(o.Zone), plain(o.Driver), plain(o.PeakTPM), plain(o.Autoscaler), plain(o.Note)})
	}
	return l
}

func plain[T any](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}
