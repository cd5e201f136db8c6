// Command benchtop finds the Kaito workspaces of a cluster and the GPU SKU under them, drives an
// open-loop load of streaming requests at stepped rates against them, shows TTFT and ITL live and
// side by side, and saves finished sweeps as CSV and more.
//
// This package turns flags into validated configuration, calls the libraries and prints: data to
// stdout, progress and messages to stderr. It joins kube and engine, which know nothing of each
// other. It may import everything; nothing may import it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	// First of all: without it every start on a terminal that answers no queries takes 5 s.
	_ "benchtop/ui/termbg"

	"golang.org/x/term"
)

func main() {
	// The first signal ends what is being prepared or stops a sweep, which then saves; a second one
	// cuts what is in flight (see follower.signal).
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A reader that goes away (a pager, head) is an error of that write, not the end of a sweep.
	signal.Ignore(syscall.SIGPIPE)
	c := &cli{
		in: os.Stdin, out: os.Stdout, errw: os.Stderr,
		env:      os.Getenv,
		terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd())),
		signals:  signals,
	}
	code := c.execute(ctx, os.Args)
	cancel()
	os.Exit(code)
}
