package engine_test

import (
	"testing"

	"benchtop/engine/sim"
)

// Chat takes text only: the prompt's length has to be found out from the server's own counts.
func TestChatPromptsHaveTheLengthAskedFor(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, sim.Config{Profile: quick(t)})
	p := plan(20)
	p.Endpoint = "chat"
	res := run(t, p, target("a", url))
	s, info := res.Run.Steps[0], res.Run.Targets[0]
	if info.Endpoint != "chat" || info.PromptMode != "text" {
		t.Errorf("endpoint %q, prompts %q", info.Endpoint, info.PromptMode)
	}
	if s.OK != 20 || s.PromptTokensMin != 40 || s.PromptTokensMax != 40 {
		t.Errorf("ok %d, prompts of %d to %d tokens, want 40; %v", s.OK, s.PromptTokensMin, s.PromptTokensMax, s.ErrorSamples)
	}
}

// A server without running counts is counted by events, and the record says so.
func TestServerWithoutUsage(t *testing.T) {
	t.Parallel()
	url, srv := serve(t, sim.Config{Profile: quick(t)})
	if err := srv.SetFaults(sim.Fault{Kind: sim.FaultNoUsage}); err != nil {
		t.Fatal(err)
	}
	res := run(t, plan(20), target("a", url))
	s, info := res.Run.Steps[0], res.Run.Targets[0]
	if info.UsageMode != "events" || s.OK != 20 || s.OutputTokensMin != 20 {
		t.Errorf("counted by %q, ok %d of %d, %d tokens; %v", info.UsageMode, s.OK, s.Sent, s.OutputTokensMin, s.ErrorSamples)
	}
}
