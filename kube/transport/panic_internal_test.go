package transport

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"k8s.io/streaming/pkg/httpstream"
)

// broken is a connection whose library breaks when a stream is made.
type broken struct{ httpstream.Connection }

func (broken) CreateStream(http.Header) (httpstream.Stream, error) { panic("no such stream") }
func (broken) CloseChan() <-chan bool                              { return nil }
func (broken) Close() error                                        { return nil }

func TestAPanicInTheLibraryIsAnError(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	tun := &tunnel{conn: broken{}, raw: living(near)}
	const want = "port-forward: internal error: no such stream"
	if _, err := tun.dial(t.Context(), Pod{}); err == nil || err.Error() != want {
		t.Errorf("dial: %v, want %s", err, want)
	}
	if !tun.spawn(func() { panic("pump broke") }) {
		t.Fatal("the tunnel had ended")
	}
	tun.wait()
	if err := tun.cause(); err == nil || !strings.Contains(err.Error(), "pump broke") {
		t.Errorf("the tunnel ended with %v", err)
	}
}
