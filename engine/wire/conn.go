package wire

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync/atomic"
	"time"
)

// idleMax is how long a connection may lie idle and still be used. uvicorn closes at 5 s; the rest
// is for servers and tunnels that are less patient.
const idleMax = 2 * time.Second

// dialLimit bounds the making of a connection, TLS included.
const dialLimit = 10 * time.Second

// conn is one connection to the endpoint.
type conn struct {
	watched
	raw       *stampConn
	rw        net.Conn // raw, or TLS on top of it
	connectNS int64
	idleNS    int64 // since when it is idle
	used      bool  // a request was sent on it
	ahead     bool  // it was open before the request that uses it now was due
}

// close does without TLS's farewell: that can block.
func (cn *conn) close() { cn.raw.Conn.Close() }

// alive is false if the server has closed the connection, or sent what nobody asked for. TLS leaves
// session tickets unread.
func (cn *conn) alive() bool {
	if cn.raw.kernel == nil {
		return true // nobody knows; a request that finds it closed is sent again
	}
	closed, unread := cn.raw.kernel.idleState()
	return !closed && (!unread || cn.rw != net.Conn(cn.raw))
}

// dial makes a connection.
func (c *Client) dial(ctx context.Context) (*conn, error) {
	begin := Now()
	nc, err := c.cfg.Dial(ctx, "tcp", c.at.addr)
	if err != nil {
		return nil, c.fail(OpDial, unwrapNet(err))
	}
	raw := newStampConn(nc, c.clock)
	cn := &conn{raw: raw, rw: raw}
	cn.stop = cn.close
	if c.at.tls != nil {
		secure := tls.Client(raw, c.at.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			cn.close()
			return nil, c.fail(OpTLS, unwrapNet(err))
		}
		cn.rw = secure
	}
	cn.idleNS = Now()
	cn.connectNS = cn.idleNS - begin
	return cn, nil
}

// takeIdle takes the connection used last that will have been idle for less than idleMax at atNS;
// nil if there is none. Those found dead on the way are closed.
func (c *Client) takeIdle(pool *[]*conn, atNS int64) *conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := len(*pool); n > 0; n = len(*pool) {
		cn := (*pool)[n-1]
		if atNS-cn.idleNS >= int64(idleMax) {
			return nil // and the others are idle for longer
		}
		(*pool)[n-1] = nil
		*pool = (*pool)[:n-1]
		if cn.alive() {
			cn.ahead = true
			return cn
		}
		cn.close()
	}
	return nil
}

// putIdle keeps a connection for later; a closed client closes it.
func (c *Client) putIdle(pool *[]*conn, cn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		cn.close()
		return
	}
	at := len(*pool) // one that was reserved and given back is older than the last
	for at > 0 && (*pool)[at-1].idleNS > cn.idleNS {
		at--
	}
	*pool = slices.Insert(*pool, at, cn)
}

// watched is something under way that can be cut from outside.
type watched struct {
	lastNS atomic.Int64 // when bytes moved last
	why    atomic.Int32 // it was cut; the first reason stays
	stop   func()
}

const (
	cutCancelled = 1 + iota
	cutStalled
	cutClosed
)

func (w *watched) cut(why int32) {
	if w.why.CompareAndSwap(0, why) {
		w.stop()
	}
}

// enter registers w with the keeper, and counts it among what Close waits for; false if the client
// is closed.
func (c *Client) enter(w *watched) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.broke.Load() != nil {
		return false
	}
	w.lastNS.Store(Now())
	c.active[w] = struct{}{}
	c.wg.Add(1)
	return true
}

func (c *Client) leave(w *watched) {
	c.mu.Lock()
	delete(c.active, w)
	c.mu.Unlock()
	c.wg.Done()
}

// keep cuts what stalls and closes what is idle for too long, until Close.
func (c *Client) keep() {
	period := time.Second
	if limit := c.cfg.StallLimit; limit > 0 {
		period = min(max(limit/8, 5*time.Millisecond), period)
	}
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
		}
		old, stalled := c.overdue(Now())
		for _, cn := range old {
			cn.close()
		}
		for _, w := range stalled {
			c.wg.Go(func() { c.guarded(func() { w.cut(cutStalled) }) }) // a tunnel may take its time to close
		}
	}
}

func (c *Client) overdue(now int64) (old []*conn, stalled []*watched) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, pool := range []*[]*conn{&c.load, &c.side} {
		n := 0
		for n < len(*pool) && now-(*pool)[n].idleNS > int64(idleMax) {
			n++
		}
		old = append(old, (*pool)[:n]...)
		*pool = append((*pool)[:0], (*pool)[n:]...)
	}
	if c.cfg.StallLimit > 0 {
		for w := range c.active {
			if now-w.lastNS.Load() > int64(c.cfg.StallLimit) {
				stalled = append(stalled, w)
			}
		}
	}
	return old, stalled
}
