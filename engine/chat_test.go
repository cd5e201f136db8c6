package engine_test

import (
	"regexp"
	"slices"
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
	for _, tt := range []struct {
		name  string
		every int
		note  string // a pattern; "" = none of the kind
	}{
		{"always", 0, `^the server does not count tokens as it streams: events are counted instead$`},
		{"every third request", 3, `^[67] of 20 requests came without the server's running count of tokens: their events are counted instead$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url, srv := serve(t, sim.Config{Profile: quick(t)})
			if err := srv.SetFaults(sim.Fault{Kind: sim.FaultNoUsage, Every: tt.every}); err != nil {
				t.Fatal(err)
			}
			s := run(t, plan(20), target("a", url)).Run.Steps[0]
			if s.OK != 20 || s.OutputTokensMin != 20 {
				t.Errorf("ok %d of %d, %d tokens; %v", s.OK, s.Sent, s.OutputTokensMin, s.ErrorSamples)
			}
			if !slices.ContainsFunc(s.Verdict.Notes, regexp.MustCompile(tt.note).MatchString) {
				t.Errorf("notes %q, want %s", s.Verdict.Notes, tt.note)
			}
		})
	}
}
