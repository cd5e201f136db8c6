package engine

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"sort"
	"sync"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/scrape"
	"benchtop/engine/wire"
)

// keepSamples bounds what the view remembers: an hour at one a second. Of a longer step every second
// sample is dropped when it is full, so that what is left spans all of it.
const keepSamples = 4 << 10

func thinned[T any](s []T) []T {
	n := 0
	for i := 0; i < len(s); i += 2 {
		s[n] = s[i]
		n++
	}
	return s[:n]
}

// view is what is known of a target besides the load: round trips of a small GET, and what the
// server says of itself. The monitor writes it, everybody reads it.
type view struct {
	mu      sync.Mutex
	rtts    []rttSample
	scrapes []scrapeSample
	last    ServerNow
}

type rttSample struct {
	at int64 // wire clock
	ns int64
}

type scrapeSample struct {
	at   int64
	view scrape.View
}

func (v *view) init() { v.last = noServer() }

func noServer() ServerNow {
	nan := math.NaN()
	return ServerNow{Running: nan, Waiting: nan, KVPct: nan, TTFTMeanMS: nan, QueueMeanMS: nan, Preemptions: nan, PrefixHitPct: nan}
}

func (v *view) now() ServerNow {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}

// begin forgets scrapes before the step but for the last.
func (v *view) begin() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := len(v.scrapes); n > 1 {
		v.scrapes = append([]scrapeSample(nil), v.scrapes[n-1:]...)
	}
	if n := len(v.rtts); n > keepSamples/2 {
		v.rtts = append([]rttSample(nil), v.rtts[n-keepSamples/4:]...)
	}
}

func (v *view) addRTT(ns int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.rtts) >= keepSamples {
		v.rtts = thinned(v.rtts)
	}
	v.rtts = append(v.rtts, rttSample{wire.Now(), ns})
}

// fresh says whether the round trips before a step have just been taken.
func (v *view) fresh() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := len(v.rtts) - stepPings
	return n >= 0 && wire.Now()-v.rtts[n].at < int64(10*time.Second)
}

// rtt is the median of the last ten round trips in ms; 0 = unknown.
func (v *view) rtt() float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return median(v.rtts[max(0, len(v.rtts)-10):], 0.5)
}

func median(s []rttSample, p float64) float64 {
	if len(s) == 0 {
		return 0
	}
	ns := make([]int64, len(s))
	for i := range s {
		ns[i] = s[i].ns
	}
	sort.Slice(ns, func(i, j int) bool { return ns[i] < ns[j] })
	return millis(ns[max(0, int(math.Ceil(p*float64(len(ns))))-1)])
}

// path summarises the round trips between two instants of the wire clock.
func (v *view) path(from, to int64) record.Path {
	v.mu.Lock()
	defer v.mu.Unlock()
	var in []rttSample
	for _, s := range v.rtts {
		if s.at >= from && s.at < to {
			in = append(in, s)
		}
	}
	p := record.Path{N: len(in)}
	if len(in) > 0 {
		p50, p99, lo := median(in, 0.5), median(in, 0.99), median(in, 0)
		p.RTTP50MS, p.RTTP99MS, p.RTTMinMS = &p50, &p99, &lo
	}
	return p
}

// server summarises what the server said between two instants of the wire clock.
func (v *view) server(from, to int64) record.ServerView {
	v.mu.Lock()
	defer v.mu.Unlock()
	var in []scrape.View
	for _, s := range v.scrapes {
		// One sample before the window is its starting point.
		if s.at < from {
			in = append(in[:0], s.view)
		} else if s.at <= to+int64(time.Second) {
			in = append(in, s.view)
		}
	}
	return scrape.Summary(in)
}

func (v *view) addScrape(s scrape.View) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.scrapes) >= keepSamples {
		v.scrapes = thinned(v.scrapes)
	}
	v.last = serverNow(v.scrapes, s)
	v.scrapes = append(v.scrapes, scrapeSample{wire.Now(), s})
}

// serverNow takes gauges from the newest scrape and means from the last ten seconds.
func serverNow(past []scrapeSample, s scrape.View) ServerNow {
	n := noServer()
	n.Available = true
	for _, f := range []struct {
		to   *float64
		from *float64
	}{{&n.Running, s.Running}, {&n.Waiting, s.Waiting}, {&n.KVPct, s.KVPct}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if len(past) == 0 {
		return n
	}
	d := scrape.Summary([]scrape.View{past[max(0, len(past)-10)].view, s})
	for _, f := range []struct {
		to   *float64
		from *float64
	}{{&n.TTFTMeanMS, d.TTFTMeanMS}, {&n.QueueMeanMS, d.QueueMeanMS}, {&n.Preemptions, d.Preemptions}, {&n.PrefixHitPct, d.PrefixHitPct}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	return n
}

// monitor looks at the path and the server once a second until ctx ends, on connections of its own.
func (x *runner) monitor(ctx context.Context) {
	var wg sync.WaitGroup
	x.run.guard(&wg, func() {
		everySecond(ctx, func() { x.ping(ctx) })
	})
	if x.metrics {
		x.run.guard(&wg, func() {
			everySecond(ctx, func() { x.scrapeOnce(ctx) })
		})
	}
	wg.Wait()
}

func everySecond(ctx context.Context, f func()) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		f()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (x *runner) ping(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := x.client.Get(ctx, "/health")
	if err == nil {
		x.view.addRTT(r.RTTNS)
	}
	return err == nil
}

// stepPings is how many round trips are taken before a step.
const stepPings = 20

// pingBefore takes the round trips before a step: 20, a few at a time so that a far target does not
// hold up the sweep. Its error is a panic.
func (x *runner) pingBefore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	some := func() error {
		for range stepPings / 4 {
			if !x.ping(ctx) {
				return nil
			}
		}
		return nil
	}
	return wire.Together(some, some, some, some)
}

func (x *runner) scrapeOnce(ctx context.Context) (scrape.View, error) {
	ctx, cancel := context.WithTimeout(ctx, x.run.askLimit)
	defer cancel()
	v, err := x.fetchMetrics(ctx)
	if err == nil {
		x.view.addScrape(v)
	}
	return v, err
}

// waitIdle waits until the server has nothing to do, and says what it is doing if it never is.
func (x *runner) waitIdle(ctx context.Context) (foreign string) {
	if !x.metrics {
		return ""
	}
	deadline := time.Now().Add(idleLimit)
	for {
		v, err := x.scrapeOnce(ctx)
		if err != nil || v.Running == nil || ctx.Err() != nil {
			return "" // not known: nothing is claimed
		}
		busy := *v.Running
		if v.Waiting != nil {
			busy += *v.Waiting
		}
		if busy == 0 {
			return ""
		}
		if time.Now().After(deadline) {
			return fmt.Sprintf("the server was running %g foreign requests when the step began", busy)
		}
		select {
		case <-ctx.Done():
			return ""
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// reachable waits until the target answers /v1/models again.
func (x *runner) reachable(ctx context.Context) error {
	for {
		_, err := x.models(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

// watch ends the step when the target is lost. One that only calls itself not ready is told of and
// measured on: its answers say how it is.
func (x *runner) watch(ctx context.Context, before evidence, lose context.CancelCauseFunc) {
	ready, odd := before.cond.Ready, 0
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if x.target.Watch != nil {
			c := x.target.Watch()
			if c.Restarts != before.cond.Restarts || c.Cuts != before.cond.Cuts {
				lose(errLost)
				return
			}
			if c.Ready == ready {
				odd = 0
			} else if odd++; odd >= flapTicks {
				ready, odd = c.Ready, 0
				x.flapped(c)
			}
		}
		if x.live.connErrs.Load() >= lostAfter && !x.ping(ctx) && ctx.Err() == nil {
			lose(errLost)
			return
		}
	}
}

// flapTicks is how long a target must have changed before it is told of, in ticks of watch: what lost
// it is known by then, and says more.
const flapTicks = 5

// flapped tells that a target under load stopped or began to call itself ready.
func (x *runner) flapped(c Condition) {
	if c.Ready {
		x.run.event(x, 1, "is ready again")
		return
	}
	text := "no longer calls itself ready"
	if c.Reason != "" {
		text += ": " + record.Clean(c.Reason)
	}
	x.run.event(x, 1, text+"; measured on as long as it answers")
	x.run.note(x.info.Name, text, false)
}

// lostAfter is how many requests in a row must fail to connect before the target is asked whether
// it is still there.
const lostAfter = 5

// fetchMetrics reads what the server says of itself, gzipped and on a connection of its own, so that
// it cannot disturb what is measured.
func (x *runner) fetchMetrics(ctx context.Context) (scrape.View, error) {
	r, err := x.client.GetGzip(ctx, "/metrics")
	if err != nil {
		return scrape.View{}, err
	}
	if r.Status != http.StatusOK {
		return scrape.View{}, fmt.Errorf("GET /metrics: status %d", r.Status)
	}
	return scrape.Parse(bytes.NewReader(r.Body))
}
