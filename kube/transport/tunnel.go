package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// The protocol of port-forward, and its prefix when SPDY is tunnelled in a WebSocket.
const (
	forwardProtocol = "portforward.k8s.io"
	tunnelPrefix    = "SPDY/3.1+"
)

// tunnel is one SPDY connection to a pod.
type tunnel struct {
	conn     httpstream.Connection
	raw      *livingConn // what conn runs on
	protocol string
	conns    atomic.Int32 // open connections
	requests atomic.Int64
	err      atomic.Pointer[error] // why it ended

	mu   sync.Mutex // guards over; no goroutine is started once it is set
	over bool
	wg   sync.WaitGroup // goroutines of its connections
}

// spawn runs each of fs in a goroutine of the tunnel; false = the tunnel has ended, none runs. A panic
// in one ends the tunnel, as a cut would.
func (t *tunnel) spawn(fs ...func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return false
	}
	for _, f := range fs {
		t.wg.Go(func() {
			if err := caught(func() error { f(); return nil }); err != nil {
				t.close(err)
			}
		})
	}
	return true
}

// caught is f's error; a panic in it is one, and does not end the program: the terminal and the run's
// files belong to others.
func caught(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("port-forward: internal error: %v", v)
		}
	}()
	return f()
}

func (t *tunnel) alive() bool {
	select {
	case <-t.conn.CloseChan():
		return false
	default:
		return t.err.Load() == nil
	}
}

func (t *tunnel) silence() time.Duration { return t.raw.silence() }

// close ends the tunnel and says whether this call did. Closing the raw connection is what frees
// every reader and writer: SPDY's own Close waits for its streams.
func (t *tunnel) close(cause error) (first bool) {
	t.mu.Lock()
	first = !t.over
	if first {
		t.over = true
		t.err.Store(&cause)
	}
	t.mu.Unlock()
	if first {
		_ = t.raw.Close()
		_ = t.conn.Close()
	}
	return first
}

// wait returns when every goroutine of the tunnel's connections has ended; the tunnel is closed.
func (t *tunnel) wait() { t.wg.Wait() }

// cause is why the tunnel ended, nil while it stands.
func (t *tunnel) cause() error {
	if p := t.err.Load(); p != nil {
		return *p
	}
	if !t.alive() {
		return ErrCut
	}
	return nil
}

// dial opens the error and the data stream of one connection. The library waits up to 30 s for the
// far end to take a stream, whatever becomes of the tunnel, so that wait has a goroutine of its own
// that nobody waits for.
func (t *tunnel) dial(ctx context.Context, pod Pod) (net.Conn, error) {
	type result struct {
		c   *conn
		err error
	}
	got := make(chan result) // unbuffered: a connection is either taken or closed
	gone := make(chan struct{})
	defer close(gone)
	t.conns.Add(1)
	go func() {
		var c *conn
		err := caught(func() (err error) { c, err = t.streams(pod); return err })
		if err != nil {
			t.conns.Add(-1)
		}
		select {
		case got <- result{c, err}:
		case <-gone:
			if err == nil {
				_ = c.Close()
			}
		}
	}()
	select {
	case r := <-got:
		if r.err != nil {
			return nil, r.err
		}
		return r.c, nil
	case <-t.conn.CloseChan():
		return nil, t.cause()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (t *tunnel) streams(pod Pod) (*conn, error) {
	h := http.Header{}
	h.Set("streamType", "error")
	h.Set("port", strconv.Itoa(pod.Port))
	h.Set("requestID", strconv.FormatInt(t.requests.Add(1), 10))
	errs, err := t.conn.CreateStream(h)
	if err != nil {
		return nil, t.explain(err)
	}
	_ = errs.Close() // we do not write to it
	h = h.Clone()
	h.Set("streamType", "data")
	data, err := t.conn.CreateStream(h)
	if err != nil {
		_ = errs.Reset()
		t.conn.RemoveStreams(errs)
		return nil, t.explain(err)
	}
	c := newConn(t, data, errs, pod)
	if !t.spawn(c.pump, c.listen) {
		return nil, t.cause()
	}
	return c, nil
}

// explain prefers the reason for which the tunnel ended over what the stream made of it.
func (t *tunnel) explain(err error) error {
	if cause := t.cause(); cause != nil {
		return cause
	}
	return err
}

// tunnelDialer opens tunnels.
type tunnelDialer struct {
	cfg    *rest.Config
	url    *url.URL
	opts   Options
	logger klog.Logger
	spdy   atomic.Bool // WebSocket was refused and SPDY taken: do not ask again
}

func (d *tunnelDialer) dial(ctx context.Context) (*tunnel, error) {
	if d.opts.Protocol != "spdy" && !d.spdy.Load() {
		t, err := d.overWebSocket(ctx)
		if err == nil || d.opts.Protocol == "websocket" || !refused(err) {
			return t, d.explain(err)
		}
	}
	t, err := d.overSPDY(ctx)
	if err == nil {
		d.spdy.Store(true) // a refusal alone may have been for the pod, which was not there
	}
	return t, d.explain(err)
}

// refused says that the server, or an HTTPS proxy before it, does not take WebSocket.
func refused(err error) bool {
	return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
}

func (d *tunnelDialer) explain(err error) error {
	if err == nil {
		return nil
	}
	var up *httpstream.UpgradeFailureError
	if errors.As(err, &up) {
		err = up.Cause
	}
	return fmt.Errorf("port-forward: %w", err)
}

func (d *tunnelDialer) overWebSocket(ctx context.Context) (*tunnel, error) {
	rt, holder, err := websocket.RoundTripperFor(d.cfg)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url.String(), nil)
	if err != nil {
		return nil, err
	}
	ws, err := websocket.Negotiate(rt, holder, req, tunnelPrefix+forwardProtocol)
	if err != nil {
		return nil, err
	}
	raw := living(portforward.NewTunnelingConnectionWithLogger(d.logger, ws))
	c, err := spdy.NewClientConnectionWithPings(raw, d.opts.PingEvery)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return &tunnel{conn: c, raw: raw, protocol: "websocket"}, nil
}

// overSPDY upgrades with the POST that Kubernetes before 1.30 knows. The connection is dialled here
// so that its silence can be told.
func (d *tunnelDialer) overSPDY(ctx context.Context) (*tunnel, error) {
	tlsCfg, err := rest.TLSConfigFor(d.cfg)
	if err != nil {
		return nil, err
	}
	if tlsCfg == nil {
		tlsCfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	var raw *livingConn
	base := &http.Transport{TLSClientConfig: tlsCfg}
	base.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err == nil {
			raw = living(c)
			return raw, nil
		}
		return nil, err
	}
	cfg := spdy.RoundTripperConfig{UpgradeTransport: base, PingPeriod: d.opts.PingEvery}
	if proxied(d.cfg, d.url) { // a proxy's dialling is the library's: silence cannot be told then
		cfg = spdy.RoundTripperConfig{TLS: tlsCfg, Proxier: d.cfg.Proxy, PingPeriod: d.opts.PingEvery}
	}
	up, err := spdy.NewRoundTripperWithConfig(cfg)
	if err != nil {
		return nil, err
	}
	rt, err := rest.HTTPWrappersForConfig(d.cfg, up)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set(httpstream.HeaderProtocolVersion, forwardProtocol)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	c, err := up.NewConnection(resp)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		raw = unknownLife()
	}
	return &tunnel{conn: c, raw: raw, protocol: "spdy"}, nil
}

func proxied(cfg *rest.Config, u *url.URL) bool {
	proxy := cfg.Proxy
	if proxy == nil {
		proxy = utilnet.NewProxierWithNoProxyCIDR(http.ProxyFromEnvironment)
	}
	p, err := proxy(&http.Request{URL: u})
	return err != nil || p != nil
}

// livingConn is a connection that knows when it last heard something.
type livingConn struct {
	net.Conn
	heard atomic.Int64 // ns since base
	base  time.Time
	shut  atomic.Bool
}

func living(c net.Conn) *livingConn { return &livingConn{Conn: c, base: time.Now()} }

// unknownLife stands for a connection that is not ours to watch.
func unknownLife() *livingConn { return &livingConn{} }

func (c *livingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(int64(time.Since(c.base)))
	}
	return n, err
}

// Write drops what is written after Close. Together with a Close that never fails this lets SPDY end
// at once: it waits a second for somebody to hear of an error of its own closing, and TLS fails to
// close what is closed.
func (c *livingConn) Write(p []byte) (int, error) {
	if c.shut.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// Close closes once.
func (c *livingConn) Close() error {
	if c.Conn == nil || c.shut.Swap(true) {
		return nil
	}
	return c.Conn.Close()
}

func (c *livingConn) silence() time.Duration {
	if c.Conn == nil {
		return 0
	}
	return time.Since(c.base) - time.Duration(c.heard.Load())
}
