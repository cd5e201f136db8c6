package wire_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"benchtop/engine/openai"
	"benchtop/engine/wire"
)

// answer receives one reply with everything that the engine does per token.
type answer struct {
	openai.Stream
	stamps []int64
}

func (a *answer) Head(status int, contentType string, _ int64) { a.Stream.Head(status, contentType) }

func (a *answer) Body(b []byte, stampNS int64, _ bool) error {
	a.Feed(b, stampNS)
	return nil
}

func (a *answer) Token(stampNS int64, _ int, _ int64) { a.stamps = append(a.stamps, stampNS) }

// sent is one finished request.
type sent struct {
	id    string
	dueNS int64
	x     wire.Exchange
	a     *answer
	err   error
}

// drive sends requests at a Poisson rate for so long, as the engine does.
func drive(tb testing.TB, c *wire.Client, rate float64, length time.Duration, tokens int) []sent {
	tb.Helper()
	ctx := context.Background()
	pacer, err := wire.NewPacer()
	if err != nil {
		tb.Fatal(err)
	}
	defer pacer.Close()
	random := rand.New(rand.NewPCG(1, 2))
	var due []int64
	begin := wire.Now() + int64(600*time.Millisecond)
	for at := 0.0; at < length.Seconds(); at += random.ExpFloat64() / rate {
		due = append(due, begin+int64(at*1e9))
	}
	body := (&openai.Request{Model: "phi-4-mini-instruct", Endpoint: openai.Completions, PromptIDs: make([]int, 200),
		MaxTokens: tokens, Stream: true, IgnoreEOS: true, Options: openai.ContinuousUsage}).AppendBody(nil)
	out := make([]sent, len(due))
	slots := make([]*wire.Slot, len(due))
	var reserved int
	var wg sync.WaitGroup
	for k, at := range due {
		for ; reserved < len(due) && due[reserved] < at+int64(500*time.Millisecond); reserved++ {
			if reserved > k || k == 0 {
				pacer.Wait(ctx, min(due[reserved]-int64(500*time.Millisecond), at))
			}
			slots[reserved] = c.Reserve(ctx, due[reserved])
		}
		if err := pacer.Wait(ctx, at); err != nil {
			tb.Fatal(err)
		}
		wg.Go(func() {
			s := &out[k]
			s.id, s.dueNS = fmt.Sprintf("r%d", k), at
			s.a = &answer{stamps: make([]int64, 0, tokens)}
			s.a.Reset(openai.Completions, make([]uint32, 0, tokens), s.a)
			s.x, s.err = c.Post(ctx, slots[k], "/v1/completions", s.id, body, s.a)
			s.a.Finish("", openai.Want{Prompt: 200, Output: tokens})
		})
	}
	wg.Wait()
	return out
}

// errorsOf compares with the truth: TTFT and ITL errors and send lags, each sorted, in ns.
func errorsOf(tb testing.TB, reqs []sent, known map[string]truth) (ttft, itl, lag, ttftSent []int64, tokens, coalesced int) {
	tb.Helper()
	for _, s := range reqs {
		t := known[s.id]
		if s.err != nil || s.a.Err != "" || len(s.a.stamps) != len(t.WroteN) {
			tb.Fatalf("request %s: %v %s %s, %d of %d tokens", s.id, s.err, s.a.Err, s.a.Sample, len(s.a.stamps), len(t.WroteN))
		}
		lag = append(lag, s.x.SentNS-s.dueNS)
		tokens += len(s.a.stamps)
		coalesced += s.a.Coalesced
		ttft = append(ttft, s.a.stamps[0]-t.WroteN[0])
		ttftSent = append(ttftSent, (s.a.FirstTokenNS-s.x.SentNS)-(t.WroteN[0]-t.ReadNS))
		for k := 1; k < len(s.a.stamps); k++ {
			off := (s.a.stamps[k] - s.a.stamps[k-1]) - (t.WroteN[k] - t.WroteN[k-1])
			itl = append(itl, max(off, -off))
		}
	}
	for _, v := range [][]int64{ttft, itl, lag, ttftSent} {
		slices.Sort(v)
	}
	return ttft, itl, lag, ttftSent, tokens, coalesced
}

func quantile(sorted []int64, q float64) float64 {
	return float64(sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]) / 1e3
}

// BenchmarkLoad measures this machine's own errors against a server in another process that knows
// when it wrote: µs, for 200-token replies 20 ms apart. One run takes 10 to 15 s, whatever b.N is.
// WIRE_TEST_SERVER_CPU and WIRE_TEST_CLIENT_CPU pin the two.
func BenchmarkLoad(b *testing.B) {
	rows := []struct {
		name      string
		rate      float64
		gap       time.Duration
		sync, hog bool
		tls       bool
		user      bool // stamps when reads return, and net.Conn's Read
	}{
		{name: "16_per_s", rate: 16, gap: 10 * time.Millisecond},
		{name: "16_per_s_user_stamps", rate: 16, gap: 10 * time.Millisecond, user: true},
		{name: "256_streams", rate: 256 / 4.2},
		{name: "1024_streams", rate: 1024 / 4.2},
		{name: "256_streams_and_hog", rate: 256 / 4.2, hog: true},
		{name: "256_streams_in_step", rate: 256 / 4.2, sync: true},
		{name: "256_streams_over_TLS", rate: 256 / 4.2, tls: true},
	}
	pinFromEnv("WIRE_TEST_CLIENT_CPU")
	for _, row := range rows {
		b.Run(row.name, func(b *testing.B) {
			for range b.N {
				if row.gap == 0 {
					row.gap = 20 * time.Millisecond
				}
				server := startTruth(b, script{TTFT: 200 * time.Millisecond, Gap: row.gap, Tokens: 200, Sync: row.sync, TLS: row.tls})
				cfg := wire.Config{BaseURL: server.url, StallLimit: 10 * time.Second,
					TLS: &tls.Config{InsecureSkipVerify: true}}
				if row.user {
					cfg.Dial = dialWrapped
				}
				c, err := wire.NewClient(cfg)
				if err != nil {
					b.Fatal(err)
				}
				var quiet atomic.Bool
				var hog sync.WaitGroup
				if row.hog {
					hog.Go(func() { spinElsewhere(b, &quiet) })
				}
				before := wire.CPUTime()
				reqs := drive(b, c, row.rate, 10*time.Second, 200)
				cpu, rss := (wire.CPUTime() - before).Seconds(), float64(wire.RSSAnon())/(1<<20)
				quiet.Store(true)
				hog.Wait()
				c.Close()
				ttft, itl, lag, ttftSent, tokens, coalesced := errorsOf(b, reqs, server.stop(b))
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(quantile(ttft, .5), "ttft-p50-µs")
				b.ReportMetric(quantile(ttft, .99), "ttft-p99-µs")
				b.ReportMetric(quantile(itl, .5), "itl-p50-µs")
				b.ReportMetric(quantile(itl, .99), "itl-p99-µs")
				b.ReportMetric(quantile(lag, .5), "lag-p50-µs")
				b.ReportMetric(quantile(lag, .99), "lag-p99-µs")
				b.ReportMetric(quantile(ttftSent, .5), "sent-p50-µs")
				b.ReportMetric(quantile(ttftSent, .99), "sent-p99-µs")
				b.ReportMetric(cpu/float64(tokens)*1e6, "CPU-s/Mtok")
				b.ReportMetric(rss, "RssAnon-MB")
				b.ReportMetric(float64(coalesced)/float64(tokens)*100, "coalesced-%")
			}
		})
	}
	if os.Getenv("WIRE_TEST_CLIENT_CPU") == "" {
		b.Log("not pinned: server and client share cores")
	}
}
