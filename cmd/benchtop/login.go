package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"benchtop/kube"
)

// A loginWatch takes what log-in plug-ins write while a screen or a sweep has the terminal: a token
// that runs out in the night may ask for a code. The lines go to the sweep's events and into the
// picture, and the sweep waits before its next step until the clusters answer again.
type loginWatch struct {
	clusters func() []func(context.Context) error // small questions to those that are open
	taken    atomic.Bool                          // the terminal: plug-ins may no longer ask on it
	gen      atomic.Uint64                        // grows when line changes

	ctx context.Context // ends with close
	end context.CancelFunc
	wg  sync.WaitGroup // of who waits for the end of a log-in

	mu   sync.Mutex    // guards what follows
	line string        // the last one of a log-in under way; "" = none is
	over chan struct{} // closed at its end; nil = none is under way
	tell func(string)
}

func (w *loginWatch) open(clusters func() []func(context.Context) error) {
	w.clusters = clusters
	w.ctx, w.end = context.WithCancel(context.Background())
}

// close ends the watch and waits for its goroutine.
func (w *loginWatch) close() {
	w.end()
	w.wg.Wait()
}

// takeTerminal sends what plug-ins write to w from now on; the function returned gives it back.
func (w *loginWatch) takeTerminal() (giveBack func()) {
	w.taken.Store(true)
	kube.OnLogin(w.said)
	return func() {
		kube.OnLogin(nil)
		w.taken.Store(false)
	}
}

// to makes tell the one that takes the lines.
func (w *loginWatch) to(tell func(string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell = tell
}

func (w *loginWatch) said(line string) {
	if line == "" {
		return
	}
	w.mu.Lock()
	w.line = line
	w.gen.Add(1)
	tell := w.tell
	if w.over == nil && w.ctx.Err() == nil {
		w.over = make(chan struct{})
		w.wg.Go(w.settle)
	}
	w.mu.Unlock()
	if tell != nil {
		tell("log-in: " + line)
	}
}

// asking is the last line of a log-in under way, and a channel that is closed at its end; "" and nil
// if none is.
func (w *loginWatch) asking() (string, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.line, w.over
}

// loginRetry is the pause between two questions to a cluster whose log-in failed.
const loginRetry = 2 * time.Second

// settle waits until every cluster answers: a question to one blocks, or fails, while its plug-in runs.
func (w *loginWatch) settle() {
	for w.ctx.Err() == nil {
		var failed error
		for _, ask := range w.clusters() {
			failed = errors.Join(failed, ask(w.ctx))
		}
		if failed == nil {
			break
		}
		select {
		case <-time.After(loginRetry):
		case <-w.ctx.Done():
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = ""
	close(w.over)
	w.over = nil
	w.gen.Add(1)
}

// hold is the engine's Hold: a step does not begin while a log-in is under way.
func (w *loginWatch) hold(ctx context.Context, say func(string)) {
	line, over := w.asking()
	if over == nil {
		return
	}
	say("waiting for the log-in before the next step: " + line)
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// pings are the questions to the clusters that are open.
func (b *backend) pings() (all []func(context.Context) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.clients {
		all = append(all, c.Ping)
	}
	return all
}
