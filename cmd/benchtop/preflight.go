package main

import (
	"context"
	"errors"
	"fmt"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/wire"
	"benchtop/kube"
	"benchtop/kube/inventory"
	"benchtop/ui"
	"benchtop/ui/screen"
)

// Preflight connects to what is selected and says what stands against a run.
func (b *backend) Preflight(ctx context.Context, plan record.Plan, sel []ui.Selection) ([]ui.Check, error) {
	return b.preflight(ctx, plan, sel, true, func(string, string) {})
}

// preflight is Preflight; the endpoints themselves are asked if look is set, else left to the run. It
// tells doing what it is at.
func (b *backend) preflight(ctx context.Context, plan record.Plan, sel []ui.Selection, look bool, doing doing) ([]ui.Check, error) {
	if err := plan.Validate(); err != nil {
		return nil, err
	}
	all := make([][]ui.Check, len(sel))
	for _, s := range sel {
		doing(s.Name, "connecting")
	}
	conns, errs := b.connectAll(ctx, sel, plan.Via, false)
	each(len(sel), func(i int) {
		p := preflight{name: sel[i].Name}
		if ws := sel[i].Workspace; ws != nil {
			p.workspace(ws)
		}
		if errs[i] != nil {
			p.say(screen.CheckRefused, "%s", inventory.Clean(errors.Unwrap(errs[i]).Error(), 400))
		} else {
			if ws := sel[i].Workspace; ws != nil {
				p.price(conns[i].target.Info, ws)
			}
			p.way(conns[i].way)
			if look {
				doing(sel[i].Name, "asking what it serves")
				p.endpoint(ctx, plan, conns[i].target)
			}
		}
		all[i] = p.checks
	})
	var out []ui.Check
	for _, checks := range all {
		out = append(out, checks...)
	}
	if line := b.spaceWarning(plan, len(sel)); line != "" {
		out = append(out, ui.Check{Level: screen.CheckWarning, Text: line})
	}
	return out, ctx.Err()
}

// each runs f for 0…n-1 side by side and waits. A panic in one of them goes on in the caller, which
// knows how to give the terminal back.
func each(n int, f func(i int)) {
	fs := make([]func() error, n)
	for i := range fs {
		fs[i] = func() error { f(i); return nil }
	}
	if p := wire.Together(fs...); p != nil {
		panic(p)
	}
}

// A preflight gathers the checks of one target.
type preflight struct {
	name   string
	checks []ui.Check
}

func (p *preflight) say(level int, format string, args ...any) {
	p.checks = append(p.checks, ui.Check{Target: p.name, Level: level, Text: record.Clean(fmt.Sprintf(format, args...))})
}

// workspace looks at what the cluster says.
func (p *preflight) workspace(ws *inventory.Workspace) {
	if !ws.Benchmarkable {
		p.say(screen.CheckRefused, "%s/%s: %s", ws.Namespace, ws.Name, ws.Reason)
	}
	if ws.Autoscaler != "" {
		p.say(screen.CheckConfirm, "%s could add nodes under this load", ws.Autoscaler)
	}
}

// price says why what the target costs is unknown; --sku and --price by its name are in info already.
func (p *preflight) price(info record.Target, ws *inventory.Workspace) {
	if info.USDPerHour == nil && ws.Price.Why != "" {
		p.say(screen.CheckWarning, "no price: %s", ws.Price.Why)
	}
}

func (p *preflight) way(w *kube.Way) {
	if w != nil {
		p.say(screen.CheckFine, "reached by %s in %.1f ms", w.Reason, float64(w.RTT.Microseconds())/1e3)
	}
}

// endpoint asks the target itself: model, context length, load of others.
func (p *preflight) endpoint(ctx context.Context, plan record.Plan, t engine.Target) {
	f, err := engine.Look(ctx, plan, t)
	if err != nil {
		p.say(screen.CheckRefused, "%s", err)
		return
	}
	level := screen.CheckFine
	if len(f.Others) > 0 && plan.Model == "" {
		level = screen.CheckWarning
	}
	p.say(level, "%s", f.Text())
	if f.Busy > 0 {
		p.say(screen.CheckConfirm, "is busy: it serves %g requests of others", f.Busy)
	}
}
