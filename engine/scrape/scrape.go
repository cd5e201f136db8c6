// Package scrape reads what a vLLM server says of itself on /metrics, and turns several readings into
// the server's view of a step.
//
// A reading (View) holds gauges and counters since the server's start. A value that the server does
// not export is nil, never 0: releases differ in what they have and in what they call it, and a
// missing queue must not look like an empty one. Data-parallel servers export one series per engine:
// these are summed, but of the KV caches the fullest is taken.
//
// Means are ΔΣ/Δn over the sums and counts of vLLM's histograms. The buckets are not read: the first
// bound for inter-token latency is 10 ms, above the whole distribution on a fast GPU.
//
//	first, err := scrape.Parse(body)   // then once a second
//	view := scrape.Summary([]scrape.View{first, second, third})
//
// No network: the caller fetches. It imports engine/record and Prometheus' text parser.
package scrape

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"benchtop/engine/record"
)

// maxBody is the size in bytes above which Parse refuses a body; vLLM's are about 60 kB.
const maxBody = 4 << 20

// ErrNotPrometheus is wrapped by Parse's error when the body is something else, such as the JSON that
// Kaito's transformers runtime serves under the same path.
var ErrNotPrometheus = errors.New("not Prometheus metrics")

// View is one reading. nil = not exported.
type View struct {
	Engines int // that report anything; 0 if the server is not vLLM

	Running *float64 // requests in the batch
	Waiting *float64 // requests in the queue
	KVPct   *float64 // KV cache in use, percent, of the fullest engine

	// Counters since the server's start.
	PromptTokens, GenerationTokens *float64
	PrefixQueries, PrefixHits      *float64 // tokens
	ExternalQueries, ExternalHits  *float64 // tokens, of a cache outside the engine such as LMCache
	Preemptions                    *float64
	RateLimited                    *float64 // requests that Kaito's guard answered with 429
	TTFT, ITL, Queue               Total    // seconds

	// Config is what is allowed through of the labels of vllm:cache_config_info.
	Config map[string]string
}

// Total is the sum and the count of a histogram since the server's start.
type Total struct{ Sum, Count *float64 }

// series says where the sum of a metric's series goes (or, if max, the largest), and whether it can fall. Of several names the
// first that the server exports is used: the current one, then those of older releases. Counters are
// written without their suffix _total, which some exporters leave out.
type series struct {
	to    func(*View) **float64
	gauge bool
	max   bool
	names []string
}

const cacheConfig = "vllm:cache_config_info"

// known is every metric that is read. KV use and prefix cache lost "gpu_" in vLLM 0.9.2 and the old
// names went in 0.12; inter_token_latency was time_per_output_token up to 0.10.
var known = []series{
	{to: func(v *View) **float64 { return &v.Running }, gauge: true, names: []string{"vllm:num_requests_running"}},
	{to: func(v *View) **float64 { return &v.Waiting }, gauge: true, names: []string{"vllm:num_requests_waiting"}},
	{to: func(v *View) **float64 { return &v.KVPct }, gauge: true, max: true, names: []string{"vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"}},
	{to: func(v *View) **float64 { return &v.PromptTokens }, names: []string{"vllm:prompt_tokens"}},
	{to: func(v *View) **float64 { return &v.GenerationTokens }, names: []string{"vllm:generation_tokens"}},
	{to: func(v *View) **float64 { return &v.PrefixQueries }, names: []string{"vllm:prefix_cache_queries", "vllm:gpu_prefix_cache_queries"}},
	{to: func(v *View) **float64 { return &v.PrefixHits }, names: []string{"vllm:prefix_cache_hits", "vllm:gpu_prefix_cache_hits"}},
	{to: func(v *View) **float64 { return &v.ExternalQueries }, names: []string{"vllm:external_prefix_cache_queries"}},
	{to: func(v *View) **float64 { return &v.ExternalHits }, names: []string{"vllm:external_prefix_cache_hits"}},
	{to: func(v *View) **float64 { return &v.Preemptions }, names: []string{"vllm:num_preemptions"}},
	{to: func(v *View) **float64 { return &v.RateLimited }, names: []string{"kaito_ratelimit_rejected"}},
	{to: func(v *View) **float64 { return &v.TTFT.Sum }, names: []string{"vllm:time_to_first_token_seconds_sum"}},
	{to: func(v *View) **float64 { return &v.TTFT.Count }, names: []string{"vllm:time_to_first_token_seconds_count"}},
	{to: func(v *View) **float64 { return &v.ITL.Sum }, names: []string{"vllm:inter_token_latency_seconds_sum", "vllm:time_per_output_token_seconds_sum"}},
	{to: func(v *View) **float64 { return &v.ITL.Count }, names: []string{"vllm:inter_token_latency_seconds_count", "vllm:time_per_output_token_seconds_count"}},
	{to: func(v *View) **float64 { return &v.Queue.Sum }, names: []string{"vllm:request_queue_time_seconds_sum"}},
	{to: func(v *View) **float64 { return &v.Queue.Count }, names: []string{"vllm:request_queue_time_seconds_count"}},
}

// wanted is the set of names in known, and the info metric.
var wanted = func() map[string]bool {
	m := map[string]bool{cacheConfig: true}
	for _, s := range known {
		for _, n := range s.names {
			m[n] = true
		}
	}
	return m
}()

// configLabels may be shown and stored: they are about the cache and cannot hold a path or a secret.
var configLabels = map[string]bool{
	"block_size": true, "cache_dtype": true, "enable_prefix_caching": true, "gpu_memory_utilization": true,
	"kv_cache_max_concurrency": true, "kv_cache_size_tokens": true, "kv_offloading_backend": true,
	"kv_offloading_size": true, "num_cpu_blocks": true, "num_gpu_blocks": true, "num_gpu_blocks_override": true,
	"prefix_caching_hash_algo": true, "sliding_window": true,
}

// Parse reads one /metrics body of at most 4 MiB. Unknown metrics are skipped unread, so that a large one
// costs little; a malformed line of a known metric is an error, as the rest may be wrong too.
func Parse(r io.Reader) (View, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return View{}, fmt.Errorf("read /metrics: %w", err)
	}
	if len(body) > maxBody {
		return View{}, fmt.Errorf("read /metrics: the body is larger than %d MiB", maxBody>>20)
	}
	lines, err := knownLines(body)
	if err != nil {
		return View{}, fmt.Errorf("read /metrics: %w", err)
	}
	samples, err := parseLines(lines)
	if err != nil {
		return View{}, fmt.Errorf("read /metrics: %w", err)
	}
	var v View
	for _, s := range known {
		*s.to(&v) = s.value(samples)
	}
	if v.KVPct != nil {
		*v.KVPct *= 100
	}
	v.Engines = engines(samples)
	v.Config = config(samples[cacheConfig])
	return v, nil
}

// knownLines keeps the sample lines of wanted metrics. Without their TYPE lines the parser takes every
// name, _sum and _count too, as a metric of its own.
func knownLines(body []byte) ([]byte, error) {
	body = bytes.TrimLeft(body, " \t\r\n\xef\xbb\xbf")
	if len(body) == 0 {
		return nil, fmt.Errorf("the body is empty: %w", ErrNotPrometheus)
	}
	if strings.IndexByte("{[<\"", body[0]) >= 0 {
		return nil, fmt.Errorf("the body is JSON or HTML: %w", ErrNotPrometheus)
	}
	var out []byte
	for line := range bytes.Lines(body) {
		name := line
		if i := bytes.IndexAny(line, "{ \t"); i >= 0 {
			name = line[:i]
		}
		if wanted[string(bytes.TrimSuffix(name, []byte("_total")))] {
			out = append(out, line...)
		}
	}
	return out, nil
}

// sample is one line.
type sample struct {
	value  float64
	labels map[string]string
}

// parseLines reads sample lines into samples by metric name.
func parseLines(lines []byte) (map[string][]sample, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(lines))
	if err != nil {
		return nil, err
	}
	out := map[string][]sample{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			s := sample{value: m.GetUntyped().GetValue(), labels: map[string]string{}}
			for _, l := range m.GetLabel() {
				s.labels[l.GetName()] = l.GetValue()
			}
			out[name] = append(out[name], s)
		}
	}
	return out, nil
}

// value combines the samples of the first name that is exported.
func (s series) value(samples map[string][]sample) *float64 {
	for _, name := range s.names {
		for _, n := range []string{name, name + "_total"} {
			if found := samples[n]; len(found) > 0 {
				return s.combine(found)
			}
		}
	}
	return nil
}

// combine is the sum or the maximum; a value that is not finite or below zero makes it unknown, as none
// of these metrics can have one.
func (s series) combine(samples []sample) *float64 {
	total := 0.0
	for _, x := range samples {
		switch {
		case !(x.value >= 0):
			return nil
		case s.max:
			total = max(total, x.value)
		default:
			total += x.value
		}
	}
	if math.IsInf(total, 0) {
		return nil
	}
	return &total
}

// engines counts the values of the label engine among vLLM's series; without the label it is one.
func engines(samples map[string][]sample) int {
	seen := map[string]bool{}
	for name, found := range samples {
		for _, x := range found {
			if strings.HasPrefix(name, "vllm:") {
				seen[x.labels["engine"]] = true
			}
		}
	}
	if len(seen) > 1 {
		delete(seen, "") // of a metric that is not counted by engine
	}
	return len(seen)
}

// config takes the allowed labels of the first engine.
func config(samples []sample) map[string]string {
	if len(samples) == 0 {
		return nil
	}
	out := map[string]string{}
	for name, v := range samples[0].labels {
		if configLabels[name] && v != "" && v != "None" && len(v) <= 64 {
			out[name] = record.Clean(v)
		}
	}
	return out
}
