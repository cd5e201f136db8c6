package verdict_test

import (
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/verdict"

	"github.com/google/go-cmp/cmp"
)

// sound is a step with nothing against it.
func sound() record.Step {
	p := func(v float64) *float64 { return &v }
	return record.Step{
		Rate: 8, WindowS: 60, Sent: 480, OK: 480, CompletedInWindow: 478, OfferedRPS: 8, CompletedRPS: 7.97,
		MeanInFlight: 40, InFlightSlope: 0.01, InFlightSlopeT: 1,
		TTFT: record.Dist{N: 480, P50: p(300)}, SendLag: record.Dist{N: 480, P99: p(0.4)},
		PromptTokensMin: 200, PromptTokensMax: 200, OutputTokensMin: 200, OutputTokensMax: 200,
	}
}

func TestJudge(t *testing.T) {
	p := func(v float64) *float64 { return &v }
	asked := verdict.Evidence{Planned: 480, PromptTokens: 200, OutputTokens: 200}
	for _, tc := range []struct {
		name   string
		step   func(*record.Step)
		ev     func(*verdict.Evidence)
		reason string // empty = valid
	}{
		{"sound", nil, nil, ""},
		{"late, but within 1 % of TTFT", func(s *record.Step) { s.SendLag.P99 = p(2.9) }, nil, ""},
		{"late", func(s *record.Step) { s.SendLag.P99 = p(3.1) }, nil, "the client sent late: send lag p99 is 3.10 ms, limit 3.00 ms"},
		{"a little late", func(s *record.Step) { s.SendLag.P99 = p(3.0004) }, nil, "send lag p99 is 3.0004 ms, limit 3.00 ms"},
		{"late, TTFT unknown", func(s *record.Step) { s.SendLag.P99 = p(1.1); s.TTFT = record.Dist{} }, nil, "limit 1.00 ms"},
		{"late, TTFT a lower bound", func(s *record.Step) {
			s.SendLag.P99, s.TTFT.P50 = p(20), nil
			s.LowerBounds = map[string]float64{"ttft_p50_ms": 30_000}
		}, nil, ""},
		{"coalesced", func(s *record.Step) { s.CoalescedShare = 0.0011 }, nil, "the client read late: 0.11 % of the events"},
		{"a little coalesced", func(s *record.Step) { s.CoalescedShare = 0.00104 }, nil, "the client read late: 0.104 % of the events shared a read with an earlier one, limit 0.1 %"},
		{"barely coalesced", func(s *record.Step) { s.CoalescedShare = 0.001 }, nil, ""},
		{"one request missing", func(s *record.Step) { s.Sent = 479 }, nil, "479 requests were sent in the window, 480 were planned"},
		{"cut short", func(s *record.Step) { s.Partial, s.Sent, s.WindowS = true, 300, 37.5 }, nil, "the window was cut short after 37.5 s"},
		{"clock", nil, func(e *verdict.Evidence) { e.ClockSteps = 1 }, "the clock was stepped once"},
		{"sleep", nil, func(e *verdict.Evidence) { e.Slept = true }, "asleep"},
		{"restart", nil, func(e *verdict.Evidence) { e.Restarts, e.RestartReason = 2, "OOMKilled" }, "the pod restarted 2 times (OOMKilled)"},
		{"others", nil, func(e *verdict.Evidence) { e.ForeignTraffic = "3 running before the step" }, "foreign traffic: 3 running before the step"},
		{"prompts too long", func(s *record.Step) { s.PromptTokensMax = 202 }, nil, "prompt tokens were 200 to 202, 200 were asked for"},
		{"replies too short", func(s *record.Step) { s.OutputTokensMin, s.OutputTokensMax = 17, 17 }, nil, "output tokens were 17, 200 were asked for"},
		{"cache", func(s *record.Step) { s.Server.PrefixHitPct = p(5) }, nil, "the prefix cache answered 5.00 % of the prompt tokens, limit 1.00 %"},
		{"cache of the template", func(s *record.Step) { s.Server.PrefixHitPct = p(8.4) }, func(e *verdict.Evidence) { e.TemplateHitPct = 8 }, ""},
		{"external cache", func(s *record.Step) { s.Server.ExternalHitPct = p(1) }, nil, "the external prefix cache answered"},
		{"nothing succeeded", func(s *record.Step) { s.OK, s.Failed = 0, 480 }, nil, "no request succeeded"},
		{"nothing sent", func(s *record.Step) { *s = record.Step{WindowS: 60} }, func(e *verdict.Evidence) { *e = verdict.Evidence{} }, "no request was sent"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, ev := sound(), asked
			if tc.step != nil {
				tc.step(&s)
			}
			if tc.ev != nil {
				tc.ev(&ev)
			}
			v := verdict.Judge(&s, ev)
			got := strings.Join(v.Reasons, "\n")
			if v.Valid != (tc.reason == "") || !strings.Contains(got, tc.reason) || v.Valid != (got == "") {
				t.Errorf("valid %v, reasons %q; want %q", v.Valid, got, tc.reason)
			}
		})
	}
}

func TestJudgeKeepsWhatIsThere(t *testing.T) {
	s := sound()
	ks := 0.4
	s.Verdict = record.Verdict{Void: true, Reasons: []string{"tunnel cut"}, Notes: []string{"first"}, KSP: &ks}
	first := verdict.Judge(&s, verdict.Evidence{})
	want := record.Verdict{Void: true, Reasons: []string{"tunnel cut"}, Notes: []string{"first"}, KSP: &ks}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(first, verdict.Judge(&s, verdict.Evidence{})); diff != "" {
		t.Errorf("judging changed the step (-first +second):\n%s", diff)
	}
}

func TestSaturated(t *testing.T) {
	falling := func(s *record.Step) {
		s.CompletedInWindow, s.CompletedRPS = 400, 6.67
		s.InFlightSlope, s.InFlightSlopeT = 1.3, 40
	}
	for _, tc := range []struct {
		name string
		edit func(*record.Step)
		want bool
	}{
		{"keeps up", func(*record.Step) {}, false},
		{"falls behind", falling, true},
		{"completes less, in flight steady", func(s *record.Step) { falling(s); s.InFlightSlope = 0 }, false},
		{"in flight grows within its noise", func(s *record.Step) { falling(s); s.InFlightSlope = 0.3 }, false},
		{"slope not sure", func(s *record.Step) { falling(s); s.InFlightSlopeT = 2.9 }, false},
		{"completes almost all", func(s *record.Step) { falling(s); s.CompletedInWindow = 420 }, false},
		{"nothing sent", func(s *record.Step) { falling(s); s.Sent = 0 }, false},
		{"no window", func(s *record.Step) { falling(s); s.WindowS = 0 }, false},
	} {
		s := sound()
		tc.edit(&s)
		if got := verdict.Saturated(&s); got != tc.want {
			t.Errorf("%s: saturated %v, want %v", tc.name, got, tc.want)
		}
	}
	s := sound()
	falling(&s)
	s.Incomplete, s.Rejected = 3, 2
	preempted := 4.0
	s.Server.Preemptions = &preempted
	notes := strings.Join(verdict.Judge(&s, verdict.Evidence{}).Notes, "\n")
	for _, want := range []string{
		"saturated: 6.67 of 8.00 requests/s completed and in flight grew by 1.30/s; percentiles depend on the length of the step",
		"3 requests were cut before the end", "2 of 480 requests failed or were rejected (0.4 %)", "preempted 4 times",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes lack %q:\n%s", want, notes)
		}
	}
}
