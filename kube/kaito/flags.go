package kaito

import (
	"strings"

	"benchtop/kube/inventory"
)

// shownFlags are the vLLM flags that change what a benchmark measures. It is an allow-list: a
// server's command line can hold an API key, so nothing else is ever kept.
var shownFlags = map[string]bool{}

func init() {
	for f := range strings.FieldsSeq(`served-model-name model revision dtype quantization kv-cache-dtype
		max-model-len max-num-seqs max-num-batched-tokens gpu-memory-utilization block-size
		tensor-parallel-size pipeline-parallel-size data-parallel-size data-parallel-size-local
		enable-prefix-caching no-enable-prefix-caching enable-chunked-prefill no-enable-chunked-prefill
		enforce-eager swap-space cpu-offload-gb performance-mode enable-lora max-loras
		speculative-config distributed-executor-backend kaito-disable-rate-limit
		kaito-kv-cache-cpu-memory-utilization kv-cache-cpu-memory-utilization scheduling-policy
		attention-backend load-format config-format tokenizer-mode`) {
		shownFlags[f] = true
	}
}

// Flags reads the allow-listed vLLM flags out of a container's command and arguments, which may be
// one shell line. Names are given with dashes and without the leading ones; a flag without a value
// is "true". Later ones win, as they do in vLLM.
func Flags(args []string) map[string]string {
	out := map[string]string{}
	var words []string
	for _, a := range args {
		words = append(words, split(a)...)
	}
	for i := 0; i < len(words); i++ {
		body, ok := strings.CutPrefix(words[i], "--")
		if !ok {
			continue
		}
		name, value, has := strings.Cut(body, "=")
		name = strings.ReplaceAll(name, "_", "-")
		if !has {
			value = "true"
			if i+1 < len(words) && !strings.HasPrefix(words[i+1], "--") {
				value = words[i+1]
				i++
			}
		}
		if shownFlags[name] {
			out[name] = inventory.Clean(value, 200)
		}
	}
	return out
}

// split cuts a shell line into words at white space and takes quotes off. An argument that is not a
// shell line comes back as it is, unless it holds spaces, which no vLLM flag value does outside
// quotes.
func split(line string) []string {
	var out []string
	var b strings.Builder
	quote, in := byte(0), false
	for i := range len(line) {
		c := line[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(c)
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == ' ' || c == '\t' || c == '\n' || c == '\\' || c == ';':
			if in {
				out = append(out, b.String())
				b.Reset()
			}
			in = false
			continue
		default:
			b.WriteByte(c)
		}
		in = true
	}
	if in {
		out = append(out, b.String())
	}
	return out
}

// ConfigFlags keeps the allow-listed entries of the vllm section of an inference_config.yaml that
// has been decoded, and Kaito's own key for the CPU side of the KV cache.
func ConfigFlags(config map[string]any) map[string]string {
	out := map[string]string{}
	for k, v := range child(config, "vllm") {
		name := strings.ReplaceAll(k, "_", "-")
		if s, ok := scalar(v); ok && shownFlags[name] {
			out[name] = s
		}
	}
	if s, ok := scalar(config["kv_cache_cpu_memory_utilization"]); ok {
		out["kv-cache-cpu-memory-utilization"] = s
	}
	return out
}

// Parallelism words the parallel sizes among flags: "TP2", "DP4", "TP8 PP2"; "" = one GPU or unknown.
func Parallelism(flags map[string]string) string {
	var parts []string
	for _, p := range []struct{ flag, short string }{
		{"tensor-parallel-size", "TP"}, {"pipeline-parallel-size", "PP"}, {"data-parallel-size", "DP"},
	} {
		if v := flags[p.flag]; v != "" && v != "1" {
			parts = append(parts, p.short+v)
		}
	}
	return strings.Join(parts, " ")
}
