package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"benchtop/engine/report"
	"benchtop/kube"
	"benchtop/ui"
	"benchtop/ui/theme"

	"github.com/spf13/cobra"
)

// addInterface makes the root command open the interface.
func (c *cli) addInterface(root *cobra.Command) {
	var f runFlags
	f.plan = addPlanFlags(root.Flags())
	f.cluster = addClusterFlags(root.Flags())
	root.ValidArgsFunction = c.completeTargets(f.cluster)
	addEndpointFlags(root, &f)
	f.progress = "plain"
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if err := c.checkMistyped(root, args); err != nil {
			return err
		}
		if !c.terminal {
			return usage(fmt.Errorf("the interface needs a terminal; without one, use: %s run --demo, or %s --help", c.self, c.self))
		}
		return c.openInterface(cmd.Context(), &f, args)
	}
}

// openInterface opens the picker, or the set-up of the targets that were named.
func (c *cli) openInterface(ctx context.Context, f *runFlags, args []string) error {
	f.dryRun = true // no target is fine here
	s, err := c.plan(f, args)
	if err != nil {
		return err
	}
	ro, err := f.options(c.env)
	if err != nil {
		return err
	}
	bo, err := c.backendOptions(f.cluster)
	if err != nil {
		return err
	}
	b := newBackend(bo, ro)
	defer b.Close()
	opt := ui.Options{Plan: s.plan, Against: s.against}
	if len(args) > 0 {
		opt.Start = ui.StartSetup
		if opt.Selection, err = b.resolve(ctx, s.specs, func(text string) { fmt.Fprintln(c.errw, text) }); err != nil {
			return err
		}
	}
	if len(args) == 0 || needsCluster(s.specs) {
		if !c.demo {
			fmt.Fprintln(c.errw, "opening the cluster …")
		}
		_ = b.open(ctx) // the picker shows the problem and the ways on
		b.watchBusy(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	opt.Demo = func(ctx context.Context) (ui.Backend, error) { return c.openDemo(ctx, b, bo, ro) }
	outcome, err := c.show(ctx, b, opt)
	f.output = "table"
	return c.afterInterface(outcome, err, f, s)
}

// openDemo opens the embedded cluster beside a real one; it ends with b.
func (c *cli) openDemo(ctx context.Context, b *backend, bo backendOptions, ro runOptions) (ui.Backend, error) {
	bo.demo = true
	d := newBackend(bo, ro)
	if err := d.open(ctx); err != nil {
		return nil, err
	}
	d.watchBusy(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closers = append(b.closers, d.Close)
	return d, nil
}

// show opens the interface with what every way into it shares. Its signals come through c.signals, so
// ctx must not end with them.
func (c *cli) show(ctx context.Context, b *backend, opt ui.Options) (ui.Outcome, error) {
	opt.Signals, opt.Formats, opt.Role = c.signals, report.FormatNames(), roleText
	opt.Theme = theme.New(theme.Options{
		Profile: theme.Detect(os.Stdout),
		Dark:    c.dark(ctx),
		ASCII:   c.ascii || theme.NeedsASCII(c.env),
	})
	defer b.login.takeTerminal()()
	return ui.Show(context.WithoutCancel(ctx), b, opt)
}

// dark says whether the interface is drawn for a dark background: as --theme says, else as the
// terminal does; unknown is dark. It asks when log-in plug-ins have finished, which may read from the
// terminal too, and while the cluster is being listed. Only a terminal that answers nothing at all
// takes the whole time. An answer that comes later would be read as keys, so a line that may be slow
// gets more.
func (c *cli) dark(ctx context.Context) bool {
	if c.theme != "auto" {
		return c.theme != "light"
	}
	patience := 300 * time.Millisecond
	if c.env("SSH_CONNECTION") != "" {
		patience = time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dark, known := theme.Background(ctx, os.Stdin, os.Stdout)
	return dark || !known
}

// roleText is what an admin can apply for a namespace.
func roleText(namespace string) string {
	return kube.Role(kube.RoleOptions{Namespace: namespace, Nodes: true, PortForward: true})
}
