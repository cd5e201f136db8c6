package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
	"benchtop/kube/sku"
	"benchtop/ui"
)

// checkNames refuses a --sku or --price that no target of the run answers to: a typing error there
// would be found in the results, if at all.
func (o *backendOptions) checkNames(sels []ui.Selection) error {
	var names, types []string
	for _, s := range sels {
		names = append(names, s.Name)
		if ws := s.Workspace; ws != nil {
			names = append(names, ws.Name, ws.Namespace+"/"+ws.Name)
			types = append(types, ws.InstanceType, ws.SKU.InstanceType)
		}
	}
	var errs []error
	for _, g := range o.given {
		types = append(types, g.Instance)
		if !slices.Contains(names, g.Name) {
			errs = append(errs, fmt.Errorf("--sku %s=%s: no target has that name; there are %s", g.Name, g.Instance, distinct(names)))
		}
	}
	for _, p := range o.priced {
		of := func(instance string) bool { return sameSKU(p, instance) }
		if !slices.Contains(names, p) && !slices.ContainsFunc(types, of) {
			errs = append(errs, fmt.Errorf("--price %s: no target has that name or SKU; there are %s", p, distinct(append(names, types...))))
		}
	}
	return usage(errors.Join(errs...))
}

// sameSKU compares instance types as the price list does.
func sameSKU(a, b string) bool {
	if known, ok := sku.Lookup(a); ok {
		a = known.InstanceType
	}
	if known, ok := sku.Lookup(b); ok {
		b = known.InstanceType
	}
	return a != "" && strings.EqualFold(a, b)
}

// distinct joins the words that are there, each once.
func distinct(words []string) string {
	var out []string
	for _, w := range words {
		if w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, ", ")
}

// checkGates refuses a gate on a rate that the plan does not measure: it could never be met.
func checkGates(gates []verdict.Gate, plan record.Plan) error {
	var errs []error
	for _, g := range gates {
		if g.Rate > 0 && !slices.Contains(plan.Rates, g.Rate) {
			errs = append(errs, fmt.Errorf("--gate %q: no step at %g req/s is planned; the rates are %s", g.Text, g.Rate, rateList(plan.Rates)))
		}
	}
	return errors.Join(errs...)
}
