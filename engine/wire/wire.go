// Package wire sends requests and receives streamed replies with stamps that can be trusted: the
// receive stamp of every byte is the kernel's own where there is one (Linux TCP, below TLS as
// well), and the send stamp is taken right before the first write.
//
//	c, err := wire.NewClient(wire.Config{BaseURL: url})
//	slot := c.Reserve(ctx, dueNS)                    // half a second ahead; never blocks
//	pacer.Wait(ctx, dueNS)
//	x, err := c.Post(ctx, slot, "/v1/completions", id, body, handler)
//
// Stamps are ns on CLOCK_MONOTONIC (Now). Kernel stamps are made on CLOCK_REALTIME; a Clock follows
// the offset between the two and counts its steps. Where the kernel gives no stamps (other systems,
// tunnels), stamps are taken when the read returns, and Exchange.Kernel is false.
//
// HTTP/1.1 is spoken by hand on connections of our own, one request at a time each: no compression,
// no redirect followed, no proxy from the environment, never a wait for a free connection. A
// connection idle for less than 2 s is reused (uvicorn closes at 5 s), else one is dialled, ahead of
// time where it was reserved. Only Config.RoundTripper goes through net/http.
//
// Why by hand: reading with recvmsg through RawSyscall does not wake the runtime's monitor thread,
// which costs an idle process as much again as the reading (BenchmarkLoad has a row for each).
// Nothing on the path of a received byte allocates, and deadlines are never used, because tunnels
// have none: one goroutine per Client cuts what stalls.
//
// The Client owns every goroutine it starts; Close waits for them. It imports the standard library
// and x/sys. All build tags of the repository are here.
package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Config is how to reach one endpoint.
type Config struct {
	// BaseURL is scheme, host and optional path prefix: "http://10.0.0.7:8000".
	BaseURL string
	// Dial makes connections; nil = TCP. It must return when its context ends. Of the connections
	// only Read, Write and Close are used, and Close must end a Read under way.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// RoundTripper, if set, carries the requests through net/http: user stamps, Dial and TLS unused.
	RoundTripper http.RoundTripper
	// TLS is used with https; ServerName defaults to the host.
	TLS *tls.Config
	// Header goes with every request. Its values never appear in an error.
	Header http.Header
	// StallLimit cuts an exchange in which no byte moved for so long; 0 = never.
	StallLimit time.Duration
	// Clock converts kernel stamps; nil = the client has one of its own.
	Clock *Clock
}

// Handler receives a reply as it arrives, on the goroutine that called Post.
type Handler interface {
	// Head is called once, before any Body.
	Head(status int, contentType string, stampNS int64)
	// Body gets the bytes that one read brought, chunk framing removed; b is only valid during the
	// call. An error ends the exchange: the connection is closed and Post returns that error.
	Body(b []byte, stampNS int64, kernel bool) error
}

// Exchange is what is known of one request besides the reply's content. Stamps are 0 if it did not
// get so far.
type Exchange struct {
	SentNS int64 // right before the first write of the request (of the last try, if redialled)
	HeadNS int64 // the read that completed the head of the reply
	DoneNS int64 // the read that brought the last byte of a reply that came to its end
	// ConnectNS is how long the connection took to make, TLS included; 0 if it was used before.
	ConnectNS int64
	// NewConn: the request waited for its connection, wholly or in part.
	NewConn bool
	// Redialled: a connection opened ahead was found closed before the reply's first byte, and
	// another took its place.
	Redialled bool
	Kernel    bool // every stamp of the reply is the kernel's
	// LateNS is the longest time that the last bytes of a read lay in the kernel before it: how late
	// this process was. 0 with user stamps.
	LateNS      int64
	Status      int
	ContentType string // as received
	Location    string // of a redirect, as received
	Reads       int    // reads that brought bytes of the reply
}

// Client talks to one endpoint. It is safe for concurrent use.
type Client struct {
	cfg    Config
	at     endpoint
	clock  *Clock
	ctx    context.Context // ends with Close; dials and the keeper hang on it
	cancel context.CancelFunc
	wg     sync.WaitGroup
	broke  atomic.Pointer[Panic] // the first in a goroutine of ours

	mu     sync.Mutex // guards what follows
	closed bool
	load   []*conn // idle, the most recently used last
	side   []*conn
	active map[*watched]struct{}
}

// NewClient checks cfg and makes a client; nothing is dialled yet.
func NewClient(cfg Config) (*Client, error) {
	at, err := parseEndpoint(cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, at: at, clock: cfg.Clock, active: map[*watched]struct{}{}}
	if c.clock == nil {
		c.clock = NewClock()
	}
	if c.cfg.Dial == nil {
		c.cfg.Dial = (&net.Dialer{}).DialContext
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.wg.Go(func() { c.guarded(c.keep) })
	return c, nil
}

// Close cuts what is under way (OpCancelled), closes every connection and waits. It may be called
// again.
func (c *Client) Close() {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	idle := append(c.load, c.side...)
	c.load, c.side = nil, nil
	cut := make([]*watched, 0, len(c.active))
	for w := range c.active {
		cut = append(cut, w)
	}
	c.mu.Unlock()
	c.cancel()
	for _, cn := range idle {
		cn.close()
	}
	for _, w := range cut {
		w.cut(cutClosed)
	}
	c.wg.Wait()
	if first && c.cfg.Clock == nil {
		c.clock.Close()
	}
}

// Post sends one request of the load and hands the reply to h until its end. slot may be nil. The
// error is an *Error, or what h.Body returned; the Exchange is filled as far as it went.
func (c *Client) Post(ctx context.Context, slot *Slot, path, requestID string, body []byte, h Handler) (Exchange, error) {
	j := job{pool: &c.load, slot: slot, h: h, request: request{
		method: http.MethodPost, path: path, id: requestID, body: body, accept: "text/event-stream",
	}}
	err := c.do(ctx, &j)
	return j.x, err
}
