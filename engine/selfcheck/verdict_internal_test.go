package selfcheck

import (
	"strings"
	"testing"
)

// rowOf is a row that is as it should be.
func rowOf(t *testing.T, text string) Row {
	t.Helper()
	loads, err := ParseLoads(text)
	if err != nil {
		t.Fatal(err)
	}
	r := Row{Name: text, load: loads[0], RateRPS: loads[0].rate(defaultReply), TokPerS: 48_300}
	r.TTFTError = &Dist{P99: 40}
	r.ITLError, r.SendLag = Dist{P99: 30}, Dist{P99: 900}
	return r
}

func TestVerdict(t *testing.T) {
	late := func(r Row) Row { r.SendLag.P99 = 2001; return r }
	blurred := func(r Row) Row { r.ITLError.P99 = 201; return r }
	merged := func(r Row) Row { r.CoalescedPct = 0.2; return r }
	failed := func(r Row) Row { r.Reasons = []string{"1 of 9 requests failed: cut"}; return r }
	a, b, c, hog := rowOf(t, "16/s"), rowOf(t, "256"), rowOf(t, "1024"), rowOf(t, "256+hog")
	tests := []struct {
		name    string
		rows    []Row
		upTo    string
		trusted bool
		words   []string
	}{
		{"all is well", []Row{a, b, c, hog}, "1024", true, []string{"up to 1,024 streams (48.3k tok/s), the most that was tried", "trusted as well: 256 streams (48.3k tok/s) with a CPU hog"}},
		{"the rows come in any order", []Row{c, a, late(b)}, "16/s", true, []string{"up to 16 req/s", "not at 256 streams", "send lag p99 2001 µs, want at most 2 ms"}},
		{"a hog does not count against the plain rows", []Row{a, blurred(hog)}, "16/s", true, []string{"not trusted: 256 streams", "ITL error p99 201 µs, want at most 200 µs"}},
		{"not even the smallest", []Row{merged(a), b}, "", false, []string{"do not trust", "0.2 % of events"}},
		{"a failed request", []Row{failed(a)}, "", false, []string{"1 of 9 requests failed: cut"}},
		{"only harder rows, good", []Row{hog}, "", true, []string{"trusted as well: 256 streams"}},
		{"only harder rows, bad", []Row{late(hog)}, "", false, []string{"not trusted: 256 streams"}},
		{"none", nil, "", false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep := &Report{}
			for _, r := range tt.rows {
				r.judge(defaultReply)
				rep.Rows = append(rep.Rows, r)
			}
			rep.conclude(defaultReply)
			if rep.TrustedUpTo != tt.upTo || rep.Trusted() != tt.trusted {
				t.Errorf("up to %q, trusted %v; want %q, %v", rep.TrustedUpTo, rep.Trusted(), tt.upTo, tt.trusted)
			}
			for _, w := range tt.words {
				if !strings.Contains(rep.Verdict, w) {
					t.Errorf("%q is not in %q", w, rep.Verdict)
				}
			}
		})
	}
}

func TestFiguresHaveNoExponent(t *testing.T) {
	for got, want := range map[string]string{
		micros(999.7): "1 ms", micros(999.4): "999 µs", micros(25.04): "25 µs",
		kilo(999.7): "1k", kilo(48_300): "48.3k", kilo(999_700): "1M",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
