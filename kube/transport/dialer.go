package transport

import (
	"context"
	"net"
	"sync"
	"time"
)

// Dialer dials TCP and can close everything that it dialled. An HTTP client's own way to let go of
// its connections leaves those with a reply under way.
type Dialer struct {
	mu    sync.Mutex // guards what follows
	conns map[*dialled]struct{}
	over  bool
}

// dialled takes itself off its Dialer's list when it is closed.
type dialled struct {
	net.Conn
	d *Dialer
}

func (c *dialled) Close() error {
	c.d.mu.Lock()
	delete(c.d.conns, c)
	c.d.mu.Unlock()
	return c.Conn.Close()
}

// DialContext is for rest.Config.Dial.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	nd := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	conn, err := nd.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &dialled{Conn: conn, d: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	if d.conns == nil {
		d.conns = map[*dialled]struct{}{}
	}
	d.conns[c] = struct{}{}
	return c, nil
}

// Close closes all connections; later dials fail.
func (d *Dialer) Close() error {
	d.mu.Lock()
	d.over = true
	conns := d.conns
	d.conns = nil
	d.mu.Unlock()
	for c := range conns {
		_ = c.Conn.Close()
	}
	return nil
}
