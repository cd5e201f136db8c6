package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"

	"benchtop/engine/wire"
)

func TestErrorsSpeakPlainly(t *testing.T) {
	for _, tt := range []struct {
		op   wire.Op
		err  error
		want string
	}{
		{wire.OpDial, context.DeadlineExceeded, "connect to h:1: no answer in time"},
		{wire.OpDial, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, "connect to h:1: no answer in time"},
		{wire.OpDial, errors.New("connection refused"), "connect to h:1: connection refused"},
		{wire.OpTLS, errors.New("bad certificate"), "TLS handshake with h:1: bad certificate"},
		{wire.OpWrite, errors.New("broken pipe"), "send request to h:1: broken pipe"},
		{wire.OpRead, errors.New("net/http: it broke"), "read reply of h:1: it broke"},
		{wire.OpEOF, errors.New("EOF"), "h:1 closed the connection before the end of its reply"},
		{wire.OpStall, errors.New("no byte for 5m0s"), "h:1: no byte for 5m0s"},
		{wire.OpProtocol, errors.New("its head is long"), "reply of h:1 is not HTTP/1.1: its head is long"},
		{wire.OpCancelled, fmt.Errorf("closed: %w", context.Canceled), "request to h:1 cut: cancelled"},
	} {
		err := &wire.Error{Op: tt.op, Host: "h:1", Err: tt.err}
		if got := err.Error(); got != tt.want {
			t.Errorf("%s of %v: %q, want %q", tt.op, tt.err, got, tt.want)
		}
	}
}

func TestAPanicInTheWayIsAnError(t *testing.T) {
	c := client(t, wire.Config{BaseURL: "http://h:1", Dial: func(context.Context, string, string) (net.Conn, error) { panic("no tunnel") }})
	for range 2 { // and from then on
		_, _, err := post(t, c)
		var p *wire.Panic
		if !errors.As(err, &p) || p.Error() != "internal error: no tunnel" || len(p.Stack) == 0 {
			t.Errorf("error %v", err)
		}
	}
}
