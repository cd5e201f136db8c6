package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
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
	switch e.Op {
	case OpDial:
		return fmt.Sprintf("connect to %s: %v", e.Host, e.Err)
	case OpTLS:
		return fmt.Sprintf("TLS handshake with %s: %v", e.Host, e.Err)
	case OpWrite:
		return fmt.Sprintf("send request to %s: %v", e.Host, e.Err)
	case OpEOF:
		return fmt.Sprintf("%s closed the connection before the end of its reply", e.Host)
	case OpStall:
		return fmt.Sprintf("%s: %v", e.Host, e.Err)
	case OpProtocol:
		return fmt.Sprintf("reply of %s is not HTTP/1.1: %v", e.Host, e.Err)
	case OpCancelled:
		return fmt.Sprintf("request to %s cut: %v", e.Host, e.Err)
	default:
		return fmt.Sprintf("read reply of %s: %v", e.Host, e.Err)
	}
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func (c *Client) fail(op Op, err error) error {
	return &Error{Op: op, Host: c.at.addr, Err: err}
}

var errClosed = fmt.Errorf("client closed: %w", context.Canceled)

// broken turns a transport error into what the caller should see: why it was cut, if it was.
func (c *Client) broken(ctx context.Context, w *watched, op Op, err error) error {
	switch w.why.Load() {
	case cutStalled:
		return c.fail(OpStall, fmt.Errorf("no byte for %s", c.cfg.StallLimit))
	case cutClosed:
		return c.fail(OpCancelled, errClosed)
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
