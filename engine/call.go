package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"benchtop/engine/openai"
	"benchtop/engine/record"
	"benchtop/engine/wire"
)

// call is what one request needs while it runs; pooled. It is the handler of its own reply.
type call struct {
	stream openai.Stream
	rec    record.Request
	gaps   []uint32
	id     []byte
	load   *load
	due    int64
	inWin  int
	late   int // events that shared a read because this process read late
}

// lateRead is how long bytes may lie in the kernel before the read that fetches them counts as late.
// A goroutine that is woken in time reads within 0.15 ms (p99, quiet machine); one that overslept a
// whole gap is this close to its last byte by chance only, in one case of thirty at 8 ms a token.
const lateRead = int64(250 * time.Microsecond)

var calls = sync.Pool{New: func() any { return &call{} }}

// maxGapStorage bounds what is set aside for a request's gaps before they come.
const maxGapStorage = 1 << 14

// request runs one request from its arrival to its record.
func (l *load) request(cut context.Context, k int) {
	start := wire.Now()
	x := l.x
	defer x.inFlight.Add(-1)
	j := l.jobs[k].Swap(taken)
	if j == nil { // the preparer is late
		j = &job{body: l.body(k)}
	}
	c := calls.Get().(*call)
	c.reset(l, k)
	x.live.started(start - c.due)
	ex, err := x.client.Post(cut, j.slot, x.endpoint.Path(), string(c.id), *j.body, c)
	bodies.Put(j.body)
	if p := (*wire.Panic)(nil); errors.As(err, &p) {
		x.run.broke(p)
	}
	c.fill(k, start, ex, err)
	x.live.finished(&c.rec)
	l.counted(&c.rec, c.stream.UsageMode)
	l.done(&c.rec)
	c.load = nil
	calls.Put(c)
}

// counted keeps how the tokens of a request of the window were counted: each on its own, for a server
// may change its mind.
func (l *load) counted(r *record.Request, mode string) {
	switch {
	case r.Warmup || r.Status != record.StatusOK:
	case mode == openai.EventsCount:
		l.byEvents.Add(1)
	case mode == openai.UsageCount:
		l.byUsage.Add(1)
	}
}

// countNote says how tokens were counted where it was not by the server's own running count alone.
func (l *load) countNote() string {
	events, usage := l.byEvents.Load(), l.byUsage.Load()
	switch {
	case events == 0:
		return ""
	case usage == 0:
		return "the server does not count tokens as it streams: events are counted instead"
	}
	return fmt.Sprintf("%d of %d requests came without the server's running count of tokens: their events are counted instead", events, events+usage)
}

// reset prepares c for arrival k. Its id joins the server's logs with the record.
func (c *call) reset(l *load, k int) {
	c.load, c.inWin, c.late, c.due = l, 0, 0, l.t0+l.sched.TimesNS[k]
	if want := l.x.run.plan.Workload.OutputTokens; cap(c.gaps) < want {
		c.gaps = make([]uint32, 0, min(want, maxGapStorage))
	}
	b := append(c.id[:0], l.x.run.id...)
	b = append(append(append(b, '-'), l.x.info.Name...), '-')
	b = strconv.AppendInt(b, int64(l.step.Index), 10)
	b = strconv.AppendInt(append(b, '.'), int64(l.try), 10)
	c.id = strconv.AppendInt(append(b, '-'), int64(k), 10)
	c.stream.Secrets = l.x.secrets
	c.stream.Reset(l.x.endpoint, c.gaps[:0], c)
}

var errBroken = errors.New("the reply is broken")

// Head takes the reply's status line. It is part of wire.Handler.
func (c *call) Head(status int, contentType string, _ int64) { c.stream.Head(status, contentType) }

// Body takes body bytes as they arrive. It is part of wire.Handler.
//
// Token events that share a read have lost the gap between them. That is this process' doing only
// if it read late; a server or a tunnel that writes two events at once does the same to everybody.
func (c *call) Body(b []byte, stamp int64, kernel bool) error {
	before := c.stream.Coalesced
	ok := c.stream.Feed(b, stamp)
	if n := c.stream.Coalesced - before; n > 0 && kernel && wire.Now()-stamp > lateRead {
		c.late += n
	}
	if !ok {
		return errBroken
	}
	return nil
}

// Token takes one token event. It is part of openai.TokenSink.
func (c *call) Token(stamp int64, tokens int, gapUS int64) {
	if stamp >= c.load.winStart && stamp < c.load.winEnd.Load() {
		c.inWin += tokens
	}
	c.load.x.live.token(stamp-c.due, tokens, gapUS)
}

// fill turns the exchange into its record.
func (c *call) fill(k int, start int64, ex wire.Exchange, err error) {
	l, s := c.load, &c.stream
	status := c.finish(err)
	rel := func(t int64) int64 {
		if t == 0 {
			return 0
		}
		return t - l.x.run.base
	}
	c.gaps = s.Gaps
	c.rec = record.Request{
		ID: string(c.id), Target: l.x.info.Name, Step: l.step.Index, Try: l.try, K: k, Warmup: k < l.sched.First,
		SchedNS: rel(c.due), StartNS: rel(start), SentNS: rel(ex.SentNS), HeadNS: rel(ex.HeadNS),
		FirstTokenNS: rel(s.FirstTokenNS), LastTokenNS: rel(s.LastTokenNS), DoneNS: rel(ex.DoneNS),
		NewConn: ex.NewConn, Redialled: ex.Redialled, ConnectNS: ex.ConnectNS,
		PromptTokens: s.PromptTokens, OutputTokens: s.OutputTokens, Events: s.Events, Coalesced: c.late, Bunched: s.Coalesced - c.late,
		GapsUS: s.Gaps, InWindowTokens: c.inWin, KernelStamps: ex.Kernel,
		Status: status, HTTPStatus: ex.Status, Class: string(s.Err), Error: s.Sample, Finish: s.FinishReason,
	}
	if c.rec.DoneNS == 0 && s.DoneMark { // whole, though the connection was left open after its end
		c.rec.DoneNS = rel(s.DoneNS)
	}
	if c.rec.DoneNS == 0 {
		c.rec.DoneNS = rel(wire.Now())
	}
}

// finish ends the reply and says what became of the request. A request that was cut keeps what it
// received; one that was rejected or failed has no latency.
func (c *call) finish(err error) (status string) {
	s := &c.stream
	if isCancelled(err) {
		s.Finish("", openai.Want{})
		if s.Err == openai.Cut || s.Err == openai.NoTokens || s.Err == openai.NotSSE {
			s.Err, s.Sample = "", ""
		}
		if s.Err == "" && !s.DoneMark {
			return record.StatusIncomplete
		}
	} else {
		w := c.load.x.run.plan.Workload
		s.Finish(transportClass(err), openai.Want{Output: w.OutputTokens})
		if s.Err != "" && s.Sample == "" && err != nil && !errors.Is(err, errBroken) {
			s.Sample = openai.CleanSample([]byte(err.Error()), c.load.x.secrets...)
		}
	}
	switch s.Err {
	case "":
		return record.StatusOK
	case openai.Rejected:
		return record.StatusRejected
	}
	return record.StatusFailed
}

func isCancelled(err error) bool {
	var e *wire.Error
	return errors.Is(err, context.Canceled) || errors.As(err, &e) && e.Op == wire.OpCancelled
}

// transportClass says what the way to the target did; "" = it did its work.
func transportClass(err error) openai.Class {
	if err == nil || errors.Is(err, errBroken) {
		return ""
	}
	var e *wire.Error
	if !errors.As(err, &e) {
		return openai.Reset
	}
	switch e.Op {
	case wire.OpDial:
		return openai.Dial
	case wire.OpTLS:
		return openai.TLS
	case wire.OpStall:
		return openai.Stall
	case wire.OpProtocol:
		return openai.Protocol
	case wire.OpEOF:
		return openai.Cut
	}
	return openai.Reset
}

// isConnClass says whether a class means that the target may be gone, rather than unwilling.
func isConnClass(class string) bool {
	switch openai.Class(class) {
	case openai.Dial, openai.TLS, openai.Reset, openai.Stall:
		return true
	}
	return false
}
