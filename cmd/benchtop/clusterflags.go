package main

import (
	"errors"

	"benchtop/kube"
	"benchtop/kube/sku"

	"github.com/spf13/pflag"
)

// clusterFlags are the flags of every command that looks into a cluster.
type clusterFlags struct {
	kube   *kube.Flags
	prices []string
	skus   []string
}

func addClusterFlags(set *pflag.FlagSet) *clusterFlags {
	f := &clusterFlags{kube: kube.NewFlags()}
	f.kube.AddTo(set)
	set.StringArrayVar(&f.prices, "price", nil, "price of a target or SKU, like a10=3.20 or Standard_NC24ads_A100_v4=3.67, in USD per hour and machine (may be repeated)")
	set.StringArrayVar(&f.skus, "sku", nil, "what a target runs on, as NAME=TYPE[@REGION] (may be repeated)")
	return f
}

// backendOptions checks the flags. A prices file comes from $BENCHTOP_PRICES.
func (c *cli) backendOptions(f *clusterFlags) (backendOptions, error) {
	opt := backendOptions{demo: c.demo, flags: f.kube}
	book, err := sku.NewBook(f.prices, c.env("BENCHTOP_PRICES"))
	errs := []error{err}
	opt.prices = book
	for _, arg := range f.skus {
		g, err := sku.ParseSKU(arg)
		errs = append(errs, err)
		opt.given = append(opt.given, g)
	}
	return opt, usage(errors.Join(errs...))
}
