package wire_test

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"benchtop/engine/wire"
)

// counter is a handler that keeps nothing.
type counter struct{ bytes, calls int }

func (*counter) Head(int, string, int64) {}

func (n *counter) Body(b []byte, _ int64, _ bool) error {
	n.bytes += len(b)
	n.calls++
	return nil
}

// streams answers with as many events, one a write, as the request's path is long.
func streams(tb testing.TB) *server {
	event := strings.TrimSuffix(chunked("data: "+strings.Repeat("x", 300)+"\n\n"), "0\r\n\r\n")
	head, chunk, end := []byte(sseHead), []byte(event), []byte("0\r\n\r\n")
	return serve(tb, func(nc *net.TCPConn, in *bufio.Reader, _ int) {
		for {
			req := accept(in)
			if req == nil {
				return
			}
			nc.Write(head)
			for range len(req.URL.Path) {
				nc.Write(chunk)
			}
			nc.Write(end)
		}
	})
}

func TestNoAllocationPerRead(t *testing.T) {
	c := client(t, wire.Config{BaseURL: streams(t).url})
	count := func(events int) float64 {
		path := "/" + strings.Repeat("e", events-1)
		return testing.AllocsPerRun(5, func() {
			var n counter
			if _, err := c.Post(t.Context(), nil, path, "", nil, &n); err != nil || n.bytes != events*308 {
				t.Errorf("%v, %d bytes", err, n.bytes)
			}
		})
	}
	few, many := count(10), count(3000)
	if many-few > 30 { // of both ends; the collector takes a buffer from its pool now and then
		t.Errorf("%.0f allocations for 10 events, %.0f for 3,000", few, many)
	}
}

func BenchmarkExchange(b *testing.B) {
	c := client(b, wire.Config{BaseURL: streams(b).url})
	path := "/" + strings.Repeat("e", 199)
	b.ReportAllocs()
	var n counter
	for b.Loop() {
		if _, err := c.Post(b.Context(), nil, path, "run-a-0.1-7", nil, &n); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n.calls)/float64(b.N), "reads/op")
}

func BenchmarkExchangeShort(b *testing.B) {
	c := client(b, wire.Config{BaseURL: replies(b, good).url})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Post(b.Context(), nil, "/v1/completions", "run-a-0.1-7", nil, &counter{}); err != nil {
			b.Fatal(err)
		}
	}
}
