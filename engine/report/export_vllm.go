package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"benchtop/engine/record"
)

// vllmPercentiles are those that --metric-percentiles asks for; vLLM's own default is 99.
var vllmPercentiles = []float64{50, 90, 95, 99}

// vllmResult is one step as `vllm bench serve --save-result` writes it, under that tool's own
// definitions: clocks start at the send; ITL is every gap pooled; TPOT is (latency − TTFT) / (output
// − 1); percentiles interpolate; latency ends at the last token; throughput is over the whole time
// to the last reply, not the window. Keys and units are those of vllm/benchmarks/serve.py.
func vllmResult(run *record.Run, c *samples) map[string]any {
	t := c.row.Target
	backend := "openai"
	if t.Endpoint == "chat" {
		backend = "openai-chat"
	}
	out := map[string]any{
		"date": c.step.StartedAt.UTC().Format("20060102-150405"), "endpoint_type": backend, "backend": backend,
		"label": t.Name, "model_id": t.Model, "tokenizer_id": t.Model, "num_prompts": len(c.reqs),
		"request_rate": c.step.Rate, "burstiness": 1.0, "max_concurrency": nil,
		// What --metadata KEY=VALUE would add.
		"tool": "benchtop " + run.Version, "run_id": run.ID, "gpu": gpuText(t), "instance_type": t.InstanceType,
		"region": t.Region, "engine_version": t.EngineVersion, "via": t.Via, "arrivals": run.Plan.Arrivals, "seed": fmt.Sprint(run.Plan.Seed),
		"state": State(c.step), "simulated": run.Simulated,
	}
	if t.USDPerHour != nil {
		out["usd_per_hour"] = *t.USDPerHour
	}
	sum := c.vllmThroughput()
	for k, v := range sum {
		out[k] = v
	}
	if c.step.GoodputRPS != nil {
		out["request_goodput"] = *c.step.GoodputRPS
	} else {
		out["request_goodput"] = nil
	}
	for name, vs := range map[string][]float64{
		"ttft": c.of((*sample).ttft), "tpot": c.of((*sample).tpot), "e2el": c.of((*sample).e2eToLast),
	} {
		m := momentsOf(vs)
		vs = sorted(vs)
		numpyStats(out, name, m, func(p float64) float64 { return linear(vs, p) })
	}
	gaps := c.gapSum
	gaps.mean, gaps.m2 = gaps.mean/1e3, gaps.m2/1e6
	numpyStats(out, "itl", gaps, c.gapLinear)
	return out
}

// numpyStats adds mean, median, standard deviation and percentiles of one metric in ms.
func numpyStats(out map[string]any, name string, m moments, percentile func(p float64) float64) {
	out["mean_"+name+"_ms"] = m.mean
	out["median_"+name+"_ms"] = percentile(50)
	out["std_"+name+"_ms"] = m.std()
	for _, p := range vllmPercentiles {
		out[fmt.Sprintf("p%g_%s_ms", p, name)] = percentile(p)
	}
}

// vllmThroughput counts over the time from the first arrival to the last reply.
func (c *samples) vllmThroughput() map[string]any {
	var completed, failed int
	var prompt, output int64
	end := c.step.WindowStartNS
	type edge struct {
		at int64
		by int
	}
	var edges []edge
	for i := range c.reqs {
		s := &c.reqs[i]
		end = max(end, s.done, s.last)
		if s.status != successful {
			failed++
			continue
		}
		completed++
		prompt += int64(s.prompt)
		output += int64(s.output)
		edges = append(edges, edge{s.sent, 1}, edge{s.done, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int {
		if a.at != b.at {
			return int(min(max(a.at-b.at, -1), 1))
		}
		return a.by - b.by
	})
	now, most := 0, 0
	for _, e := range edges {
		now += e.by
		most = max(most, now)
	}
	seconds := float64(end-c.step.WindowStartNS) / 1e9
	per := func(n int64) float64 {
		if seconds <= 0 {
			return 0
		}
		return float64(n) / seconds
	}
	var burst float64
	for _, n := range c.perSecond {
		burst = max(burst, n)
	}
	return map[string]any{
		"duration": seconds, "completed": completed, "failed": failed,
		"total_input_tokens": prompt, "total_output_tokens": output,
		"request_throughput": per(int64(completed)), "output_throughput": per(output), "total_token_throughput": per(prompt + output),
		"max_output_tokens_per_s": burst, "max_concurrent_requests": most,
	}
}

// vllmName is the file name that vLLM gives a result.
func vllmName(c *samples) string {
	model := lastPart(c.row.Target.Model)
	model = model[:min(len(model), 40)] // what follows tells files apart, and a name's length is bounded
	name := fmt.Sprintf("%s-%sqps-%s-%s", c.row.Target.Name, rate(c.step.Rate), model, c.step.StartedAt.UTC().Format("20060102-150405"))
	if len(c.row.Steps) > 1 {
		name += fmt.Sprintf("-r%d", c.step.Repeat+1)
	}
	return safeName(name) + ".json"
}

func exportVLLM(run *record.Run, c *samples) ([]byte, error) {
	b, err := json.MarshalIndent(vllmResult(run, c), "", "  ")
	return append(b, '\n'), err
}

// lastPart is the name of a model without its owner.
func lastPart(model string) string { return model[strings.LastIndexByte(model, '/')+1:] }

// safeName keeps what is safe in a file name everywhere.
func safeName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-", r):
			return r
		}
		return '-'
	}, s[:min(len(s), 160)])
	return strings.TrimLeft(s, ".-")
}
