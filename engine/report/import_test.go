package report_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

var importedAt = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// write makes a file and returns its path.
func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// guide03 is a GuideLLM 0.3 CSV with one row, from the columns given; all others are 0.
func guide03(t testing.TB, set map[string]string) string {
	t.Helper()
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	header := report.GuideLLMHeader()
	row := make([]string, len(header))
	for i, name := range header {
		if row[i] = "0.0"; strings.HasSuffix(name, "max]") {
			row[i] = "[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]"
		}
		if v, ok := set[name]; ok {
			row[i] = v
		}
	}
	if err := w.WriteAll([][]string{header, row}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func guide03At(rate, duration, rps, ttft string) map[string]string {
	const array = " [min, 0.1, 1, 5, 10, 25, 75, 90, 95, 99, max]"
	return map[string]string{
		"Type": "generative_benchmark", "Name": "poisson@" + rate + "0", "Start Time": "2025-08-15 17:06:26", "Duration": duration,
		"Successful Requests": "1000", "Total Requests": "1000", "Successful Requests per second mean": rps,
		"Successful Output tokens per second mean": "1465.3", "Successful Request concurrency mean": "84.9",
		"Successful Prompt token count mean": "200.05", "Successful Output token count mean": "200.0",
		"Successful Time to first token ms mean": "484.6", "Successful Time to first token ms median": ttft,
		"Successful Time to first token ms" + array: "[340.0, 341, 350, 360, 370, 400, 500, 530.5, 549.1, 627.4, 700.0]",
		"Successful Inter token latency ms mean":    "55.8", "Successful Inter token latency ms median": "53.82",
		"Successful Request latency mean": "11.5", "Successful Request latency median": "11.2",
		"Args":           `{"strategy": {"type_": "poisson", "rate": ` + rate + `, "initial_burst": true, "random_seed": 42}}`,
		"Worker":         `{"backend_target": "http://127.0.0.1:8000", "backend_model": "phi-4-mini-instruct"}`,
		"Request Loader": `{"data": "prompt_tokens=200,output_tokens=200"}`, "Extras": "{}",
	}
}

func TestImportGuideLLM03(t *testing.T) {
	dir := t.TempDir()
	files := []report.ImportFile{
		{Path: write(t, dir, "a10/p8.csv", guide03(t, guide03At("8.0", "136.49", "7.3266", "478.4")))},
		{Path: write(t, dir, "a10/p16.csv", guide03(t, guide03At("16.0", "114.99", "8.696", "12345.4")))},
		{Path: write(t, dir, "a100/p8.csv", guide03(t, guide03At("8.0", "132.2", "7.563", "285.1")))},
	}
	im, err := report.Import(files, importedAt)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "run")
	if err := im.Save(folder); err != nil {
		t.Fatal(err)
	}
	run, err := record.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Targets) != 2 || run.Targets[0].Name != "a10" || run.Targets[1].Name != "a100" || run.Imported != "GuideLLM 0.3" {
		t.Fatalf("targets %+v, imported from %q", run.Targets, run.Imported)
	}
	s := run.Steps[0]
	if math.Abs(s.OfferedRPS-7.65) > 0.005 {
		t.Errorf("offered rate %v, want 7.65: GuideLLM's own arrivals of seed 42", s.OfferedRPS)
	}
	if *s.TTFT.P50 != 478.4 || *s.TTFT.P99 != 627.4 || *s.TPOT.P50 != 53.82 || *s.E2E.P50 != 11200 || s.ITL.N != 0 {
		t.Errorf("TTFT %+v, TPOT %+v, ITL %+v", s.TTFT, s.TPOT, s.ITL)
	}
	if !s.Verdict.Valid || s.Verdict.Saturated || !run.Steps[1].Verdict.Saturated {
		t.Errorf("at 8 req/s %+v, at 16 %+v; want only the second saturated", s.Verdict, run.Steps[1].Verdict)
	}
	if w := run.Plan.Workload; w.PromptTokens != 200 || w.OutputTokens != 200 || run.Plan.Seed != 42 {
		t.Errorf("workload %+v, seed %d", w, run.Plan.Seed)
	}
	answer := report.Answer(run)
	if answer != "a10 holds 8 req/s, breaks at 16; a100 holds 8+." {
		t.Errorf("answer %q", answer)
	}
	text, err := report.Compare(report.TableOptions{}, "table", run)
	if err != nil || !strings.Contains(text, "7.65 → 7.65") || !strings.Contains(text, "478 → 285") || !strings.Contains(text, "TPOT p50 ms") {
		t.Errorf("compare: %v\n%s", err, text)
	}
	// Its own numbers go out as they came.
	_, got := guideExport(t, folder, run)
	var want strings.Builder
	for i, f := range files {
		b, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		head, row, _ := strings.Cut(string(b), "\r\n")
		if i == 0 {
			want.WriteString(head + "\r\n")
		}
		want.WriteString(row)
	}
	if string(got) != want.String() {
		t.Errorf("exported rows differ from the imported ones:\n%.300s\n%.300s", got, want.String())
	}
	out := t.TempDir()
	for _, format := range []string{"vllm"} {
		if _, err := report.Export(folder, run, format, out); err == nil || !strings.Contains(err.Error(), "imported from GuideLLM 0.3") {
			t.Errorf("export %s of an import: %v", format, err)
		}
	}
	for _, format := range []string{"csv", "md", "html", "svg", "png", "llm-d", "junit", "hdr"} {
		if _, err := report.Export(folder, run, format, out); err != nil {
			t.Errorf("export %s of an import: %v", format, err)
		}
	}
}

const guideThreeRows = `Run Info,Run Info,Run Info,Benchmark,Timings,Timings,Request Counts,Request Counts,Request Counts,Request Latency,Time to First Token,Time to First Token,Time to First Token,Inter Token Latency,Inter Token Latency,Server Throughput,Token Throughput,Runtime Info
Run Index,Profile,Backend,Strategy,Start Time,Duration,Successful,Incomplete,Errored,Successful Sec,Successful ms,Successful ms,Successful ms,Successful ms,Successful ms,Successful Requests/Sec,Successful Output Tokens/Sec,Arguments
,,,,,Sec,,,,Median,Mean,Median,Percentiles,Mean,Median,Mean,Mean,
0,"{""kind"": ""constant"", ""rate"": [2, 4]}","{""target"": ""http://h:1"", ""model"": ""m/phi""}",constant,2026-07-01 10:00:00,60.5,118,0,2,2.5,290.1,282.0,"[270, 271, 272, 275, 280, 281, 290, 295, 300.5, 340.5, 341]",8.2,8.1,1.95,389.1,"{""data"": ""prompt_tokens=100,output_tokens=50""}"
1,"{""kind"": ""constant"", ""rate"": [2, 4]}","{""target"": ""http://h:1"", ""model"": ""m/phi""}",constant,2026-07-01 10:02:00,60.2,238,1,1,2.6,291.1,283.0,"[270, 271, 272, 275, 280, 281, 290, 295, 301.5, 341.5, 342]",8.4,8.3,3.95,789.1,"{""data"": ""prompt_tokens=100,output_tokens=50""}"
`

const guideJSON = `{"metadata": {"version": 2}, "benchmarks": [{"type_": "generative_benchmark", "start_time": 1750000000.5, "end_time": 1750000060.5, "duration": 60.0,
 "config": {"strategy": {"type_": "constant", "rate": 4.0}, "backend": {"target": "http://h:1", "model": "m/phi"}, "requests": {"data": "[\"prompt_tokens=100,output_tokens=50\"]"}},
 "metrics": {"request_totals": {"successful": 239, "incomplete": 0, "errored": 1, "total": 240},
  "requests_per_second": {"successful": {"mean": 3.95}}, "output_tokens_per_second": {"successful": {"mean": 198.0}},
  "prompt_token_count": {"successful": {"mean": 100}}, "output_token_count": {"successful": {"mean": 50}},
  "time_to_first_token_ms": {"successful": {"mean": 284, "max": 400, "percentiles": {"p50": 283.0, "p90": 295, "p95": 301.5, "p99": 341.5}}},
  "inter_token_latency_ms": {"successful": {"mean": 8.4, "max": 9, "percentiles": {"p50": 8.3, "p90": 8.5, "p95": 8.6, "p99": 8.9}}},
  "request_latency": {"successful": {"mean": 0.7, "percentiles": {"p50": 0.69}}}}}]}`

const vllmJSON = `{"date": "20260701-100000", "backend": "openai", "label": null, "model_id": "m/phi", "num_prompts": 240, "request_rate": 4.0, "burstiness": 1.0, "max_concurrency": null,
 "duration": 61.2, "completed": 239, "failed": 1, "total_input_tokens": 23900, "total_output_tokens": 11950, "request_throughput": 3.905, "output_throughput": 195.3, "total_token_throughput": 585.8,
 "mean_ttft_ms": 284.0, "median_ttft_ms": 283.0, "p99_ttft_ms": 341.5, "mean_tpot_ms": 8.4, "median_tpot_ms": 8.3, "p99_tpot_ms": 8.9,
 "mean_itl_ms": 8.4, "median_itl_ms": 8.2, "p99_itl_ms": 12.9, "mean_e2el_ms": 700, "median_e2el_ms": 690, "p99_e2el_ms": 800}`

const perfJSON = `{"load_summary": {"count": 240, "requested_rate": 4.0, "achieved_rate": 3.99, "send_duration": 60.1, "schedule_delay": {"mean": 0.0004, "p99": 0.002}},
 "successes": {"count": 239, "latency": {"time_to_first_token": {"mean": 0.284, "median": 0.283, "p90": 0.295, "p99": 0.3415, "max": 0.4},
  "inter_token_latency": {"mean": 0.0084, "median": 0.0082, "p99": 0.0129}, "time_per_output_token": {"mean": 0.0084, "median": 0.0083}, "request_latency": {"mean": 0.7, "median": 0.69}},
  "throughput": {"requests_per_sec": 3.9, "output_tokens_per_sec": 195.0, "input_tokens_per_sec": 390, "total_tokens_per_sec": 585}, "prompt_len": {"mean": 100.0}, "output_len": {"mean": 50.0}},
 "failures": {"count": 1}}`

// Other tools take a password in the URL of the server, and record it.
func TestImportLeavesSecretsOfTheURL(t *testing.T) {
	row := guide03At("8.0", "136.49", "7.3266", "478.4")
	row["Worker"] = `{"backend_target": "http://h:1", "backend_model": "m/phi"}`
	for url, want := range map[string]string{
		"https://me:hunter2@h:1/v1?key=hunter2#hunter2": "https://h:1/v1", "me:hunter2@h:1": "", "https://me:hunter2@h:port": "", "h:1": "h:1", "": "",
	} {
		for _, text := range []string{guideThreeRows, guideJSON, guide03(t, row)} {
			im, err := report.Import([]report.ImportFile{{Path: write(t, t.TempDir(), "b", strings.ReplaceAll(text, "http://h:1", url))}}, importedAt)
			if err != nil {
				t.Fatal(err)
			}
			if got := im.Run.Targets[0].URL; got != want {
				t.Errorf("of %q stays %q, want %q", url, got, want)
			}
		}
	}
}

func TestImportOtherTools(t *testing.T) {
	for _, tc := range []struct {
		name, file, text, tool string
		steps                  int
		itl                    bool
	}{
		{"GuideLLM's three header rows", "b.csv", guideThreeRows, "GuideLLM", 2, false},
		{"GuideLLM's JSON", "b.json", guideJSON, "GuideLLM", 1, false},
		{"vllm bench", "v.json", vllmJSON, "vllm bench serve", 1, true},
		{"inference-perf", "stage_0.json", perfJSON, "inference-perf", 1, true},
		{"inference-perf 0.7", "stage_0.json", strings.NewReplacer(`"prompt_len": {"mean": 100.0}`, `"token_count_mismatches": 7, "prompt_tokens": {"total": 23900.0, "cached": 0.0, "mean": 100.2}`,
			`"output_len": {"mean": 50.0}`, `"output_len": {"mean": 49.1}, "output_tokens": {"total": 11950.0, "mean": 50.0}`,
			`"output_tokens_per_sec": 195.0`, `"output_tokens_per_sec": 402.3`, `"failures"`, `"benchmark_time_seconds": 61.28, "failures"`).Replace(perfJSON), "inference-perf", 1, true},
		{"with a byte order mark", "v.json", "\xef\xbb\xbf" + vllmJSON, "vllm bench serve", 1, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			im, err := report.Import([]report.ImportFile{{Path: write(t, dir, tc.file, tc.text), Target: "a100"}}, importedAt)
			if err != nil {
				t.Fatal(err)
			}
			run := im.Run
			if run.Imported != tc.tool || len(run.Steps) != tc.steps || run.Targets[0].Name != "a100" {
				t.Fatalf("imported from %q: %d steps, targets %+v", run.Imported, len(run.Steps), run.Targets)
			}
			s := run.Steps[len(run.Steps)-1]
			if s.Rate != 4 || s.Index != len(run.Plan.Rates)-1 || *s.TTFT.P50 != 283 || *s.TTFT.P99 != 341.5 {
				t.Errorf("step %+v", s)
			}
			if s.Sent != 240 || s.OfferedRPS < 3.9 || s.OfferedRPS > 4 || s.Failed != 1 {
				t.Errorf("sent %d at %v req/s, %d failed", s.Sent, s.OfferedRPS, s.Failed)
			}
			if !s.Verdict.Valid || s.Verdict.Saturated || len(s.Verdict.Notes) < 2 {
				t.Errorf("verdict %+v", s.Verdict)
			}
			if (s.ITL.N > 0) != tc.itl || s.TPOT.P50 == nil || *s.TPOT.P50 != 8.3 {
				t.Errorf("ITL %+v, TPOT %+v", s.ITL, s.TPOT)
			}
			if w := run.Plan.Workload; w.PromptTokens != 100 || w.OutputTokens != 50 {
				t.Errorf("workload %+v", w)
			}
			if v := *s.OutputTokensPerS; tc.tool == "inference-perf" && math.Abs(v-195) > 0.1 {
				t.Errorf("%v output tokens a second, want those that the server counted", v)
			}
			if notes := strings.Join(s.Verdict.Notes, "\n"); strings.Contains(notes, "in 7 of 239 replies") != strings.HasSuffix(tc.name, "0.7") {
				t.Errorf("notes %s", notes)
			}
			folder := filepath.Join(dir, "run")
			if err := im.Save(folder); err != nil {
				t.Fatal(err)
			}
			if _, err := record.Load(folder); err != nil {
				t.Error(err)
			}
			if text := report.Text(run, report.TableOptions{Width: 100}); !strings.Contains(text, "283") {
				t.Errorf("table:\n%s", text)
			}
		})
	}
}

func TestImportRefusesWithWhatTheFileIs(t *testing.T) {
	noRate := guide03At("8.0", "136", "7.3", "478")
	noRate["Args"] = `{"strategy": {"type_": "throughput"}}`
	noArgs := guide03At("8.0", "136", "7.3", "478")
	noArgs["Args"] = "?"
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "empty"},
		{"a summary made by hand", "A100,TTFT,,,ITL,,\n,mean,median,p99,mean,median,p99\n1,288.7,286.6,332.3,8,8,8.3\n", "summary table made by hand"},
		{"another CSV", "city,people\nParis,2\n", `begins with "city,people"`},
		{"our own table", strings.Join(record.StepsHeader(), ",") + "\n", "benchtop's own steps.csv"},
		{"our own run", `{"schema": 1, "plan": {}}`, "benchtop's own run.json"},
		{"another JSON", `{"foo": 1, "bar": 2}`, "keys bar, foo"},
		{"half a JSON", `{"benchmarks": [`, "not readable as JSON"},
		{"a JSON list", `[1]`, "want an object"},
		{"GuideLLM without benchmarks", `{"benchmarks": []}`, "without benchmarks"},
		{"GuideLLM without a rate", guide03(t, noRate), `strategy "throughput" has no request rate`},
		{"GuideLLM with a broken cell", guide03(t, noArgs), "column Args"},
		{"vllm at infinite rate", strings.Replace(vllmJSON, "4.0", `"inf"`, 1), `request_rate is "inf"`},
		{"vllm at an absurd rate", strings.Replace(vllmJSON, "4.0", `1e12`, 1), "no request rate"},
		{"inference-perf's whole summary", strings.Replace(perfJSON, `"requested_rate": 4.0, `, "", 1), "stage_N"},
		{"binary", "\x00\x01\x02\"", "neither JSON nor CSV"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := write(t, t.TempDir(), "f", tc.text)
			_, err := report.Import([]report.ImportFile{{Path: path}}, importedAt)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one that names the file and says %q", err, tc.want)
			}
		})
	}
	if _, err := report.Import(nil, importedAt); err == nil {
		t.Error("no file is no error")
	}
	_, err := report.Import([]report.ImportFile{{Path: "/no/such/file"}, {Path: write(t, t.TempDir(), "f", "")}}, importedAt)
	if err == nil || strings.Count(err.Error(), "import ") != 2 {
		t.Errorf("two bad files give %v, want both named", err)
	}
}

func TestRunsImportedInOneSecondAreTwo(t *testing.T) {
	ids := map[string]bool{}
	for _, rate := range []string{"8.0", "4.0"} {
		dir := t.TempDir()
		path := write(t, dir, "p.csv", guide03(t, guide03At(rate, "136.49", "7.3266", "478.4")))
		im, err := report.Import([]report.ImportFile{{Path: path}}, importedAt)
		if err != nil {
			t.Fatal(err)
		}
		ids[im.Run.ID] = true
		if page := report.Markdown(im.Run); !strings.Contains(page, "measured by GuideLLM 0.3") || strings.Contains(page, "unknown machine") {
			t.Errorf("the page does not say who measured:\n%s", page)
		}
	}
	if len(ids) != 2 {
		t.Errorf("ids %v", ids)
	}
}

func TestTheFolderNamesTheTarget(t *testing.T) {
	set := guide03At("8.0", "136.49", "7.3266", "478.4")
	for _, c := range []struct {
		name, folder, said, want string
	}{
		{name: "its folder", folder: "a10", want: "a10"},
		{name: "what cannot be part of a name", folder: "-a 10é", want: "a-10-"},
		{name: "nothing left of it", folder: "--", want: "imported"},
		{name: "as said", folder: "a10", said: "mine", want: "mine"},
	} {
		dir := filepath.Join(t.TempDir(), c.folder)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		im, err := report.Import([]report.ImportFile{{Target: c.said, Path: write(t, dir, "p8.csv", guide03(t, set))}}, importedAt)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := im.Run.Targets[0].Name; got != c.want {
			t.Errorf("%s: the target is %q, want %q", c.name, got, c.want)
		}
	}
}

func TestImportedFormulaIsDefusedOnTheWayOut(t *testing.T) {
	set := guide03At("8.0", "136.49", "7.3266", "478.4")
	set["Run Id"], set["Name"], set["Successful Requests per second median"] = "=cmd|' /C calc'!A0", "@SUM(A1)", "-3.5"
	dir := t.TempDir()
	im, err := report.Import([]report.ImportFile{{Path: write(t, dir, "p8.csv", guide03(t, set))}}, importedAt)
	if err != nil {
		t.Fatal(err)
	}
	if err := im.Save(filepath.Join(dir, "run")); err != nil {
		t.Fatal(err)
	}
	if _, err := report.Export(filepath.Join(dir, "run"), im.Run, "guidellm", dir); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "guidellm.csv"))
	if err != nil {
		t.Fatal(err)
	}
	row := readCSV(t, b)[0]
	if row["Run Id"] != "'=cmd|' /C calc'!A0" || row["Name"] != "'@SUM(A1)" || row["Successful Requests per second median"] != "-3.5" {
		t.Errorf("run id %q, name %q, number %q", row["Run Id"], row["Name"], row["Successful Requests per second median"])
	}
}

// Whatever the bytes: no panic, and what imports can be shown, exported and saved.
func FuzzImport(f *testing.F) {
	for _, s := range []string{guideThreeRows, guideJSON, vllmJSON, perfJSON, guide03(f, guide03At("8.0", "136", "7.3", "478"))} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		im, err := report.Import([]report.ImportFile{{Path: write(t, dir, "f", text)}}, importedAt)
		if err != nil {
			return
		}
		if err := im.Save(filepath.Join(dir, "run")); err != nil {
			t.Fatal(err)
		}
		run, err := record.Load(filepath.Join(dir, "run"))
		if err != nil {
			t.Fatal(err)
		}
		page := report.HTML(run) + report.Markdown(run) + report.GitHub(run) + report.Text(run, report.TableOptions{Width: 80})
		if strings.ContainsAny(page, "\x1b\x00\u202e") || strings.Contains(page, "<script") {
			t.Error("a control character or a script came through")
		}
	})
}
