package report_test

import (
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/engine/verdict"
)

// Twice the goodput by an easier objective is no change of the target.
func TestGoodputByAnotherObjectiveIsNotCompared(t *testing.T) {
	by := func(slo string, good float64) *record.Run {
		run := sampleRun()
		run.Plan.SLO = []string{slo}
		for i := range run.Steps {
			run.Steps[i].GoodputRPS = &good
			run.Steps[i].SLOs = []record.SLOResult{{SLO: slo, GoodputRPS: good}}
		}
		return run
	}
	rules, err := report.ParseFailOn("goodput@8:-5%")
	if err != nil {
		t.Fatal(err)
	}
	strict, easy := by("ttft.p95<200ms", 4), by("ttft.p95<500ms", 8)
	for _, f := range report.FailOn(rules, easy, strict) {
		if f.Outcome != verdict.Unknown || !strings.Contains(f.Text, "cannot be compared") {
			t.Errorf("by another objective: %+v", f)
		}
	}
	for _, f := range report.FailOn(rules, easy, by("ttft.p95<500ms", 4)) {
		if f.Outcome != verdict.NotMet {
			t.Errorf("by the same: %+v", f)
		}
	}
	text, err := report.Compare(report.TableOptions{}, "table", easy, strict)
	if want := "objective: ttft.p95<500ms and ttft.p95<200ms"; err != nil || !strings.Contains(text, want) {
		t.Errorf("does not say %q: %v\n%s", want, err, text)
	}
}

func TestCompareTellsOfWindowsThatDiffer(t *testing.T) {
	long, short := sampleRun(), sampleRun()
	for i := range short.Steps {
		short.Steps[i].WindowS = 20
	}
	text, err := report.Compare(report.TableOptions{}, "table", long, short)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "at 16 req/s the windows are 60.0 and 20.0 s long") || strings.Contains(text, "at 8 req/s the windows") {
		t.Errorf("only what is saturated at 16 req/s depends on the window:\n%s", text)
	}
}
