package sim

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// conn is the connection of one stream, taken over from net/http, whose chunk writer allocates for
// each write. When the stream has ended well, it goes back to the HTTP server for the next request.
type conn struct {
	s      *Server
	nc     net.Conn
	reader *bufio.Reader // may hold the start of the next request
	once   bool          // the client asked for the connection to be closed
	queued []byte

	gone   <-chan struct{} // closed when the client has left
	peeked <-chan struct{} // closed when the next request begins, or the client has left
	left   error           // valid after peeked

	w http.ResponseWriter // used instead of nc where the server cannot give the connection away
}

const streamType = "text/event-stream; charset=utf-8"

// openStream sends the response's head, which in vLLM comes long before the first token.
func (s *Server) openStream(w http.ResponseWriter, r *http.Request) (*conn, error) {
	rc := http.NewResponseController(w)
	err := error(http.ErrNotSupported)
	var nc net.Conn
	var rw *bufio.ReadWriter
	if r.ProtoAtLeast(1, 1) {
		nc, rw, err = rc.Hijack()
	}
	if errors.Is(err, http.ErrNotSupported) {
		w.Header().Set("Content-Type", streamType)
		w.WriteHeader(http.StatusOK)
		return &conn{s: s, w: w, gone: r.Context().Done()}, rc.Flush()
	}
	if err != nil {
		return nil, err
	}
	if !s.track(nc) {
		_ = nc.Close()
		return nil, http.ErrServerClosed
	}
	gone, peeked := make(chan struct{}), make(chan struct{})
	c := &conn{s: s, nc: nc, reader: rw.Reader, once: r.Close, gone: gone, peeked: peeked}
	s.handlers.Go(func() { // ends with finish, which closes nc or sets a deadline
		defer close(peeked)
		if _, c.left = c.reader.Peek(1); c.left != nil {
			close(gone)
		}
	})
	head := "HTTP/1.1 200 OK\r\ndate: " + time.Now().UTC().Format(http.TimeFormat) + "\r\nserver: " + serverName +
		"\r\ncontent-type: " + streamType + "\r\ntransfer-encoding: chunked\r\n\r\n"
	if _, err := io.WriteString(nc, head); err != nil {
		c.finish(false)
		return nil, err
	}
	return c, nil
}

// write sends an event in one write.
func (c *conn) write(event []byte) error {
	if c.nc == nil {
		if _, err := c.w.Write(unframed(event)); err != nil {
			return err
		}
		return http.NewResponseController(c.w).Flush()
	}
	_, err := c.nc.Write(framed(event))
	return err
}

// queue keeps an event for the write of end: what follows the last token needs no time of its own.
func (c *conn) queue(event []byte) error {
	if c.nc == nil {
		return c.write(event)
	}
	c.queued = append(c.queued, framed(event)...)
	return nil
}

// end sends the last event and ends the response.
func (c *conn) end(event []byte) error {
	if c.nc == nil {
		return c.write(event)
	}
	c.queued = append(append(c.queued, framed(event)...), "0\r\n\r\n"...)
	_, err := c.nc.Write(c.queued)
	return err
}

// finish gives the connection back if it is to be kept and the client goes on within keepAlive; else
// it closes it.
func (c *conn) finish(keep bool) {
	if c.nc == nil {
		if !keep {
			panic(http.ErrAbortHandler) // net/http cuts the connection
		}
		return
	}
	if keep && !c.once && c.nc.SetReadDeadline(time.Now().Add(keepAlive)) == nil {
		<-c.peeked
		keep = c.left == nil && c.nc.SetReadDeadline(time.Time{}) == nil
	} else {
		keep = false
	}
	c.s.untrack(c.nc)
	if keep {
		c.s.handBack(c.nc, c.reader)
		return
	}
	_ = c.nc.Close()
	<-c.peeked
}

// handBack lets the HTTP server read the next request from nc; head is what was read of it already.
func (s *Server) handBack(nc net.Conn, reader *bufio.Reader) {
	head, _ := reader.Peek(reader.Buffered()) // cannot fail: it asks for what is there
	if again, ok := nc.(*returned); ok {
		nc, head = again.Conn, append(head[:len(head):len(head)], again.head...)
	}
	l := &oneConn{conn: &returned{Conn: nc, head: head}}
	_ = s.http.Serve(l) // starts the connection's goroutine and ends with io.EOF
	select {
	case <-s.closed: // maybe before the HTTP server knew of nc
		_ = nc.Close()
	default:
	}
}

// returned is a connection whose next bytes have been read already.
type returned struct {
	net.Conn
	head []byte
}

func (c *returned) Read(p []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// oneConn is a listener that hands out one connection and ends.
type oneConn struct{ conn net.Conn }

func (l *oneConn) Accept() (net.Conn, error) {
	if l.conn == nil {
		return nil, io.EOF
	}
	c := l.conn
	l.conn = nil
	return c, nil
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// track makes Close cut nc; false means that the server is closing.
func (s *Server) track(nc net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.conns[nc] = struct{}{}
	}
	return !s.closing
}

func (s *Server) untrack(nc net.Conn) {
	s.mu.Lock()
	delete(s.conns, nc)
	s.mu.Unlock()
}

// An event in a buffer has chunkRoom bytes before it, for the length of its HTTP chunk (up to six hex
// digits, CRLF), and CRLF after it.
const chunkRoom = 8

func unframed(b []byte) []byte { return b[chunkRoom : len(b)-2] }

func framed(b []byte) []byte {
	i := chunkRoom - 2
	b[i], b[i+1] = '\r', '\n'
	for n := len(b) - chunkRoom - 2; n > 0; n >>= 4 {
		i--
		b[i] = "0123456789abcdef"[n&15]
	}
	return b[i:]
}
