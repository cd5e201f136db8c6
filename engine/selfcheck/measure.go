package selfcheck

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/wire"
)

// cost is what a run took of this process.
type cost struct {
	cpu time.Duration
	rss int64 // the most that was seen, bytes
}

// measure makes one row. server and client are cores, -1 = any.
func measure(ctx context.Context, l Load, opt Options, server, client int) (row *Row, err error) {
	dir, err := os.MkdirTemp("", "benchtop-selfcheck-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	truthful, err := startChild(ctx, opt, job{Core: server, Reply: opt.Reply, Bursts: l.Bursts, TLS: l.TLS})
	if err != nil {
		return nil, err
	}
	run, spent, runErr := drive(ctx, l, opt, truthful.hello, filepath.Join(dir, "run"), client)
	var known map[string]truth
	err = truthful.end(func(out io.Reader) error { return gob.NewDecoder(out).Decode(&known) })
	if err := errors.Join(runErr, ctx.Err()); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("ground truth: %w", err)
	}
	row, err = compare(run, known)
	if err != nil {
		return nil, err
	}
	row.Name, row.RateRPS, row.load = l.String(), l.rate(opt.Reply), l
	row.charge(spent)
	return row, nil
}

// drive runs the engine against the server, with hogs beside it if the row asks for them.
func drive(ctx context.Context, l Load, opt Options, at hello, dir string, client int) (run *engine.Run, spent cost, err error) {
	target := engine.Target{Info: record.Target{Name: "truth"}, BaseURL: at.URL}
	if at.CA != nil {
		if target.TLS, err = trusting(at.CA); err != nil {
			return nil, spent, err
		}
	}
	if l.Hog {
		n := 1
		if client < 0 {
			n = runtime.NumCPU()
		}
		for range n {
			h, err := startChild(ctx, opt, job{Hog: true, Core: client})
			if err != nil {
				return nil, spent, err
			}
			defer h.end(func(io.Reader) error { return nil }) // it has nothing to say, killed or not
		}
	}
	debug.FreeOSMemory() // what the row before has used is not this row's
	run, err = engine.Start(ctx, l.plan(opt), []engine.Target{target}, engine.Options{
		Dir: dir, Name: "self-check " + l.String(), Version: opt.Version, Yes: true,
	})
	if err != nil {
		return nil, spent, err
	}
	before := wire.CPUTime()
	spent.rss = watchMemory(ctx, run)
	spent.cpu = wire.CPUTime() - before
	res, err := run.Wait()
	if err == nil {
		err = res.Err
	}
	return run, spent, err
}

// plan is one step at the row's rate, filled to its streams before the window opens.
func (l Load) plan(opt Options) engine.Plan {
	p := record.DefaultPlan()
	p.Rates = []float64{l.rate(opt.Reply)}
	p.Duration = record.Duration(opt.Window)
	p.Warmup = record.Warmup{Fixed: true, For: opt.Reply.length()}
	p.Drain = record.Duration(2*opt.Reply.length() + 10*time.Second)
	p.Workload.PromptTokens, p.Workload.OutputTokens = promptTokens, opt.Reply.Tokens
	p.Endpoint = "completions"
	return p
}

// watchMemory looks at this process's memory until the run has ended, and cuts the run when ctx ends.
func watchMemory(ctx context.Context, run *engine.Run) (most int64) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	defer context.AfterFunc(ctx, run.Abort)()
	for {
		most = max(most, wire.RSSAnon())
		select {
		case <-run.Done():
			return most
		case <-tick.C:
		}
	}
}
