package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"benchtop/kube/inventory"

	"k8s.io/streaming/pkg/httpstream"
)

// conn is one forwarded connection: a data stream, and an error stream on which the far end says
// what went wrong. Three things make it more than the stream: deadlines (SPDY's are those of the
// whole tunnel), an end that can be told from a cut, and an error stream that is always read (one
// that is not would block a fifth of the tunnel's other streams).
type conn struct {
	t          *tunnel
	pod        Pod
	data, errs httpstream.Stream

	chunks  chan []byte   // from the pump, unbuffered: data is never held for a reader that is gone
	ended   chan struct{} // closed after the last chunk; endErr says why
	endErr  error
	said    chan struct{} // closed when the error stream ended; message holds what it said
	message string

	readMu  sync.Mutex
	pending []byte

	writeMu sync.Mutex

	closeOnce     sync.Once
	closed        chan struct{}
	readDeadline  deadline
	writeDeadline deadline
}

func newConn(t *tunnel, data, errs httpstream.Stream, pod Pod) *conn {
	return &conn{t: t, pod: pod, data: data, errs: errs,
		chunks: make(chan []byte), ended: make(chan struct{}), said: make(chan struct{}), closed: make(chan struct{})}
}

// The sizes of a read of the data stream: small while small pieces come, as tokens do, and the API
// server's own size once they do not.
const (
	pieceSize = 4 << 10
	chunkSize = 32 << 10
)

// pump moves the data stream's bytes to Read. Two buffers suffice: the reader holds one while the
// pump fills the other.
func (c *conn) pump() {
	defer close(c.ended)
	var bufs [2][]byte
	size := pieceSize
	for i := 0; ; i ^= 1 {
		if len(bufs[i]) < size {
			bufs[i] = make([]byte, size)
		}
		n, err := c.data.Read(bufs[i])
		if n > 0 {
			select {
			case c.chunks <- bufs[i][:n]:
			case <-c.closed:
				c.endErr = net.ErrClosed
				return
			}
		}
		if err != nil {
			c.endErr = c.why(err)
			return
		}
		if n == size {
			size = chunkSize
		}
	}
}

// why says how the data stream ended: io.EOF only if the far end closed it and had nothing to say.
func (c *conn) why(err error) error {
	if cause := c.t.cause(); cause != nil {
		return cause
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	late := time.NewTimer(time.Second) // the two streams are not ordered
	defer late.Stop()
	select {
	case <-c.said:
		if c.message != "" {
			return fmt.Errorf("pod %s/%s port %d: %s", c.pod.Namespace, c.pod.Name, c.pod.Port, shorten(c.message))
		}
	case <-c.closed:
		return net.ErrClosed
	case <-late.C:
	}
	if cause := c.t.cause(); cause != nil {
		return cause
	}
	if c.wasReset() {
		return ErrCut
	}
	return io.EOF
}

// wasReset tells a stream that the far end reset, as a kubelet that goes away does, from one that it
// closed: a reset finishes our half too. The library marks that just after it has freed the reader,
// hence the second look.
func (c *conn) wasReset() bool {
	s, ok := c.data.(interface{ IsFinished() bool })
	if !ok {
		return false
	}
	if !s.IsFinished() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-c.closed:
		}
	}
	return s.IsFinished()
}

// listen reads the error stream to its end.
func (c *conn) listen() {
	msg, _ := io.ReadAll(io.LimitReader(c.errs, 4<<10))
	_, _ = io.Copy(io.Discard, c.errs)
	c.message = inventory.Clean(string(msg), 1000)
	close(c.said)
	c.t.conn.RemoveStreams(c.errs)
}

// shorten keeps the cause of what a kubelet says ("error forwarding port 5000 to pod …, uid …: failed
// to connect to localhost:5000 inside …: dial tcp4 127.0.0.1:5000: connect: connection refused").
func shorten(msg string) string {
	if i := strings.LastIndex(msg, ": connect: "); i >= 0 {
		return msg[i+len(": connect: "):]
	}
	return msg
}

func (c *conn) Read(p []byte) (int, error) {
	c.readMu.Lock()
	defer c.readMu.Unlock()
	if err := c.before(&c.readDeadline); err != nil {
		return 0, err
	}
	if len(c.pending) == 0 {
		select {
		case c.pending = <-c.chunks:
		case <-c.ended:
			return 0, c.endErr
		case <-c.closed:
			return 0, net.ErrClosed
		case <-c.readDeadline.passed():
			return 0, os.ErrDeadlineExceeded
		}
	}
	n := copy(p, c.pending)
	c.pending = c.pending[n:]
	return n, nil
}

// Write sends p. A write that a deadline or Close interrupts may still send all of p.
func (c *conn) Write(p []byte) (int, error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	total := 0
	for len(p) > 0 {
		if err := c.before(&c.writeDeadline); err != nil {
			return total, err
		}
		part := append([]byte(nil), p[:min(len(p), chunkSize)]...)
		done := make(chan error, 1)
		if !c.t.spawn(func() {
			_, err := c.data.Write(part)
			done <- err
		}) {
			return total, c.t.cause()
		}
		select {
		case err := <-done:
			if err != nil {
				return total, c.t.explain(err)
			}
		case <-c.closed:
			return total, net.ErrClosed
		case <-c.writeDeadline.passed():
			return total, os.ErrDeadlineExceeded
		}
		total += len(part)
		p = p[len(part):]
	}
	return total, nil
}

// before gives closing and a deadline that has passed precedence over data that is there.
func (c *conn) before(d *deadline) error {
	select {
	case <-c.closed:
		return net.ErrClosed
	case <-d.passed():
		return os.ErrDeadlineExceeded
	default:
		return nil
	}
}

// Close gives the connection up: the far end closes its connection to the pod, and what was under
// way is dropped.
func (c *conn) Close() error {
	c.closeOnce.Do(func() {
		close(c.closed)
		c.readDeadline.set(time.Time{})
		c.writeDeadline.set(time.Time{})
		c.t.conns.Add(-1)
		_ = c.t.spawn(func() { // writing the reset can wait for a full tunnel
			_ = c.data.Reset()
			c.t.conn.RemoveStreams(c.data)
		})
	})
	return nil
}

func (c *conn) LocalAddr() net.Addr { return addr("port-forward") }
func (c *conn) RemoteAddr() net.Addr {
	return addr(fmt.Sprintf("pod/%s/%s:%d", c.pod.Namespace, c.pod.Name, c.pod.Port))
}

func (c *conn) SetDeadline(t time.Time) error {
	c.readDeadline.set(t)
	c.writeDeadline.set(t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.readDeadline.set(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.writeDeadline.set(t)
	return nil
}

// addr is an address that is only a name.
type addr string

func (addr) Network() string  { return "port-forward" }
func (a addr) String() string { return string(a) }
