package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"benchtop/engine/record"
)

// llmdReport is one step as an llm-d benchmark report, schema 0.2.1, as a tree for YAML. The schema
// forbids fields it does not know, so what it has no place for (SKU, price, path, validity) stands
// in a component of kind generic, where extra fields are allowed, and the arrival process in the
// load's native configuration. A statistic needs a mean there: a censored latency has none and is
// left out, with its lower bounds beside the validity; so is a gauge of which only the maximum is known.
func llmdReport(run *record.Run, r Row, s *record.Step) map[string]any {
	uid := strings.Join([]string{run.ID, r.Target.Name, strconv.Itoa(s.Index), strconv.Itoa(s.Try)}, "-")
	seconds := s.WarmupS + s.WindowS + s.DrainS
	doc := map[string]any{
		"version": "0.2.1",
		"run": map[string]any{
			"uid": uid, "eid": run.ID,
			"description": fmt.Sprintf("%s at %s req/s: %s", r.Target.Name, rate(s.Rate), State(s)),
			"keywords":    keywords(run),
		},
		"scenario": map[string]any{"stack": llmdStack(r.Target), "load": llmdLoad(run, s)},
		"results": map[string]any{"request_performance": map[string]any{"aggregate": llmdAggregate(s)},
			"observability": llmdObserved(run, r, s)},
	}
	if !s.StartedAt.IsZero() { // other tools need not say when
		doc["run"].(map[string]any)["time"] = map[string]any{
			"start": s.StartedAt.UTC().Format(time.RFC3339), "end": s.StartedAt.Add(secondsToDuration(seconds)).UTC().Format(time.RFC3339),
			"duration": "PT" + strconv.FormatFloat(seconds, 'f', -1, 64) + "S",
		}
	}
	return doc
}

func keywords(run *record.Run) []string {
	out := []string{"benchtop"}
	if run.Simulated {
		out = append(out, "simulated")
	}
	for k, v := range run.Labels {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}

// llmdStack is the engine, and beside it the machine and the way to it.
func llmdStack(t record.Target) []any {
	engine := map[string]any{
		"kind": "inference_engine", "tool": orUnknown(t.Engine), "tool_version": orUnknown(t.EngineVersion), "role": "replica", "replicas": 1,
		"model": map[string]any{"name": orUnknown(t.Model)},
		"accelerator": map[string]any{
			"model": orUnknown(t.GPU), "count": max(t.GPUCount, 1) * max(t.Nodes, 1), "parallelism": parallelism(t.Parallelism),
		},
	}
	machine := map[string]any{"kind": "generic", "tool": "machine", "tool_version": "unknown"}
	for name, v := range map[string]any{
		"namespace": t.Namespace, "workspace": t.Workspace, "instance_type": t.InstanceType, "nodes": t.Nodes, "gpus_per_node": t.GPUCount,
		"gpu_memory_gib": t.GPUMemoryGiB, "region": t.Region, "driver": t.Driver, "image_digest": t.ImageDigest,
		"price_source": t.PriceSource, "price_date": t.PriceDate, "client_path": t.Via,
	} {
		if !reflect.ValueOf(v).IsZero() { // what is not known is not there
			machine[name] = v
		}
	}
	if t.USDPerHour != nil {
		machine["usd_per_hour"] = *t.USDPerHour
	}
	args := map[string]any{}
	for k, v := range t.Flags {
		args[k] = v
	}
	component := func(label string, standardized, native map[string]any) any {
		return map[string]any{
			"metadata":     map[string]any{"schema_version": "0.0.1", "label": label, "cfg_id": hashOf(standardized, native)},
			"standardized": standardized, "native": native,
		}
	}
	return []any{
		component(t.Name, engine, map[string]any{"args": args}),
		component(t.Name+"-machine", machine, map[string]any{}),
	}
}

// parallelism reads "TP2", "DP4", "TP8 PP2".
func parallelism(text string) map[string]any {
	out := map[string]any{"tp": 1, "dp": 1, "pp": 1, "ep": 1, "dp_local": 1, "workers": 1}
	for _, word := range strings.Fields(strings.ToLower(text)) {
		if len(word) < 3 {
			continue
		}
		if n, err := strconv.Atoi(word[2:]); err == nil && n > 0 {
			if _, known := out[word[:2]]; known {
				out[word[:2]] = n
			}
		}
	}
	return out
}

func llmdLoad(run *record.Run, s *record.Step) map[string]any {
	w := run.Plan.Workload
	standardized := map[string]any{
		"tool": "benchtop", "tool_version": orUnknown(run.Version), "parallelism": 1, "source": "random", "stage": s.Index,
		"input_seq_len":  map[string]any{"distribution": "fixed", "value": w.PromptTokens},
		"output_seq_len": map[string]any{"distribution": "fixed", "value": w.OutputTokens},
	}
	if s.Rate > 0 {
		standardized["rate_qps"] = s.Rate
	}
	native := map[string]any{"config": map[string]any{
		"arrivals": run.Plan.Arrivals, "seed": run.Plan.Seed, "warmup_s": s.WarmupS, "window_s": s.WindowS, "drain_s": s.DrainS,
		"repeat": s.Repeat, "try": s.Try, "open_loop": run.Imported == "", "imported_from": run.Imported,
	}}
	return map[string]any{
		"metadata":     map[string]any{"schema_version": "0.0.1", "cfg_id": hashOf(standardized, native)},
		"standardized": standardized, "native": native,
	}
}

func llmdAggregate(s *record.Step) map[string]any {
	requests := map[string]any{"total": s.Sent, "failures": s.Failed + s.Rejected, "incomplete": s.Incomplete}
	latency := map[string]any{}
	for name, d := range map[string]struct {
		dist  *record.Dist
		units string
	}{
		"time_to_first_token": {&s.TTFT, "ms"}, "time_per_output_token": {&s.TPOT, "ms/token"},
		"inter_token_latency": {&s.ITL, "ms/token"}, "request_latency": {&s.E2E, "ms"},
	} {
		if st := llmdStatistics(d.dist, d.units); st != nil {
			latency[name] = st
		}
	}
	throughput := map[string]any{"request_rate": map[string]any{"units": "queries/s", "mean": s.CompletedRPS}}
	for name, v := range map[string]*float64{
		"input_token_rate": s.PromptTokensPerS, "output_token_rate": s.OutputTokensPerS, "total_token_rate": s.TotalTokensPerS,
	} {
		if v != nil {
			throughput[name] = map[string]any{"units": "tokens/s", "mean": *v}
		}
	}
	return map[string]any{"requests": requests, "latency": latency, "throughput": throughput}
}

func llmdStatistics(d *record.Dist, units string) map[string]any {
	if d.Mean == nil {
		return nil
	}
	out := map[string]any{"units": units, "mean": *d.Mean}
	for name, v := range map[string]*float64{"p50": d.P50, "p90": d.P90, "p95": d.P95, "p99": d.P99, "max": d.Max} {
		if v != nil {
			out[name] = *v
		}
	}
	return out
}

// llmdObserved holds the server's view, and what the schema has no place for.
func llmdObserved(run *record.Run, r Row, s *record.Step) map[string]any {
	judged := map[string]any{
		"valid": s.Verdict.Valid, "saturated": s.Verdict.Saturated, "reasons": s.Verdict.Reasons, "notes": s.Verdict.Notes,
		"rate_offered_rps": s.OfferedRPS, "censored": s.Censored, "lower_bounds_ms": s.LowerBounds, "simulated": run.Simulated,
	}
	if s.GoodputRPS != nil {
		judged["goodput_rps"] = *s.GoodputRPS
	}
	for name, v := range map[string]*float64{
		"kv_cache_usage_max_percent": s.Server.KVMaxPct, "running_requests_max": s.Server.RunningMax, "waiting_requests_max": s.Server.WaitingMax,
	} {
		if v != nil {
			judged[name] = *v
		}
	}
	out := map[string]any{"benchtop": judged}
	if hits := s.Server.PrefixHitPct; hits != nil {
		aggregate := map[string]any{"cache_hit_rate": map[string]any{"units": "percent", "mean": *hits}}
		out["components"] = []any{map[string]any{"component_label": r.Target.Name, "aggregate": aggregate}}
	}
	return out
}

// hashOf identifies a configuration: the same values give the same hash.
func hashOf(parts ...map[string]any) string {
	b, err := json.Marshal(parts) // maps are written in the order of their keys
	if err != nil {               // finite numbers and text
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func exportLLMD(run *record.Run, r Row, s *record.Step) ([]byte, error) {
	return yaml.Marshal(llmdReport(run, r, s))
}
