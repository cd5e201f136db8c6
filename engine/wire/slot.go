package wire

import (
	"context"
	"sync"
)

// Slot is a connection set aside for one request, open or on its way. It is used up by Post, or
// given back by Release.
type Slot struct {
	c      *Client
	cancel context.CancelFunc
	done   chan struct{} // closed when conn or err is there

	mu   sync.Mutex // guards what follows
	conn *conn
	err  error
	over bool // used or given back
}

// Reserve sets a connection aside for a request due at atNS: an idle one that will still be fresh
// then, else one that is dialled in the background, for as long as ctx allows. It never blocks. Half
// a second ahead is time enough. It is nil, which Post takes, with a RoundTripper. Every slot must end
// in Post or Release.
func (c *Client) Reserve(ctx context.Context, atNS int64) *Slot {
	if c.cfg.RoundTripper != nil {
		return nil
	}
	if cn := c.takeIdle(&c.load, atNS); cn != nil {
		s := &Slot{c: c, conn: cn, done: make(chan struct{}), cancel: func() {}}
		close(s.done)
		return s
	}
	return c.startDial(ctx)
}

// startDial dials in a goroutine that Close waits for.
func (c *Client) startDial(ctx context.Context) *Slot {
	s := &Slot{c: c, done: make(chan struct{})}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	s.cancel = cancel
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		cancel()
		s.settle(nil, c.gone())
		return s
	}
	c.wg.Add(1)
	c.mu.Unlock()
	go func() {
		defer c.wg.Done()
		defer cancel()
		defer context.AfterFunc(c.ctx, cancel)()
		var cn *conn
		var err error
		c.guarded(func() { cn, err = c.dial(ctx) })
		if cn == nil && err == nil { // it panicked
			err = c.gone()
		}
		s.settle(cn, err)
	}()
	return s
}

// settle is the end of the dial.
func (s *Slot) settle(cn *conn, err error) {
	s.mu.Lock()
	over := s.over
	if !over {
		s.conn, s.err = cn, err
	}
	s.mu.Unlock()
	close(s.done)
	if over && cn != nil {
		s.c.putIdle(&s.c.load, cn)
	}
}

// Release gives the connection back, if the request is not going to be sent. It may be called after
// Post, or again, without effect.
func (s *Slot) Release() {
	if s == nil {
		return
	}
	if cn, _ := s.take(); cn != nil {
		s.c.putIdle(&s.c.load, cn)
	}
}

// Ready says whether the dial, if there was one, is over: Post need not wait.
func (s *Slot) Ready() bool {
	if s == nil {
		return true
	}
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// take is the connection, if it is there; the slot is used up.
func (s *Slot) take() (*conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cn, err := s.conn, s.err
	s.conn, s.over = nil, true
	return cn, err
}

// obtain finds the connection for a request that is due now. A dial ahead that failed is forgotten:
// what counts is whether the endpoint can be reached now.
func (c *Client) obtain(ctx context.Context, j *job) (*conn, error) {
	if !j.slot.Ready() {
		return c.dialNow(ctx, j, j.slot)
	}
	if j.slot != nil {
		if cn, _ := j.slot.take(); cn != nil {
			if cn.alive() {
				cn.ahead = true
				return cn, nil
			}
			cn.close()
			j.x.Redialled = true
		}
	}
	if cn := c.takeIdle(j.pool, Now()); cn != nil {
		return cn, nil
	}
	return c.dialNow(ctx, j, nil)
}

// dialNow makes a connection, or waits for the one in slot, on the request's own time.
func (c *Client) dialNow(ctx context.Context, j *job, slot *Slot) (*conn, error) {
	j.x.NewConn = true
	if slot == nil {
		slot = c.startDial(ctx)
	}
	select {
	case <-slot.done:
	case <-ctx.Done():
		slot.cancel()
		slot.Release()
		return nil, c.fail(OpCancelled, ctx.Err())
	}
	cn, err := slot.take()
	if err == nil && cn == nil {
		err = c.fail(OpDial, errReleased)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = c.fail(OpCancelled, ctx.Err())
	case c.ctx.Err() != nil:
		err = c.gone()
	}
	return cn, err
}
