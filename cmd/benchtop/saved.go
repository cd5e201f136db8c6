package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/ui"
	"benchtop/ui/screen"
)

// Start connects to what is selected and starts the sweep, which outlives ctx.
func (b *backend) Start(ctx context.Context, plan record.Plan, sel []ui.Selection, yes bool) (ui.Run, error) {
	run, err := b.start(ctx, sweep{plan: plan}, sel, yes)
	if err != nil {
		return nil, err // a nil *engine.Run must not become a ui.Run
	}
	b.busy.sweeps.Add(1)
	b.wg.Go(func() {
		<-run.Done()
		b.busy.sweeps.Add(-1)
	})
	return run, nil
}

func (b *backend) start(ctx context.Context, s sweep, sel []ui.Selection, yes bool) (*engine.Run, error) {
	plan := s.plan
	if s.doing != nil {
		for _, one := range sel {
			s.doing(one.Name, "connecting")
		}
	}
	conns, errs := b.connectAll(ctx, sel, plan.Via, true)
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	var targets []engine.Target
	simulated := false
	plan.Targets = nil
	for i, c := range conns {
		targets = append(targets, c.target)
		simulated = simulated || c.target.Info.Simulated
		plan.Targets = append(plan.Targets, targetArg(sel[i]))
	}
	dir, err := s.resume, error(nil)
	if dir == "" {
		dir, err = b.runDir(sel)
	}
	if err != nil {
		return nil, err
	}
	// ctx ends what Start prepares; the sweep itself ends by Stop or Abort only.
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	detach := context.AfterFunc(ctx, cancel)
	defer detach()
	run, err := engine.Start(runCtx, plan, targets, engine.Options{
		Dir: dir, Name: b.run.name, Version: version(), Labels: b.run.labels, Simulated: simulated,
		Yes: yes, WaitFor: cmp.Or(b.run.wait, lostFor), Resume: s.resume != "",
		Doing: s.doing, Hold: b.login.hold,
	})
	if err == nil {
		b.login.to(run.Tell)
		release := stayAwake(awakeCommand())
		b.wg.Go(func() {
			<-run.Done()
			release()
		})
	}
	return run, err
}

// lostFor is how long a target that was lost during a sweep may take to come back.
const lostFor = 20 * time.Minute

// runDir is where a run goes: --out, else a new folder among the saved runs.
func (b *backend) runDir(sel []ui.Selection) (string, error) {
	if b.run.out != "" {
		return b.run.out, nil
	}
	name := b.run.name
	if name == "" {
		var names []string
		for _, s := range sel {
			names = append(names, s.Name)
		}
		name = strings.Join(names, "-")
	}
	return record.Dir(name, time.Now())
}

// targetArg writes a selection as a TARGET of the command line.
func targetArg(s ui.Selection) string {
	if s.Workspace == nil {
		return s.Name + "=" + s.URL
	}
	return fmt.Sprintf("%s=%s:%s/%s", s.Name, s.Workspace.Context, s.Workspace.Namespace, s.Workspace.Name)
}

// Runs lists saved runs, newest first.
func (b *backend) Runs(context.Context) ([]ui.RunInfo, error) {
	root, err := record.Root()
	if err != nil {
		return nil, err
	}
	infos, err := record.List(root)
	if err != nil {
		return nil, err
	}
	var out []ui.RunInfo
	for _, i := range infos {
		info := ui.RunInfo{Dir: i.Dir, ID: filepath.Base(i.Dir)}
		if i.Err != nil {
			info.Err = record.Clean(i.Err.Error())
			out = append(out, info)
			continue
		}
		r := i.Run
		info.ID, info.Name, info.State, info.Rates, info.Simulated = r.ID, r.Name, r.State, r.Plan.Rates, r.Simulated
		info.Started = r.StartedAt.Local().Format("2006-01-02 15:04")
		for _, t := range r.Targets {
			info.Targets = append(info.Targets, t.Name)
			info.Model = cmp.Or(info.Model, t.Model)
			if t.Workspace != "" {
				if info.Held == nil {
					info.Held = map[string]string{}
				}
				info.Held[screen.HeldKey(t.Context, t.Namespace, t.Workspace)] = report.Held(r, t.Name)
			}
		}
		out = append(out, info)
	}
	return out, nil
}

// Load opens a saved run.
func (b *backend) Load(_ context.Context, name string) (dir string, run *record.Run, err error) {
	return savedRunOf(name)
}

// Export writes a run in a format, in a folder beside its other files.
func (b *backend) Export(_ context.Context, dir, format string) ([]string, error) {
	run, err := engine.Load(dir)
	if err != nil {
		return nil, err
	}
	return report.Export(dir, run, format, filepath.Join(dir, exportFolder))
}

// SaveFile writes a file next to the runs.
func (b *backend) SaveFile(name string, data []byte) (string, error) {
	root, err := record.Root()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", fmt.Errorf("save %s: %w", name, err)
	}
	path := filepath.Join(root, filepath.Base(name))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return "", fmt.Errorf("save: %w", err)
	}
	return path, nil
}
