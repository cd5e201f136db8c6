package ui

import (
	"context"
	"errors"
	"sync"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/kube/inventory"
	"benchtop/ui/screen/fixture"
)

// fakeBackend answers from fields; tests set them before use.
type fakeBackend struct {
	mu       sync.Mutex
	cluster  *inventory.Cluster
	checks   []Check
	checkErr error
	startErr error
	run      *fakeRun
	runs     []RunInfo
	record   *record.Run
	loadErr  error
	saved    map[string][]byte
	calls    []string
}

func newBackend() *fakeBackend {
	return &fakeBackend{cluster: fixture.Cluster(), checks: fixture.Checks(), runs: fixture.Runs(), record: fixture.Run(2), saved: map[string][]byte{}}
}

func (b *fakeBackend) called(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, s)
}

func (b *fakeBackend) log() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.calls...)
}

func (b *fakeBackend) Cluster() *inventory.Cluster { return b.cluster }
func (b *fakeBackend) Use(_ context.Context, kubeContext, namespace string) error {
	b.called("use " + kubeContext + "/" + namespace)
	return nil
}
func (b *fakeBackend) Retry(context.Context) error { b.called("retry"); return nil }
func (b *fakeBackend) Preflight(context.Context, record.Plan, []Selection) ([]Check, error) {
	b.called("preflight")
	return b.checks, b.checkErr
}
func (b *fakeBackend) Start(_ context.Context, plan record.Plan, sel []Selection, yes bool) (Run, error) {
	if yes {
		b.called("start yes")
	} else {
		b.called("start")
	}
	if b.startErr != nil {
		return nil, b.startErr
	}
	b.run = newRun(len(sel))
	return b.run, nil
}
func (b *fakeBackend) Runs(context.Context) ([]RunInfo, error) { b.called("runs"); return b.runs, nil }
func (b *fakeBackend) Load(_ context.Context, name string) (string, *record.Run, error) {
	b.called("load " + name)
	return fixture.Dir, b.record, b.loadErr
}
func (b *fakeBackend) Export(_ context.Context, dir, format string) ([]string, error) {
	b.called("export " + format)
	if format == "html" {
		return nil, errors.New("disk full")
	}
	return []string{dir + "/out." + format}, nil
}
func (b *fakeBackend) SaveFile(name string, data []byte) (string, error) {
	b.saved[name] = data
	return "/home/user/" + name, nil
}

// fakeRun is a sweep whose clock a test turns by hand.
type fakeRun struct {
	mu      sync.Mutex
	n       int
	snap    *engine.Snapshot
	events  chan engine.Event
	done    chan struct{}
	calls   []string
	slow    bool // Stop does not end it: requests are in flight
	waitErr error
	broken  error // the Err of its result
}

func newRun(n int) *fakeRun {
	return &fakeRun{n: n, snap: fixture.Snapshot(n, 0), events: make(chan engine.Event, 16), done: make(chan struct{})}
}

// at turns the clock to so many seconds into the sweep.
func (r *fakeRun) at(seconds int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snap = fixture.Snapshot(r.n, seconds)
	if r.snap.Done {
		r.end()
	}
}

// end must be called with mu held.
func (r *fakeRun) end() {
	select {
	case <-r.done:
	default:
		close(r.done)
	}
}

func (r *fakeRun) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := *r.snap
	s.Seq, s.Done, s.Phase, s.At = s.Seq+1, true, "done", s.At+time.Second
	r.snap = &s
	r.end()
}

func (r *fakeRun) called(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, s)
}

func (r *fakeRun) log() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.calls...)
}

func (r *fakeRun) Snapshot() *engine.Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snap
}
func (r *fakeRun) Events() <-chan engine.Event { return r.events }
func (r *fakeRun) Skip(target string)          { r.called("skip " + target) }
func (r *fakeRun) Stop() {
	r.called("stop")
	if !r.slow {
		r.finish()
	}
}
func (r *fakeRun) Abort()                { r.called("abort"); r.finish() }
func (r *fakeRun) Note(text string)      { r.called("note " + text) }
func (r *fakeRun) Done() <-chan struct{} { return r.done }
func (r *fakeRun) Wait() (*engine.Result, error) {
	<-r.done
	return &engine.Result{Run: fixture.Run(r.n), Dir: fixture.Dir, Err: r.broken}, r.waitErr
}
