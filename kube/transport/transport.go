// Package transport reaches a pod or a Service through the Kubernetes API server.
//
//	f, err := transport.NewForwarder(cfg, transport.Pod{Namespace: ns, Name: "ws-0", Port: 5000}, transport.Options{})
//	http.Transport{DialContext: f.Dial}                // port-forward, no local listener
//	p, err := transport.NewProxy(cfg, ns, "ws", 80)    // services/proxy over HTTP/2
//
// A Forwarder carries every connection as a pair of SPDY streams in a tunnel: over WebSocket where
// the API server takes it (Kubernetes 1.30 and later), else plain SPDY. Streams are spread over
// several tunnels, because all streams of a tunnel share one TCP connection and wait for each
// other's bytes where packets are lost (on loopback 1, 4 and 8 tunnels are alike). A connection of a tunnel that was cut fails with ErrCut, never with a clean end.
//
// What is promised: deadlines and Close work at any time and from any goroutine; cancelling a Dial
// returns at once; Close of a Forwarder waits for its goroutines; nothing is throttled.
//
// It may import client-go and kube/inventory.
package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// ErrCut is the cause of errors of connections whose tunnel ended under them.
var ErrCut = errors.New("port-forward tunnel cut")

// Pod is where a Forwarder leads.
type Pod struct {
	Namespace, Name string
	Port            int
}

// Options bound a Forwarder; the zero value has the defaults.
type Options struct {
	// StreamsPerTunnel is the number of open connections above which another tunnel is opened;
	// default 24.
	StreamsPerTunnel int
	// MaxTunnels bounds the tunnels; default 8.
	MaxTunnels int
	// PingEvery is how often the far end is asked for a sign of life; default 1 s. The API server
	// notices a cut below a WebSocket tunnel only when the client sends something (it holds a lock
	// while it reads), so this also bounds how long a cut can go unnoticed.
	PingEvery time.Duration
	// StallAfter is the silence after which State tells of a stall; default 3 s.
	StallAfter time.Duration
	// CutAfter is the silence after which a tunnel is given up; default 15 s.
	CutAfter time.Duration
	// Protocol forces "websocket" or "spdy"; "" = WebSocket, falling back to SPDY.
	Protocol string
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	if o.StreamsPerTunnel <= 0 {
		o.StreamsPerTunnel = 24
	}
	if o.MaxTunnels <= 0 {
		o.MaxTunnels = 8
	}
	def(&o.PingEvery, time.Second)
	def(&o.StallAfter, 3*time.Second)
	def(&o.CutAfter, 15*time.Second)
	return o
}

// Forwarder dials connections to one port of one pod. It is safe for concurrent use.
type Forwarder struct {
	pod  Pod
	opts Options
	open func(ctx context.Context) (*tunnel, error)

	ctx    context.Context // ends when the Forwarder is closed
	cancel context.CancelFunc
	wg     sync.WaitGroup
	cuts   atomic.Int64

	mu      sync.Mutex // guards what follows
	tunnels []*tunnel
	opening chan struct{} // closed when the attempt under way is over; nil = none
	openErr error         // of the last attempt
	closed  bool
}

// NewForwarder prepares a Forwarder; nothing is dialled before the first Dial or Open.
func NewForwarder(cfg *rest.Config, pod Pod, opts Options) (*Forwarder, error) {
	u, err := podURL(cfg, pod)
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	d := &tunnelDialer{cfg: rest.CopyConfig(cfg), url: u, opts: opts, logger: klog.Background()}
	return newForwarder(pod, opts, d.dial), nil
}

func newForwarder(pod Pod, opts Options, open func(context.Context) (*tunnel, error)) *Forwarder {
	f := &Forwarder{pod: pod, opts: opts, open: open}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// podURL is the port-forward subresource of the pod.
func podURL(cfg *rest.Config, pod Pod) (*url.URL, error) {
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("server address: %w", err)
	}
	return base.JoinPath("api", "v1", "namespaces", url.PathEscape(pod.Namespace), "pods", url.PathEscape(pod.Name), "portforward"), nil
}

// Open makes sure that a tunnel stands, so that what is wrong shows before the first Dial.
func (f *Forwarder) Open(ctx context.Context) error {
	_, err := f.pick(ctx)
	return err
}

// Dial opens a connection to the pod's port. The network and address are ignored: a Forwarder leads
// to one place. ctx bounds the dialling only.
func (f *Forwarder) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	t, err := f.pick(ctx)
	if err != nil {
		return nil, err
	}
	c, err := t.dial(ctx, f.pod)
	if err != nil {
		return nil, fmt.Errorf("forward to pod %s/%s: %w", f.pod.Namespace, f.pod.Name, err)
	}
	return c, nil
}

// State tells whether the way stands: ok is false with a reason while a tunnel is silent or after
// one was cut and none stands. cuts counts the tunnels that ended without being asked to, or fell
// silent for StallAfter: what goes over one then comes late, whatever comes of the tunnel.
func (f *Forwarder) State() (ok bool, cuts int, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	cuts = int(f.cuts.Load())
	live := 0
	for _, t := range f.tunnels {
		if !t.alive() {
			continue
		}
		live++
		if s := t.silence(); s > f.opts.StallAfter {
			return false, cuts, fmt.Sprintf("no sign of life through the port-forward for %.0f s", s.Seconds())
		}
	}
	if live == 0 && (cuts > 0 || len(f.tunnels) > 0) {
		return false, cuts, "port-forward tunnel cut"
	}
	return true, cuts, ""
}

// Protocol is how the tunnels run, "websocket" or "spdy"; "" before the first.
func (f *Forwarder) Protocol() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tunnels {
		return t.protocol
	}
	return ""
}

// Reset cuts all tunnels, so that the next Dial opens a new one: a tunnel belongs to the pod that
// was there when it was opened, and does not reach its successor.
func (f *Forwarder) Reset() {
	f.mu.Lock()
	old := f.tunnels
	f.tunnels = nil
	f.mu.Unlock()
	for _, t := range old {
		t.close(net.ErrClosed)
	}
}

// Close cuts all tunnels and their connections and waits for the goroutines under them.
func (f *Forwarder) Close() error {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.cancel()
	f.Reset()
	f.wg.Wait()
	return nil
}

// pick returns the live tunnel with the fewest connections, opening the first one, and starting
// another in the background when all are well filled.
func (f *Forwarder) pick(ctx context.Context) (*tunnel, error) {
	for {
		f.mu.Lock()
		if f.closed {
			f.mu.Unlock()
			return nil, net.ErrClosed
		}
		t := f.least()
		full := t == nil || int(t.conns.Load()) >= f.opts.StreamsPerTunnel
		if full && len(f.tunnels) < f.opts.MaxTunnels && f.opening == nil {
			f.startOpening()
		}
		wait := f.opening
		f.mu.Unlock()
		if t != nil {
			return t, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		f.mu.Lock()
		err := f.openErr
		f.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
}

// least drops tunnels that ended and returns the emptiest of the others. f.mu is held.
func (f *Forwarder) least() *tunnel {
	var best *tunnel
	live := f.tunnels[:0]
	for _, t := range f.tunnels {
		if !t.alive() {
			continue
		}
		live = append(live, t)
		if best == nil || t.conns.Load() < best.conns.Load() {
			best = t
		}
	}
	clear(f.tunnels[len(live):])
	f.tunnels = live
	return best
}

// openTimeout bounds one attempt to open a tunnel.
const openTimeout = 15 * time.Second

// startOpening starts one attempt. f.mu is held and f.opening is nil.
func (f *Forwarder) startOpening() {
	done := make(chan struct{})
	f.opening = done
	f.wg.Go(func() {
		ctx, cancel := context.WithTimeout(f.ctx, openTimeout)
		defer cancel()
		var t *tunnel
		err := caught(func() (err error) { t, err = f.open(ctx); return err })
		f.mu.Lock()
		defer f.mu.Unlock()
		f.opening, f.openErr = nil, err
		if err == nil {
			f.tunnels = append(f.tunnels, t)
			f.wg.Go(func() { f.watch(t) })
			if f.closed {
				t.close(net.ErrClosed)
			}
		}
		close(done)
	})
}

// watch waits for the end of a tunnel and gives it up when it has been silent for too long.
func (f *Forwarder) watch(t *tunnel) {
	stalled := false // and counted; its end does not count again
	tick := time.NewTicker(f.opts.PingEvery / 2)
	defer tick.Stop()
	for {
		select {
		case <-t.conn.CloseChan():
			if t.close(ErrCut) && !stalled {
				f.cuts.Add(1)
			}
			t.wait()
			return
		case <-tick.C:
			s := t.silence()
			if quiet := s > f.opts.StallAfter; quiet != stalled {
				if stalled = quiet; quiet {
					f.cuts.Add(1)
				}
			}
			if s > f.opts.CutAfter {
				t.close(fmt.Errorf("%w: silent for %.0f s", ErrCut, s.Seconds()))
			}
		}
	}
}
