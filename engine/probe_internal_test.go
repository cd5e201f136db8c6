package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestServerConfigWins(t *testing.T) {
	flags := map[string]string{"max-model-len": "auto", "gpu-memory-utilization": "0.84"}
	got := withServerConfig(flags, map[string]string{"gpu_memory_utilization": "0.82", "enable_prefix_caching": "True",
		"num_gpu_blocks": "10", "sliding_window": "None", "kv_offloading_backend": "None", "cache_dtype": "auto"})
	want := map[string]string{"max-model-len": "auto", "gpu-memory-utilization": "0.82", "enable-prefix-caching": "true", "kv-cache-dtype": "auto"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if flags["gpu-memory-utilization"] != "0.84" {
		t.Error("the picture's own flags were changed")
	}
	if got := withServerConfig(nil, map[string]string{"num_gpu_blocks": "1"}); got != nil {
		t.Errorf("nothing known gives %v", got)
	}
}
