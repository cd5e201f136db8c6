package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui"
	"benchtop/ui/screen"
)

// drive finds and connects the targets, makes the sweep and prints what it came to.
func (c *cli) drive(ctx context.Context, b *backend, f *runFlags, s sweep) error {
	tell := func(text string) { fmt.Fprintln(c.errw, text) }
	if err := checkOut(f.out); err != nil {
		return err
	}
	if c.demo {
		tell("simulated: two GPU SKUs in this process, behind a simulated network path")
	}
	sels, err := b.resolve(ctx, s.specs, tell)
	if err != nil {
		return err
	}
	yes := b.run.yes
	if !c.demo { // nobody else uses the simulated servers
		if yes, err = c.cleared(ctx, b, s.plan, sels); err != nil {
			return err
		}
	}
	b.login.to(tell)
	defer b.login.takeTerminal()()
	start := func(ctx context.Context) (*engine.Run, error) { return b.start(ctx, s, sels, yes) }
	if c.terminal && !f.noTUI && f.progress == "plain" {
		return c.runInInterface(ctx, b, f, s, startPending(ctx, s.plan, c.demo, sels, start))
	}
	run, err := start(ctx)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	fl := follower{run: run, signals: c.signals, msg: c.errw, ticks: ticker.C, rep: plainReporter{c.errw, time.Now}}
	var lines *ndjson
	if f.progress == "json" {
		lines = newNDJSON(c.out, time.Now)
		fl.rep = lines
	}
	res, err := fl.follow()
	return c.conclude(res, err, f, s, lines)
}

// runInInterface shows a run on the live screen until the person leaves it.
func (c *cli) runInInterface(ctx context.Context, b *backend, f *runFlags, s sweep, run ui.Run) error {
	outcome, err := c.show(ctx, b, ui.Options{Start: ui.StartLive, Run: run, Plan: s.plan, Against: s.against})
	return c.afterInterface(outcome, err, f, s)
}

// afterInterface prints the last sweep of the interface, if there was one.
func (c *cli) afterInterface(outcome ui.Outcome, err error, f *runFlags, s sweep) error {
	if outcome.Run == nil {
		return err
	}
	res, werr := outcome.Run.Wait()
	return c.conclude(res, errors.Join(werr, err), f, s, nil)
}

// checkOut refuses a folder that holds something before any target is asked.
func checkOut(dir string) error {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--out: %w; give a folder that can be written", err)
	case len(entries) > 0:
		return fmt.Errorf("--out: folder %q is not empty (it holds %q); give a new one, or continue a run with --resume",
			dir, entries[0].Name())
	}
	return nil
}

// cleared says whether the run may start: everything that stands against it is an error, and what a
// person must agree to is asked on a terminal, and elsewhere needs --yes.
func (c *cli) cleared(ctx context.Context, b *backend, plan record.Plan, sels []ui.Selection) (yes bool, err error) {
	checks, err := b.Preflight(ctx, plan, sels)
	if err != nil {
		return false, err
	}
	var refused, ask []string
	for _, ch := range checks {
		line := fmt.Sprintf("target %q: %s", ch.Target, ch.Text)
		switch {
		case ch.Level == screen.CheckRefused:
			refused = append(refused, line)
		case ch.Level == screen.CheckConfirm && !b.run.yes:
			ask = append(ask, line)
		default:
			fmt.Fprintln(c.errw, line)
		}
	}
	switch {
	case len(refused) > 0:
		return false, errors.New(strings.Join(refused, "\n"))
	case len(ask) == 0:
		return b.run.yes, nil
	case !c.terminal:
		return false, errors.New(strings.Join(ask, "\n") + "\ngo on all the same with --yes")
	}
	return c.confirm(ctx, append(ask, "Start all the same?"))
}

// errDeclined ends what the person did not want.
var errDeclined = errors.New("left alone, as you say")

// confirm asks on the terminal, the last line being the question; anything but yes is no.
func (c *cli) confirm(ctx context.Context, lines []string) (bool, error) {
	fmt.Fprintf(c.errw, "%s [y/N] ", strings.Join(lines, "\n"))
	answer := make(chan string, 1)
	go func() { // ends with the program if the person never answers
		line, _ := bufio.NewReader(c.in).ReadString('\n')
		answer <- line
	}()
	select {
	case line := <-answer:
		if l := strings.ToLower(strings.TrimSpace(line)); l == "y" || l == "yes" {
			return true, nil
		}
		return false, errDeclined
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
