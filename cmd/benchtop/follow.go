package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui"
)

// A reporter tells how a run goes on, without the interface.
type reporter interface {
	start(*engine.Snapshot) error
	tick(*engine.Snapshot, *engine.TargetSnapshot) error
	step(*record.Step) error
	event(engine.Event) error
}

// plainReporter writes a line a second and target.
type plainReporter struct {
	w   io.Writer
	now func() time.Time
}

func (p plainReporter) start(s *engine.Snapshot) error {
	_, err := fmt.Fprintf(p.w, "%s run %s in %s\n", clock(p.now()), s.RunID, s.Dir)
	return err
}

func (p plainReporter) tick(_ *engine.Snapshot, t *engine.TargetSnapshot) error {
	if t.State == engine.StateDone {
		return nil
	}
	_, err := fmt.Fprintln(p.w, progressLine(p.now(), t))
	return err
}

func (p plainReporter) step(*record.Step) error { return nil } // the engine tells it as an event

func (p plainReporter) event(e engine.Event) error {
	_, err := fmt.Fprintln(p.w, eventLine(p.now(), e))
	return err
}

// A follower waits for a run to end, reports it once a second and passes signals on.
type follower struct {
	run     ui.Run
	rep     reporter
	signals <-chan os.Signal
	msg     io.Writer // for what the person is told
	ticks   <-chan time.Time
	told    map[stepKey]bool // steps that were reported
	asked   int              // how often an end was asked for
}

type stepKey struct {
	target     string
	index, try int
}

// follow returns when the run has ended and everything is saved. A reporter whose reader has gone
// does not end the run: what was measured is worth more than the lines.
func (f *follower) follow() (*engine.Result, error) {
	events := f.run.Events()
	_ = f.rep.start(f.run.Snapshot())
	for {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			_ = f.rep.event(e)
		case <-f.ticks:
			f.tick()
		case sig := <-f.signals:
			f.signal(sig)
		case <-f.run.Done():
			for events != nil {
				e, ok := <-events
				if !ok {
					break
				}
				_ = f.rep.event(e)
			}
			f.steps(f.run.Snapshot())
			return f.run.Wait()
		}
	}
}

func (f *follower) tick() {
	s := f.run.Snapshot()
	f.steps(s)
	for i := range s.Targets {
		_ = f.rep.tick(s, &s.Targets[i])
	}
}

// steps reports every step that has ended since the last look, once.
func (f *follower) steps(s *engine.Snapshot) {
	for i := range s.Targets {
		for _, st := range s.Targets[i].Steps {
			if st.Summary == nil {
				continue
			}
			k := stepKey{st.Summary.Target, st.Summary.Index, st.Summary.Try}
			if !f.told[k] {
				if f.told == nil {
					f.told = map[stepKey]bool{}
				}
				f.told[k] = true
				_ = f.rep.step(st.Summary)
			}
		}
	}
}

// signal acts on a request to end. Ctrl-C stops sending and waits for the replies in flight, a
// second one cuts them. A hang-up or a termination cuts at once: who sends those does not wait.
func (f *follower) signal(sig os.Signal) {
	f.asked++
	if sig == os.Interrupt && f.asked == 1 {
		fmt.Fprintln(f.msg, "stopping: waiting for the replies in flight; Ctrl-C again cuts them")
		f.run.Stop()
		return
	}
	fmt.Fprintln(f.msg, "cutting what is in flight and saving")
	f.run.Abort()
}
