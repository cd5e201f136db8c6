package transport

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// kubelet is the far end of port-forward: it pairs error and data streams by request and hands the
// data stream to a server.
type kubelet struct {
	t      *testing.T
	server func(io.ReadWriteCloser) // runs one connection
	fail   string                   // what is written to the error stream instead
	ends   func(net.Conn) net.Conn  // wraps the client's side of a tunnel
	mute   chan struct{}            // streams are taken when it is closed; nil = at once

	opened atomic.Int64
	mu     sync.Mutex
	conns  []httpstream.Connection
	wg     sync.WaitGroup
	closed atomic.Int64 // connections that the server's side saw end
}

func (k *kubelet) open(context.Context) (*tunnel, error) {
	k.opened.Add(1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close() }()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			accepted <- c
		}
	}()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	far := <-accepted
	streams, gone := make(chan httpstream.Stream), make(chan struct{})
	server, err := spdy.NewServerConnection(far, func(s httpstream.Stream, replied <-chan struct{}) error {
		if k.mute != nil {
			<-k.mute
		}
		k.wg.Go(func() {
			<-replied
			select {
			case streams <- s:
			case <-gone:
			}
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	k.conns = append(k.conns, server)
	k.mu.Unlock()
	k.wg.Go(func() {
		defer close(gone)
		k.pair(server, streams)
	})
	var c net.Conn = near
	if k.ends != nil {
		c = k.ends(near)
	}
	raw := living(c)
	client, err := spdy.NewClientConnectionWithPings(raw, 20*time.Millisecond)
	if err != nil {
		return nil, err
	}
	return &tunnel{conn: client, raw: raw, protocol: "test"}, nil
}

func (k *kubelet) pair(server httpstream.Connection, streams <-chan httpstream.Stream) {
	waiting := map[string]httpstream.Stream{}
	for {
		select {
		case s := <-streams: // a pair comes in either order
			id := s.Headers().Get("requestID")
			other := waiting[id]
			if other == nil {
				waiting[id] = s
				continue
			}
			delete(waiting, id)
			data, errs := s, other
			if s.Headers().Get("streamType") == "error" {
				data, errs = other, s
			}
			k.wg.Go(func() { k.serve(data, errs) })
		case <-server.CloseChan():
			return
		}
	}
}

func (k *kubelet) serve(data, errs httpstream.Stream) {
	defer k.closed.Add(1)
	if k.fail != "" {
		_, _ = io.WriteString(errs, k.fail)
	} else {
		k.server(data)
	}
	_ = data.Close()
	_ = errs.Close()
}

// cut ends all tunnels from the far side.
func (k *kubelet) cut() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.conns {
		_ = c.Close()
	}
	k.conns = nil
}

func start(t *testing.T, k *kubelet, opts Options) *Forwarder {
	t.Helper()
	k.t = t
	f := newForwarder(Pod{Namespace: "ns", Name: "ws-0", Port: 5000}, opts.withDefaults(), k.open)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		k.cut()
		k.wg.Wait()
	})
	return f
}
