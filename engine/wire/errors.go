package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"
)

// Op is the part of an exchange that went wrong.
type Op string

// The operations.
const (
	OpDial      Op = "dial"
	OpTLS       Op = "tls"
	OpWrite     Op = "write"     // the connection broke while sending
	OpRead      Op = "read"      // the connection broke while receiving
	OpEOF       Op = "eof"       // the server closed before the end of the reply
	OpStall     Op = "stall"     // no byte for the stall limit
	OpProtocol  Op = "protocol"  // the reply is not HTTP/1.1 as it should be
	OpCancelled Op = "cancelled" // the context ended, or the client was closed
)

// Error is why an exchange did not come to its end.
type Error struct {
	Op   Op
	Host string // host and port of the endpoint
	Err  error  // the cause; context.Canceled or DeadlineExceeded for OpCancelled
}

// Error says what failed, on which host, and why.
func (e *Error) Error() string {
	why := cause(e.Err)
	switch e.Op {
	case OpDial:
		return fmt.Sprintf("connect to %s: %s", e.Host, why)
	case OpTLS:
		return fmt.Sprintf("TLS handshake with %s: %s", e.Host, why)
	case OpWrite:
		return fmt.Sprintf("send request to %s: %s", e.Host, why)
	case OpEOF:
		return fmt.Sprintf("%s closed the connection before the end of its reply", e.Host)
	case OpStall:
		return fmt.Sprintf("%s: %s", e.Host, why)
	case OpProtocol:
		return fmt.Sprintf("reply of %s is not HTTP/1.1: %s", e.Host, why)
	case OpCancelled:
		return fmt.Sprintf("request to %s cut: %s", e.Host, why)
	default:
		return fmt.Sprintf("read reply of %s: %s", e.Host, why)
	}
}

// cause says why in words that do not need Go.
func cause(err error) string {
	var limit interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.As(err, &limit) && limit.Timeout(): // context.DeadlineExceeded as well
		return "no answer in time"
	}
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "net/http: "), "tls: ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func (c *Client) fail(op Op, err error) error {
	return &Error{Op: op, Host: c.at.addr, Err: err}
}

var errClosed = fmt.Errorf("client closed: %w", context.Canceled)

// Panic is a fault in this program, or in the library of a tunnel, caught in a goroutine of a Client.
// It is the cause of an Error.
type Panic struct {
	Value any
	Stack []byte
}

// Error says it without the stack.
func (p *Panic) Error() string { return fmt.Sprintf("internal error: %v", p.Value) }

// guarded runs f. After a panic in it the client takes no more requests, and those under way end with
// the Panic.
func (c *Client) guarded(f func()) {
	defer func() {
		if v := recover(); v != nil {
			c.broke.CompareAndSwap(nil, &Panic{v, debug.Stack()})
			c.cancel()
		}
	}()
	f()
}

// gone is why the client takes no more requests.
func (c *Client) gone() error {
	if p := c.broke.Load(); p != nil {
		return c.fail(OpCancelled, p)
	}
	return c.fail(OpCancelled, errClosed)
}

// broken turns a transport error into what the caller should see: why it was cut, if it was.
func (c *Client) broken(ctx context.Context, w *watched, op Op, err error) error {
	switch w.why.Load() {
	case cutStalled:
		return c.fail(OpStall, fmt.Errorf("no byte for %s", c.cfg.StallLimit))
	case cutClosed:
		return c.gone()
	case cutCancelled:
		return c.fail(OpCancelled, ctx.Err())
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return c.fail(OpCancelled, ctxErr)
	}
	return c.fail(op, unwrapNet(err))
}

// unwrapNet drops the addresses that net puts around a cause; Error names the host already.
func unwrapNet(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		err = op.Err
	}
	if sys := (*os.SyscallError)(nil); errors.As(err, &sys) {
		err = sys.Err
	}
	return err
}
