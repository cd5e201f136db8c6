package verdict_test

import (
	"fmt"
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/verdict"

	"github.com/google/go-cmp/cmp"
)

func ExampleParseSLO() {
	s, _ := verdict.ParseSLO("ttft.p95<0.5s, itl.p95<=50ms")
	fmt.Println(s)
	_, err := verdict.ParseSLO("ttft.p75<500ms,itl.p95<50")
	fmt.Println(err)
	// Output:
	// ttft.p95<500ms,itl.p95<=50ms
	// slo "ttft.p75<500ms": statistic "p75" of ttft: want p50, p90, p95, p99, mean or max
	// slo "itl.p95<50": limit "50": want a number with a unit: ms, s or µs
}

func TestParseSLO(t *testing.T) {
	for _, tc := range []struct{ name, in, want, err string }{
		{"one limit", "ttft.p99<2s", "ttft.p99<2000ms", ""},
		{"spaces and upper case", " TTFT.P95 < 500 ms , e2e.mean<10s", "ttft.p95<500ms,e2e.mean<10000ms", ""},
		{"microseconds", "itl.max<500µs,tpot.p50<20us", "itl.max<0.5ms,tpot.p50<0.02ms", ""},
		{"preset", "Chat", "ttft.p99<=200ms,itl.p99<=50ms", ""},
		{"preset of MLPerf", "mlperf:llama3.1-8b-interactive", "ttft.p99<=500ms,tpot.p99<=30ms", ""},
		{"empty", "", "", "want METRIC.STAT<LIMIT"},
		{"unknown preset", "chatty", "", "or a preset (chat, code"},
		{"unknown metric", "latency.p99<1s", "", `metric "latency": want ttft, itl, tpot or e2e`},
		{"no statistic", "ttft<500ms", "", `statistic "" of ttft`},
		{"no limit", "ttft.p95<", "", "want a number with a unit"},
		{"limit of nothing", "ttft.p95<0ms", "", "above 0"},
		{"negative limit", "ttft.p95<-5ms", "", "above 0"},
		{"not a number", "ttft.p95<NaNms", "", "above 0"},
		{"without end", "ttft.p95<Infs", "", "above 0"},
		{"wrong way round", "ttft.p95>500ms", "", "want METRIC.STAT<LIMIT"},
		{"twice", "ttft.p95<1s,ttft.p95<2s", "", "ttft.p95 has two limits"},
		{"all problems", "foo.p95<1s,ttft.bar<1s", "", "statistic \"bar\""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := verdict.ParseSLO(tc.in)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error = %v, want %q in it", err, tc.err)
				}
				return
			}
			if err != nil || s.String() != tc.want {
				t.Errorf("ParseSLO = %q, %v; want %q", s, err, tc.want)
			}
		})
	}
	for _, name := range verdict.PresetNames() {
		s, err := verdict.ParseSLO(name)
		if err != nil || len(s.Limits) != 2 || s.Source == "" || s.Text != name {
			t.Errorf("preset %s = %+v, %v", name, s, err)
		}
	}
	if _, err := verdict.ParseSLOs([]string{"chat", "x", "y"}); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("ParseSLOs = %v, want both problems", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ttft.p95<500ms,itl.p95<=50ms")
	f.Add("capacity>=8,goodput@8>=95%")
	f.Add("saturated,errors>5%")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := verdict.ParseSLO(text); err == nil && s.Source == "" {
			again, err := verdict.ParseSLO(s.String())
			if err != nil {
				t.Fatalf("%q became %q, which does not parse: %v", text, s, err)
			}
			if diff := cmp.Diff(s.String(), again.String()); diff != "" {
				t.Errorf("%q does not survive printing: %s", text, diff)
			}
		}
		_, _ = verdict.ParseGates(text)
		_, _ = verdict.ParseStop(text)
	})
}

func TestCheck(t *testing.T) {
	p := func(v float64) *float64 { return &v }
	step := record.Step{
		Sent: 100, OK: 98, TTFT: record.Dist{N: 98, P50: p(300), P90: p(300.25), P95: p(500)},
		LowerBounds: map[string]float64{"e2e_p99_ms": 30_000},
	}
	for _, tc := range []struct {
		name, slo string
		errors    int
		want      verdict.Outcome
		why       string
	}{
		{"below", "ttft.p50<301ms", 0, verdict.Met, ""},
		{"at the limit, which is outside", "ttft.p95<500ms", 0, verdict.NotMet, "ttft.p95 is 500 ms, limit 500 ms"},
		{"at the limit, which is inside", "ttft.p95<=500ms", 0, verdict.Met, ""},
		{"a little above the limit", "ttft.p90<300ms", 0, verdict.NotMet, "ttft.p90 is 300.25 ms, limit 300 ms"},
		{"lower bound above the limit", "e2e.p99<20s", 0, verdict.NotMet, "e2e.p99 is above 30.0 s, limit 20.0 s"},
		{"lower bound below the limit", "e2e.p99<40s", 0, verdict.Unknown, "e2e.p99 is only known to be above 30.0 s"},
		{"value missing", "itl.p95<50ms", 0, verdict.Unknown, "itl.p95 is unknown"},
		{"one not met, one unknown", "itl.p95<50ms,ttft.p50<1ms", 0, verdict.NotMet, "itl.p95 is unknown; ttft.p50 is 300 ms, limit 1.00 ms"},
		{"one error in a hundred", "ttft.p50<301ms", 1, verdict.Met, ""},
		{"two errors in a hundred", "ttft.p50<301ms", 2, verdict.NotMet, "2.0 % of the requests failed or were rejected"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			slo, err := verdict.ParseSLO(tc.slo)
			if err != nil {
				t.Fatal(err)
			}
			s := step
			s.Rejected = tc.errors
			got, why := verdict.Check(slo, &s)
			if got != tc.want || why != tc.why {
				t.Errorf("Check = %v, %q; want %v, %q", got, why, tc.want, tc.why)
			}
		})
	}
}
