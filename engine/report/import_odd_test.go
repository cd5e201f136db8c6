package report_test

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

func imported(t *testing.T, name, text string) *record.Run {
	t.Helper()
	dir := t.TempDir()
	im, err := report.Import([]report.ImportFile{{Path: write(t, dir, name, text), Target: "a10"}}, importedAt)
	if err != nil {
		t.Fatal(err)
	}
	if err := im.Save(filepath.Join(dir, "run")); err != nil {
		t.Fatal(err)
	}
	return im.Run
}

// vllm bench writes 0 for what it has no value of: replies of one token have no gap.
func TestImportOfVLLMWithoutGaps(t *testing.T) {
	text := vllmJSON
	for _, m := range []string{"tpot", "itl"} {
		for _, stat := range []string{"mean", "median", "std", "p99"} {
			text = strings.Replace(text, `"`+stat+"_"+m+`_ms"`, `"`+stat+"_"+m+`_ms": 0.0, "was_`+stat+"_"+m+`"`, 1)
		}
	}
	run := imported(t, "v.json", text)
	s := run.Steps[0]
	if s.ITL.P50 != nil || s.ITL.Mean != nil || s.TPOT.P50 != nil || s.TTFT.P50 == nil {
		t.Errorf("ITL %+v and TPOT %+v are unknown, TTFT %+v is not", s.ITL, s.TPOT, s.TTFT)
	}
}

// Bunched or evened-out arrivals are not Poisson's.
func TestImportOfVLLMWithBurstiness(t *testing.T) {
	if run := imported(t, "v.json", strings.Replace(vllmJSON, `"burstiness": 1.0`, `"burstiness": 0.5`, 1)); run.Plan.Arrivals != "gamma, burstiness 0.5" {
		t.Errorf("arrivals %q", run.Plan.Arrivals)
	}
	if run := imported(t, "v.json", vllmJSON); run.Plan.Arrivals != "poisson" {
		t.Errorf("arrivals %q", run.Plan.Arrivals)
	}
}

// A token of phi-4-multimodal reads 3.8 billion parameters, not the 14.7 of phi-4.
func TestFloorIsOfTheModelItself(t *testing.T) {
	for model, impossible := range map[string]bool{"microsoft/Phi-4-multimodal-instruct": false, "microsoft/phi-4": true, "meta-llama/Llama-3.1-8B-Instruct": true} {
		run := sampleRun()
		run.Targets[0].Model = model
		if got := strings.Contains(report.Markdown(run), "the time that reading the weights of"); got != impossible {
			t.Errorf("20 ms a token of %s on an A10 are called impossible: %v", model, got)
		}
	}
}

// What another tool does not tell is an empty cell.
func TestStepsCSVOfAnImportHasNoZeroForUnknown(t *testing.T) {
	var b bytes.Buffer
	if err := report.StepsCSV(&b, imported(t, "g.csv", guide03(t, guide03At("8.0", "136.49", "7.3266", "478.4")))); err != nil {
		t.Fatal(err)
	}
	row := readCSV(t, b.Bytes())[0]
	for _, name := range []string{"warmup_s", "drain_s", "rejected", "max_in_flight", "new_connections"} {
		if row[name] != "" {
			t.Errorf("%s is %s", name, row[name])
		}
	}
	if row["failed"] != "0" || row["repeat"] != "0" {
		t.Errorf("failed %q and repeat %q are known", row["failed"], row["repeat"])
	}
}

// Requests that a kill left no line of were sent all the same.
func TestExportsCountWhatAKillLost(t *testing.T) {
	dir, run := generate(t, 3, []float64{8}, 50)
	s := &run.Steps[0]
	s.Sent, s.Incomplete, s.Errors = s.Sent+7, s.Incomplete+7, map[string]int{"killed": 7}
	_, b := guideExport(t, dir, run)
	row := readCSV(t, b)[0]
	if got, want := row["Total Requests"], strconv.Itoa(s.Sent); got != want || row["Incomplete Requests"] != strconv.Itoa(s.Incomplete) {
		t.Errorf("%s requests, %s incomplete; want %s and %d", got, row["Incomplete Requests"], want, s.Incomplete)
	}
}
