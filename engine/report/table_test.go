package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

func TestTableGoldens(t *testing.T) {
	run := sampleRun()
	for _, w := range []int{0, 120, 80} {
		golden(t, fmt.Sprintf("table-%d.txt", w), report.Text(run, report.TableOptions{Width: w}))
	}
}

func TestTableFitsItsWidth(t *testing.T) {
	run := sampleRun()
	run.Targets[0].GPU, run.Targets[0].Name = "", "a-workspace-with-a-很长-name-that-goes-on-and-on"
	for i := range run.Steps {
		if run.Steps[i].Target == "a10" {
			run.Steps[i].Target = run.Targets[0].Name
		}
	}
	for w := 110; w < 200; w++ {
		for line := range strings.SplitSeq(report.Text(run, report.TableOptions{Width: w}), "\n") {
			if runewidth.StringWidth(line) > w {
				t.Fatalf("at width %d a line has %d cells: %q", w, runewidth.StringWidth(line), line)
			}
		}
	}
}

func TestTableSaysEveryStateInWords(t *testing.T) {
	run := sampleRun()
	no := false
	run.Steps[0].Verdict = record.Verdict{Reasons: []string{"the client sent late"}}
	run.Steps[1].Verdict = record.Verdict{Void: true, Reasons: []string{"the tunnel was cut"}}
	run.Steps[2].Partial = true
	run.Steps[3].Failed, run.Steps[3].OK = 4, run.Steps[3].OK-4
	run.Steps[6].Verdict.Notes = []string{"too short to tell whether the target keeps up: the warm-up was 2 s"}
	run.Steps[5].SLOMet, run.Steps[5].SLOs = &no, []record.SLOResult{{SLO: "ttft.p95<200ms", Met: &no, Why: "ttft.p95 is 300 ms"}}
	got := report.Table(run, report.TableOptions{})
	for _, want := range []string{
		"invalid", "void", "partial", "4 errors", "saturated, 20 cut", "SLO missed", "too short", "> 30.0 s",
		"A10 at 1 req/s: invalid: the client sent late", "A10 at 2 req/s: void: the tunnel was cut",
		"A100 at 2 req/s: SLO ttft.p95<200ms missed: ttft.p95 is 300 ms", "† p99 of fewer than 100 requests",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table does not say %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "\x1b") {
		t.Error("a table without colour holds escape sequences")
	}
	if c := report.Table(run, report.TableOptions{Color: true}); !strings.Contains(c, "\x1b[31mvoid\x1b[0m") {
		t.Error("a table with colour has none")
	}
}

func TestRowsTakeTheLastTryAndTheMedianOfRepetitions(t *testing.T) {
	run := sampleRun()
	base := run.Steps[0]
	run.Plan.Rates, run.Plan.Repeat = []float64{1}, 3
	run.Steps = nil
	for rep, p50 := range []float64{10, 30, 20} {
		s := base
		s.Index, s.Repeat, s.TTFT.P50 = rep, rep, p(p50)
		if rep == 1 { // its first try was void
			v := s
			v.TTFT.P50, v.Verdict = p(9999), record.Verdict{Void: true, Reasons: []string{"tunnel cut"}}
			s.Try = 2
			run.Steps = append(run.Steps, v)
		}
		run.Steps = append(run.Steps, s)
	}
	rows := report.Rows(run)
	if len(rows) != 1 || len(rows[0].Steps) != 3 {
		t.Fatalf("%d rows, want one of three steps: %+v", len(rows), rows)
	}
	got := report.Table(run, report.TableOptions{})
	if !strings.Contains(got, " 20.0 ") || strings.Contains(got, "9,99") || !strings.Contains(got, "median") {
		t.Errorf("want the median 20.0 and no word of the void try:\n%s", got)
	}
}

// A mark is explained wherever it stands.
func TestDaggerOfGapsIsExplained(t *testing.T) {
	run := sampleRun()
	run.Steps = run.Steps[3:4] // 480 requests, of which few have more than one token
	run.Steps[0].ITL, run.Steps[0].TPOT.N = record.Dist{}, 12
	if got := report.Table(run, report.TableOptions{}); strings.Count(got, "†") != 2 {
		t.Errorf("want one mark and what it says:\n%s", got)
	}
}

func TestAnswer(t *testing.T) {
	yes, no := true, false
	for _, tc := range []struct {
		name   string
		change func(*record.Run)
		want   string
	}{
		{"as published", func(*record.Run) {},
			"A100 holds 16+ req/s at $0.34/M output tokens; A10 holds 8 at $0.61/M, breaks at 16."},
		{"no price", func(r *record.Run) { r.Targets[0].USDPerHour, r.Targets[1].USDPerHour = nil, nil },
			"A100 holds 16+ req/s; A10 holds 8, breaks at 16."},
		{"two targets of one GPU", func(r *record.Run) { r.Targets[0].GPU = "A100" },
			"a100 holds 16+ req/s at $0.34/M output tokens; a10 holds 8 at $0.61/M, breaks at 16."},
		{"top step invalid", func(r *record.Run) { r.Steps[4].Verdict = record.Verdict{Reasons: []string{"late"}, Saturated: true} },
			"A100 holds 16+ req/s at $0.34/M output tokens; A10 holds 8+ at $0.61/M (no valid step at 16)."},
		{"all of one invalid", func(r *record.Run) {
			for i := range 5 {
				r.Steps[i].Verdict.Valid = false
			}
		}, "A100 holds 16+ req/s at $0.34/M output tokens; A10 has no valid step, so nothing can be said of it."},
		{"all of both invalid", func(r *record.Run) {
			for i := range r.Steps {
				r.Steps[i].Verdict.Valid = false
			}
		}, "A10 and A100 have no valid step, so nothing can be said of them."},
		{"names that do not tell the GPU", func(r *record.Run) {
			r.Targets[0].Name, r.Targets[0].GPUCount, r.Targets[1].Name = "old", 2, "phi4-a100"
			for i := range r.Steps {
				r.Steps[i].Target = map[string]string{"a10": "old", "a100": "phi4-a100"}[r.Steps[i].Target]
			}
		}, "phi4-a100 holds 16+ req/s at $0.34/M output tokens; old (2×A10) holds 8 at $0.61/M, breaks at 16."},
		{"fails in the middle", func(r *record.Run) { r.Steps[2].Verdict.Saturated = true },
			"A100 holds 16+ req/s at $0.34/M output tokens; A10 holds 2 at $2.35/M, breaks at 4."},
		{"errors", func(r *record.Run) { r.Steps[0].Failed = 30 },
			"A100 holds 16+ req/s at $0.34/M output tokens; A10 breaks at 1 already, the lowest rate tried."},
		{"lowest step invalid, next breaks", func(r *record.Run) { r.Steps[0].Verdict.Valid, r.Steps[1].Verdict.Saturated = false, true },
			"A100 holds 16+ req/s at $0.34/M output tokens; A10 breaks at 2 already, the lowest rate that tells (no valid step at 1)."},
		{"too short to tell", func(r *record.Run) {
			s := &r.Steps[3]
			s.Verdict.Notes = append(s.Verdict.Notes, "too short to tell whether the target keeps up: the warm-up of 2 s is shorter than a reply")
		}, "A100 holds 16+ req/s at $0.34/M output tokens; A10 holds 4 at $1.18/M, breaks at 16 (unclear at 8)."},
		{"an SLO", func(r *record.Run) {
			r.Plan.SLO = []string{"ttft.p95<302ms"}
			for i := range r.Steps {
				r.Steps[i].SLOMet = &yes
				if *r.Steps[i].TTFT.P95 > 302 {
					r.Steps[i].SLOMet = &no
				}
			}
		}, "A100 meets the SLO at 4 req/s for $1.35/M output tokens, misses it at 8; A10 misses the SLO at 1 already, the lowest rate tried."},
		{"simulated and interrupted", func(r *record.Run) {
			r.Simulated, r.State, r.Steps = true, record.StateInterrupted, r.Steps[:1]
		}, "Simulated, not measured: A10 holds 1+ req/s at $4.70/M output tokens (the run is not complete)."},
		{"nothing", func(r *record.Run) { r.Steps = nil }, "No step has ended, so nothing can be said."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := sampleRun()
			tc.change(run)
			if got := report.Answer(run); got != tc.want {
				t.Errorf("answer\n got %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestTableInASCII(t *testing.T) {
	run := sampleRun()
	run.Targets[0].GPUCount, run.Targets[1].USDPerHour = 2, nil // "2×A10", and a cost that is not known
	run.Steps[1].TTFT.P50 = nil
	cmpText, err := report.Compare(report.TableOptions{ASCII: true}, "table", run)
	if err != nil {
		t.Fatal(err)
	}
	fleets, err := report.Fleets(run, 40, 1, report.TableOptions{ASCII: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []int{0, 120, 80, 60} {
		text := report.Text(run, report.TableOptions{Width: w, ASCII: true}) + cmpText + fleets
		for line := range strings.SplitSeq(text, "\n") {
			if i := strings.IndexFunc(line, func(r rune) bool { return r > '~' }); i >= 0 {
				t.Errorf("at width %d: %q has %q", w, line, line[i:])
			}
		}
	}
	for _, want := range []string{"* p99 of fewer", "2xA10", "478 -> 285", "<= "} {
		if text := report.Text(run, report.TableOptions{ASCII: true}) + cmpText + fleets; !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestRepetitionsAddUpWhatWasLost(t *testing.T) {
	run := sampleRun()
	first, second := run.Steps[0], run.Steps[0]
	run.Plan.Rates, run.Plan.Repeat = []float64{1}, 2
	second.Index, second.Repeat = 1, 1
	first.Incomplete, second.Incomplete, second.Rejected = 1200, 3, 1
	run.Steps = []record.Step{first, second}
	if got := report.Table(run, report.TableOptions{}); !strings.Contains(got, "  1 error, 1,203 cut") && !strings.Contains(got, "  1,203 cut, 1 error") {
		t.Errorf("want what both lost:\n%s", got)
	}
}
