package wire_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/wire"
)

func TestRequestAsSent(t *testing.T) {
	seen := make(chan string, 1)
	s := serve(t, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
		var b strings.Builder
		req := accept(bufio.NewReader(io.TeeReader(in, &b)))
		if req != nil {
			seen <- b.String()
			io.WriteString(nc, sseHead+chunked("data: [DONE]\n\n"))
		}
	})
	c := client(t, wire.Config{BaseURL: s.url + "/prefix/", Header: http.Header{"Authorization": {"Bearer canary"}}})
	if _, _, err := post(t, c); err != nil {
		t.Fatal(err)
	}
	want := "POST /prefix/v1/completions HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") +
		"\r\nUser-Agent: benchtop\r\nAuthorization: Bearer canary\r\nAccept: text/event-stream\r\nAccept-Encoding: identity\r\n" +
		"X-Request-Id: run-a-0.1-7\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"prompt\":\"x\"}"
	if diff := cmp.Diff(want, <-seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReplies(t *testing.T) {
	const plain = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	tests := []struct {
		name string
		raw  string
		body string
		op   wire.Op // "" = a whole reply
		open bool    // the connection can be used again
	}{
		{"chunks", sseHead + chunked("data: a\n\n", "data: b\n\n"), "data: a\n\ndata: b\n\n", "", true},
		{"chunks of one byte", sseHead + chunked(strings.Split("data: abc\n\n", "")...), "data: abc\n\n", "", true},
		{"a chunk of 1 MiB", sseHead + chunked(strings.Repeat("x", 1<<20)), strings.Repeat("x", 1<<20), "", true},
		{"chunk extensions, upper case, trailers", sseHead + "A;x=\"y\"\r\n0123456789\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", "0123456789", "", true},
		{"line ends without CR", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n", "abc", "", true},
		{"a length", plain + "Content-Length: 3\r\n\r\nabc", "abc", "", true},
		{"the same length twice", plain + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "abc", "", true},
		{"length 0", plain + "Content-Length: 0\r\n\r\n", "", "", true},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", "", "", true},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", "x", "", true},
		{"connection: close", plain + "Connection: Keep-Alive, Close\r\nContent-Length: 3\r\n\r\nabc", "abc", "", false},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", "", false},
		{"more than its length", plain + "Content-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n", "abc", "", false},
		{"length and chunks", plain + "Content-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("abc"), "abc", "", false},
		{"continue before it", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + plain + "Content-Length: 1\r\n\r\nx", "x", "", true},
		{"a long head", plain + "X: " + strings.Repeat("y", 60<<10) + "\r\nContent-Length: 1\r\n\r\nx", "x", "", true},

		{"a head without end", plain + "X: " + strings.Repeat("y", 1<<20), "", wire.OpProtocol, false},
		{"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "", wire.OpProtocol, false},
		{"HTTP/2", "\x00\x00\x12\x04\x00\x00\x00\x00\x00", "", wire.OpProtocol, false},
		{"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", "", wire.OpProtocol, false},
		{"no status", "HTTP/1.1 abc\r\n\r\n", "", wire.OpProtocol, false},
		{"a short status line", "HTTP/1.1\r\n\r\n", "", wire.OpProtocol, false},
		{"switching protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "", wire.OpProtocol, false},
		{"a header line without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "", wire.OpProtocol, false},
		{"a folded header line", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "", wire.OpProtocol, false},
		{"lengths that differ", plain + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "", wire.OpProtocol, false},
		{"a length that is none", plain + "Content-Length: +3\r\n\r\nabc", "", wire.OpProtocol, false},
		{"another transfer coding", plain + "Transfer-Encoding: gzip, chunked\r\n\r\n", "", wire.OpProtocol, false},
		{"compressed unasked", plain + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "", wire.OpProtocol, false},
		{"a chunk size that is none", sseHead + "3\r\nabc\r\nzz\r\n", "abc", wire.OpProtocol, false},
		{"a chunk size beyond range", sseHead + "fffffffffffffffff\r\n", "", wire.OpProtocol, false},
		{"an empty chunk size", sseHead + "\r\n", "", wire.OpProtocol, false},
		{"a chunk longer than its size", sseHead + "2\r\nabc\r\n", "ab", wire.OpProtocol, false},
		{"a chunk shorter than its size", sseHead + "5\r\nabc\r\n0\r\n\r\n", "abc\r\n", wire.OpProtocol, false},
		{"a chunk extension without end", sseHead + "5;" + strings.Repeat("x", 1<<16), "", wire.OpProtocol, false},
		{"a trailer without end", sseHead + "0\r\n" + strings.Repeat("x: y\r\n", 1<<13), "", wire.OpProtocol, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := replies(t, tt.raw)
			c := client(t, wire.Config{BaseURL: s.url})
			for range 2 {
				g, x, err := post(t, c)
				if op := opOf(err); op != tt.op {
					t.Fatalf("%q (%v), want %q", op, err, tt.op)
				}
				if g.body.String() != tt.body {
					t.Errorf("body %.80q, want %.80q", g.body.String(), tt.body)
				}
				if tt.op == "" && (x.Status != g.status || x.HeadNS < x.SentNS || x.DoneNS < x.HeadNS || x.Reads == 0) {
					t.Errorf("exchange %+v", x)
				}
				if len(errText(err)) > 250 {
					t.Errorf("a long error: %v", err)
				}
			}
			if n := s.conns.Load(); (n == 1) != tt.open {
				t.Errorf("%d connections for two requests", n)
			}
		})
	}
}

// opOf is the operation of a *wire.Error, "" without error.
func opOf(err error) wire.Op {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Op
	}
	return wire.Op(errText(err))
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestRepliesCutShort(t *testing.T) {
	const length = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
	tests := []struct {
		name string
		raw  string
		body string
		rst  bool
		op   wire.Op
	}{
		{"before the head", "", "", false, wire.OpEOF},
		{"inside the head", sseHead[:30], "", false, wire.OpEOF},
		{"behind the head", sseHead, "", false, wire.OpEOF},
		{"inside a chunk", sseHead + "9\r\ndata: a", "data: a", false, wire.OpEOF},
		{"between chunks", sseHead + "9\r\ndata: a\n\n\r\n", "data: a\n\n", false, wire.OpEOF},
		{"inside a length", length + "data: a", "data: a", false, wire.OpEOF},
		{"where the end is the end", "HTTP/1.1 200 OK\r\n\r\ndata: a", "data: a", false, ""},
		{"reset before the head", "", "", true, wire.OpRead},
		{"reset inside a chunk", sseHead + "9\r\ndata: a", "data: a", true, wire.OpRead},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := make(chan struct{})
			s := serve(t, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
				accept(in)
				io.WriteString(nc, tt.raw)
				if tt.rst {
					if tt.body != "" {
						<-seen // a reset may overtake what was sent before it
					}
					nc.SetLinger(0)
				}
			})
			g := &got{onBody: func() error { close(seen); return nil }}
			x, err := client(t, wire.Config{BaseURL: s.url}).Post(t.Context(), nil, "/x", "", nil, g)
			if opOf(err) != tt.op {
				t.Errorf("%v, want %q", err, tt.op)
			}
			if (x.DoneNS != 0) != (err == nil) || (x.HeadNS != 0) != (g.status != 0) {
				t.Errorf("head at %d, done at %d", x.HeadNS, x.DoneNS)
			}
			if tt.rst && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%v, want a reset", err)
			}
			if g.body.String() != tt.body {
				t.Errorf("body %q, want %q", g.body.String(), tt.body)
			}
			if n := s.conns.Load(); n != 1 {
				t.Errorf("%d connections: a new connection is not worth a second try", n)
			}
		})
	}
}

func TestReplyInSingleBytes(t *testing.T) {
	raw := sseHead + chunked("data: a\r\n\r\n", "data: bcd\n\n", strings.Repeat("z", 17))
	s := serve(t, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
		for accept(in) != nil {
			for i := range raw {
				io.WriteString(nc, raw[i:i+1])
			}
		}
	})
	g, _, err := post(t, client(t, wire.Config{BaseURL: s.url}))
	if want := "data: a\r\n\r\ndata: bcd\n\n" + strings.Repeat("z", 17); err != nil || g.body.String() != want {
		t.Errorf("%v, body %q", err, g.body.String())
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	s := replies(t, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
	g, x, err := post(t, client(t, wire.Config{BaseURL: s.url}))
	if err != nil || g.status != 307 || x.Location != "http://127.0.0.1:1/" || s.conns.Load() != 1 {
		t.Errorf("%v, status %d, location %q, %d connections", err, g.status, x.Location, s.conns.Load())
	}
}

func TestAnswerBeforeTheRequestIsRead(t *testing.T) {
	s := serve(t, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
		in.ReadString('\n')
		io.WriteString(nc, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		io.Copy(io.Discard, in)
	})
	g := &got{}
	_, err := client(t, wire.Config{BaseURL: s.url}).Post(t.Context(), nil, "/x", "", make([]byte, 1<<20), g)
	if err != nil || g.status != 413 {
		t.Errorf("%v, status %d", err, g.status)
	}
}

func TestHandlerEndsTheExchange(t *testing.T) {
	s := replies(t, sseHead+chunked("a", "b"))
	enough := errors.New("enough")
	g := &got{onBody: func() error { return enough }}
	c := client(t, wire.Config{BaseURL: s.url})
	if _, err := c.Post(t.Context(), nil, "/x", "", nil, g); err != enough {
		t.Errorf("got %v", err)
	}
	if _, _, err := post(t, c); err != nil || s.conns.Load() != 2 {
		t.Errorf("%v, %d connections", err, s.conns.Load())
	}
}

// The stamp of bytes is when they came, not when this process got round to reading them.
func TestKernelStampsDoNotSeeALateClient(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("kernel stamps are Linux's")
	}
	awaitStamping(t)
	for _, kernel := range []bool{true, false} {
		headSeen, wrote := make(chan struct{}), make(chan int64)
		s := serve(t, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
			accept(in)
			io.WriteString(nc, sseHead)
			<-headSeen
			before := wire.Now()
			io.WriteString(nc, chunked("data: a\n\n"))
			wrote <- before
		})
		cfg := wire.Config{BaseURL: s.url}
		if !kernel {
			cfg.Dial = dialWrapped
		}
		var before, released int64
		g := &got{onHead: func() {
			close(headSeen)
			before = <-wrote
			time.Sleep(30 * time.Millisecond) // the client is late
			released = wire.Now()
		}}
		x, err := client(t, cfg).Post(t.Context(), nil, "/x", "", nil, g)
		if err != nil {
			t.Fatal(err)
		}
		stamp := g.stamps[0]
		const slack = int64(200 * time.Microsecond) // of the clock's offset, on a machine that is busy
		switch {
		case x.Kernel != kernel || g.kernel[0] != kernel:
			t.Errorf("kernel stamps: %t, want %t", x.Kernel, kernel)
		case stamp < before-slack:
			t.Errorf("stamped %d ns before it was written", before-stamp)
		case kernel && stamp > released-int64(20*time.Millisecond):
			t.Errorf("stamped %d ns before the client came: it stamps reads", released-stamp)
		case kernel && x.LateNS < int64(20*time.Millisecond):
			t.Errorf("late by %d ns, but the client slept", x.LateNS)
		case !kernel && (stamp < released || x.LateNS != 0):
			t.Errorf("user stamp %d, read after %d, late by %d", stamp, released, x.LateNS)
		}
	}
}

// awaitStamping waits until the kernel stamps, and keeps it at that for the test.
func awaitStamping(t *testing.T) {
	t.Helper()
	c := client(t, wire.Config{BaseURL: replies(t, good).url})
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		_, x, err := post(t, c)
		if err != nil || time.Now().After(end) {
			t.Fatalf("no kernel stamps: %v", err)
		}
		if x.Kernel {
			return
		}
	}
}
