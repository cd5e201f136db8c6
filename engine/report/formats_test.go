package report_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

// The fields that llm-d's benchmark report 0.2.1 knows, by path; its schema forbids all others. "*"
// stands for any name, where the schema allows extra fields.
var llmdFields = map[string]string{
	"":     "version run scenario results",
	"/run": "uid eid cid pid time user description keywords", "/run/time": "start end duration",
	"/scenario": "stack load", "/scenario/stack": "metadata standardized native",
	"/scenario/stack/metadata": "schema_version label cfg_id description", "/scenario/stack/native": "args envars config",
	"/scenario/stack/native/args": "*", "/scenario/stack/standardized": "*",
	"/scenario/stack/standardized/model": "name", "/scenario/stack/standardized/accelerator": "model count parallelism",
	"/scenario/stack/standardized/accelerator/parallelism": "tp dp dp_local workers ep pp",
	"/scenario/load":                                    "metadata standardized native",
	"/scenario/load/metadata":                           "schema_version cfg_id description",
	"/scenario/load/standardized":                       "tool tool_version parallelism source stage input_seq_len output_seq_len prefix multi_turn rate_qps concurrency",
	"/scenario/load/standardized/input_seq_len":         "distribution value std_dev min max",
	"/scenario/load/standardized/output_seq_len":        "distribution value std_dev min max",
	"/scenario/load/native":                             "args envars config",
	"/scenario/load/native/config":                      "*",
	"/results":                                          "request_performance observability profiling component_health session_performance",
	"/results/observability":                            "*",
	"/results/observability/benchtop":                   "*",
	"/results/observability/benchtop/lower_bounds_ms":   "*",
	"/results/observability/components":                 "component_label replica_id aggregate time_series raw_data_path graph_path",
	"/results/observability/components/aggregate":       "kv_cache_usage cache_hit_rate running_requests waiting_requests",
	"/results/request_performance":                      "aggregate time_series",
	"/results/request_performance/aggregate":            "requests latency throughput",
	"/results/request_performance/aggregate/requests":   "total failures incomplete input_length output_length request_size multimodal",
	"/results/request_performance/aggregate/latency":    "time_to_first_token normalized_time_per_output_token time_per_output_token inter_token_latency request_latency",
	"/results/request_performance/aggregate/throughput": "input_token_rate output_token_rate total_token_rate request_rate",
}

const llmdStatistics = "units mean mode stddev min p0p1 p1 p5 p10 p25 p50 p75 p90 p95 p99 p99p9 max"

// llmdUnits are the units that each statistic may have.
var llmdUnits = map[string]string{
	"time_to_first_token": "ms s", "request_latency": "ms s", "time_per_output_token": "ms/token s/token", "inter_token_latency": "ms/token s/token",
	"request_rate": "queries/s", "input_token_rate": "tokens/s", "output_token_rate": "tokens/s", "total_token_rate": "tokens/s",
	"kv_cache_usage": "percent fraction", "cache_hit_rate": "percent fraction", "running_requests": "count", "waiting_requests": "count",
}

func checkLLMD(t *testing.T, path string, v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			checkLLMD(t, path, e)
		}
	case map[string]any:
		name := path[strings.LastIndexByte(path, '/')+1:]
		allowed, known := llmdFields[path]
		if units, isStat := llmdUnits[name]; isStat && !known {
			allowed, known = llmdStatistics, true
			if u, _ := v["units"].(string); !slices.Contains(strings.Fields(units), u) {
				t.Errorf("%s has the unit %v, want one of %s", path, v["units"], units)
			}
			if _, ok := v["mean"].(float64); !ok {
				t.Errorf("%s has no mean", path)
			}
		}
		if !known {
			t.Errorf("%s is no object of the schema", path)
			return
		}
		for k, e := range v {
			if allowed != "*" && !slices.Contains(strings.Fields(allowed), k) {
				t.Errorf("%s has the field %q, which the schema forbids", path, k)
			}
			checkLLMD(t, path+"/"+k, e)
		}
	}
}

func TestLLMDReportKeepsToTheSchema(t *testing.T) {
	run := sampleRun()
	run.Targets[0].Flags, run.Targets[0].Parallelism = map[string]string{"max-model-len": "4096"}, "TP8 PP2"
	run.Steps[0].StartedAt = time.Time{}
	run.Steps[0].Server = record.ServerView{KVMaxPct: p(12), WaitingMax: p(3)}
	run.Steps[0].GoodputRPS = p(0.9)
	out := t.TempDir()
	paths, err := report.Export(t.TempDir(), run, "llm-d", out)
	if err != nil || len(paths) != len(run.Steps) {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := yaml.UnmarshalStrict(b, &doc); err != nil {
			t.Fatal(err)
		}
		checkLLMD(t, "", doc)
		if doc["version"] != "0.2.1" || doc["run"].(map[string]any)["uid"] == "" {
			t.Errorf("%s: version %v, run %v", path, doc["version"], doc["run"])
		}
		stack := doc["scenario"].(map[string]any)["stack"].([]any)
		engine := stack[0].(map[string]any)["standardized"].(map[string]any)
		for _, must := range []string{"kind", "tool", "tool_version", "role", "replicas", "model", "accelerator"} {
			if engine[must] == nil {
				t.Errorf("%s: the engine has no %s", path, must)
			}
		}
		if strings.Contains(path, "a10_16rps") {
			aggregate := doc["results"].(map[string]any)["request_performance"].(map[string]any)["aggregate"].(map[string]any)
			if aggregate["latency"].(map[string]any)["time_to_first_token"] != nil {
				t.Error("a censored TTFT has a statistic, though it has no mean")
			}
			judged := doc["results"].(map[string]any)["observability"].(map[string]any)["benchtop"].(map[string]any)
			if judged["saturated"] != true || judged["lower_bounds_ms"].(map[string]any)["ttft_p99_ms"] != 30000.0 {
				t.Errorf("what the schema has no place for: %v", judged)
			}
		}
	}
}

// A maximum is no mean, and what is not known is not 0.
func TestLLMDReportClaimsNothingUnknown(t *testing.T) {
	run := sampleRun()
	run.Steps = run.Steps[:1]
	run.Targets[0].GPUMemoryGiB, run.Targets[0].Driver = 0, ""
	run.Steps[0].StartedAt = time.Time{}
	run.Steps[0].Server = record.ServerView{KVMaxPct: p(40), RunningMax: p(97), WaitingMax: p(3), PrefixHitPct: p(0.5)}
	paths, err := report.Export(t.TempDir(), run, "llm-d", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Run      map[string]any
		Scenario struct {
			Stack []struct{ Standardized map[string]any }
		}
		Results struct {
			Observability struct {
				Benchtop   map[string]any
				Components []struct{ Aggregate map[string]map[string]any }
			}
		}
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]any{"cache_hit_rate": {"units": "percent", "mean": 0.5}}
	if d := cmp.Diff(want, doc.Results.Observability.Components[0].Aggregate); d != "" {
		t.Errorf("aggregate (-want +got):\n%s", d)
	}
	if got := doc.Results.Observability.Benchtop["running_requests_max"]; got != 97.0 {
		t.Errorf("the most that ran at once is %v, want 97", got)
	}
	if doc.Run["time"] != nil {
		t.Errorf("it ran at %v, which nobody told", doc.Run["time"])
	}
	for _, name := range []string{"gpu_memory_gib", "driver"} {
		if v, ok := doc.Scenario.Stack[1].Standardized[name]; ok {
			t.Errorf("%s is %v, but is unknown", name, v)
		}
	}
}

type junitSuites struct {
	Suites []struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Cases    []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func TestJUnitTellsValidityObjectivesAndGates(t *testing.T) {
	run := sampleRun()
	yes, no := true, false
	run.Plan.Gate = []string{"capacity>=8", "ttft.p95@16<500ms", "ttft.p95@3<500ms"}
	run.Steps[0].Verdict = record.Verdict{Reasons: []string{"the client sent late"}}
	run.Steps[1].SLOs = []record.SLOResult{{SLO: "a", Met: &yes}, {SLO: "b", Met: &no, Why: "too slow"}, {SLO: "c", Why: "unknown"}}
	out := t.TempDir()
	if _, err := report.Export(t.TempDir(), run, "junit", out); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(out, "junit.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var got junitSuites
	if err := xml.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Suites) != 2 || got.Suites[0].Name != "a10" {
		t.Fatalf("suites %+v", got.Suites)
	}
	s := got.Suites[0]
	// Five steps, three objectives, three gates: p95 at 16 req/s is not met, at 3 nothing is known.
	if s.Tests != 11 || s.Errors != 1 || s.Failures != 2 || s.Skipped != 2 || len(s.Cases) != s.Tests {
		t.Errorf("%d tests, %d errors, %d failures, %d skipped, %d cases", s.Tests, s.Errors, s.Failures, s.Skipped, len(s.Cases))
	}
	n := [3]int{}
	for _, c := range s.Cases {
		for i, is := range []bool{c.Error != nil, c.Failure != nil, c.Skipped != nil} {
			if is {
				n[i]++
			}
		}
	}
	if n != [3]int{s.Errors, s.Failures, s.Skipped} {
		t.Errorf("the cases count %v", n)
	}
}

func ExampleAnswer() {
	fmt.Println(report.Answer(sampleRun()))
	// Output: A100 holds 16+ req/s at $0.34/M output tokens; A10 holds 8 at $0.61/M, breaks at 16.
}
