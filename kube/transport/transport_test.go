package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The library's own wait for a stream to be taken outlives a tunnel by up to 30 s.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/moby/spdystream.(*Stream).WaitTimeout"))
}

// echo answers each line with itself.
func echo(c io.ReadWriteCloser) {
	sc := bufio.NewScanner(c)
	for sc.Scan() {
		if _, err := fmt.Fprintln(c, sc.Text()); err != nil {
			return
		}
	}
}

func dial(t *testing.T, f *Forwarder) net.Conn {
	t.Helper()
	c, err := f.Dial(t.Context(), "tcp", "anything:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func ask(t *testing.T, c net.Conn, line string) string {
	t.Helper()
	if _, err := fmt.Fprintln(c, line); err != nil {
		t.Fatal(err)
	}
	got, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(got)
}

// soon waits for a condition that other goroutines bring about.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestForward(t *testing.T) {
	f := start(t, &kubelet{server: echo}, Options{})
	a, b := dial(t, f), dial(t, f)
	if got := ask(t, a, "one"); got != "one" {
		t.Errorf("got %q", got)
	}
	if got := ask(t, b, "two"); got != "two" {
		t.Errorf("got %q", got)
	}
	if got := a.RemoteAddr().String(); got != "pod/ns/ws-0:5000" {
		t.Errorf("remote address is %q", got)
	}
	if ok, cuts, why := f.State(); !ok || cuts != 0 {
		t.Errorf("state %v, %d cuts, %q", ok, cuts, why)
	}
}

func TestLargeBodiesArriveWhole(t *testing.T) {
	const size = 3 << 20
	f := start(t, &kubelet{server: func(c io.ReadWriteCloser) {
		n, err := io.Copy(io.Discard, io.LimitReader(c, size))
		if err != nil || n != size {
			return
		}
		_, _ = c.Write(make([]byte, size))
	}}, Options{})
	c := dial(t, f)
	if n, err := c.Write(make([]byte, size)); n != size || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	n, err := io.Copy(io.Discard, c)
	if n != size || err != nil {
		t.Errorf("read %d bytes, %v; want %d and a clean end", n, err, size)
	}
}

func TestRemoteEndIsEOF(t *testing.T) {
	f := start(t, &kubelet{server: func(c io.ReadWriteCloser) { _, _ = io.WriteString(c, "bye") }}, Options{})
	got, err := io.ReadAll(dial(t, f))
	if string(got) != "bye" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestWhatTheKubeletSays(t *testing.T) {
	k := &kubelet{fail: "error forwarding port 5000 to pod abc, uid : failed to connect: dial tcp4 127.0.0.1:5000: connect: connection refused\n"}
	f := start(t, k, Options{})
	_, err := io.ReadAll(dial(t, f))
	if err == nil || err.Error() != "pod ns/ws-0 port 5000: connection refused" {
		t.Errorf("error is %v", err)
	}
}

func TestDeadlines(t *testing.T) {
	f := start(t, &kubelet{server: echo}, Options{})
	c := dial(t, f)
	_ = c.SetReadDeadline(time.Now().Add(-time.Second))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past deadline: %v", err)
	}
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline during a read: %v", err)
	}
	var ne net.Error
	if _, err := c.Read(make([]byte, 1)); !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("a deadline that has passed is no time-out: %v", err)
	}
	_ = c.SetDeadline(time.Time{})
	if got := ask(t, c, "still there"); got != "still there" {
		t.Errorf("after the deadline: %q", got)
	}
	_ = c.SetWriteDeadline(time.Now().Add(-time.Second))
	if _, err := c.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past write deadline: %v", err)
	}
}

func TestCloseFreesAReader(t *testing.T) {
	k := &kubelet{server: echo}
	f := start(t, k, Options{})
	c := dial(t, f)
	if got := ask(t, c, "x"); got != "x" {
		t.Fatal(got)
	}
	done := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		done <- err
	}()
	_ = c.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("read ends with %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after Close: %v", err)
	}
	soon(t, "the far end sees the end", func() bool { return k.closed.Load() == 1 })
}

func TestUnreadDataBlocksNobody(t *testing.T) {
	flood := func(c io.ReadWriteCloser) {
		line, _ := bufio.NewReader(c).ReadString('\n')
		if line == "flood\n" {
			for {
				if _, err := c.Write(make([]byte, 32<<10)); err != nil {
					return
				}
			}
		}
		_, _ = io.WriteString(c, line)
	}
	f := start(t, &kubelet{server: flood}, Options{MaxTunnels: 1})
	deaf := dial(t, f)
	if _, err := io.WriteString(deaf, "flood\n"); err != nil {
		t.Fatal(err)
	}
	// SPDY itself has no flow control here: only a connection that is given up frees the others.
	_ = deaf.Close()
	for range 10 {
		if got := ask(t, dial(t, f), "hello"); got != "hello" {
			t.Errorf("got %q", got)
		}
	}
}

func TestCutIsNoCleanEnd(t *testing.T) {
	k := &kubelet{server: echo}
	f := start(t, k, Options{})
	c := dial(t, f)
	if got := ask(t, c, "x"); got != "x" {
		t.Fatal(got)
	}
	k.cut()
	if _, err := io.ReadAll(c); !errors.Is(err, ErrCut) {
		t.Errorf("a read of a cut tunnel ends with %v", err)
	}
	soon(t, "the cut is counted", func() bool { ok, cuts, why := f.State(); return !ok && cuts == 1 && why != "" })
	if got := ask(t, dial(t, f), "again"); got != "again" {
		t.Errorf("after the cut: %q", got)
	}
	if ok, cuts, _ := f.State(); !ok || cuts != 1 {
		t.Errorf("state %v with %d cuts after a new tunnel", ok, cuts)
	}
}

// deafConn hears nothing once it is told so, as behind a firewall that drops.
type deafConn struct {
	net.Conn
	deaf *atomic.Bool
	stop chan struct{}
	once sync.Once
}

func (c *deafConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.deaf.Load() {
		<-c.stop
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *deafConn) Close() error {
	c.once.Do(func() { close(c.stop) })
	return c.Conn.Close()
}

func TestSilenceIsToldAndEnded(t *testing.T) {
	var deaf atomic.Bool
	k := &kubelet{server: echo, ends: func(c net.Conn) net.Conn { return &deafConn{Conn: c, deaf: &deaf, stop: make(chan struct{})} }}
	f := start(t, k, Options{PingEvery: 20 * time.Millisecond, StallAfter: 200 * time.Millisecond, CutAfter: 2 * time.Second})
	c := dial(t, f)
	if got := ask(t, c, "x"); got != "x" {
		t.Fatal(got)
	}
	deaf.Store(true)
	soon(t, "the stall is told", func() bool { ok, _, why := f.State(); return !ok && strings.Contains(why, "no sign of life") })
	soon(t, "the stall counts as a cut", func() bool { _, cuts, _ := f.State(); return cuts == 1 })
	if _, err := io.ReadAll(c); !errors.Is(err, ErrCut) {
		t.Errorf("a silent tunnel ends with %v", err)
	}
	soon(t, "the tunnel is gone", func() bool { _, _, why := f.State(); return why == "port-forward tunnel cut" })
	if _, cuts, _ := f.State(); cuts != 1 {
		t.Errorf("a stall and the end that came of it count %d times", cuts)
	}
}

func TestDialIsNotHeldUp(t *testing.T) {
	k := &kubelet{server: echo, mute: make(chan struct{})}
	f := start(t, k, Options{})
	if err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := f.Dial(ctx, "", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Dial with a deadline: %v", err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := f.Dial(t.Context(), "", "")
		failed <- err
	}()
	soon(t, "it is dialling", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return f.tunnels[0].conns.Load() == 2 })
	f.Reset()
	if err := <-failed; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Dial while the tunnel is closed: %v", err)
	}
	close(k.mute)
}

func TestStreamsSpreadOverTunnels(t *testing.T) {
	k := &kubelet{server: echo}
	f := start(t, k, Options{StreamsPerTunnel: 2, MaxTunnels: 3})
	for i := range 12 {
		want := fmt.Sprint(i)
		if got := ask(t, dial(t, f), want); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		soon(t, "no tunnel is being opened", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return f.opening == nil })
	}
	if n := k.opened.Load(); n != 3 {
		t.Errorf("%d tunnels, want 3", n)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, tn := range f.tunnels {
		if n := tn.conns.Load(); n < 3 || n > 6 {
			t.Errorf("tunnel %d has %d connections of 12", i, n)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	boom := errors.New("forbidden: no")
	f := newForwarder(Pod{}, Options{}.withDefaults(), func(context.Context) (*tunnel, error) { return nil, boom })
	defer func() { _ = f.Close() }()
	for range 2 {
		if _, err := f.Dial(t.Context(), "", ""); !errors.Is(err, boom) {
			t.Errorf("Dial: %v", err)
		}
	}
	never := newForwarder(Pod{}, Options{}.withDefaults(), func(ctx context.Context) (*tunnel, error) { <-ctx.Done(); return nil, ctx.Err() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := never.Open(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Open with a cancelled context: %v", err)
	}
	_ = never.Close()
	if err := never.Open(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Open after Close: %v", err)
	}
}

func TestResetLeadsToTheSuccessor(t *testing.T) {
	k := &kubelet{server: echo}
	f := start(t, k, Options{})
	c := dial(t, f)
	f.Reset()
	if _, err := io.ReadAll(c); err == nil {
		t.Error("a connection to the old pod ends cleanly")
	}
	if got := ask(t, dial(t, f), "new"); got != "new" {
		t.Errorf("got %q", got)
	}
	if _, cuts, _ := f.State(); cuts != 0 {
		t.Errorf("a reset that was asked for counts as %d cuts", cuts)
	}
}

// An HTTP client over a Forwarder: keep-alive, cancellation and many at once.
func TestHTTPClient(t *testing.T) {
	web := func(c io.ReadWriteCloser) {
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			if req.URL.Path == "/hang" {
				_, _ = io.Copy(io.Discard, r)
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}
	k := &kubelet{server: web}
	f := start(t, k, Options{StreamsPerTunnel: 4})
	tr := &http.Transport{DialContext: f.Dial}
	defer tr.CloseIdleConnections()
	hc := &http.Client{Transport: tr}
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			resp, err := hc.Get("http://ws-0:5000/health")
			if err != nil {
				t.Error(err)
				return
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if string(body) != "ok" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
	wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://ws-0:5000/hang", nil)
	if _, err := hc.Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled request: %v", err)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	k := &kubelet{server: echo}
	f := newForwarder(Pod{}, Options{}.withDefaults(), k.open)
	c, err := f.Dial(b.Context(), "", "")
	if err != nil {
		b.Fatal(err)
	}
	r := bufio.NewReader(c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.WriteString(c, "data: {\"token\":1}\n"); err != nil {
			b.Fatal(err)
		}
		if _, err := r.ReadSlice('\n'); err != nil {
			b.Fatal(err)
		}
	}
	_ = f.Close()
	k.cut()
	k.wg.Wait()
}
