package wire_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"benchtop/engine/wire"
)

// hangs says raw and then nothing more, until the client is gone.
func hangs(t *testing.T, raw string) *server {
	return serve(t, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
		accept(in)
		io.WriteString(nc, raw)
		io.Copy(io.Discard, in)
	})
}

func TestNothingForTooLong(t *testing.T) {
	for name, raw := range map[string]string{"no head": "", "no event": sseHead, "half an event": sseHead + "9\r\nda"} {
		t.Run(name, func(t *testing.T) {
			s := hangs(t, raw)
			_, x, err := post(t, client(t, wire.Config{BaseURL: s.url, StallLimit: 50 * time.Millisecond}))
			if opOf(err) != wire.OpStall || x.Redialled {
				t.Errorf("%v, %+v", err, x)
			}
		})
	}
}

func TestSlowIsNoStall(t *testing.T) {
	t.Parallel()
	s := serve(t, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
		accept(in)
		for i := range good {
			io.WriteString(nc, good[i:i+1])
			time.Sleep(15 * time.Millisecond) // together longer than the limit
		}
	})
	if _, _, err := post(t, client(t, wire.Config{BaseURL: s.url, StallLimit: time.Second})); err != nil {
		t.Error(err)
	}
}

// tunnel is a connection as port-forwarding gives it: no socket, no deadlines, Close ends a Read.
type tunnel struct{ net.Conn }

var errNoDeadline = errors.New("no deadlines here")

func (tunnel) SetDeadline(time.Time) error      { return errNoDeadline }
func (tunnel) SetReadDeadline(time.Time) error  { return errNoDeadline }
func (tunnel) SetWriteDeadline(time.Time) error { return errNoDeadline }

// throughPipe answers in this process, over net.Pipe.
func throughPipe(t *testing.T, raw string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer theirs.Close()
			in := bufio.NewReader(theirs)
			for accept(in) != nil {
				io.WriteString(theirs, raw)
			}
		}()
		t.Cleanup(func() {
			ours.Close()
			<-done
		})
		return tunnel{ours}, nil
	}
}

func TestTunnel(t *testing.T) {
	c := client(t, wire.Config{BaseURL: "http://pod:5000", Dial: throughPipe(t, good)})
	for k := range 2 {
		g, x, err := post(t, c)
		if err != nil || g.body.String() != "data: [DONE]\n\n" || x.Kernel || g.kernel[0] || x.NewConn != (k == 0) {
			t.Errorf("request %d: %v, %+v", k, err, x)
		}
	}
}

func TestCancelIsPrompt(t *testing.T) {
	slow := hangs(t, sseHead)
	silent := hangs(t, "")
	blocked := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	tests := map[string]wire.Config{
		"waiting for the head":   {BaseURL: silent.url},
		"inside the body":        {BaseURL: slow.url},
		"connecting":             {BaseURL: "http://pod:5000", Dial: blocked},
		"a tunnel, for the head": {BaseURL: "http://pod:5000", Dial: throughPipe(t, "")},
		"a tunnel, in the body":  {BaseURL: "http://pod:5000", Dial: throughPipe(t, sseHead)},
	}
	for name, cfg := range tests {
		for _, byClose := range []bool{false, true} {
			c := client(t, cfg)
			ctx, cancel := context.WithCancel(t.Context())
			failed := make(chan error)
			go func() {
				_, err := c.Post(ctx, nil, "/x", "", nil, &got{})
				failed <- err
			}()
			time.AfterFunc(20*time.Millisecond, func() {
				if byClose {
					c.Close()
				} else {
					cancel()
				}
			})
			select {
			case err := <-failed:
				if opOf(err) != wire.OpCancelled || !errors.Is(err, context.Canceled) {
					t.Errorf("%s, closed %t: %v", name, byClose, err)
				}
			case <-time.After(patience):
				t.Errorf("%s, closed %t: Post does not return", name, byClose)
			}
			cancel()
		}
	}
}

func TestDeadlineIsTold(t *testing.T) {
	s := hangs(t, sseHead)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := client(t, wire.Config{BaseURL: s.url}).Post(ctx, nil, "/x", "", nil, &got{})
	if opOf(err) != wire.OpCancelled || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestClosedClient(t *testing.T) {
	s := replies(t, good)
	c := client(t, wire.Config{BaseURL: s.url})
	if _, _, err := post(t, c); err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	slot := c.Reserve(t.Context(), wire.Now())
	if _, err := c.Post(t.Context(), slot, "/x", "", nil, &got{}); opOf(err) != wire.OpCancelled {
		t.Errorf("with a slot: %v", err)
	}
	if _, _, err := post(t, c); opOf(err) != wire.OpCancelled {
		t.Errorf("without: %v", err)
	}
}
