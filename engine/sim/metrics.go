package sim

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// stats are the counters behind /metrics since New. They are guarded by Server.mu.
type stats struct {
	rejected                       int
	promptTokens, generationTokens int
	finished                       map[string]int // by finish_reason
	ttft, itl, tpot, e2e, queue    histogram      // s
	prompts, outputs               histogram      // tokens
}

// The bucket bounds are vLLM's: too coarse for percentiles.
var (
	ttftBounds    = []float64{.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560}
	tokenBounds   = []float64{.01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80}
	requestBounds = []float64{.3, .5, .8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680}
	lengthBounds  = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000}
)

func newStats() *stats {
	return &stats{
		finished: map[string]int{"stop": 0, "length": 0, "abort": 0, "error": 0},
		ttft:     newHistogram(ttftBounds), itl: newHistogram(tokenBounds), tpot: newHistogram(tokenBounds),
		e2e: newHistogram(requestBounds), queue: newHistogram(requestBounds),
		prompts: newHistogram(lengthBounds), outputs: newHistogram(lengthBounds),
	}
}

// step counts the tokens of one step.
func (t *stats) step(got []*Seq) {
	for _, q := range got {
		t.generationTokens++
		if q.Generated == 1 {
			t.promptTokens += q.Prompt
			t.ttft.add(seconds(q.FirstNS - q.ArrivedNS))
		} else {
			t.itl.add(seconds(q.LastNS - q.job.lastNS))
		}
		q.job.lastNS = q.LastNS
		if q.Done() {
			t.finished[q.job.finish]++
			t.e2e.add(seconds(q.LastNS - q.ArrivedNS))
			t.queue.add(seconds(q.StartedNS - q.ArrivedNS)) // as vLLM: known since the start, counted at the end
			t.prompts.add(float64(q.Prompt))
			t.outputs.add(float64(q.Generated))
			if q.Generated > 1 {
				t.tpot.add(seconds(q.LastNS-q.FirstNS) / float64(q.Generated-1))
			}
		}
	}
}

func seconds(ns int64) float64 { return float64(ns) / 1e9 }

type histogram struct {
	bounds []float64
	counts []int // one more than bounds
	sum    float64
}

func newHistogram(bounds []float64) histogram {
	return histogram{bounds: bounds, counts: make([]int, len(bounds)+1)}
}

func (h *histogram) add(v float64) {
	i, _ := slices.BinarySearch(h.bounds, v) // buckets include their upper bound
	h.counts[i]++
	h.sum += v
}

// exposition writes metrics in Prometheus' text format.
type exposition struct {
	bytes.Buffer
	labels string
}

func (x *exposition) family(name, kind, help string) {
	fmt.Fprintf(x, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (x *exposition) value(name, kind, help string, v float64) {
	x.family(name, kind, help)
	x.sample(name, x.labels, v)
}

func (x *exposition) sample(name, labels string, v float64) {
	if labels != "" {
		labels = "{" + labels + "}"
	}
	fmt.Fprintf(x, "%s%s %s\n", name, labels, strconv.FormatFloat(v, 'g', -1, 64))
}

func (x *exposition) histogram(name, help string, h *histogram) {
	x.family(name, "histogram", help)
	n := 0
	for i, c := range h.counts {
		n += c
		bound := "+Inf"
		if i < len(h.bounds) {
			bound = strconv.FormatFloat(h.bounds[i], 'f', -1, 64)
		}
		x.sample(name+"_bucket", x.labels+`,le="`+bound+`"`, float64(n))
	}
	x.sample(name+"_count", x.labels, float64(n))
	x.sample(name+"_sum", x.labels, h.sum)
}

func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	x := &exposition{labels: `engine="0",model_name=` + quote(s.cfg.Model)}
	s.mu.Lock()
	s.expose(x)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=1.0.0; charset=utf-8")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = w.Write(x.Bytes())
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = z.Write(x.Bytes())
	_ = z.Close()
}

// expose writes everything; s.mu is held.
func (s *Server) expose(x *exposition) {
	t, e := s.stats, s.engine
	x.value("vllm:num_requests_running", "gauge", "Number of requests in model execution batches.", float64(e.Running()))
	x.value("vllm:num_requests_waiting", "gauge", "Number of requests waiting to be processed.", float64(e.Waiting()))
	x.value("vllm:kv_cache_usage_perc", "gauge", "KV-cache usage. 1 means 100 percent usage.", e.KVUsage())
	x.value("vllm:prefix_cache_queries_total", "counter", "Prefix cache queries, in tokens.", float64(t.promptTokens))
	x.value("vllm:prefix_cache_hits_total", "counter", "Prefix cache hits, in tokens.", 0)
	x.value("vllm:external_prefix_cache_queries_total", "counter", "External prefix cache queries, in tokens.", 0)
	x.value("vllm:external_prefix_cache_hits_total", "counter", "External prefix cache hits, in tokens.", 0)
	x.value("vllm:num_preemptions_total", "counter", "Cumulative number of preemptions.", float64(e.Preemptions()))
	x.value("vllm:prompt_tokens_total", "counter", "Number of prefill tokens processed.", float64(t.promptTokens))
	x.value("vllm:generation_tokens_total", "counter", "Number of generation tokens processed.", float64(t.generationTokens))
	x.family("vllm:request_success_total", "counter", "Count of successfully processed requests.")
	for _, reason := range []string{"stop", "length", "abort", "error"} {
		x.sample("vllm:request_success_total", `engine="0",finished_reason="`+reason+`",model_name=`+quote(s.cfg.Model), float64(t.finished[reason]))
	}
	x.histogram("vllm:request_prompt_tokens", "Number of prefill tokens of a request.", &t.prompts)
	x.histogram("vllm:request_generation_tokens", "Number of generation tokens of a request.", &t.outputs)
	x.histogram("vllm:time_to_first_token_seconds", "Time to first token in seconds.", &t.ttft)
	x.histogram("vllm:inter_token_latency_seconds", "Inter-token latency in seconds.", &t.itl)
	x.histogram("vllm:request_time_per_output_token_seconds", "Time per output token of a request in seconds.", &t.tpot)
	x.histogram("vllm:e2e_request_latency_seconds", "End to end request latency in seconds.", &t.e2e)
	x.histogram("vllm:request_queue_time_seconds", "Time spent in WAITING phase in seconds.", &t.queue)
	x.family("vllm:cache_config_info", "gauge", "Information of the LLMEngine CacheConfig")
	x.sample("vllm:cache_config_info", fmt.Sprintf(
		`block_size="%d",cache_dtype="auto",enable_prefix_caching="False",engine="0",num_gpu_blocks="%d"`,
		BlockSize, s.cfg.KVBlocks), 1)
	if s.cfg.RateLimit {
		x.family("kaito_ratelimit_rejected_total", "counter", "Requests rejected by the rate limit.")
		x.sample("kaito_ratelimit_rejected_total", "", float64(t.rejected))
	}
}
