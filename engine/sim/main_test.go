package sim_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"benchtop/engine/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves a config on a loopback port until the test ends.
func start(t *testing.T, cfg sim.Config) (*sim.Server, string) {
	t.Helper()
	s := newServer(t, cfg)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, s, l)
	return s, "http://" + l.Addr().String()
}

// newServer makes a server; a config without a profile gets quick, with steps of 1 ms.
func newServer(t *testing.T, cfg sim.Config) *sim.Server {
	t.Helper()
	if cfg.Profile.Name == "" {
		cfg.Profile = quick
	}
	s, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

var quick = sim.Profile{Name: "quick", Model: "phi", Root: "org/phi", Step: sim.StepModel{BaseMS: 1}, KVBlocks: 100, MaxModelLen: 1000}

func serve(t *testing.T, s *sim.Server, l net.Listener) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// client makes a client whose connections end with the test.
func client(t *testing.T) *http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// do sends a request and reads the whole reply; err is that of the reading.
func do(t *testing.T, c *http.Client, method, url, body string, header ...string) (status int, h http.Header, reply string, err error) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, string(b), err
}

// pipes is a listener in memory, so that a server can run in a bubble of virtual time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (p *pipes) dial(t *testing.T) *peer {
	t.Helper()
	here, there := net.Pipe()
	p.conns <- there
	return &peer{Conn: here, r: bufio.NewReader(here)}
}

// peer is the client's end of a connection.
type peer struct {
	net.Conn
	r *bufio.Reader
}

// ask sends a request and returns the reply, whose body is yet to be read.
func (p *peer) ask(t *testing.T, method, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, "http://sim"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := req.Write(p); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(p.r, req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// events reads SSE events until the end of the reply.
func events(r io.Reader) (data []string, err error) {
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		if d, ok := strings.CutPrefix(sc.Text(), "data: "); ok {
			data = append(data, d)
		}
	}
	return data, sc.Err()
}
