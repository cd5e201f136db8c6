package report_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/engine/verdict"
)

// withIntervals gives every TTFT and ITL percentile a 99 % interval of ± share.
func withIntervals(run *record.Run, share float64) *record.Run {
	for i := range run.Steps {
		for _, d := range []*record.Dist{&run.Steps[i].TTFT, &run.Steps[i].ITL} {
			d.CI99 = map[string][2]float64{}
			for name, v := range map[string]*float64{"p50": d.P50, "p95": d.P95, "p99": d.P99} {
				if v != nil {
					d.CI99[name] = [2]float64{*v * (1 - share), *v * (1 + share)}
				}
			}
		}
	}
	return run
}

// slower multiplies latencies of a copy of the sample by a factor.
func slower(factor float64) *record.Run {
	run := sampleRun()
	run.ID, run.Name = "m7p2", "after"
	for i := range run.Steps {
		s := &run.Steps[i]
		for _, d := range []*record.Dist{&s.TTFT, &s.ITL} {
			for _, v := range []**float64{&d.Mean, &d.P50, &d.P90, &d.P95, &d.P99, &d.Max} {
				if *v != nil {
					*v = p(**v * factor)
				}
			}
		}
	}
	return run
}

func TestCompareTellsNoiseFromDifference(t *testing.T) {
	base := withIntervals(sampleRun(), 0.02)
	for _, tc := range []struct {
		name   string
		other  *record.Run
		cell   string
		failOn verdict.Outcome
	}{
		{"10 % slower", withIntervals(slower(1.1), 0.02), "+10 %", verdict.NotMet},
		{"1 % slower within intervals", withIntervals(slower(1.01), 0.02), "n.s.", verdict.Met},
		{"10 % slower within wide intervals", withIntervals(slower(1.1), 0.2), "n.s.", verdict.Met},
		{"10 % slower without intervals", slower(1.1), "+10 % ?", verdict.Unknown},
		{"10 % faster", withIntervals(slower(0.9), 0.02), "-10 %", verdict.Met},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text, err := report.Compare(report.TableOptions{}, "table", base, tc.other)
			if err != nil || !strings.Contains(text, tc.cell) {
				t.Errorf("no cell %q: %v\n%s", tc.cell, err, text)
			}
			rules, err := report.ParseFailOn("itl.p95@8:+5%")
			if err != nil {
				t.Fatal(err)
			}
			got := report.FailOn(rules, base, tc.other)
			if len(got) != 2 { // A10 and A100
				t.Fatalf("%d findings: %+v", len(got), got)
			}
			for _, f := range got {
				if f.Outcome != tc.failOn {
					t.Errorf("%s: %v, want %v", f.Text, f.Outcome, tc.failOn)
				}
			}
		})
	}
}

func TestPairsMatchTargetsByName(t *testing.T) {
	one := sampleRun()
	names := func(runs ...*record.Run) string {
		var out []string
		for _, p := range report.Pairs(runs...) {
			out = append(out, p.BaseLabel+"→"+p.OthLabel)
		}
		return strings.Join(out, " ")
	}
	if got := names(one); got != "A10→A100" {
		t.Errorf("one run: %s", got)
	}
	if got := names(one, slower(1)); got != "A10 (phi4)→A10 (after) A100 (phi4)→A100 (after)" {
		t.Errorf("two runs of the same targets: %s", got)
	}
	other := sampleRun()
	other.Targets = []record.Target{{Name: "h100", GPU: "H100"}}
	other.Steps = other.Steps[:2]
	for i := range other.Steps {
		other.Steps[i].Target = "h100"
	}
	if got := names(one, other); got != "A10→H100" {
		t.Errorf("two runs of other targets: %s", got)
	}
	if _, err := report.Compare(report.TableOptions{}, "table", &record.Run{}); err == nil {
		t.Error("an empty run compares with nothing")
	}
	if got := report.Pairs(); got != nil {
		t.Errorf("no run: %+v", got)
	}
}

func TestCompareSaysWhatIsNotTheSame(t *testing.T) {
	a, b := sampleRun(), slower(1)
	b.Plan.Seed, b.Plan.Workload.OutputTokens = 7, 100
	b.Targets[0].EngineVersion, b.Targets[0].Via = "0.14.1", "proxy"
	a.Targets[0].Flags, b.Targets[0].Flags = map[string]string{"gpu-memory-utilization": "0.82"}, map[string]string{"gpu-memory-utilization": "0.84", "enforce-eager": ""}
	text, err := report.Compare(report.TableOptions{}, "table", a, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"output tokens: 200 and 100", "seed: 42 and 7", "0.25.1 and 0.14.1", "port-forward and proxy", "gpu-memory-utilization 0.82 / 0.84", "enforce-eager not set /", "A10 (phi4) at 16 req/s: saturated"} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q:\n%s", want, text)
		}
	}
	csv, err := report.Compare(report.TableOptions{}, "csv", a, b)
	if err != nil {
		t.Fatal(err)
	}
	rows := readCSV(t, []byte(csv))
	if len(rows) < 50 || rows[0]["metric"] != "ttft.p50" || rows[0]["change_pct"] != "0" {
		t.Errorf("%d rows, the first %v", len(rows), rows[0])
	}
	if md, err := report.Compare(report.TableOptions{}, "md", a, b); err != nil || !strings.Contains(md, "| ---: |") {
		t.Errorf("markdown: %v\n%s", err, md)
	}
}

func TestParseFailOn(t *testing.T) {
	rules, err := report.ParseFailOn("ttft.p95:+10%, completed@8:-5%", "cost:+2.5%")
	if err != nil || len(rules) != 3 || rules[1].Rate != 8 || rules[1].Percent != -5 || rules[2].Percent != 2.5 {
		t.Errorf("%+v, %v", rules, err)
	}
	for _, bad := range []string{"", "ttft.p95", "ttft.p95:10%", "ttft.p95:+10", "ttft:+10%", "ttft.p42:+1%", "speed:+1%", "ttft.p95@0:+1%", "ttft.p95@x:+1%", "ttft.p95:+NaN%", "ttft.p95:+0%", "ttft.p95:%"} {
		if _, err := report.ParseFailOn(bad); err == nil || !strings.Contains(err.Error(), "fail-on") {
			t.Errorf("ParseFailOn(%q): %v", bad, err)
		}
	}
}

func TestFailOnRatesThatAreMissingAreUnknown(t *testing.T) {
	rules, err := report.ParseFailOn("ttft.p50@3:+10%")
	if err != nil {
		t.Fatal(err)
	}
	got := report.FailOn(rules, sampleRun(), slower(1))
	if len(got) != 2 || got[0].Outcome != verdict.Unknown || !strings.Contains(got[0].Text, "3 req/s was not measured on both") {
		t.Errorf("%+v", got)
	}
}

func TestFailOnStepsThatAreNotValidAreUnknown(t *testing.T) {
	rules, err := report.ParseFailOn("itl.p95@8:+5%")
	if err != nil {
		t.Fatal(err)
	}
	for _, factor := range []float64{1, 1.1} {
		base, other := withIntervals(sampleRun(), 0.02), withIntervals(slower(factor), 0.02)
		other.Steps[3].Verdict = record.Verdict{Reasons: []string{"late"}}
		got := report.FailOn(rules, base, other)
		if got[0].Outcome != verdict.Unknown || !strings.Contains(got[0].Text, "not of valid steps") {
			t.Errorf("%v times as slow: %+v", factor, got[0])
		}
	}
}

func TestFailOnALowerBoundThatIsPastTheLimit(t *testing.T) {
	base, other := withIntervals(sampleRun(), 0.02), withIntervals(sampleRun(), 0.02)
	other.ID, other.Name = "other", "other"
	other.Steps[3].TTFT.P99, other.Steps[3].LowerBounds = nil, map[string]float64{"ttft_p99_ms": 5000}
	rules, err := report.ParseFailOn("ttft.p99@8:+10%")
	if err != nil {
		t.Fatal(err)
	}
	if got := report.FailOn(rules, base, other); got[0].Outcome != verdict.NotMet || !strings.Contains(got[0].Text, "above +697 %") {
		t.Errorf("%+v", got[0])
	}
}

func TestMergeKeepsEveryTargetApart(t *testing.T) {
	a, b := sampleRun(), slower(1.5)
	b.Plan.Rates = []float64{3}
	for i := range b.Steps {
		b.Steps[i].Rate, b.Steps[i].Index, b.Steps[i].Repeat = 3, i, i
	}
	m := report.Merge(a, b, b)
	if len(m.Targets) != 6 || len(m.Steps) != len(a.Steps)+2*len(b.Steps) {
		t.Fatalf("%d targets, %d steps", len(m.Targets), len(m.Steps))
	}
	seen := map[string]bool{}
	for _, target := range m.Targets {
		if seen[target.Name] {
			t.Errorf("two targets are called %q", target.Name)
		}
		seen[target.Name] = true
	}
	for _, s := range m.Steps {
		if !seen[s.Target] {
			t.Errorf("a step is of %q, which is no target", s.Target)
		}
		if want := m.Plan.Rates[s.Index%len(m.Plan.Rates)]; want != s.Rate {
			t.Errorf("step %d is at %v, its rate is %v", s.Index, want, s.Rate)
		}
	}
	if len(a.Targets) != 2 || a.Steps[0].Target != "a10" {
		t.Error("merging changed what was merged")
	}
}

func TestRepetitionsMustAgreeOnADifference(t *testing.T) {
	repeated := func(values ...float64) *record.Run {
		run := sampleRun()
		base := run.Steps[0]
		run.Plan.Rates, run.Plan.Repeat, run.Steps = []float64{1}, len(values), nil
		for i, v := range values {
			s := base
			s.Index, s.Repeat, s.TTFT.P50 = i, i, p(v)
			s.TTFT.CI99 = map[string][2]float64{"p50": {v - 1, v + 1}}
			run.Steps = append(run.Steps, s)
		}
		return run
	}
	rate := func(a, b *record.Run) report.Change { return report.Pairs(a, b)[0].Rates[0].Change("ttft.p50") }
	if c := rate(repeated(100, 120, 110), repeated(130, 150, 140)); c.Significant != verdict.Met || math.Abs(c.Percent-27.27) > 0.01 {
		t.Errorf("apart: %+v", c)
	}
	if c := rate(repeated(100, 135, 110), repeated(130, 150, 140)); c.Significant != verdict.NotMet {
		t.Errorf("ranges that overlap: %+v", c)
	}
}

// Two GPUs that complete the same requests differ in price all the same; and a run of another tool
// says how many ended by its rate and length alone.
func TestWhatGoesByCountsIsJudgedByItsOwnValue(t *testing.T) {
	one := func(usd, completed, good, windowS float64) *record.Run {
		run := sampleRun()
		s := run.Steps[0]
		run.Plan.Rates, run.Steps = []float64{s.Rate}, []record.Step{s}
		run.Targets[0].USDPerHour = &usd
		tokens := 200 * completed
		step := &run.Steps[0]
		step.CompletedRPS, step.WindowS, step.OutputTokensPerS, step.GoodputRPS = completed, windowS, &tokens, &good
		step.CompletedInWindow = 0
		return run
	}
	for _, tc := range []struct {
		name, metric string
		other        *record.Run
		want         verdict.Outcome
	}{
		{"as many at three times the price", "cost", one(9, 8, 8, 60), verdict.Met},
		{"as many at the same price", "cost", one(3, 8, 8, 60), verdict.NotMet},
		{"3 % fewer", "cost", one(3, 7.76, 8, 60), verdict.NotMet},
		{"3 % fewer", "completed", one(3, 7.76, 8, 60), verdict.NotMet},
		{"half as many", "completed", one(3, 4, 8, 60), verdict.Met},
		{"half as many", "tokens", one(3, 4, 8, 60), verdict.Met},
		{"as many, half of them good", "goodput", one(3, 8, 4, 60), verdict.Met},
		{"as many, half of them good", "completed", one(3, 8, 4, 60), verdict.NotMet},
		{"none good", "goodput", one(3, 8, 0, 60), verdict.Met},
		{"of unknown length", "tokens", one(3, 8, 8, 0), verdict.Unknown},
	} {
		c := report.Pairs(one(3, 8, 8, 60), tc.other)[0].Rates[0].Change(tc.metric)
		if c.Significant != tc.want {
			t.Errorf("%s: %s of %v and %v: %s, want %s", tc.name, tc.metric, c.Base, c.Other, c.Significant, tc.want)
		}
	}
}

func TestAsPutsTheSameRequestsUnderOtherDefinitions(t *testing.T) {
	dir, run := generate(t, 9, []float64{8}, 250)
	want := rawOf(t, dir, "a10", 0)
	for _, tool := range report.AsTools() {
		theirs, notes, err := report.As(dir, run, tool)
		if err != nil {
			t.Fatal(err)
		}
		s := theirs.Steps[0]
		p50 := *s.TTFT.P50
		switch tool {
		case "guidellm":
			if p99 := *s.TTFT.P99; p99 != nearestRank(want.okTTFTSent, 99) {
				t.Errorf("%s TTFT p99 %v, want %v", tool, p99, nearestRank(want.okTTFTSent, 99))
			}
		case "vllm":
			if p50 != numpy(want.okTTFTSent, 50) || *s.ITL.P99 != numpy(want.okGaps, 99) {
				t.Errorf("%s TTFT p50 %v, ITL p99 %v", tool, p50, *s.ITL.P99)
			}
		case "aiperf":
			if *s.ITL.P50 != numpy(want.okTPOT, 50) || s.TPOT.N != 0 {
				t.Errorf("%s ITL p50 %v, want %v: its ITL is our TPOT", tool, *s.ITL.P50, numpy(want.okTPOT, 50))
			}
		}
		if len(notes) < 5 || !strings.Contains(strings.Join(notes, "\n"), "ours is") {
			t.Errorf("%s: notes %q", tool, notes)
		}
		if _, err := report.Compare(report.TableOptions{}, "table", run, theirs); err != nil {
			t.Errorf("%s does not compare: %v", tool, err)
		}
	}
	if *run.Steps[0].TTFT.P50 != nearestRank(want.ttft, 50) {
		t.Error("As changed the run")
	}
	if _, _, err := report.As(dir, run, "locust"); err == nil || !strings.Contains(err.Error(), "guidellm, vllm, aiperf") {
		t.Errorf("unknown tool: %v", err)
	}
	im, err := report.Import([]report.ImportFile{{Path: write(t, t.TempDir(), "v.json", vllmJSON)}}, importedAt)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := report.As(filepath.Join(t.TempDir()), im.Run, "vllm"); err == nil || !strings.Contains(err.Error(), "summaries only") {
		t.Errorf("as of an import: %v", err)
	}
}

func TestFleetsAreCheapestFirst(t *testing.T) {
	run := sampleRun()
	text, err := report.Fleets(run, 100, 0.7, report.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if many, err := report.Fleets(run, 2e6, 1, report.TableOptions{}); err != nil || !strings.Contains(many, "To serve 2,000,000 req/s") {
		t.Errorf("%v\n%s", err, many)
	}
	// A100: 100 / (16 · 0.7) = 8.9 → 9 replicas at $3.673 · 730; A10: 100 / (8 · 0.7) = 17.9 → 18.
	want := "To serve 100 req/s with replicas loaded to 70 % of what they held:\n" +
		"target  replicas   USD/month  headroom\n" +
		"  A100    ≤ 9.00  $24,131.61      31 %\n" +
		"   A10      18.0  $42,048.00      31 %\n"
	want = strings.NewReplacer("≤ 9.00", "   ≤ 9", "18.0", "  18").Replace(want)
	if !strings.HasPrefix(text, want) || !strings.Contains(text, "never broke") {
		t.Errorf("fleets\n%s\nwant\n%s", text, want)
	}
	run.Steps = run.Steps[4:5] // A10 at 16: it breaks
	if text, err := report.Fleets(run, 1, 1, report.TableOptions{}); err != nil || !strings.Contains(text, "A10: breaks at 16 req/s") {
		t.Errorf("%v\n%s", err, text)
	}
	for _, bad := range [][2]float64{{0, 1}, {-1, 1}, {math.NaN(), 1}, {1, 0}, {1, 1.1}, {1, math.NaN()}} {
		if _, err := report.Fleets(run, bad[0], bad[1], report.TableOptions{}); err == nil {
			t.Errorf("Fleets(%v) is no error", bad)
		}
	}
}

func TestCompareFitsItsWidth(t *testing.T) {
	run := sampleRun()
	for _, tc := range []struct {
		width int
		want  []string
	}{
		{0, []string{"TTFT p50", "TTFT p95", "ITL p50", "ITL p95", "completed", "$/M"}},
		{120, []string{"TTFT p50", "TTFT p95", "ITL p50", "$/M"}},
		{80, []string{"TTFT p95", "$/M"}},
	} {
		text, err := report.Compare(report.TableOptions{Width: tc.width}, "table", run)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(text, "\n") {
			if n := runewidth.StringWidth(line); tc.width > 0 && n > tc.width {
				t.Errorf("at width %d a line has %d cells: %q", tc.width, n, line)
			}
		}
		for _, want := range tc.want {
			if !strings.Contains(text, want) {
				t.Errorf("at width %d there is no %s:\n%s", tc.width, want, text)
			}
		}
	}
}
