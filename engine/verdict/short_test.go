package verdict_test

import (
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// A ramp is no trend: a cut window and one that opened before the first reply could end are not
// called saturated, and the second says why.
func TestJudgeLeavesRampsAlone(t *testing.T) {
	falling := func() record.Step {
		s := sound()
		s.CompletedInWindow, s.CompletedRPS = 400, 6.67
		s.InFlightSlope, s.InFlightSlopeT = 1.3, 40
		return s
	}
	e2e := 4000.0
	for _, tc := range []struct {
		name      string
		edit      func(*record.Step)
		saturated bool
		note      string
	}{
		{"a whole step", func(*record.Step) {}, true, "saturated"},
		{"a cut window", func(s *record.Step) { s.Partial = true }, false, ""},
		{"short, warm-up shorter than a reply", func(s *record.Step) { s.WindowS, s.WarmupS, s.E2E.P50 = 12, 2, &e2e }, false, "the warm-up of 2.00 s is shorter than a reply; give --duration 20s or more, or --warmup auto"},
		{"short, warm-up long enough", func(s *record.Step) { s.WindowS, s.WarmupS, s.E2E.P50, s.InFlightSlope = 12, 5, &e2e, 13 }, true, "saturated"},
	} {
		s := falling()
		tc.edit(&s)
		v := verdict.Judge(&s, verdict.Evidence{})
		s.Verdict = v
		if got, want := verdict.TooShort(&s), strings.Contains(tc.note, "--duration"); got != want {
			t.Errorf("%s: too short %v, want %v", tc.name, got, want)
		}
		if notes := strings.Join(v.Notes, "\n"); v.Saturated != tc.saturated || !strings.Contains(notes, tc.note) {
			t.Errorf("%s: saturated %v, want %v; notes %q want %q", tc.name, v.Saturated, tc.saturated, notes, tc.note)
		}
	}
}
