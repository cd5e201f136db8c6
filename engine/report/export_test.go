package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

// readCSV reads a table as maps by column.
func readCSV(t *testing.T, b []byte) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, c := range r {
			m[rows[0][i]] = c
		}
		out = append(out, m)
	}
	return out
}

// raw are the latencies of one step's window, straight from requests.jsonl: what the exports must
// agree with, computed here in the plainest way.
type raw struct {
	ttft, ttftSent, e2e, tpot, gaps       []float64 // ms; censored ones are +Inf
	okTTFTSent, okTPOT, okGaps, okE2ELast []float64 // of requests that succeeded
}

func rawOf(t *testing.T, dir, target string, step int) raw {
	t.Helper()
	var out raw
	inf := math.Inf(1)
	for r, err := range record.Requests(dir) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Target != target || r.Step != step || r.Status == record.StatusFailed || r.Status == record.StatusRejected {
			continue
		}
		ttft, sent := float64(r.FirstTokenNS-r.SchedNS)/1e6, float64(r.FirstTokenNS-r.SentNS)/1e6
		out.ttft, out.ttftSent = append(out.ttft, ttft), append(out.ttftSent, sent)
		for _, g := range r.GapsUS {
			out.gaps = append(out.gaps, float64(g)/1e3)
		}
		if r.Status == record.StatusIncomplete {
			out.gaps, out.e2e, out.tpot = append(out.gaps, inf), append(out.e2e, inf), append(out.tpot, inf)
			continue
		}
		tpot := float64(r.LastTokenNS-r.FirstTokenNS) / 1e6 / float64(r.OutputTokens-1)
		out.e2e, out.tpot = append(out.e2e, float64(r.DoneNS-r.SchedNS)/1e6), append(out.tpot, tpot)
		out.okTTFTSent, out.okTPOT = append(out.okTTFTSent, sent), append(out.okTPOT, tpot)
		out.okE2ELast = append(out.okE2ELast, float64(r.LastTokenNS-r.SentNS)/1e6)
		for _, g := range r.GapsUS {
			out.okGaps = append(out.okGaps, float64(g)/1e3)
		}
	}
	return out
}

// nearestRank is the ceil(p/100·n)-th smallest.
func nearestRank(vs []float64, p float64) float64 {
	vs = slices.Clone(vs)
	slices.Sort(vs)
	return vs[max(int(math.Ceil(p*float64(len(vs))/100)), 1)-1]
}

// numpy is numpy.percentile.
func numpy(vs []float64, p float64) float64 {
	vs = slices.Clone(vs)
	slices.Sort(vs)
	h := p / 100 * float64(len(vs)-1)
	lo := math.Floor(h)
	a, b, f := vs[int(lo)], vs[int(math.Min(lo+1, float64(len(vs)-1)))], h-lo
	if f < 0.5 {
		return a + (b-a)*f
	}
	return b - (b-a)*(1-f)
}

func TestExportedPercentilesAreThoseOfTheRequests(t *testing.T) {
	for seed := range uint64(4) {
		dir, run := generate(t, seed, []float64{4, 16}, 120+int(seed)*70)
		out := t.TempDir()
		paths, err := report.Export(dir, run, "csv", out)
		if err != nil || len(paths) != 2 {
			t.Fatalf("export csv: %v, %v", paths, err)
		}
		b, err := os.ReadFile(filepath.Join(out, "steps.csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows := readCSV(t, b)
		if len(rows) != 4 {
			t.Fatalf("steps.csv has %d rows, want 4", len(rows))
		}
		for i, row := range rows {
			want := rawOf(t, dir, row["target"], run.Steps[i].Index)
			for name, vs := range map[string][]float64{"ttft": want.ttft, "itl": want.gaps, "tpot": want.tpot, "e2e": want.e2e, "ttft_sent": want.ttftSent} {
				for p, stat := range map[float64]string{50: "p50", 90: "p90", 95: "p95", 99: "p99"} {
					cell, ok := row[name+"_"+stat+"_ms"]
					if !ok {
						continue
					}
					exp := nearestRank(vs, p)
					switch {
					case math.IsInf(exp, 0):
						if cell != "" || !strings.Contains(row["lower_bounds"], name+"_"+stat+"_ms>") {
							t.Errorf("seed %d %s %s_%s is %q, bounds %q; want it censored", seed, row["target"], name, stat, cell, row["lower_bounds"])
						}
					case cell != strconv.FormatFloat(math.Round(exp*1e6)/1e6, 'f', -1, 64):
						t.Errorf("seed %d %s %s_%s is %s, want %v", seed, row["target"], name, stat, cell, exp)
					}
				}
			}
		}
		checkVLLM(t, dir, run, out)
	}
}

// Repetitions of a model with a long name are files of their own.
func TestVLLMExportKeepsEveryStep(t *testing.T) {
	dir, run := generate(t, 3, []float64{8}, 20)
	run.Targets[0].Model = "org/" + strings.Repeat("long-", 30)
	again := run.Steps[0]
	again.Index, again.Repeat = 7, 1
	run.Steps = append(run.Steps, again)
	out := t.TempDir()
	if _, err := report.Export(dir, run, "vllm", out); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(filepath.Join(out, "vllm")); err != nil || len(files) != len(run.Steps) {
		t.Errorf("%d files of %d steps, %v", len(files), len(run.Steps), err)
	}
}

func checkVLLM(t *testing.T, dir string, run *record.Run, out string) {
	t.Helper()
	paths, err := report.Export(dir, run, "vllm", out)
	if err != nil || len(paths) != 4 {
		t.Fatalf("export vllm: %v, %v", paths, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		rate := got["request_rate"].(float64)
		want := rawOf(t, dir, got["label"].(string), slices.Index(run.Plan.Rates, rate))
		for name, vs := range map[string][]float64{"ttft": want.okTTFTSent, "itl": want.okGaps, "tpot": want.okTPOT, "e2el": want.okE2ELast} {
			for p, key := range map[float64]string{50: "median_" + name + "_ms", 90: "p90_" + name + "_ms", 99: "p99_" + name + "_ms"} {
				if got[key].(float64) != numpy(vs, p) {
					t.Errorf("%s: %s is %v, want %v", filepath.Base(path), key, got[key], numpy(vs, p))
				}
			}
			sum := 0.0
			for _, v := range vs {
				sum += v
			}
			if mean := sum / float64(len(vs)); math.Abs(got["mean_"+name+"_ms"].(float64)-mean) > 1e-9*mean {
				t.Errorf("%s: mean of %s is %v, want %v", filepath.Base(path), name, got["mean_"+name+"_ms"], mean)
			}
		}
		if got["completed"].(float64) != float64(len(want.okTPOT)) {
			t.Errorf("%s: completed %v, want %d", filepath.Base(path), got["completed"], len(want.okTPOT))
		}
	}
}

// guideExport is the run as a GuideLLM CSV, and where that is.
func guideExport(t *testing.T, dir string, run *record.Run) (path string, b []byte) {
	t.Helper()
	out := t.TempDir()
	if _, err := report.Export(dir, run, "guidellm", out); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(out, "guidellm.csv")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, b
}

func TestGuideLLMExportHasItsColumnsAndDefinitions(t *testing.T) {
	dir, run := generate(t, 5, []float64{8}, 300)
	run.Steps[0].StartedAt = run.StartedAt.Add(-time.Minute) // a warm-up of a minute, which GuideLLM has not
	path, b := guideExport(t, dir, run)
	if head := report.GuideLLMHeader(); len(head) != 175 {
		t.Errorf("header has %d columns, want 175", len(head))
	}
	rows := readCSV(t, b)
	if len(rows) != 2 || rows[0]["Name"] != "poisson@8.00" {
		t.Fatalf("%d rows, the first called %q", len(rows), rows[0]["Name"])
	}
	want := rawOf(t, dir, "a10", 0)
	num := func(col string) float64 {
		v, err := strconv.ParseFloat(rows[0][col], 64)
		if err != nil {
			t.Errorf("column %q: %v", col, err)
		}
		return v
	}
	// Weights are added up in floating point, so that the value after the nearest rank is right too.
	next := 50 + 100/float64(len(want.okTTFTSent))
	if got := num("Successful Time to first token ms median"); got != nearestRank(want.okTTFTSent, 50) && got != nearestRank(want.okTTFTSent, next) {
		t.Errorf("median TTFT %v, want %v or the next", got, nearestRank(want.okTTFTSent, 50))
	}
	var array []float64
	if err := json.Unmarshal([]byte(rows[0]["Successful Time to first token ms [min, 0.1, 1, 5, 10, 25, 75, 90, 95, 99, max]"]), &array); err != nil || len(array) != 11 {
		t.Fatalf("array cell: %v, %v", array, err)
	}
	if array[10] != slices.Max(want.okTTFTSent) || array[9] != nearestRank(want.okTTFTSent, 99) {
		t.Errorf("TTFT max %v and p99 %v, want %v and %v", array[10], array[9], slices.Max(want.okTTFTSent), nearestRank(want.okTTFTSent, 99))
	}
	// Mean ITL weighted by N − 1 is all gaps over their number, but for the rounding of gaps.
	sum := 0.0
	for _, g := range want.okGaps {
		sum += g
	}
	if got, mean := num("Successful Inter token latency ms mean"), sum/float64(len(want.okGaps)); math.Abs(got-mean) > 1e-3 {
		t.Errorf("mean ITL %v, want %v", got, mean)
	}
	all := num("Successful Requests") + num("Errored Requests") + num("Incomplete Requests")
	if all != num("Total Requests") || all != 300 {
		t.Errorf("the classes add up to %v, total %v, want 300", all, num("Total Requests"))
	}
	for col, cell := range rows[0] {
		if cell == "" || strings.Contains(cell, "NaN") || strings.Contains(cell, "Inf") {
			t.Errorf("column %q holds %q", col, cell)
		}
	}
	if got := rows[0]["Start Time"]; got != "2026-03-04 05:06:08" {
		t.Errorf("starts at %s, want the first request's 2026-03-04 05:06:08", got)
	}
	// What it writes, it reads: numbers survive export → import.
	im, err := report.Import([]report.ImportFile{{Target: "a10", Path: path}}, run.StartedAt)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := im.Run.Steps[0].OfferedRPS, run.Steps[0].OfferedRPS; math.Abs(got-want) > 1e-9 {
		t.Errorf("imported again, %v req/s were offered, want %v", got, want)
	}
	if s := im.Run.Steps[0]; *s.TTFT.P50 != num("Successful Time to first token ms median") || s.OK != len(want.okTPOT) {
		t.Errorf("imported again: %+v", s)
	}
}

func TestHdrLogHoldsTheLatencies(t *testing.T) {
	dir, run := generate(t, 6, []float64{8}, 200)
	out := t.TempDir()
	if _, err := report.Export(dir, run, "hdr", out); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(out, "latency.hlog"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log := hdrhistogram.NewHistogramLogReader(f)
	want := rawOf(t, dir, "a10", 0)
	tags := 0
	for {
		h, err := log.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		tags++
		if h.Tag() != "a10.8rps.itl" {
			continue
		}
		got, exp := float64(h.ValueAtPercentile(50))/1e6, nearestRank(want.okGaps, 50)
		if h.TotalCount() != int64(len(want.okGaps)) || math.Abs(got-exp) > 0.002*exp {
			t.Errorf("%s: %d values with median %v ms, want %d and %v", h.Tag(), h.TotalCount(), got, len(want.okGaps), exp)
		}
	}
	if tags != 6 {
		t.Errorf("%d histograms, want TTFT, ITL and E2E of two targets", tags)
	}
}

func TestRequestsCSVHasEveryRequestAndNoFormula(t *testing.T) {
	dir, run := generate(t, 7, []float64{8}, 150)
	var b bytes.Buffer
	if err := report.RequestsCSV(&b, dir, run); err != nil {
		t.Fatal(err)
	}
	rows := readCSV(t, b.Bytes())
	if len(rows) != 300 {
		t.Errorf("%d rows, want 300", len(rows))
	}
	failed := 0
	for _, r := range rows {
		switch r["status"] {
		case "failed":
			if failed++; r["error"] != "'=cmd|' /C calc'!A0" || r["ttft_ms"] != "" || r["e2e_ms"] != "" {
				t.Errorf("failed request: error %q, ttft %q, e2e %q", r["error"], r["ttft_ms"], r["e2e_ms"])
			}
		case "incomplete":
			if r["e2e_ms"] != "" || r["tpot_ms"] != "" || r["ttft_ms"] == "" {
				t.Errorf("a cut request has e2e %q and tpot %q and ttft %q", r["e2e_ms"], r["tpot_ms"], r["ttft_ms"])
			}
		}
		if r["rate_nominal_rps"] != "8" {
			t.Errorf("nominal rate %q, want 8", r["rate_nominal_rps"])
		}
	}
	if failed == 0 {
		t.Error("no failed request in the sample")
	}
}

// A reply that breaks off has no latency, in whatever column: percentiles over requests.csv are those of
// steps.csv.
func TestRequestsCSVGivesBrokenRepliesNoLatency(t *testing.T) {
	run := sampleRun()
	run.Steps, run.State = nil, record.StateRunning
	dir := filepath.Join(t.TempDir(), "run")
	w, err := record.Create(dir, run)
	if err != nil {
		t.Fatal(err)
	}
	w.Request(&record.Request{ID: "x", Target: "a10", Try: 1, SchedNS: 1e9, SentNS: 1e9, FirstTokenNS: 2e9, LastTokenNS: 3e9, DoneNS: 4e9,
		PromptTokens: 200, OutputTokens: 2, Events: 2, GapsUS: []uint32{1_000_000}, Status: record.StatusFailed, Class: "cut"})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.RequestsCSV(&b, dir, run); err != nil {
		t.Fatal(err)
	}
	row := readCSV(t, b.Bytes())[0]
	for _, name := range []string{"ttft_ms", "ttft_sent_ms", "tpot_ms", "e2e_ms", "itl_mean_ms", "itl_max_ms"} {
		if row[name] != "" {
			t.Errorf("%s is %s", name, row[name])
		}
	}
}

func TestExportTellsOfUnreadableLinesAndUnknownFormats(t *testing.T) {
	dir, run := generate(t, 8, []float64{8}, 120)
	f, err := os.OpenFile(filepath.Join(dir, "requests.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("garbage\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, format := range []string{"csv", "vllm", "guidellm", "hdr"} {
		paths, err := report.Export(dir, run, format, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), "1 unreadable line") || len(paths) == 0 {
			t.Errorf("export %s: %v, %v; want files and the count of unreadable lines", format, paths, err)
		}
	}
	if _, err := report.Export(dir, run, "xlsx", t.TempDir()); err == nil || !strings.Contains(err.Error(), "want csv, md") {
		t.Errorf("unknown format: %v", err)
	}
	if _, err := report.Export(dir, run, "csv", filepath.Join(dir, "run.json", "x")); err == nil {
		t.Error("export below a file succeeds")
	}
}
