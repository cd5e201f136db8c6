package scrape_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/scrape"
)

func f(x float64) *float64 { return &x }

// current is a reading in the form of vLLM 0.32, cut down.
const current = `# HELP python_info Python platform information
# TYPE python_info gauge
python_info{implementation="CPython",version="3.11.7"} 1.0
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="phi"} 32.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="phi"} 8.0
# TYPE vllm:num_requests_waiting_by_reason gauge
vllm:num_requests_waiting_by_reason{engine="0",model_name="phi",reason="capacity"} 8.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="phi"} 0.25
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{engine="0",model_name="phi"} 171276.0
# TYPE vllm:prefix_cache_queries_created gauge
vllm:prefix_cache_queries_created{engine="0",model_name="phi"} 1.79552809308e+09
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{engine="0",model_name="phi"} 1024.0
# TYPE vllm:external_prefix_cache_queries_total counter
vllm:external_prefix_cache_queries_total{engine="0",model_name="phi"} 0.0
# TYPE vllm:external_prefix_cache_hits_total counter
vllm:external_prefix_cache_hits_total{engine="0",model_name="phi"} 0.0
# TYPE vllm:num_preemptions_total counter
vllm:num_preemptions_total{engine="0",model_name="phi"} 3.0
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{engine="0",model_name="phi"} 171276.0
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{engine="0",model_name="phi"} 178648.0
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.001",model_name="phi"} 0.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="phi"} 895.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="phi"} 895.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="phi"} 2350.5
# TYPE vllm:inter_token_latency_seconds histogram
vllm:inter_token_latency_seconds_bucket{engine="0",le="+Inf",model_name="phi"} 177753.0
vllm:inter_token_latency_seconds_count{engine="0",model_name="phi"} 177753.0
vllm:inter_token_latency_seconds_sum{engine="0",model_name="phi"} 2267.25
# TYPE vllm:request_queue_time_seconds histogram
vllm:request_queue_time_seconds_count{engine="0",model_name="phi"} 862.0
vllm:request_queue_time_seconds_sum{engine="0",model_name="phi"} 2296.75
# TYPE vllm:cache_config_info gauge
vllm:cache_config_info{block_size="128",cache_dtype="auto",enable_prefix_caching="True",engine="0",gpu_memory_utilization="0.92",kv_cache_layout="/secret/path",num_cpu_blocks="None",num_gpu_blocks="2048",sliding_window="None"} 1.0
# TYPE kaito_ratelimit_rejected_total counter
kaito_ratelimit_rejected_total 17.0
`

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       scrape.View
	}{
		{"current names", current, scrape.View{
			Engines: 1, Running: f(32), Waiting: f(8), KVPct: f(25), PromptTokens: f(171276), GenerationTokens: f(178648),
			PrefixQueries: f(171276), PrefixHits: f(1024), ExternalQueries: f(0), ExternalHits: f(0), Preemptions: f(3), RateLimited: f(17),
			TTFT:  scrape.Total{Sum: f(2350.5), Count: f(895)},
			ITL:   scrape.Total{Sum: f(2267.25), Count: f(177753)},
			Queue: scrape.Total{Sum: f(2296.75), Count: f(862)},
			Config: map[string]string{"block_size": "128", "cache_dtype": "auto", "enable_prefix_caching": "True",
				"gpu_memory_utilization": "0.92", "num_gpu_blocks": "2048"},
		}},
		{"names of 0.8", `vllm:num_requests_running{model_name="phi"} 1
vllm:gpu_cache_usage_perc{model_name="phi"} 0.5
vllm:gpu_prefix_cache_queries_total{model_name="phi"} 10
vllm:gpu_prefix_cache_hits_total{model_name="phi"} 4
vllm:time_per_output_token_seconds_sum{model_name="phi"} 3
vllm:time_per_output_token_seconds_count{model_name="phi"} 150
`, scrape.View{Engines: 1, Running: f(1), KVPct: f(50), PrefixQueries: f(10), PrefixHits: f(4), ITL: scrape.Total{Sum: f(3), Count: f(150)}}},
		{"old and new names side by side: the new one counts", `vllm:gpu_cache_usage_perc{engine="0"} 0.9
vllm:kv_cache_usage_perc{engine="0"} 0.1
vllm:time_per_output_token_seconds_count{engine="0"} 9
vllm:inter_token_latency_seconds_count{engine="0"} 7
`, scrape.View{Engines: 1, KVPct: f(10), ITL: scrape.Total{Count: f(7)}}},
		{"counters without the suffix", "vllm:prompt_tokens{engine=\"0\"} 5\nkaito_ratelimit_rejected 2\n",
			scrape.View{Engines: 1, PromptTokens: f(5), RateLimited: f(2)}},
		{"engines are summed, of the caches the fullest counts", `vllm:num_requests_running{engine="0"} 3
vllm:num_requests_running{engine="1"} 4
vllm:kv_cache_usage_perc{engine="0"} 0.2
vllm:kv_cache_usage_perc{engine="1"} 0.75
vllm:time_to_first_token_seconds_sum{engine="0"} 1.5
vllm:time_to_first_token_seconds_sum{engine="1"} 2.5
vllm:cache_config_info{engine="0",num_gpu_blocks="10"} 1
vllm:cache_config_info{engine="1",num_gpu_blocks="11"} 1
`, scrape.View{Engines: 2, Running: f(7), KVPct: f(75), TTFT: scrape.Total{Sum: f(4)}, Config: map[string]string{"num_gpu_blocks": "10"}}},
		{"not vLLM", "go_goroutines 8\nkaito_model_download_remaining_seconds 90\n", scrape.View{}},
		{"impossible values are unknown", `vllm:num_requests_running{engine="0"} NaN
vllm:num_requests_waiting{engine="0"} -1
vllm:kv_cache_usage_perc{engine="0"} +Inf
vllm:prompt_tokens_total{engine="0"} 1e308
vllm:prompt_tokens_total{engine="1"} 1e308
vllm:generation_tokens_total{engine="0"} 0
`, scrape.View{Engines: 2, GenerationTokens: f(0)}},
		{"labels are cleaned and bounded", "vllm:cache_config_info{block_size=\"1\x1b[31m6\",cache_dtype=\"" + strings.Repeat("x", 65) + "\",num_gpu_blocks=\"\"} 1\n",
			scrape.View{Engines: 1, Config: map[string]string{"block_size": "16"}}},
		{"CRLF, blank lines and indented comments", "\r\n  # x\nvllm:num_requests_running 2\n\n", scrape.View{Engines: 1, Running: f(2)}},
		{"malformed lines of metrics that are not read", "foo{ 1\nvllm:other{\"\nvllm:num_requests_running 2\n", scrape.View{Engines: 1, Running: f(2)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := scrape.Parse(strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("view (-want +got):\n%s", diff)
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		body io.Reader
		is   error
		want string
	}{
		{"JSON of the transformers runtime", strings.NewReader(`{"gpu_info":[{"id":"0"}],"cpu_info":{}}`), scrape.ErrNotPrometheus, "JSON or HTML"},
		{"JSON list", strings.NewReader(" [1]"), scrape.ErrNotPrometheus, "JSON or HTML"},
		{"HTML", strings.NewReader("\n<!DOCTYPE html>"), scrape.ErrNotPrometheus, "JSON or HTML"},
		{"empty", strings.NewReader(" \n"), scrape.ErrNotPrometheus, "empty"},
		{"cut in the middle of a line", strings.NewReader(current[:strings.Index(current, "} 895.0\nvllm:time_to_first_token_seconds_sum")]), nil, "end of input"},
		{"no number", strings.NewReader("vllm:num_requests_running{engine=\"0\"} many\n"), nil, "line 1"},
		{"labels that do not end", strings.NewReader("vllm:num_requests_running{engine=\"0 1\n"), nil, "line 1"},
		{"too large", io.LimitReader(forever{}, 1<<40), nil, "larger than 4 MiB"},
		{"broken off", broken{}, io.ErrUnexpectedEOF, "read /metrics"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := scrape.Parse(c.body)
			if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %v, want one with %q that is %v", err, c.want, c.is)
			}
		})
	}
}

type forever struct{}

func (forever) Read(b []byte) (int, error) { return copy(b, "a_metric 1\n"), nil }

// Whatever comes, Parse ends without panic, and what it returns is finite and not negative.
func FuzzParse(f *testing.F) {
	f.Add([]byte(current))
	f.Add([]byte("vllm:num_requests_running{engine=\"0\"} 1 1700000000\n{\"vllm:num_requests_waiting\",engine=\"1\"} 2\n"))
	f.Add([]byte("vllm:num_requests_running{} 0x1p4\nvllm:num_requests_running 1_0\n# TYPE vllm:num_requests_running histogram\n"))
	f.Add([]byte("vllm:cache_config_info{block_size=\"\\n\\\\\\\"\",engine=\"\xff\"} 1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := scrape.Parse(bytes.NewReader(body))
		if err != nil {
			return
		}
		for i, x := range []*float64{v.Running, v.Waiting, v.KVPct, v.PromptTokens, v.GenerationTokens, v.PrefixQueries, v.PrefixHits,
			v.ExternalQueries, v.ExternalHits, v.Preemptions, v.RateLimited, v.TTFT.Sum, v.TTFT.Count, v.ITL.Sum, v.ITL.Count, v.Queue.Sum, v.Queue.Count} {
			if x != nil && !(*x >= 0 && *x <= math.MaxFloat64) {
				t.Errorf("value %d is %g", i, *x)
			}
		}
		for k, s := range v.Config {
			if strings.ContainsAny(s, "\x00\x1b\n\r") {
				t.Errorf("%s has control characters: %q", k, s)
			}
		}
	})
}

// BenchmarkParse reads a body of the size and shape of a real one: 60 kB, nearly all buckets.
func BenchmarkParse(b *testing.B) {
	var body strings.Builder
	body.WriteString(current)
	for i := 0; body.Len() < 60_000; i++ {
		fmt.Fprintf(&body, "vllm:request_decode_time_seconds_bucket{engine=\"0\",le=\"%d.0\",model_name=\"phi-4-mini-instruct\"} 862.0\n", i)
	}
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scrape.Parse(strings.NewReader(body.String())); err != nil {
			b.Fatal(err)
		}
	}
}
