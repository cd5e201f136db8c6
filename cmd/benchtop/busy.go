package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"benchtop/engine"
	"benchtop/kube"
	"benchtop/kube/inventory"
)

const (
	// busyEvery is the pause between two looks. It grows while nothing changes, up to busyRarely: a
	// picker that is left open should cost nothing, and a run asks its targets anew.
	busyEvery  = 10 * time.Second
	busyRarely = 30 * time.Second
	// maxBusy bounds how many servers are asked: the column is a courtesy.
	maxBusy = 32
)

// A busyWatch asks the servers behind the picture how many requests they have, for the picker. It
// goes by the API server's proxy alone, one small GET each: opening a tunnel to every pod would be
// more than a look. It rests while a sweep runs. Where the user has no such right nothing is known.
type busyWatch struct {
	source func() *kube.Client // nil = no cluster now
	sweeps atomic.Int32        // that are running
	gen    atomic.Uint64       // grows when loads change
	soon   chan struct{}       // holds one token when another cluster is shown

	mu    sync.Mutex           // guards what follows
	ways  map[string]*kube.Way // by workspaceKey
	tries map[string]time.Time // when there was no way
	loads map[string]serverLoad
}

// noWayFor is how long a workspace is left alone that could not be reached.
const noWayFor = time.Minute

func newBusyWatch(source func() *kube.Client) *busyWatch {
	return &busyWatch{source: source, soon: make(chan struct{}, 1), ways: map[string]*kube.Way{}, tries: map[string]time.Time{}, loads: map[string]serverLoad{}}
}

// serverLoad is what one server said.
type serverLoad struct{ running, waiting *float64 }

func (l serverLoad) equal(m serverLoad) bool {
	same := func(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }
	return same(l.running, m.running) && same(l.waiting, m.waiting)
}

// watch runs until ctx ends.
func (w *busyWatch) watch(ctx context.Context) {
	var pause time.Duration
	for {
		before := w.gen.Load()
		if c := w.source(); c != nil && w.sweeps.Load() == 0 {
			w.askAll(ctx, c)
		}
		c := w.source()
		listed := c != nil && (c.Cluster().Synced || len(c.Cluster().Workspaces) > 0)
		pause = nextPause(pause, listed, w.gen.Load() != before)
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-w.soon:
			t.Stop()
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// look ends the pause: another cluster is shown.
func (w *busyWatch) look() {
	select {
	case w.soon <- struct{}{}:
	default:
	}
}

// nextPause is how long the servers are left alone after a look.
func nextPause(last time.Duration, listed, changed bool) time.Duration {
	switch {
	case !listed:
		return 200 * time.Millisecond // the first list is still on its way
	case changed || last < busyEvery:
		return busyEvery
	}
	return min(last+busyEvery, busyRarely)
}

func (w *busyWatch) askAll(ctx context.Context, c *kube.Client) {
	var asked []inventory.Workspace
	for _, ws := range c.Cluster().Workspaces {
		if (ws.Benchmarkable || startsUp(&ws)) && len(asked) < maxBusy {
			asked = append(asked, ws)
		}
	}
	each(len(asked), func(i int) {
		load := w.ask(ctx, c, asked[i])
		w.mu.Lock()
		defer w.mu.Unlock()
		key := workspaceKey(&asked[i])
		if !load.equal(w.loads[key]) {
			w.loads[key] = load
			w.gen.Add(1)
		}
	})
}

func (w *busyWatch) ask(ctx context.Context, c *kube.Client, ws inventory.Workspace) (load serverLoad) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	key := workspaceKey(&ws)
	w.mu.Lock()
	way, tried := w.ways[key], w.tries[key]
	w.mu.Unlock()
	if way == nil {
		if time.Since(tried) < noWayFor && ws.Benchmarkable {
			return load
		}
		if way = w.connect(ctx, c, ws, key); way == nil {
			return load // nothing is known
		}
	}
	v, err := engine.Metrics(ctx, engine.Target{BaseURL: way.BaseURL, Dial: way.Dial, RoundTripper: way.RoundTripper})
	if err != nil {
		return load
	}
	return serverLoad{v.Running, v.Waiting}
}

// startsUp says that Kaito's own benchmark runs, or is going to.
func startsUp(ws *inventory.Workspace) bool {
	return ws.State == kube.StateStarting && ws.StartupBenchmark
}

func (w *busyWatch) connect(ctx context.Context, c *kube.Client, ws inventory.Workspace, key string) *kube.Way {
	way, err := c.Connect(ctx, ws, kube.ViaProxy)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.tries[key] = time.Now()
		return nil
	}
	if other := w.ways[key]; other != nil {
		_ = way.Close() // somebody else was quicker
		return other
	}
	w.ways[key] = way
	return way
}

// startReason is why a starting workspace is not ready, as far as its server can tell.
func (w *busyWatch) startReason(ctx context.Context, c *kube.Client, ws inventory.Workspace) string {
	if startsUp(&ws) && w.ask(ctx, c, ws).running != nil {
		return kube.Benchmarking
	}
	return ws.Reason
}

// close drops the ways. Nobody may ask any more.
func (w *busyWatch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, way := range w.ways {
		_ = way.Close() // it only read
	}
	clear(w.ways)
}

// addTo puts what is known of the servers into a picture, whose workspaces become its own.
func (w *busyWatch) addTo(cl *inventory.Cluster) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cl.Workspaces = append([]inventory.Workspace(nil), cl.Workspaces...)
	for i := range cl.Workspaces {
		ws := &cl.Workspaces[i]
		load := w.loads[workspaceKey(ws)]
		ws.Running, ws.Waiting = load.running, load.waiting
		if startsUp(ws) && load.running != nil {
			ws.Reason = kube.Benchmarking
		}
	}
}

func workspaceKey(ws *inventory.Workspace) string {
	return ws.Context + "\x00" + ws.Namespace + "/" + ws.Name + "\x00" + ws.PodUID
}
