package main

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"benchtop/kube"
	"benchtop/kube/sku"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// clusterFlags are the flags of every command that looks into a cluster.
type clusterFlags struct {
	kube   *kube.Flags
	prices []string
	skus   []string
}

func addClusterFlags(set *pflag.FlagSet) *clusterFlags {
	f := &clusterFlags{kube: addKubeFlags(set)}
	own := f.skuFlags()
	inGroup(own, kubeFlags)
	set.AddFlagSet(own)
	return f
}

// skuFlags are those that say what targets run on and cost.
func (f *clusterFlags) skuFlags() *pflag.FlagSet {
	own := pflag.NewFlagSet("cluster", pflag.ContinueOnError)
	own.StringArrayVar(&f.prices, "price", nil, "price of a target or SKU in USD per hour and machine, as `NAME|SKU=USD`, like a10=3.20 (may be repeated)")
	own.StringArrayVar(&f.skus, "sku", nil, "what a target runs on, where the cluster cannot tell, as `NAME=TYPE[@REGION]` (may be repeated)")
	return own
}

// addKubeFlags adds kubectl's connection flags; the usage text shows those that are used every day.
func addKubeFlags(set *pflag.FlagSet) *kube.Flags {
	own := pflag.NewFlagSet("kubectl", pflag.ContinueOnError)
	f := kube.NewFlags()
	f.AddTo(own)
	words := map[string]string{
		"kubeconfig":     "`path` of the kubeconfig file",
		"context":        "`name` of the kubeconfig context to use",
		"namespace":      "`namespace` to look into (default: all that this user may list)",
		"all-namespaces": "look into all namespaces",
	}
	own.VisitAll(func(fl *pflag.Flag) {
		fl.Usage = cmp.Or(words[fl.Name], fl.Usage)
		fl.Hidden = fl.Hidden || words[fl.Name] == ""
	})
	inGroup(own, kubeFlags)
	set.AddFlagSet(own)
	return f
}

// backendOptions checks the flags. A prices file comes from $BENCHTOP_PRICES.
func (c *cli) backendOptions(f *clusterFlags) (backendOptions, error) {
	opt := backendOptions{demo: c.demo, flags: f.kube, asks: c.terminal, seen: newPlaces(c.env)}
	book, err := sku.NewBook(f.prices, c.env("BENCHTOP_PRICES"))
	errs := []error{err}
	opt.prices = book
	for _, arg := range f.prices {
		name, _, _ := strings.Cut(arg, "=")
		opt.priced = append(opt.priced, strings.TrimSpace(name))
	}
	for _, arg := range f.skus {
		g, err := sku.ParseSKU(arg)
		errs = append(errs, err)
		opt.given = append(opt.given, g)
	}
	return opt, usage(errors.Join(errs...))
}

// completionTimeout keeps the tab key from hanging on a cluster that is away.
const completionTimeout = 3 * time.Second

// completeTargets completes the workspaces that can be benchmarked, as NAMESPACE/NAME.
func (c *cli) completeTargets(f *clusterFlags) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		opt, err := c.backendOptions(f)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		opt.asks = false // the shell has the terminal
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		b := newBackend(opt, runOptions{})
		defer b.Close()
		client, err := b.client(ctx, place{})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		cl, err := client.List(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var out []string
		for i := range cl.Workspaces {
			if ws := &cl.Workspaces[i]; ws.Benchmarkable {
				out = append(out, cobra.CompletionWithDesc(ws.Namespace+"/"+ws.Name, ws.SKU.GPU))
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}
