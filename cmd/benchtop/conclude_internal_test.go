package main

import (
	"errors"
	"testing"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

func TestExitCodePrecedence(t *testing.T) {
	step := func(target string, valid bool) record.Step {
		return record.Step{Target: target, Rate: 1, Sent: 1, OK: 1, Verdict: record.Verdict{Valid: valid}}
	}
	result := func(err error, steps ...record.Step) *engine.Result {
		return &engine.Result{Err: err, Run: &record.Run{Targets: []record.Target{{Name: "a"}, {Name: "b"}}, Steps: steps}}
	}
	good := []record.Step{step("a", true), step("b", true)}
	gate := func(outcomes ...verdict.Outcome) []verdict.GateResult {
		var out []verdict.GateResult
		for _, o := range outcomes {
			out = append(out, verdict.GateResult{Outcome: o})
		}
		return out
	}
	boom := errors.New("disk full")
	tests := []struct {
		name  string
		res   *engine.Result
		err   error
		gates []verdict.GateResult
		want  int
	}{
		{"done", result(nil, good...), nil, nil, exitOK},
		{"done, gates met", result(nil, good...), nil, gate(verdict.Met, verdict.Met), exitOK},
		{"a gate failed", result(nil, good...), nil, gate(verdict.Met, verdict.NotMet), exitGate},
		{"a gate that nothing tells about, beside a failed one", result(nil, good...), nil, gate(verdict.NotMet, verdict.Unknown), exitUntrusted},
		{"one target without a valid step", result(nil, step("a", true), step("b", false)), nil, nil, exitUntrusted},
		{"one target without any step, and a failed gate", result(nil, step("a", true)), nil, gate(verdict.NotMet), exitUntrusted},
		{"one invalid step beside a valid one", result(nil, append(good, step("b", false))...), nil, nil, exitOK},
		{"stopped, whatever the gates say", result(engine.ErrStopped, good...), nil, gate(verdict.NotMet), exitInterrupted},
		{"no step usable", result(boom), nil, nil, exitError},
		{"stopped, but not saved", result(engine.ErrStopped, good...), boom, nil, exitError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitCode(tt.res, tt.err, tt.gates); got != tt.want {
				t.Errorf("exit code %d, want %d", got, tt.want)
			}
		})
	}
}

// --resume is offered where a step would be made again by it.
func TestAllTrusted(t *testing.T) {
	step := func(index, try int, valid, void bool) record.Step {
		return record.Step{Target: "a", Rate: float64(index + 1), Index: index, Try: try, Verdict: record.Verdict{Valid: valid, Void: void}}
	}
	for _, tt := range []struct {
		name  string
		steps []record.Step
		want  bool
	}{
		{"all valid", []record.Step{step(0, 1, true, false), step(1, 1, true, false)}, true},
		{"one invalid", []record.Step{step(0, 1, true, false), step(1, 1, false, false)}, false},
		{"one void, and made again", []record.Step{step(0, 1, false, true), step(0, 2, true, false)}, true},
		{"none", nil, false},
	} {
		if got := allTrusted(&record.Run{Targets: []record.Target{{Name: "a"}}, Steps: tt.steps}); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
