package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"benchtop/engine/record"
)

// parseJSONResult tells the tools' JSON apart by their keys.
func parseJSONResult(b []byte) ([]finding, error) {
	if b[0] == '[' {
		return nil, errors.New("a JSON list is no result file that is known; want an object")
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("not readable as JSON: %w", err)
	}
	t := tree{doc}
	switch {
	case t.has("benchmarks"):
		return guideJSONFile(t)
	case t.has("mean_ttft_ms") || t.has("request_throughput"):
		return vllmFile(t)
	case t.has("successes") && t.has("failures"):
		return inferencePerfFile(t)
	case t.has("schema") && t.has("plan"):
		return nil, errors.New("this is benchtop's own run.json: open the folder it is in, as with: benchtop show FOLDER")
	}
	keys := make([]string, 0, len(doc))
	for k := range doc {
		keys = append(keys, record.Clean(cut(k, 20)))
	}
	slices.Sort(keys)
	return nil, fmt.Errorf("a JSON object with the keys %s is no result file that is known; want one of GuideLLM, vllm bench serve or inference-perf",
		strings.Join(keys[:min(len(keys), 6)], ", "))
}

// tree reads values of decoded JSON by path; what is not there, or not of the kind, is unknown.
type tree struct{ v any }

func (t tree) at(path ...string) tree {
	for _, k := range path {
		m, _ := t.v.(map[string]any)
		t = tree{m[k]}
	}
	return t
}

func (t tree) has(key string) bool { return t.at(key).v != nil }

func (t tree) num() *float64 {
	if f, ok := t.v.(float64); ok && !math.IsInf(f, 0) {
		return &f
	}
	return nil
}

func (t tree) text() string {
	s, _ := t.v.(string)
	return record.Clean(s)
}

func (t tree) count() int {
	if f := t.num(); f != nil && *f >= 0 && *f <= record.MaxRequests {
		return int(*f)
	}
	return 0
}

func (t tree) list() []tree {
	l, _ := t.v.([]any)
	out := make([]tree, len(l))
	for i, v := range l {
		out[i] = tree{v}
	}
	return out
}

// times multiplies a number that may be nil.
func times(v *float64, by float64) *float64 {
	if v == nil {
		return nil
	}
	x := *v * by
	return &x
}

// orZero is for fields of which 0 means unknown.
func orZero(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

func guideJSONFile(t tree) ([]finding, error) {
	var out []finding
	for i, b := range t.at("benchmarks").list() {
		f, err := guideBenchmark(b, t.at("config", "spec"))
		if err != nil {
			return nil, fmt.Errorf("benchmark %d: %w", i+1, err)
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		return nil, errors.New("a GuideLLM report without benchmarks: the run was stopped before its first rate ended")
	}
	return out, nil
}

// guideBenchmark reads one benchmark of GuideLLM's JSON, of 0.3 (args) or later (config). spec is
// what the whole report was asked for; older ones have none.
func guideBenchmark(b, spec tree) (finding, error) {
	f := finding{tool: guideLLMNow}
	strategy := b.at("config", "strategy")
	if strategy.v == nil {
		strategy, f.tool = b.at("args", "strategy"), "GuideLLM 0.3 JSON"
	}
	f.arrivals = strategy.at("type_").text()
	var err error
	if f.step.Rate, err = openRate(f.arrivals, orZero(strategy.at("rate").num())); err != nil {
		return f, err
	}
	backend := b.at("config", "backend")
	f.target = record.Target{URL: backend.at("target").text(), Model: backend.at("model").text()}
	if w := b.at("worker"); w.v != nil {
		f.target = record.Target{URL: w.at("backend_target").text(), Model: w.at("backend_model").text()}
	}
	if seed := strategy.at("random_seed").num(); seed != nil && *seed >= 0 && *seed <= math.MaxUint32 {
		f.seed = uint64(*seed)
	}
	data, err := json.Marshal([]any{b.at("config", "requests").v, b.at("request_loader").v, spec.at("data").v})
	if err == nil {
		f.workload = guideWorkload(strings.ReplaceAll(string(data), `\"`, `"`))
	}
	m, s := b.at("metrics"), &f.step
	totals := m.at("request_totals")
	if totals.v == nil {
		totals = b.at("request_totals")
	}
	s.OK, s.Failed, s.Incomplete = totals.at("successful").count(), totals.at("errored").count(), totals.at("incomplete").count()
	s.Sent = s.OK + s.Failed + s.Incomplete
	start, end := b.at("start_time").num(), b.at("end_time").num()
	if start != nil {
		s.StartedAt = unixTime(*start)
	}
	if start != nil && end != nil && *end > *start {
		s.WindowS = *end - *start
	}
	if d := b.at("duration").num(); d != nil && *d > 0 {
		s.WindowS = *d
	}
	dist := func(name string, scale float64) record.Dist {
		d := m.at(name, "successful")
		p := d.at("percentiles")
		out := record.Dist{N: s.OK}
		if s.OK == 0 || orZero(d.at("mean").num()) == 0 {
			return out
		}
		out.Mean, out.Max = times(d.at("mean").num(), scale), times(d.at("max").num(), scale)
		out.P50, out.P90 = times(p.at("p50").num(), scale), times(p.at("p90").num(), scale)
		out.P95, out.P99 = times(p.at("p95").num(), scale), times(p.at("p99").num(), scale)
		return out
	}
	s.TTFT, s.TPOT, s.E2E = dist("time_to_first_token_ms", 1), dist("inter_token_latency_ms", 1), dist("request_latency", 1000)
	s.TTFTSent = s.TTFT
	mean := func(name string) *float64 { return m.at(name, "successful", "mean").num() }
	s.CompletedRPS, s.MeanInFlight = orZero(mean("requests_per_second")), orZero(mean("request_concurrency"))
	s.OutputTokensPerS = mean("output_tokens_per_second")
	guideTotals(s, mean("prompt_token_count"), mean("output_token_count"))
	s.Verdict.Notes = append(s.Verdict.Notes, guideLLMNote)
	if burst, is03 := strategy.at("initial_burst").v.(bool); is03 && f.arrivals == "poisson" && f.seed > 0 && s.Sent > 1 {
		judgeSeeded(&f, burst)
	} else {
		judgeGuide(&f, b.at("scheduler_state", "end_queuing_constraints"))
	}
	return f, nil
}

// unixTime is a time from s since 1970, within the years that a time can be written in.
func unixTime(s float64) time.Time {
	if !(s > 0) || s > 1e11 {
		return time.Time{}
	}
	return time.UnixMicro(int64(s * 1e6)).UTC()
}

const vllmNote = "vllm bench's definitions: TTFT from the send; percentiles interpolate; throughput over the time to the last reply"

func vllmFile(t tree) ([]finding, error) {
	f := finding{tool: "vllm bench serve", arrivals: "poisson"}
	if s, ok := t.at("request_rate").v.(string); ok {
		return nil, fmt.Errorf("request_rate is %q: a run that sends everything at once has no rate and cannot stand beside a sweep", record.Clean(s))
	}
	var err error
	if f.step.Rate, err = openRate("vllm bench serve", orZero(t.at("request_rate").num())); err != nil {
		return nil, err
	}
	if b := t.at("burstiness").num(); b != nil && *b != 1 {
		f.arrivals = fmt.Sprintf("gamma, burstiness %g", *b)
	}
	f.target = record.Target{Model: t.at("model_id").text(), Engine: "vllm"}
	s := &f.step
	s.StartedAt, _ = time.ParseInLocation("20060102-150405", t.at("date").text(), time.UTC)
	s.OK, s.Sent = t.at("completed").count(), t.at("num_prompts").count()
	s.Sent = max(s.Sent, s.OK+t.at("failed").count())
	s.Failed = s.Sent - s.OK
	s.WindowS = max(orZero(t.at("duration").num()), 0)
	dist := func(name string) record.Dist {
		d := record.Dist{N: s.OK}
		get := func(stat string) *float64 { return t.at(stat + "_" + name + "_ms").num() }
		if s.OK == 0 || orZero(get("mean")) == 0 { // what it has no value of is 0 there
			return d
		}
		d.Mean, d.P50, d.P90, d.P95, d.P99 = get("mean"), get("median"), get("p90"), get("p95"), get("p99")
		return d
	}
	s.TTFT, s.TPOT, s.ITL, s.E2E = dist("ttft"), dist("tpot"), dist("itl"), dist("e2el")
	s.TTFTSent = s.TTFT
	s.CompletedRPS = orZero(t.at("request_throughput").num())
	s.OutputTokensPerS, s.TotalTokensPerS = t.at("output_throughput").num(), t.at("total_token_throughput").num()
	if s.TotalTokensPerS != nil && s.OutputTokensPerS != nil {
		prompt := *s.TotalTokensPerS - *s.OutputTokensPerS
		s.PromptTokensPerS = &prompt
	}
	s.MaxInFlight = t.at("max_concurrent_requests").count()
	s.GoodputRPS = t.at("request_goodput").num()
	if s.OK > 0 {
		f.workload = record.Workload{PromptTokens: t.at("total_input_tokens").count() / s.OK, OutputTokens: t.at("total_output_tokens").count() / s.OK}
	}
	s.Verdict.Notes = append(s.Verdict.Notes, vllmNote)
	if n := t.at("max_concurrency").num(); n != nil {
		s.Verdict.Notes = append(s.Verdict.Notes, fmt.Sprintf("not open loop: at most %g requests were let in flight, and waiting for a place is not in its latencies", *n))
	}
	judgeImported(&f, float64(s.Sent)/s.Rate, s.Rate, s.WindowS) // its gaps are rescaled to n / rate
	return []finding{f}, nil
}

const perfNote = "inference-perf's definitions: TTFT from the send; percentiles interpolate; goodput counts successful requests only"

func inferencePerfFile(t tree) ([]finding, error) {
	f := finding{tool: "inference-perf", arrivals: "poisson"}
	load, ok := t.at("load_summary"), t.at("successes")
	rate := orZero(load.at("requested_rate").num())
	if !(rate > 0) {
		return nil, errors.New("load_summary names no requested_rate: this is the summary of all stages; import the files stage_N_lifecycle_metrics.json instead")
	}
	var err error
	if f.step.Rate, err = openRate("inference-perf", rate); err != nil {
		return nil, err
	}
	s := &f.step
	s.OK, s.Failed = ok.at("count").count(), t.at("failures", "count").count()
	s.Sent = max(load.at("count").count(), s.OK+s.Failed)
	s.Incomplete = s.Sent - s.OK - s.Failed
	dist := func(name string) record.Dist {
		d := record.Dist{N: s.OK}
		l := ok.at("latency", name)
		if s.OK == 0 {
			return d
		}
		get := func(stat string) *float64 { return times(l.at(stat).num(), 1000) }
		d.Mean, d.P50, d.P90, d.P95, d.P99, d.Max = get("mean"), get("median"), get("p90"), get("p95"), get("p99"), get("max")
		return d
	}
	s.TTFT, s.TPOT = dist("time_to_first_token"), dist("time_per_output_token")
	s.ITL, s.E2E = dist("inter_token_latency"), dist("request_latency")
	s.TTFTSent = s.TTFT
	through := ok.at("throughput")
	s.CompletedRPS = orZero(through.at("requests_per_sec").num())
	s.OutputTokensPerS, s.PromptTokensPerS = through.at("output_tokens_per_sec").num(), through.at("input_tokens_per_sec").num()
	s.TotalTokensPerS = through.at("total_tokens_per_sec").num()
	// From 0.7 on the server's own counts are there too; the rates are by the tool's tokenizer.
	seconds, prompt, output := orZero(t.at("benchmark_time_seconds").num()), ok.at("prompt_tokens", "total").num(), ok.at("output_tokens", "total").num()
	if seconds > 0 && prompt != nil && output != nil {
		all := *prompt + *output
		s.PromptTokensPerS, s.OutputTokensPerS, s.TotalTokensPerS = times(prompt, 1/seconds), times(output, 1/seconds), times(&all, 1/seconds)
	}
	if n := ok.at("token_count_mismatches").count(); n > 0 {
		s.Verdict.Notes = append(s.Verdict.Notes, fmt.Sprintf("its tokenizer counts other tokens than the server in %d of %d replies, and its ITL goes by the tokenizer", n, s.OK))
	}
	mean := func(now, before string) int { // 0.7 renamed them: the first are what the server counted
		v := cmp.Or(orZero(ok.at(now, "mean").num()), orZero(ok.at(before, "mean").num()))
		return tree{math.Round(v)}.count()
	}
	f.workload = record.Workload{PromptTokens: mean("prompt_tokens", "prompt_len"), OutputTokens: mean("output_tokens", "output_len")}
	lag := load.at("schedule_delay")
	s.SendLag = record.Dist{N: s.Sent, Mean: times(lag.at("mean").num(), 1000), P99: times(lag.at("p99").num(), 1000)}
	if s.CompletedRPS > 0 {
		s.WindowS = float64(s.OK) / s.CompletedRPS
	}
	lastSent, offered := orZero(load.at("send_duration").num()), orZero(load.at("achieved_rate").num())
	if lastSent == 0 && offered > 0 {
		lastSent = float64(s.Sent) / offered
	}
	s.Verdict.Notes = append(s.Verdict.Notes, perfNote)
	judgeImported(&f, lastSent, offered, s.WindowS)
	return []finding{f}, nil
}
