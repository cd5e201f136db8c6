package report_test

import (
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

// What GuideLLM 0.8 writes of a rate that a time limit ended, as CSV and as JSON.
const (
	guideClockRows = `Run Info,Benchmark,Timings,Request Counts,Request Counts,Request Counts,Time to First Token,Time to First Token,Time to First Token,Inter Token Latency,Inter Token Latency,Request Latency,Request Latency,Server Throughput,Server Throughput,Token Throughput,Scheduler State,Runtime Info
Profile,Strategy,Duration,Successful,Incomplete,Errored,Successful ms,Successful ms,Successful ms,Successful ms,Successful ms,Successful Sec,Successful Sec,Successful Requests/Sec,Successful Concurrency,Successful Output Tokens/Sec,End Queuing Constraints,Arguments
,,Sec,,,,Mean,Median,Percentiles,Mean,Median,Mean,Median,Mean,Mean,Mean,,
"{""kind"": ""poisson"", ""rate"": [2.0, 4.0]}",poisson@4.00,60.0,236,5,0,60,45,"[30, 31, 32, 33, 34, 40, 52, 108, 119, 135, 136]",20.9,20.8,1.1,1.09,3.95,4.4,197,"{""max_duration"": {""metadata"": {""duration_exceeded"": true}}}","{""spec"":{""data"":[{""kind"":""synthetic_text"",""prompt_tokens"":200,""prompt_tokens_stdev"":null,""output_tokens"":50}],""seed"":{""kind"":""static"",""value"":7}}}"
`
	guideClockJSON = `{"metadata": {"version": 2}, "config": {"spec": {"data": [{"kind": "synthetic_text", "prompt_tokens": 200, "prompt_tokens_min": null, "output_tokens": 50}]}},
 "benchmarks": [{"start_time": 1750000000.5, "end_time": 1750000060.5, "duration": 60.0,
 "config": {"strategy": {"type_": "poisson", "rate": 4.0, "random_seed": 7}, "requests": {"kind": "pytorch"}},
 "scheduler_state": {"end_queuing_constraints": {"max_duration": {"metadata": {"duration_exceeded": true}}}},
 "metrics": {"request_totals": {"successful": 236, "incomplete": 5, "errored": 0, "total": 241},
  "requests_per_second": {"successful": {"mean": 3.95}}, "request_concurrency": {"successful": {"mean": 4.4}}, "output_tokens_per_second": {"successful": {"mean": 197}},
  "time_to_first_token_ms": {"successful": {"mean": 60, "percentiles": {"p50": 45, "p95": 119, "p99": 135}}},
  "inter_token_latency_ms": {"successful": {"mean": 20.9, "percentiles": {"p50": 20.8}}}, "request_latency": {"successful": {"mean": 1.1, "percentiles": {"p50": 1.09}}}}}]}`
)

func TestImportOfARunThatTheClockEnded(t *testing.T) {
	for name, text := range map[string]string{"CSV": guideClockRows, "JSON": guideClockJSON} {
		t.Run(name, func(t *testing.T) {
			load := func(text string) *record.Run {
				im, err := report.Import([]report.ImportFile{{Path: write(t, t.TempDir(), "f", text), Target: "a10"}}, importedAt)
				if err != nil {
					t.Fatal(err)
				}
				return im.Run
			}
			run := load(text)
			s, p := run.Steps[0], run.Plan
			if s.Rate != 4 || s.Sent != 241 || s.Incomplete != 5 || s.OfferedRPS != 241.0/60 {
				t.Errorf("at %v req/s %d sent at %v, %d cut", s.Rate, s.Sent, s.OfferedRPS, s.Incomplete)
			}
			if p.Arrivals != "poisson" || p.Seed != 7 || p.Workload.PromptTokens != 200 || p.Workload.OutputTokens != 50 {
				t.Errorf("plan %+v", p)
			}
			if got := report.Answer(run); got != "a10 holds 4+ req/s." {
				t.Errorf("cut at the end are only those in flight, but the answer is %q", got)
			}
			// Forty in flight at the end of a step with four on the mean: it fell behind.
			behind := load(strings.NewReplacer("236,5,0", "201,40,0", `"successful": 236, "incomplete": 5`, `"successful": 201, "incomplete": 40`).Replace(text))
			if got := report.Answer(behind); !strings.HasPrefix(got, "a10 has no step that tells") {
				t.Errorf("answer %q, though 40 requests were cut", got)
			}
		})
	}
}
