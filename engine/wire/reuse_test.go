package wire_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"benchtop/engine/wire"
)

var good = sseHead + chunked("data: [DONE]\n\n")

func TestConnectionIsUsedAgain(t *testing.T) {
	s := replies(t, good)
	c := client(t, wire.Config{BaseURL: s.url})
	for k := range 3 {
		_, x, err := post(t, c)
		if err != nil || x.NewConn != (k == 0) || (x.ConnectNS > 0) != (k == 0) || x.Redialled {
			t.Errorf("request %d: %v, %+v", k, err, x)
		}
	}
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d connections for three requests in a row", n)
	}
}

func TestReserveDialsAhead(t *testing.T) {
	s := replies(t, good)
	var dials atomic.Int32
	c := client(t, wire.Config{BaseURL: s.url, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}})
	slot := c.Reserve(t.Context(), wire.Now())
	waitReady(t, slot)
	x, err := c.Post(t.Context(), slot, "/x", "", nil, &got{})
	if err != nil || x.NewConn || x.ConnectNS <= 0 {
		t.Errorf("dialled ahead: %v, %+v", err, x)
	}
	// The one idle now is stale for a request that is due in an hour, and fresh for one due now.
	later := c.Reserve(t.Context(), wire.Now()+int64(time.Hour))
	slot = c.Reserve(t.Context(), wire.Now())
	if x, err = c.Post(t.Context(), slot, "/x", "", nil, &got{}); err != nil || x.NewConn || x.ConnectNS != 0 {
		t.Errorf("idle: %v, %+v", err, x)
	}
	waitReady(t, later)
	if n := dials.Load(); n != 2 {
		t.Errorf("dialled %d times, want 2", n)
	}
	later.Release()
	later.Release()
	if _, err = c.Post(t.Context(), later, "/x", "", nil, &got{}); err != nil || dials.Load() != 2 {
		t.Errorf("after Release: %v, dialled %d times", err, dials.Load())
	}
}

// waitReady waits until a dial in the background is over.
func waitReady(t *testing.T, s *wire.Slot) {
	t.Helper()
	for end := time.Now().Add(patience); !s.Ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a dial did not end")
		}
	}
}

func TestSlotThatIsNotReadyIsWaitedFor(t *testing.T) {
	s := replies(t, good)
	gate := make(chan struct{})
	c := client(t, wire.Config{BaseURL: s.url, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		<-gate
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}})
	slot := c.Reserve(t.Context(), wire.Now())
	type result struct {
		x   wire.Exchange
		err error
	}
	done := make(chan result)
	go func() {
		x, err := c.Post(t.Context(), slot, "/x", "", nil, &got{})
		done <- result{x, err}
	}()
	select {
	case r := <-done:
		t.Errorf("sent without a connection: %+v", r)
	case <-time.After(30 * time.Millisecond):
	}
	close(gate)
	if r := <-done; r.err != nil || !r.x.NewConn || r.x.Redialled {
		t.Errorf("%v, %+v", r.err, r.x)
	}
}

func TestFailedDialAheadIsTriedAgain(t *testing.T) {
	s := replies(t, good)
	var calls atomic.Int32
	c := client(t, wire.Config{BaseURL: s.url, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if calls.Add(1) == 1 {
			return nil, errors.New("tunnel not up yet")
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}})
	slot := c.Reserve(t.Context(), wire.Now())
	waitReady(t, slot)
	if x, err := c.Post(t.Context(), slot, "/x", "", nil, &got{}); err != nil || !x.NewConn {
		t.Errorf("%v, %+v", err, x)
	}
}

// closer answers the first request of a connection and is rude to the second.
func closer(t *testing.T, patient bool) *server {
	return serve(t, func(nc *net.TCPConn, in *bufio.Reader, n int) {
		if accept(in) == nil {
			return
		}
		io.WriteString(nc, good)
		if patient && n == 1 {
			accept(in) // closes only when the next request is there
		} else if !patient {
			return
		} else {
			io.Copy(io.Discard, in)
		}
	})
}

func TestConnectionClosedBetweenRequests(t *testing.T) {
	for name, patient := range map[string]bool{"before the second": false, "upon the second": true} {
		t.Run(name, func(t *testing.T) {
			s := closer(t, patient)
			c := client(t, wire.Config{BaseURL: s.url})
			if _, _, err := post(t, c); err != nil {
				t.Fatal(err)
			}
			slot := c.Reserve(t.Context(), wire.Now())
			waitReady(t, slot)
			g := &got{}
			x, err := c.Post(t.Context(), slot, "/x", "", nil, g)
			if err != nil || g.body.String() != "data: [DONE]\n\n" || s.conns.Load() != 2 {
				t.Errorf("%v, %+v, %d connections", err, x, s.conns.Load())
			}
			if patient && (!x.Redialled || !x.NewConn || x.ConnectNS <= 0) {
				t.Errorf("redialled: %+v", x)
			}
		})
	}
}

func TestRedialledOnlyOnce(t *testing.T) {
	s := serve(t, func(nc *net.TCPConn, in *bufio.Reader, n int) {
		if accept(in) != nil && n == 1 {
			io.WriteString(nc, good)
			accept(in)
		}
	})
	c := client(t, wire.Config{BaseURL: s.url})
	if _, _, err := post(t, c); err != nil {
		t.Fatal(err)
	}
	_, x, err := post(t, c)
	if opOf(err) != wire.OpEOF || !x.Redialled || s.conns.Load() != 2 {
		t.Errorf("%v, %+v, %d connections", err, x, s.conns.Load())
	}
}

func TestLateEndIsNoIdleLimit(t *testing.T) {
	t.Parallel()
	s := serve(t, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
		if accept(in) != nil {
			io.WriteString(nc, good)
		}
		if accept(in) != nil {
			time.Sleep(1100 * time.Millisecond) // the server thinks about it, then dies
		}
	})
	c := client(t, wire.Config{BaseURL: s.url})
	if _, _, err := post(t, c); err != nil {
		t.Fatal(err)
	}
	_, x, err := post(t, c)
	if opOf(err) != wire.OpEOF || x.Redialled || s.conns.Load() != 1 {
		t.Errorf("%v, %+v, %d connections", err, x, s.conns.Load())
	}
}

func TestUnaskedBytesOnAnIdleConnection(t *testing.T) {
	said := make(chan struct{})
	s := serve(t, func(nc *net.TCPConn, in *bufio.Reader, n int) {
		for accept(in) != nil {
			io.WriteString(nc, good)
			if n == 1 {
				io.WriteString(nc, "HTTP/1.1 408 Request Timeout\r\n\r\n")
				close(said)
			}
		}
	})
	c := client(t, wire.Config{BaseURL: s.url})
	if _, _, err := post(t, c); err != nil {
		t.Fatal(err)
	}
	<-said
	if g, _, err := post(t, c); err != nil || g.status != 200 {
		t.Errorf("%v, status %d", err, g.status)
	}
}

func TestNoConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, x, err := post(t, client(t, wire.Config{BaseURL: "http://" + addr}))
	if opOf(err) != wire.OpDial || !x.NewConn || err.Error() != "connect to "+addr+": connection refused" {
		t.Errorf("%v, %+v", err, x)
	}
	s := replies(t, good)
	_, _, err = post(t, client(t, wire.Config{BaseURL: strings.Replace(s.url, "http", "https", 1)}))
	if opOf(err) != wire.OpTLS || !strings.HasPrefix(errText(err), "TLS handshake with ") {
		t.Errorf("TLS against plain HTTP: %v", err)
	}
}
