package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"benchtop/engine/wire"
)

// server is a TCP server whose every byte is in the hands of the test.
type server struct {
	url   string
	conns atomic.Int32 // accepted so far
}

// serve runs talk on every connection; n counts them from 1. The connection is closed after it.
func serve(tb testing.TB, talk func(nc *net.TCPConn, in *bufio.Reader, n int)) *server {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{url: "http://" + l.Addr().String()}
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			n := int(s.conns.Add(1))
			mu.Lock()
			open[nc] = true
			mu.Unlock()
			wg.Go(func() {
				defer nc.Close()
				talk(nc.(*net.TCPConn), bufio.NewReader(nc), n)
			})
		}
	})
	tb.Cleanup(func() {
		l.Close()
		mu.Lock()
		for nc := range open {
			nc.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return s
}

// accept reads one request to its end; nil if there is none.
func accept(in *bufio.Reader) *http.Request {
	req, err := http.ReadRequest(in)
	if err != nil {
		return nil
	}
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(strings.NewReader(string(body)))
	return req
}

// replies answers every request on every connection with the same bytes.
func replies(tb testing.TB, raw string) *server {
	return serve(tb, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
		for accept(in) != nil {
			if _, err := io.WriteString(nc, raw); err != nil {
				return
			}
		}
	})
}

const sseHead = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"

// chunked frames each part as one chunk, and ends the body.
func chunked(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(p), p)
	}
	return b.String() + "0\r\n\r\n"
}

// got is a handler that keeps what it is given.
type got struct {
	status      int
	contentType string
	headNS      int64
	body        strings.Builder
	stamps      []int64 // one a Body
	kernel      []bool
	onHead      func()
	onBody      func() error
}

func (g *got) Head(status int, contentType string, stampNS int64) {
	g.status, g.contentType, g.headNS = status, contentType, stampNS
	if g.onHead != nil {
		g.onHead()
	}
}

func (g *got) Body(b []byte, stampNS int64, kernel bool) error {
	g.body.Write(b)
	g.stamps = append(g.stamps, stampNS)
	g.kernel = append(g.kernel, kernel)
	if g.onBody != nil {
		return g.onBody()
	}
	return nil
}

// client makes a client that is closed before the server is.
func client(tb testing.TB, cfg wire.Config) *wire.Client {
	tb.Helper()
	c, err := wire.NewClient(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

// patience bounds what a test waits for; nothing comes near it unless it hangs.
const patience = 20 * time.Second

// post sends one request without a slot.
func post(tb testing.TB, c *wire.Client) (*got, wire.Exchange, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	g := &got{}
	x, err := c.Post(ctx, nil, "/v1/completions", "run-a-0.1-7", []byte(`{"prompt":"x"}`), g)
	return g, x, err
}

// dialWrapped gives TCP connections that do not look it.
func dialWrapped(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return struct{ net.Conn }{nc}, nil
}
