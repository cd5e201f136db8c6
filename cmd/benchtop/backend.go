package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"benchtop/kube"
	"benchtop/kube/demo"
	"benchtop/kube/inventory"
	"benchtop/kube/sku"
	"benchtop/ui"
)

// backendOptions are what every command that looks for targets was told.
type backendOptions struct {
	demo   bool
	flags  *kube.Flags
	prices *sku.Book
	given  []sku.Given
	priced []string // what --price named
	// asks lets a log-in plug-in read from the terminal until a screen takes it.
	asks bool
	seen *places // namespaces remembered; nil = none are
}

// A backend joins kube and engine: it finds workspaces, opens ways to them and starts sweeps. It is
// the interface's world outside and that of the commands without one. Close ends everything it
// opened.
type backend struct {
	opt backendOptions
	run runOptions // how sweeps are made

	mu      sync.Mutex // guards what follows
	current *kube.Client
	away    *inventory.Cluster     // the picture while there is no current client
	clients map[place]*kube.Client // every one opened, kept because ways and runs live on them
	ways    map[string]*kube.Way   // by wayKey, the last one opened
	demos   *demoServers           // nil until the demo is opened
	closers []func() error         // ways that were replaced, closed at the end
	shown   picture

	login   loginWatch
	busy    *busyWatch
	endBusy context.CancelFunc // nil until the watch runs
	wg      sync.WaitGroup     // the watch, and whoever waits for the end of a sweep
}

// A picture is what Cluster gave last and what it was made of. Its Seq is the backend's own: those
// of two clients would meet.
type picture struct {
	of      *inventory.Cluster
	gen     uint64 // of the busy watch and the log-in
	cluster *inventory.Cluster
	seq     uint64
}

// A place is one picture of one cluster. The zero place is what the flags select.
type place struct {
	context, namespace string
	all                bool // every namespace, whatever -n says
}

var _ ui.Backend = (*backend)(nil)

func newBackend(opt backendOptions, run runOptions) *backend {
	b := &backend{opt: opt, run: run,
		clients: map[place]*kube.Client{}, ways: map[string]*kube.Way{}}
	b.away = b.blank(&inventory.Problem{What: "no cluster was opened"})
	b.login.open(b.pings)
	b.busy = newBusyWatch(func() *kube.Client {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.current
	})
	return b
}

// blank is the picture of a cluster that is away.
func (b *backend) blank(why *inventory.Problem) *inventory.Cluster {
	cl := &inventory.Cluster{Problem: why, Simulated: b.opt.demo}
	if b.opt.flags != nil && !b.opt.demo {
		cl.Contexts, cl.Context, _ = b.opt.flags.Contexts() // the problem says it already
	}
	return cl
}

// open opens the cluster that the flags select, or the embedded one, and makes it current. Log-in
// plug-ins may ask on the terminal, so it must come before the alternate screen.
func (b *backend) open(ctx context.Context) error {
	c, err := b.client(ctx, place{})
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		var problem *inventory.Problem
		if !errors.As(err, &problem) {
			problem = &inventory.Problem{What: "cannot open the cluster", Why: inventory.Clean(err.Error(), 300)}
		}
		b.away = b.blank(problem)
		return err
	}
	b.current = c
	c.Watch()
	return nil
}

// client opens a place once. The zero place is what the flags select.
func (b *backend) client(ctx context.Context, p place) (*kube.Client, error) {
	b.mu.Lock()
	c := b.clients[p]
	b.mu.Unlock()
	if c != nil {
		return c, nil
	}
	c, err := b.openClient(ctx, p)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if other := b.clients[p]; other != nil {
		return other, c.Close()
	}
	b.clients[p] = c
	return c, nil
}

func (b *backend) openClient(ctx context.Context, p place) (*kube.Client, error) {
	if b.opt.demo {
		if p.context != "" && p.context != demoContext {
			return nil, &inventory.Problem{What: fmt.Sprintf("no context %q in the demo", p.context), Next: []string{"leave out --demo"}}
		}
		servers, err := b.startDemo(ctx)
		if err != nil {
			return nil, err
		}
		namespace := p.namespace
		if namespace == "" && !p.all && b.opt.flags != nil {
			namespace = b.opt.flags.Namespace()
		}
		return demo.Open(demo.Options{Endpoints: servers.urls, Prices: b.opt.prices, Given: b.opt.given, Namespace: namespace})
	}
	flags := b.opt.flags.For(p.context)
	flags.AllNamespaces = flags.AllNamespaces || p.all
	_, name, _ := flags.Contexts() // Open says what is wrong with them
	return kube.Open(ctx, kube.Config{Flags: flags, Namespace: p.namespace, Namespaces: b.opt.seen.of(name),
		Prices: b.opt.prices, Given: b.opt.given, Interactive: b.opt.asks && !b.login.taken.Load()})
}

// startDemo starts the simulated servers once.
func (b *backend) startDemo(ctx context.Context) (*demoServers, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.demos != nil {
		return b.demos, nil
	}
	servers, err := startDemoServers(ctx)
	b.demos = servers
	return servers, err
}

// Cluster is the latest picture; never nil. It is the same as long as nothing has changed.
func (b *backend) Cluster() *inventory.Cluster {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.away
	if b.current != nil {
		now = b.current.Cluster()
	}
	if gen := b.busy.gen.Load() + b.login.gen.Load(); b.shown.of != now || b.shown.gen != gen {
		cl := *now
		b.busy.addTo(&cl)
		if line, _ := b.login.asking(); line != "" {
			cl.Problem = &inventory.Problem{What: "a log-in plug-in asks", Why: line}
		}
		b.shown.seq++
		cl.Seq = b.shown.seq
		b.shown.of, b.shown.gen, b.shown.cluster = now, gen, &cl
	}
	return b.shown.cluster
}

// watchBusy asks the servers for their load until Close.
func (b *backend) watchBusy(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.endBusy != nil {
		return
	}
	ctx, b.endBusy = context.WithCancel(context.WithoutCancel(ctx))
	b.wg.Go(func() {
		defer func() { _ = recover() }() // the column is a courtesy: it goes, the screen stays
		b.busy.watch(ctx)
	})
}

// Use changes context or namespace; "" = all.
func (b *backend) Use(ctx context.Context, kubeContext, namespace string) error {
	c, err := b.client(ctx, b.placeOf(kubeContext, namespace))
	if err != nil {
		return err
	}
	c.Watch()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current = c
	b.busy.look()
	b.opt.seen.add(c.Cluster().Context, namespace)
	return nil
}

// placeOf is the zero place if that shows what is asked for, so that no cluster is watched twice.
func (b *backend) placeOf(kubeContext, namespace string) place {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.clients[place{}]; c != nil && c.Cluster().Context == kubeContext {
		if c.Cluster().Namespace == namespace {
			return place{}
		}
		kubeContext = "" // what the flags select may have no name: a pod's own account
	}
	return place{context: kubeContext, namespace: namespace, all: namespace == ""}
}

// Retry opens the cluster again after a problem.
func (b *backend) Retry(ctx context.Context) error {
	b.mu.Lock()
	lost := b.current == nil
	b.mu.Unlock()
	if !lost {
		return nil // the watch retries by itself
	}
	return b.open(ctx)
}

// Close ends ways, clients and simulated servers, in that order. Sweeps must have ended before.
func (b *backend) Close() error {
	b.mu.Lock()
	end := b.endBusy
	b.mu.Unlock()
	if end != nil {
		end()
	}
	b.login.close()
	b.wg.Wait()
	b.busy.close()
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, w := range b.ways {
		errs = append(errs, w.Close())
	}
	for _, f := range b.closers {
		errs = append(errs, f())
	}
	for _, c := range b.clients {
		errs = append(errs, c.Close())
	}
	if b.demos != nil {
		b.demos.Close()
	}
	b.ways, b.closers, b.clients, b.current, b.demos = map[string]*kube.Way{}, nil, map[place]*kube.Client{}, nil, nil
	return errors.Join(errs...)
}

// runOptions are how sweeps are made, beside their plan.
type runOptions struct {
	out, name string // --out, --name
	labels    map[string]string
	apiKey    string
	tls       *tls.Config
	yes       bool
	wait      time.Duration // for a target that is not ready; 0 = not at all
}
