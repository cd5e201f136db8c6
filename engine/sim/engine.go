package sim

import (
	"errors"
	"fmt"
	"slices"
)

// BlockSize is the number of tokens in one block of the KV cache, vLLM's default on GPUs.
const BlockSize = 16

// Limits bound what an Engine does in one step and holds at once.
type Limits struct {
	MaxNumSeqs  int // sequences in a step's batch
	TokenBudget int // tokens computed in one step, decode and prefill together
	KVBlocks    int // blocks of BlockSize tokens
}

// Seq is one sequence (one request) in an Engine. Prompt, Max and ArrivedNS are set by the caller
// before Add; the rest is the engine's and may be read between its calls.
type Seq struct {
	Prompt    int   // prompt tokens, >= 1
	Max       int   // output tokens after which the sequence ends, >= 1
	ArrivedNS int64 // it is never admitted to a step that starts earlier

	Generated   int   // output tokens so far
	StartedNS   int64 // start of the first step that it took part in; valid if Started
	Started     bool
	FirstNS     int64 // end of the step of the first token; valid if Generated > 0
	LastNS      int64 // end of the step of the latest token
	Preemptions int

	job       *job // of a Server; nil in Simulate
	place     place
	computed  int // tokens whose keys and values are in the cache
	blocks    int
	scheduled int // tokens in the step under way
}

type place uint8

const (
	outside place = iota
	waiting
	running
)

// Done says whether the sequence has all its tokens.
func (s *Seq) Done() bool { return s.Generated >= s.Max }

func (s *Seq) left() int { return s.Prompt + s.Generated - s.computed }

// Engine is the scheduler of a continuous batching server in virtual time: a queue, a running set and
// a block-counted KV cache. It has no clock, no goroutine and no randomness, and is not safe for
// concurrent use. The same value serves real requests (Server) and simulated ones (Simulate).
//
// A step is Begin, which forms the batch and says when it ends, then End, which hands out one token
// to every sequence whose known tokens are all computed. Add and Abort may be called in between.
type Engine struct {
	model   StepModel
	limits  Limits
	waiting []*Seq // in order of arrival; a preempted sequence goes to the front
	running []*Seq // in order of admission; the last is preempted first
	free    int    // KV blocks
	endNS   int64  // of the step under way
	got     []*Seq // result of End, reused

	preemptions int
}

// NewEngine makes an idle engine. It refuses limits under which no step could be formed.
func NewEngine(model StepModel, limits Limits) (*Engine, error) {
	var errs []error
	check := func(what string, n int) {
		if n < 1 {
			errs = append(errs, fmt.Errorf("%s must be at least 1, but is %d", what, n))
		}
	}
	check("the number of sequences in a step", limits.MaxNumSeqs)
	check("the token budget of a step", limits.TokenBudget)
	check("the number of KV-cache blocks", limits.KVBlocks)
	if limits.TokenBudget < limits.MaxNumSeqs {
		errs = append(errs, fmt.Errorf("the token budget of a step (%d) must not be below the number of sequences (%d)",
			limits.TokenBudget, limits.MaxNumSeqs))
	}
	if err := model.validate(); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &Engine{model: model, limits: limits, free: limits.KVBlocks}, nil
}

// Add queues s. Sequences must be added in order of ArrivedNS. A sequence that can never fit in the
// KV cache is refused, because it would block the queue for ever.
func (e *Engine) Add(s *Seq) error {
	if s.Prompt < 1 || s.Max < 1 {
		return fmt.Errorf("a sequence needs at least one prompt token and one output token, but has %d and %d", s.Prompt, s.Max)
	}
	if blocksFor(s.Prompt+s.Max) > e.limits.KVBlocks {
		return fmt.Errorf("%d prompt and %d output tokens do not fit in a KV cache of %d tokens",
			s.Prompt, s.Max, e.limits.KVBlocks*BlockSize)
	}
	s.place = waiting
	e.waiting = append(e.waiting, s)
	return nil
}

// Abort takes s out, wherever it is; a sequence that has ended is left alone. In the middle of a step
// it gets no token from that step.
func (e *Engine) Abort(s *Seq) {
	switch s.place {
	case waiting:
		e.waiting = slices.DeleteFunc(e.waiting, func(x *Seq) bool { return x == s })
	case running:
		e.running = slices.DeleteFunc(e.running, func(x *Seq) bool { return x == s })
		e.release(s)
	}
	s.place = outside
}

// Running counts the sequences that are admitted.
func (e *Engine) Running() int { return len(e.running) }

// Waiting counts the sequences that are added and not admitted, those of the future included.
func (e *Engine) Waiting() int { return len(e.waiting) }

// Preemptions counts evictions since the engine was made.
func (e *Engine) Preemptions() int { return e.preemptions }

// KVUsage is the share of KV blocks in use, 0 to 1.
func (e *Engine) KVUsage() float64 {
	return float64(e.limits.KVBlocks-e.free) / float64(e.limits.KVBlocks)
}

// Begin forms the batch of the step that starts at atNS, or at the next arrival if the engine is idle
// then, and returns when it ends. ok is false when there is nothing to do.
//
// As in vLLM, running sequences come first, in order of admission; a sequence that finds no block
// evicts the last one admitted, which starts again from the front of the queue, and in such a step
// nobody is admitted. What is left of the token budget goes to the queue, first come first served;
// a prompt that is longer than the rest is computed in chunks over several steps.
func (e *Engine) Begin(atNS int64) (endNS int64, ok bool) {
	if len(e.running) == 0 {
		if len(e.waiting) == 0 {
			return 0, false
		}
		atNS = max(atNS, e.waiting[0].ArrivedNS)
	}
	budget, prefill, evicted := e.limits.TokenBudget, 0, e.preemptions
	for i := 0; i < len(e.running) && budget > 0; i++ {
		s := e.running[i]
		n := min(s.left(), budget)
		for s.place == running && !e.grow(s, n) {
			e.preempt(e.running[len(e.running)-1])
		}
		if s.place != running {
			break // it was the last one itself
		}
		budget -= n
		prefill += s.schedule(n)
	}
	for e.preemptions == evicted && budget > 0 && len(e.waiting) > 0 && len(e.running) < e.limits.MaxNumSeqs {
		s := e.waiting[0]
		n := min(s.left(), budget)
		if s.ArrivedNS > atNS || !e.grow(s, n) {
			break
		}
		e.waiting = e.waiting[1:]
		e.running = append(e.running, s)
		s.place = running
		if !s.Started {
			s.Started, s.StartedNS = true, atNS
		}
		budget -= n
		prefill += s.schedule(n)
	}
	e.endNS = atNS + e.model.stepNS(len(e.running), prefill)
	return e.endNS, true
}

// End finishes the step that Begin began and returns the sequences that got a token, in order of
// admission; those that are Done have left the engine. The slice is valid until the next call.
func (e *Engine) End() []*Seq {
	e.got = e.got[:0]
	keep := e.running[:0]
	for _, s := range e.running {
		s.computed += s.scheduled
		emits := s.scheduled > 0 && s.left() == 0
		s.scheduled = 0
		if emits {
			s.Generated++
			if s.Generated == 1 {
				s.FirstNS = e.endNS
			}
			s.LastNS = e.endNS
			e.got = append(e.got, s)
		}
		if s.Done() {
			e.release(s)
			s.place = outside
			continue
		}
		keep = append(keep, s)
	}
	clear(e.running[len(keep):])
	e.running = keep
	return e.got
}

// schedule puts n tokens of s into the step and returns how many of them are prefill.
func (s *Seq) schedule(n int) int {
	s.scheduled = n
	if s.Generated > 0 && s.left() == 1 {
		return 0
	}
	return n
}

// grow gives s the blocks for n more computed tokens, or says that there are not enough.
func (e *Engine) grow(s *Seq, n int) bool {
	need := blocksFor(s.computed+n) - s.blocks
	if need > e.free {
		return false
	}
	e.free -= need
	s.blocks += need
	return true
}

// preempt evicts the last running sequence; it has to compute all its tokens again.
func (e *Engine) preempt(s *Seq) {
	e.running = e.running[:len(e.running)-1]
	e.release(s)
	s.place = waiting
	s.Preemptions++
	e.preemptions++
	e.waiting = slices.Insert(e.waiting, 0, s)
}

func (e *Engine) release(s *Seq) {
	e.free += s.blocks
	s.blocks, s.computed, s.scheduled = 0, 0, 0
}

func blocksFor(tokens int) int { return (tokens + BlockSize - 1) / BlockSize }
