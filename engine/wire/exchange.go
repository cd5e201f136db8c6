package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

var errReleased = errors.New("its slot was released")

// readSize is what one read asks for. An event of vLLM has 0.3 kB; a stream that is read late gets
// several at once.
const readSize = 4 << 10

// The buffers of reads, and of requests while they are written. Both are returned as soon as the
// exchange does without, so that what is idle holds none.
var (
	readBuffers  = sync.Pool{New: func() any { return new([readSize]byte) }}
	writeBuffers = sync.Pool{New: func() any { return new([]byte) }}
)

// redialWithin is how soon after the send a connection must turn out to be closed for that to be
// the server's idle limit, which crossed our request. Whatever ends later is an error of the
// request, and sending it again would turn it into a slow success.
const redialWithin = time.Second

// job is one request, what hears its reply, and what becomes of it.
type job struct {
	request
	pool *[]*conn // where its connection comes from and goes to
	slot *Slot
	h    Handler
	x    Exchange
}

// do sends a request and sees it through, on its second connection if the first was found closed.
func (c *Client) do(ctx context.Context, j *job) error {
	if err := j.check(); err != nil {
		j.slot.Release()
		return err
	}
	if c.cfg.RoundTripper != nil {
		return c.roundTrip(ctx, j)
	}
	if err := ctx.Err(); err != nil {
		j.slot.Release()
		return c.fail(OpCancelled, err)
	}
	cn, err := c.obtain(ctx, j)
	if err != nil {
		return err
	}
	again, err := c.exchange(ctx, j, cn)
	if !again {
		return err
	}
	j.x.Redialled = true
	if cn, err = c.dialNow(ctx, j, nil); err != nil {
		return err
	}
	_, err = c.exchange(ctx, j, cn)
	return err
}

// exchange does one request on cn, which it returns to the pool or closes. again is true if the
// connection had been opened ahead and turned out to be closed before the reply's first byte.
func (c *Client) exchange(ctx context.Context, j *job, cn *conn) (again bool, err error) {
	if !c.enter(&cn.watched) {
		cn.close()
		return false, c.gone()
	}
	defer c.leave(&cn.watched)
	cutDone := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cutDone)
		c.guarded(func() { cn.cut(cutCancelled) })
	})
	j.x.ConnectNS = 0
	if !cn.used {
		cn.used, j.x.ConnectNS = true, cn.connectNS
	}
	sendErr := c.send(cn, j)
	in := reader{cn: cn, job: j}
	// A server may answer and close before it has read all of a request: what it says is worth more
	// than that the write failed.
	op, err := in.receive()
	silent := j.x.Reads == 0
	if err != nil && sendErr != nil && silent {
		op, err = OpWrite, sendErr
	}
	if !stop() {
		<-cutDone
	}
	cut := cn.why.Load() != 0
	if err == nil && in.keep && !cut {
		cn.idleNS = Now()
		c.putIdle(j.pool, cn)
		return false, nil
	}
	cn.close()
	if err == nil || op == opHandler {
		return false, err
	}
	again = cn.ahead && silent && !cut && Now()-j.x.SentNS < int64(redialWithin)
	return again, c.broken(ctx, &cn.watched, op, err)
}

func (c *Client) send(cn *conn, j *job) error {
	buf := writeBuffers.Get().(*[]byte)
	defer writeBuffers.Put(buf)
	*buf = j.append((*buf)[:0], &c.at)
	cn.raw.sentNS = 0
	_, err := cn.rw.Write(*buf)
	j.x.SentNS = cn.raw.sentNS
	return err
}

// opHandler marks an error that the handler returned.
const opHandler Op = "handler"

// reader reads one reply.
type reader struct {
	*job
	cn   *conn
	head head
	keep bool // the connection can carry another request
}

// receive reads the reply to its end.
func (in *reader) receive() (Op, error) {
	buf := readBuffers.Get().(*[readSize]byte)
	defer readBuffers.Put(buf)
	in.x.Kernel = true
	rest, op, err := in.readHead(buf[:])
	if err != nil {
		in.x.Kernel = false
		return op, err
	}
	if e := in.head.encoding; e != "" && !(in.gzip && e == "gzip") {
		return OpProtocol, fmt.Errorf("it is compressed (%.40q), which was not asked for", e)
	}
	in.x.HeadNS = in.cn.raw.stampNS
	in.x.Status, in.x.ContentType, in.x.Location = in.head.status, in.head.contentType, in.head.location
	in.h.Head(in.head.status, in.head.contentType, in.x.HeadNS)
	return in.readBody(rest, buf[:])
}

// read reads once and keeps the books. Without bytes there is an error.
func (in *reader) read(p []byte) (int, error) {
	n, err := in.cn.rw.Read(p)
	for tries := 0; n == 0 && err == nil; tries++ { // a tunnel may pass on an empty write
		if tries == 100 {
			return 0, io.ErrNoProgress
		}
		n, err = in.cn.rw.Read(p)
	}
	if n == 0 {
		return 0, err
	}
	raw := in.cn.raw
	in.cn.lastNS.Store(raw.readNS)
	in.x.Reads++
	if !raw.stamped {
		in.x.Kernel = false
	} else if late := raw.readNS - raw.stampNS; late > in.x.LateNS {
		in.x.LateNS = late
	}
	return n, nil // an error with bytes comes again with the next read
}

// readHead reads until the final head is complete and gives what came behind it.
func (in *reader) readHead(buf []byte) (rest []byte, op Op, err error) {
	n, seen := 0, 0
	for {
		if n == len(buf) {
			if len(buf) >= maxHead {
				return nil, OpProtocol, fmt.Errorf("its head is longer than %d bytes", maxHead)
			}
			buf = append(buf, make([]byte, 3*len(buf))...)
		}
		k, err := in.read(buf[n:])
		if k == 0 {
			return nil, opOf(err), err
		}
		n += k
		for {
			end := headEnd(buf[:n], seen)
			if end < 0 {
				if err := notHTTP(buf[:n]); err != nil {
					return nil, OpProtocol, err
				}
				seen = n
				break
			}
			if in.head, err = parseHead(buf[:end]); err != nil {
				return nil, OpProtocol, err
			}
			if in.head.status >= 200 {
				return buf[end:n], "", nil
			}
			n, seen = copy(buf, buf[end:n]), 0 // 100 Continue and its kind come before the real head
		}
	}
}

// readBody hands on the body: first rest, then what is read into buf.
func (in *reader) readBody(rest, buf []byte) (Op, error) {
	raw, body := in.cn.raw, bodyOf(&in.head)
	lastNS := in.x.HeadNS
	for {
		out, extra, done, err := body.take(rest)
		if len(out) > 0 {
			if err := in.h.Body(out, raw.stampNS, raw.stamped); err != nil {
				return opHandler, err
			}
		}
		if err != nil {
			return OpProtocol, err
		}
		if done {
			in.x.DoneNS = lastNS
			in.keep = in.head.keepAlive && extra == 0
			return "", nil
		}
		n, err := in.read(buf)
		if n == 0 {
			if body.untilClose && errors.Is(err, io.EOF) {
				in.x.DoneNS = lastNS
				return "", nil
			}
			return opOf(err), err
		}
		rest, lastNS = buf[:n], raw.stampNS
	}
}

func opOf(err error) Op {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return OpEOF
	}
	return OpRead
}
