package sim_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"benchtop/engine/sim"
)

// BenchmarkStreams serves 256 streams of 100 tokens at once in real time, a step of 20 ms for all, and
// reports how long after the planned end of its step a token is written, first and last stream alike.
// It shares the machine with its own clients, which only discard.
func BenchmarkStreams(b *testing.B) {
	const streams, tokens, step = 256, 100, 20 * time.Millisecond
	for b.Loop() {
		done := make(chan struct{})
		var mu sync.Mutex
		var first int64 // when the engine woke
		late := make([]time.Duration, 0, streams*tokens)
		s, err := sim.New(sim.Config{
			Profile:     sim.Profile{Name: "step", Model: "phi", Step: sim.StepModel{BaseMS: 20}, KVBlocks: 10_000, MaxModelLen: 1000},
			TokenBudget: 1 << 20,
			Observer: func(_ string, event int, atNS int64) {
				mu.Lock()
				defer mu.Unlock()
				if event >= 0 {
					late = append(late, time.Duration(atNS-first)%step)
				} else if first == 0 {
					first = atNS
				}
				if len(late) == streams*tokens {
					close(done)
				}
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { _ = s.Serve(b.Context(), l) })
		for range streams {
			wg.Go(func() { discard(b, l.Addr().String(), stream(200, tokens)) })
		}
		<-done
		s.Close()
		wg.Wait()
		slices.Sort(late)
		b.ReportMetric(float64(late[len(late)/2].Microseconds()), "late-p50-µs")
		b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "late-p99-µs")
	}
}

func discard(b *testing.B, addr, body string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Error(err)
		return
	}
	defer c.Close()
	req, err := http.NewRequest("POST", "http://"+addr+"/v1/completions", strings.NewReader(body))
	if err == nil {
		err = req.Write(c)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, c)
	}
	if err != nil {
		b.Error(fmt.Errorf("stream: %w", err))
	}
}
