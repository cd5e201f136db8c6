package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"benchtop/kube"
	"benchtop/kube/demo"
	"benchtop/kube/inventory"
	"benchtop/ui"
)

// needsCluster says whether any of the targets is a workspace.
func needsCluster(specs []targetSpec) bool {
	for _, s := range specs {
		if s.URL == "" {
			return true
		}
	}
	return false
}

// demoTargets are what a demo run without TARGETs takes: both SKUs.
func demoTargets() []targetSpec {
	var out []targetSpec
	for _, name := range []string{demo.A10, demo.A100} {
		ns, ws, _ := strings.Cut(name, "/")
		out = append(out, targetSpec{Raw: name, Namespace: ns, Workspace: ws})
	}
	return out
}

// resolve finds the workspaces that the specs name and gives every target its name. A workspace that
// is not ready is waited for as long as --wait says; told is called with what is waited for.
func (b *backend) resolve(ctx context.Context, specs []targetSpec, told func(string)) ([]ui.Selection, error) {
	sels, errs := make([]ui.Selection, len(specs)), make([]error, len(specs))
	if needsCluster(specs) {
		// One after the other: each may open a cluster, and a log-in plug-in may ask a question.
		for _, s := range specs {
			if s.URL == "" {
				if _, err := b.client(ctx, place{context: s.Context}); err != nil {
					return nil, err
				}
			}
		}
	}
	each(len(specs), func(i int) {
		if specs[i].URL != "" {
			sels[i] = ui.Selection{URL: specs[i].URL}
			return
		}
		ws, err := b.find(ctx, specs[i], told)
		sels[i].Workspace, errs[i] = ws, err
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return sels, nameAll(specs, sels)
}

func (b *backend) find(ctx context.Context, s targetSpec, told func(string)) (*inventory.Workspace, error) {
	c, err := b.client(ctx, place{context: s.Context})
	if err != nil {
		return nil, err
	}
	ws, err := c.Find(ctx, s.Namespace, s.Workspace)
	if err != nil {
		return nil, err
	}
	b.opt.seen.add(ws.Context, ws.Namespace)
	if ws.Benchmarkable {
		return &ws, nil
	}
	if ws.Never() {
		return nil, &inventory.Problem{What: fmt.Sprintf("%s/%s cannot be benchmarked", ws.Namespace, ws.Name), Why: ws.Reason}
	}
	if b.run.wait <= 0 {
		return nil, &inventory.Problem{What: fmt.Sprintf("%s/%s cannot be benchmarked now", ws.Namespace, ws.Name),
			Why: ws.Reason, Next: []string{"wait for it with --wait 20m"}}
	}
	told(fmt.Sprintf("waiting up to %s for %s/%s: %s", b.run.wait, ws.Namespace, ws.Name, ws.Reason))
	return b.waitReady(ctx, c, ws, told)
}

func (b *backend) waitReady(ctx context.Context, c *kube.Client, ws inventory.Workspace, told func(string)) (*inventory.Workspace, error) {
	waitCtx, cancel := context.WithTimeout(ctx, b.run.wait)
	defer cancel()
	last := ws.Reason
	ready, err := c.WaitReady(waitCtx, ws.Namespace, ws.Name, func(now inventory.Workspace) {
		if reason := b.busy.startReason(waitCtx, c, now); reason != last {
			last = reason
			told(fmt.Sprintf("%s/%s: %s", ws.Namespace, ws.Name, reason))
		}
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &ready, err
}

// nameAll gives every selection its name: the one that was said, else its GPU if the targets without
// a name all have one and no two the same, else the workspace's name or the URL's host.
func nameAll(specs []targetSpec, sels []ui.Selection) error {
	taken := map[string]bool{}
	var unnamed []int
	for i, s := range specs {
		sels[i].Name = s.Name
		if s.Name == "" {
			unnamed = append(unnamed, i)
			continue
		}
		taken[s.Name] = true
	}
	for _, candidate := range []func(ui.Selection) string{gpuName, ownName, fullName} {
		names := map[string]bool{}
		for _, i := range unnamed {
			if n := candidate(sels[i]); n != "" && !taken[n] {
				names[n] = true
			}
		}
		if len(names) != len(unnamed) {
			continue
		}
		for _, i := range unnamed {
			sels[i].Name = candidate(sels[i])
		}
		return nil
	}
	return usage(fmt.Errorf("two targets are the same; name them apart, like one=%s two=%s", specs[0].Raw, specs[0].Raw))
}

func gpuName(s ui.Selection) string {
	if s.Workspace == nil {
		return ""
	}
	return cleanName(s.Workspace.SKU.GPU)
}

func ownName(s ui.Selection) string {
	if s.Workspace != nil {
		return cleanName(s.Workspace.Name)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return cleanName(u.Host)
}

func fullName(s ui.Selection) string {
	if s.Workspace == nil {
		return ownName(s)
	}
	return cleanName(s.Workspace.Context + "." + s.Workspace.Namespace + "." + s.Workspace.Name)
}

// cleanName makes a target name of any text, "" if there is nothing left.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, s)
	s = strings.Trim(s, ".-_")
	if len(s) > 40 {
		s = strings.Trim(s[len(s)-40:], ".-_") // the end tells names apart
	}
	return s
}
