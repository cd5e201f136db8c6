package sim

import (
	"sync/atomic"
	"time"
)

// job is a sequence in the engine together with the handler that waits for its tokens.
type job struct {
	seq    Seq
	finish string        // finish_reason
	lastNS int64         // end of the step of the latest token that was counted in stats
	tokens atomic.Int64  // handed out by the engine
	more   chan struct{} // tokens grew; capacity 1, so that the loop never waits for a handler
}

// submit queues the sequence of g.
func (s *Server) submit(g *generation) (*job, error) {
	j := &job{finish: g.finish, more: make(chan struct{}, 1)}
	j.seq = Seq{Prompt: g.prompt, Max: g.max, job: j}
	s.mu.Lock()
	j.seq.ArrivedNS = s.now()
	err := s.engine.Add(&j.seq)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return j, nil
}

// abort takes a job out of the engine if it is still there.
func (s *Server) abort(j *job) {
	s.mu.Lock()
	s.engine.Abort(&j.seq)
	s.mu.Unlock()
}

// loop makes the engine's steps in real time until the server closes. Every step starts when the
// step before was planned to end (or at an arrival, if the engine was idle), never when it was
// noticed to have ended: Go's timers are up to 1 ms late, which would add up to percents.
func (s *Server) loop() {
	defer close(s.loopDone)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for plan := int64(0); ; {
		s.mu.Lock()
		end, ok := s.engine.Begin(plan)
		s.mu.Unlock()
		if !ok {
			select {
			case <-s.wake:
				continue
			case <-s.closed:
				return
			}
		}
		timer.Reset(time.Duration(end - s.now()))
		select {
		case <-timer.C:
		case <-s.closed:
			return
		}
		s.mu.Lock()
		got := s.engine.End()
		s.stats.step(got)
		s.mu.Unlock()
		for _, q := range got {
			q.job.tokens.Add(1)
			select {
			case q.job.more <- struct{}{}:
			default:
			}
		}
		plan = end
	}
}
