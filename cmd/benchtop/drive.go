package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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
	if err := b.checkPlace(s); err != nil {
		return err
	}
	if c.demo {
		tell("simulated: two GPU SKUs in this process, behind a simulated network path")
	}
	sels, err := b.resolve(ctx, s.specs, tell)
	if err != nil {
		return err
	}
	if err := b.opt.checkNames(sels); err != nil {
		return err
	}
	w := newWaits(time.Now)
	stopTelling := w.telling(ctx, c.errw)
	defer stopTelling()
	if err := b.awaitURLs(ctx, s.plan, sels, w); err != nil {
		return err
	}
	live := c.terminal && !f.noTUI && f.progress == "plain"
	yes, err := c.cleared(ctx, b, s.plan, sels, w)
	if err != nil {
		return err
	}
	b.login.to(tell)
	defer b.login.takeTerminal()()
	start := func(ctx context.Context, doing doing) (*engine.Run, error) {
		s.doing = doing
		return b.start(ctx, s, sels, yes)
	}
	if live {
		stopTelling() // the screen does from here on
		return c.runInInterface(ctx, b, f, s, startPending(ctx, s.plan, c.demo, sels, start))
	}
	run, err := start(ctx, w.doing)
	stopTelling()
	if err != nil {
		return err
	}
	return c.followRun(run, f, s)
}

// followRun tells how the run goes on in lines, and prints what it came to.
func (c *cli) followRun(run *engine.Run, f *runFlags, s sweep) error {
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

// cleared says whether the run may start: everything that stands against it is an error, and what a
// person must agree to is asked on a terminal, and elsewhere needs --yes. Where nobody can be asked the
// run itself asks the endpoints, once.
func (c *cli) cleared(ctx context.Context, b *backend, plan record.Plan, sels []ui.Selection, w *waits) (yes bool, err error) {
	if c.demo { // nobody else uses the simulated servers
		return b.run.yes, nil
	}
	checks, err := b.preflight(ctx, plan, sels, c.terminal && !b.run.yes, w.doing)
	w.over()
	if err != nil {
		return false, err
	}
	var refused, ask []string
	for _, ch := range checks {
		line := ch.Text
		if ch.Target != "" {
			line = fmt.Sprintf("target %q: %s", ch.Target, ch.Text)
		}
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
