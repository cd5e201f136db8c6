package record_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/record"
)

func TestDefaultPlanIsValidAndSized(t *testing.T) {
	p := record.DefaultPlan()
	if err := p.Validate(); err != nil {
		t.Fatalf("default plan: %v", err)
	}
	for rate, want := range map[float64]time.Duration{1: 100 * time.Second, 2: 60 * time.Second, 16: 60 * time.Second, 0.5: 200 * time.Second} {
		if got := p.StepWindow(rate); got != want {
			t.Errorf("window at %v req/s is %s, want %s (60 s and at least 100 requests)", rate, got, want)
		}
	}
	p.Duration = record.Duration(30 * time.Second)
	if got := p.StepWindow(1); got != 30*time.Second {
		t.Errorf("window with a duration of 30 s is %s", got)
	}
	p.Duration, p.Requests = 0, 1000
	if got := p.StepWindow(8); got != 125*time.Second {
		t.Errorf("window of 1000 requests at 8 req/s is %s, want 125s", got)
	}
}

func TestStepsAreIndexedOverRepeatAndRate(t *testing.T) {
	p := record.DefaultPlan()
	p.Rates, p.Repeat = []float64{2, 4}, 2
	want := []record.StepPlan{{Index: 0, Repeat: 0, Rate: 2}, {Index: 1, Repeat: 0, Rate: 4}, {Index: 2, Repeat: 1, Rate: 2}, {Index: 3, Repeat: 1, Rate: 4}}
	if d := cmp.Diff(want, p.Steps()); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
}

func TestValidateNamesBoundAndValue(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*record.Plan)
		want   []string
	}{
		{"rate zero", func(p *record.Plan) { p.Rates = []float64{0} }, []string{"above 0", "is 0"}},
		{"rate negative", func(p *record.Plan) { p.Rates = []float64{-1} }, []string{"above 0", "is -1"}},
		{"rate NaN", func(p *record.Plan) { p.Rates = []float64{math.NaN()} }, []string{"above 0", "NaN"}},
		{"rate infinite", func(p *record.Plan) { p.Rates = []float64{math.Inf(1)} }, []string{"above 0", "Inf"}},
		{"rate too high", func(p *record.Plan) { p.Rates = []float64{1e9} }, []string{"at most 10000 req/s", "1e+09"}},
		{"rate so low that a step takes days", func(p *record.Plan) { p.Rates = []float64{1e-5} }, []string{"24h", "1e-05", "duration"}},
		{"rate so low that it overflows", func(p *record.Plan) { p.Rates = []float64{5e-324} }, []string{"24h", "5e-324"}},
		{"no rate", func(p *record.Plan) { p.Rates = nil }, []string{"none given", "1,2,4,8,16"}},
		{"rate twice", func(p *record.Plan) { p.Rates = []float64{2, 2} }, []string{"2 is given twice", "repeat"}},
		{"too many requests", func(p *record.Plan) { p.Rates, p.Duration = []float64{10000}, record.Duration(time.Hour) }, []string{"at most 10000000 requests", "36050000"}},
		{"duration and requests", func(p *record.Plan) { p.Duration, p.Requests = record.Duration(time.Minute), 100 }, []string{"give one", "1m0s", "100"}},
		{"negative duration", func(p *record.Plan) { p.Duration = -1 }, []string{"duration must be positive"}},
		{"duration of days", func(p *record.Plan) { p.Duration = record.Duration(48 * time.Hour) }, []string{"at most 24h", "48h"}},
		{"no request expected", func(p *record.Plan) { p.Rates, p.Duration = []float64{0.1}, record.Duration(time.Second) }, []string{"0.1", "no request within 1s"}},
		{"negative warm-up", func(p *record.Plan) { p.Warmup = record.Warmup{Fixed: true, For: -time.Second} }, []string{"warmup", "-1s"}},
		{"negative drain", func(p *record.Plan) { p.Drain = -1 }, []string{"drain"}},
		{"no prompt", func(p *record.Plan) { p.Workload.PromptTokens = 0 }, []string{"prompt tokens must be 1", "is 0"}},
		{"no output", func(p *record.Plan) { p.Workload.OutputTokens = -3 }, []string{"output tokens", "is -3"}},
		{"unknown arrivals", func(p *record.Plan) { p.Arrivals = "poison" }, []string{`"poison"`, `did you mean "poisson"?`}},
		{"unknown endpoint", func(p *record.Plan) { p.Endpoint = "embeddings" }, []string{"auto, completions or chat", `"embeddings"`}},
		{"unknown order", func(p *record.Plan) { p.Order = "random" }, []string{"parallel, sequential or interleaved"}},
		{"unknown way", func(p *record.Plan) { p.Via = "vpn" }, []string{"port-forward", `"vpn"`}},
		{"unknown workload", func(p *record.Plan) { p.Workload.Kind = "trace" }, []string{"fixed", `"trace"`}},
		{"repeat zero", func(p *record.Plan) { p.Repeat = 0 }, []string{"repeat must be 1", "is 0"}},
		{"repeat absurd", func(p *record.Plan) { p.Repeat = 1 << 30 }, []string{"repeat", "1073741824"}},
		{"several at once", func(p *record.Plan) { p.Rates, p.Order, p.Repeat = []float64{0, -2}, "", 0 }, []string{"is 0", "is -2", "order", "repeat"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := record.DefaultPlan()
			tc.change(&p)
			err := p.Validate()
			if err == nil {
				t.Fatal("valid, want an error")
			}
			for _, w := range tc.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
}

func TestParseRates(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []float64
		err  string
	}{
		{in: "1,2,4,8,16", want: []float64{1, 2, 4, 8, 16}},
		{in: "1 2\t4", want: []float64{1, 2, 4}},
		{in: " 1, 2 ,4, ", want: []float64{1, 2, 4}},
		{in: "0.5", want: []float64{0.5}},
		{in: "1..16x2", want: []float64{1, 2, 4, 8, 16}},
		{in: "1..20x2", want: []float64{1, 2, 4, 8, 16}},
		{in: "2..10+2", want: []float64{2, 4, 6, 8, 10}},
		{in: "0.1..0.3+0.1", want: []float64{0.1, 0.2, 0.3}},
		{in: "0.3..0.9+0.3", want: []float64{0.3, 0.6, 0.9}},
		{in: "0.1..0.3x1.5", want: []float64{0.1, 0.15, 0.225}},
		{in: "0.123456789012..1x9", want: []float64{0.123456789012}},
		{in: "1,2..8x2,10", want: []float64{1, 2, 4, 8, 10}},
		{in: "4..4x2", want: []float64{4}},
		{in: "1e+1", want: []float64{10}},
		{in: "", err: "none given"},
		{in: " , ", err: "none given"},
		{in: "abc", err: `"abc" is not a number`},
		{in: "0", err: "above 0"},
		{in: "-1", err: "above 0 req/s, but is -1"},
		{in: "NaN", err: "above 0 req/s, but is NaN"},
		{in: "Inf", err: "at most 10000"},
		{in: "1e9", err: "at most 10000 req/s, but is 1e9"},
		{in: "1e999", err: "at most 10000"},
		{in: "1..16", err: "needs a factor or a step"},
		{in: "1..1e+1", err: "needs a factor or a step"},
		{in: "16..1x2", err: "goes up"},
		{in: "1..16x1", err: "factor must be above 1"},
		{in: "1..16x0.5", err: "factor must be above 1"},
		{in: "1..9000+0.1", err: "more than 10000"},
		{in: "0..8+2", err: "above 0"},
		{in: "1;2", err: "not a number"},
		{in: "1..x2", err: "not a number"},
	} {
		got, err := record.ParseRates(tc.in)
		if tc.err == "" {
			if d := cmp.Diff(tc.want, got); d != "" || err != nil {
				t.Errorf("ParseRates(%q): %v (-want +got):\n%s", tc.in, err, d)
			}
		} else if err == nil || !strings.Contains(err.Error(), tc.err) {
			t.Errorf("ParseRates(%q) = %v, %v; want an error with %q", tc.in, got, err, tc.err)
		}
	}
}

func TestPlanFileRoundTrip(t *testing.T) {
	p := record.DefaultPlan()
	p.Seed = math.MaxUint64
	p.Warmup = record.Warmup{Fixed: true, For: 7 * time.Second}
	p.SLO = []string{"ttft.p95<500ms"}
	p.Targets = []string{"a10=default/phi4"}
	b, err := record.MarshalPlan(p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := record.ParsePlan(b)
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	if d := cmp.Diff(p, got); d != "" {
		t.Errorf("plan read back (-want +got):\n%s", d)
	}
}

func TestParsePlan(t *testing.T) {
	short, err := record.ParsePlan([]byte("rates: 1..4x2\nduration: 30s\nwarmup: 2s\nworkload: {output_tokens: 50}\nslo:\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := record.DefaultPlan()
	want.Rates, want.Duration = []float64{1, 2, 4}, record.Duration(30*time.Second)
	want.Warmup, want.Workload.OutputTokens = record.Warmup{Fixed: true, For: 2 * time.Second}, 50
	if d := cmp.Diff(want, short); d != "" {
		t.Errorf("short plan (-want +got):\n%s", d)
	}
	if empty, err := record.ParsePlan(nil); err != nil || !cmp.Equal(empty, record.DefaultPlan()) {
		t.Errorf("an empty file is %+v, %v; want the default plan", empty, err)
	}
	for in, want := range map[string]string{
		"rate: [1]":                      `unknown key "rate" (did you mean "rates"?)`,
		"workload: {promt_tokens: 9}":    `unknown key "workload.promt_tokens" (did you mean "prompt_tokens"?)`,
		"Rates: [1]":                     `did you mean "rates"?`,
		"zzzzzzzzzzzz: 1":                "there are arrivals, drain,",
		"rates: [1]\nrates: [2]":         "already set",
		"rates: [a]":                     "rates",
		"rates: 1..2":                    "factor or a step",
		"duration: 5 parsecs":            "60s",
		"warmup: soon":                   "auto",
		"seed: -1":                       "seed",
		"- 1":                            "keys and values",
		"\tx":                            "read plan",
		"a: *b":                          "read plan",
		strings.Repeat("#", 2<<20):       "larger than 1 MiB",
		"repeat: 1.5":                    "repeat cannot be",
		"targets: [1]":                   "targets cannot be",
		"workload: 3":                    "workload cannot be",
		"rates: [1]\nbogus: 1\nworse: 2": `"worse"`,
	} {
		if _, err := record.ParsePlan([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParsePlan(%.40q): %v; want an error with %q", in, err, want)
		}
	}
}
