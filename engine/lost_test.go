package engine_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"benchtop/engine"
	"benchtop/engine/sim"
)

func TestLostTargetIsVoidAndRepeated(t *testing.T) {
	t.Parallel()
	t.Run("pod restarted", func(t *testing.T) {
		t.Parallel()
		lostOnce(t, func(n int) engine.Condition { return engine.Condition{Ready: true, Restarts: n, Reason: "OOMKilled"} })
	})
	t.Run("way cut", func(t *testing.T) {
		t.Parallel()
		lostOnce(t, func(n int) engine.Condition { return engine.Condition{Ready: true, Cuts: n} })
	})
}

// lostOnce loses the target in its first step; condition says how after n losses.
func lostOnce(t *testing.T, condition func(n int) engine.Condition) {
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	var losses atomic.Int32
	tg := target("a", url)
	back := 0
	tg.Watch = func() engine.Condition { return condition(int(losses.Load())) }
	tg.Reconnect = func(context.Context) error { back++; return nil }
	p := plan(20)
	r, err := engine.Start(t.Context(), p, []engine.Target{tg}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return r.Snapshot().Targets[0].OK > 3 })
	losses.Add(1)
	res, err := r.Wait()
	if err != nil || res.Err != nil {
		t.Fatal(err, res.Err)
	}
	if len(res.Run.Steps) != 2 || back != 1 {
		t.Fatalf("%d steps, reconnected %d times", len(res.Run.Steps), back)
	}
	first, second := res.Run.Steps[0], res.Run.Steps[1]
	if !first.Verdict.Void || second.Verdict.Void || second.Try != 2 || second.OK != second.Sent {
		t.Errorf("first %+v, second %+v", first.Verdict, second.Verdict)
	}
}

// A cluster tells of a restart after the connections are cut, when the try has ended.
func TestRestartsThatAreToldLateCount(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	var cuts, restarts atomic.Int32
	tg := target("a", url)
	tg.Watch = func() engine.Condition {
		return engine.Condition{Ready: true, Cuts: int(cuts.Load()), Restarts: int(restarts.Load()), Reason: "OOMKilled"}
	}
	tg.Reconnect = func(context.Context) error { restarts.Store(cuts.Load()); return nil }
	r, err := engine.Start(t.Context(), plan(20, 40), []engine.Target{tg}, engine.Options{Dir: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	for try := 1; try <= 2; try++ {
		until(t, func() bool {
			s := r.Snapshot().Targets[0]
			return s.Try == try && s.State == engine.StateMeasuring
		})
		cuts.Add(1)
	}
	res, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Run.Steps) != 2 {
		t.Errorf("%d tries, want 2 and no higher rate", len(res.Run.Steps))
	}
	var notes string
	for _, n := range res.Run.Notes {
		notes += n.Text + "\n"
	}
	if !strings.Contains(notes, "20 req/s void: the pod restarted: OOMKilled\n") || !strings.Contains(notes, "restarted 2 times at this rate: OOMKilled") {
		t.Errorf("notes:\n%s", notes)
	}
}
