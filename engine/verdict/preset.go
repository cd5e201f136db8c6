package verdict

import (
	"maps"
	"slices"
)

const (
	fromGuide  = "GuideLLM, guide to service level objectives"
	fromMLPerf = "MLPerf Inference, loadgen/mlperf.conf, Server scenario"
)

// presets are objectives by name. MLPerf's limits are on TTFT and TPOT at p99.
var presets = map[string]SLO{
	"chat": at99("itl", 200, 50, fromGuide),
	"rag":  at99("itl", 300, 100, fromGuide),
	"code": at99("itl", 500, 150, fromGuide),

	"mlperf:llama2-70b":                at99("tpot", 2000, 200, fromMLPerf),
	"mlperf:llama2-70b-interactive":    at99("tpot", 450, 40, fromMLPerf),
	"mlperf:mixtral-8x7b":              at99("tpot", 2000, 200, fromMLPerf),
	"mlperf:llama3.1-405b":             at99("tpot", 6000, 175, fromMLPerf),
	"mlperf:llama3.1-405b-interactive": at99("tpot", 4500, 80, fromMLPerf),
	"mlperf:llama3.1-8b":               at99("tpot", 2000, 100, fromMLPerf),
	"mlperf:llama3.1-8b-interactive":   at99("tpot", 500, 30, fromMLPerf),
	"mlperf:deepseek-r1":               at99("tpot", 2000, 80, fromMLPerf),
	"mlperf:deepseek-r1-interactive":   at99("tpot", 1500, 15, fromMLPerf),
	"mlperf:gpt-oss-120b":              at99("tpot", 3000, 80, fromMLPerf),
	"mlperf:gpt-oss-120b-interactive":  at99("tpot", 2000, 15, fromMLPerf),
}

// at99 limits TTFT and a second metric at p99, in ms.
func at99(second string, ttft, other float64, source string) SLO {
	return SLO{Source: source, Limits: []Limit{
		{Metric: "ttft", Stat: "p99", MS: ttft, Equal: true},
		{Metric: second, Stat: "p99", MS: other, Equal: true},
	}}
}

// PresetNames are the names that ParseSLO knows, sorted.
func PresetNames() []string { return slices.Sorted(maps.Keys(presets)) }
