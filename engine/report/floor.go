package report

import (
	"fmt"
	"regexp"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// bandwidth is the memory bandwidth of a GPU in GB/s, from NVIDIA's and AMD's data sheets. Where a
// short name covers several products the fastest stands here, so that the floor is never too high.
var bandwidth = map[string]float64{
	"A10": 600, "A100": 2039, "H100": 3938, "H200": 4800, "L4": 300, "L40S": 864, "MI300X": 5300, "V620": 512, "RTXPRO6000": 1597,
}

// parameters of models in 10^9, from their model cards, by a part of their name. Of phi-4-multimodal a
// token reads its language model alone, which is phi-4-mini's.
var parameters = []struct {
	name     *regexp.Regexp
	billions float64
}{
	{regexp.MustCompile(`phi-?4-(mini|multimodal)`), 3.84}, {regexp.MustCompile(`phi-?4`), 14.7}, {regexp.MustCompile(`phi-?3\.5-mini|phi-?3-mini`), 3.82},
	{regexp.MustCompile(`llama-?3(\.\d)?-8b|distill-llama-8b`), 8.03}, {regexp.MustCompile(`llama-?3(\.\d)?-70b`), 70.6},
	{regexp.MustCompile(`mistral-7b`), 7.25}, {regexp.MustCompile(`qwen2\.5-coder-7b|qwen2\.5-7b`), 7.62}, {regexp.MustCompile(`qwen2\.5-coder-32b|qwen2\.5-32b`), 32.8},
	{regexp.MustCompile(`distill-qwen-14b|qwen2\.5-14b`), 14.8}, {regexp.MustCompile(`falcon-?7b`), 7.22}, {regexp.MustCompile(`falcon-?40b`), 41.8},
}

// quantised models have fewer bytes a weight than their names tell.
var quantised = regexp.MustCompile(`fp8|int8|int4|awq|gptq|nf4|fp4|4bit|8bit|w4a16|w8a8|gguf|quant`)

// floorMS is the least time a token can take: every weight is read once per step, at two bytes each,
// by all GPUs together. Not ok where model or GPU are not known for sure.
func floorMS(t record.Target) (ms float64, ok bool) {
	model := strings.ToLower(t.Model)
	gbps, known := bandwidth[t.GPU]
	if !known || quantised.MatchString(model) || strings.Contains(t.GPU, "mig") {
		return 0, false
	}
	for _, p := range parameters {
		if p.name.MatchString(model) {
			n := float64(max(t.GPUCount, 1) * max(t.Nodes, 1))
			return p.billions * 2 / (gbps * n) * 1000, true
		}
	}
	return 0, false
}

// floorFinding compares the fastest median gap of a target with its floor.
func floorFinding(run *record.Run, t record.Target) (text string, impossible bool) {
	floor, ok := floorMS(t)
	if !ok {
		return "", false
	}
	gaps, title := gapMetric(run)
	best := -1.0
	for i := range run.Steps {
		s := &run.Steps[i]
		if s.Target != t.Name || !verdict.Usable(s) || s.TokensPerEvent != nil && *s.TokensPerEvent > 1.05 {
			continue // several tokens an event: speculation, which reads the weights less often
		}
		if v := statOf(s, gaps, "p50"); v.OK && !v.Bound && (best < 0 || v.V < best) {
			best = v.V
		}
	}
	if best < 0 {
		return "", false
	}
	title = strings.TrimSuffix(title, " ms")
	if best < floor {
		return fmt.Sprintf("%s: a median %s of %s is below %s, the time that reading the weights of %s once takes on %s: "+
			"one of model, precision and GPU is not what it says.",
			label(run, t), title, duration(best), duration(floor), lastPart(t.Model), gpuText(t)), true
	}
	return fmt.Sprintf("%s: the least median %s, %s, is %s times the memory-bandwidth floor of %s (weights of %s read once per token).",
		label(run, t), title, duration(best), digits(best/floor), duration(floor), lastPart(t.Model)), false
}
