package selfcheck

import (
	"container/heap"
	"context"
	"net"
	"sync"
	"time"

	"benchtop/engine/wire"
)

// stream is one reply under way.
type stream struct {
	events [][]byte
	next   int   // index of the event to write
	dueNS  int64 // when
	conn   net.Conn
	raw    *stampedConn // below conn
	truth  truth
	done   chan error // gets one value
}

// pace writes the events of all streams when they are due. It never makes up for being late: an
// event is a whole gap behind the one before it (half a one in bursts), so that two events of one
// stream that arrive together were read together by a client that was late.
type pace struct {
	gapNS  int64
	bursts bool
	pacer  *wire.Pacer
	due    dueHeap // the pace's own

	mu    sync.Mutex // guards fresh
	fresh []*stream
}

// lookEvery is how often the pace looks for fresh streams: less than any reply's TTFT.
const lookEvery = 5 * time.Millisecond

func newPace(j job) (*pace, error) {
	pacer, err := wire.NewPacer()
	if err != nil {
		return nil, err
	}
	return &pace{gapNS: int64(j.Reply.Gap), bursts: j.Bursts, pacer: pacer}, nil
}

func (p *pace) close() { p.pacer.Close() }

// add hands a stream over.
func (p *pace) add(s *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fresh = append(p.fresh, s)
}

// take moves what is fresh to what is due.
func (p *pace) take() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.fresh {
		s.dueNS = p.at(s.dueNS)
		heap.Push(&p.due, s)
	}
	p.fresh = p.fresh[:0]
}

// at moves an instant to the next one at which all streams write, if they write together.
func (p *pace) at(ns int64) int64 {
	if p.bursts {
		ns += p.gapNS - 1
		ns -= ns % p.gapNS
	}
	return ns
}

// run writes until ctx ends.
func (p *pace) run(ctx context.Context) {
	for {
		until := wire.Now() + int64(lookEvery)
		if len(p.due) > 0 {
			until = min(until, p.due[0].dueNS)
		}
		if p.pacer.Wait(ctx, until) != nil {
			return
		}
		p.take()
		for len(p.due) > 0 && p.due[0].dueNS <= wire.Now() && ctx.Err() == nil {
			p.write(p.due[0])
		}
	}
}

// write writes the next event of s, which is the first that is due.
func (p *pace) write(s *stream) {
	_, err := s.conn.Write(s.events[s.next])
	s.truth.WroteN = append(s.truth.WroteN, s.raw.wroteNS)
	s.next++
	if last := len(s.events) - 1; err == nil && s.next == last {
		_, err = s.conn.Write(s.events[last])
		s.next++
	}
	if err != nil || s.next == len(s.events) {
		heap.Pop(&p.due)
		s.done <- err
		return
	}
	if p.bursts {
		s.dueNS = p.at(max(s.dueNS, s.raw.wroteNS-p.gapNS/2) + p.gapNS)
	} else {
		s.dueNS = s.raw.wroteNS + p.gapNS
	}
	heap.Fix(&p.due, 0)
}

// dueHeap has the stream that is due first in front.
type dueHeap []*stream

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].dueNS < h[j].dueNS }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(s any)        { *h = append(*h, s.(*stream)) }
func (h *dueHeap) Pop() any {
	old := *h
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return s
}
