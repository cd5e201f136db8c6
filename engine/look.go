package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"benchtop/engine/openai"
	"benchtop/engine/record"
	"benchtop/engine/scrape"
	"benchtop/engine/wire"
)

// A Finding is what a look at a target tells before a run.
type Finding struct {
	Model  string   // that a run would ask for
	Others []string // also served
	Busy   float64  // requests that the server runs or has waiting; 0 if it does not say
}

// Look asks a target what Start will want to know first, and sends no request of a load. The error
// says what stands against a run. It takes 10 s at most for each of its questions, which it asks at
// once.
func Look(ctx context.Context, plan Plan, t Target) (Finding, error) {
	r := &Run{plan: plan, clock: wire.NewClock(), askLimit: askLimit}
	defer r.clock.Close()
	x := newRunner(r, t, 0)
	defer x.close()
	if err := x.connect(); err != nil {
		return Finding{}, err
	}
	return x.look(ctx)
}

// Metrics asks a target what its server says of itself, and nothing else. It takes 10 s at most.
func Metrics(ctx context.Context, t Target) (scrape.View, error) {
	x := newRunner(&Run{askLimit: askLimit}, t, 0)
	defer x.close()
	if err := x.connect(); err != nil {
		return scrape.View{}, err
	}
	return x.scrapeOnce(ctx)
}

// Text says what is served, and how another model is chosen.
func (f Finding) Text() string {
	if len(f.Others) == 0 {
		return "serves " + f.Model
	}
	return fmt.Sprintf("serves %s, which is measured; also %s: choose with --model", f.Model, strings.Join(f.Others, ", "))
}

// look asks for models, version and metrics at once.
func (x *runner) look(ctx context.Context) (f Finding, err error) {
	var models []openai.Model
	var version string
	var view scrape.View
	var seen bool
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	err = wire.Together(
		func() (err error) {
			if models, err = x.models(ctx); err != nil {
				enough() // the other answers
			}
			return err
		},
		func() error { version = x.version(ctx); return nil },
		func() error {
			v, err := x.scrapeOnce(ctx)
			view, seen = v, err == nil && v.Running != nil
			return nil
		},
	)
	if err != nil {
		return f, err
	}
	m, err := pickModel(models, x.run.plan.Model)
	if err != nil {
		return f, err
	}
	x.learn(m, version)
	f.Model = x.info.Model
	for _, other := range models {
		if other.ID != m.ID && other.Parent == "" {
			f.Others = append(f.Others, record.Clean(other.ID))
		}
	}
	if x.metrics = seen; seen {
		x.info.Flags = withServerConfig(x.info.Flags, view.Config)
		f.Busy = *view.Running
		if view.Waiting != nil {
			f.Busy += *view.Waiting
		}
	}
	w := x.run.plan.Workload
	if n := w.PromptTokens + w.OutputTokens; m.MaxModelLen > 0 && n > m.MaxModelLen {
		return f, fmt.Errorf("%d prompt and %d output tokens are beyond the model's context of %d: the server would cut replies short; ask for fewer with --prompt-tokens or --output-tokens",
			w.PromptTokens, w.OutputTokens, m.MaxModelLen)
	}
	return f, nil
}

// learn keeps what the target is.
func (x *runner) learn(m openai.Model, version string) {
	x.model = m.ID
	x.info.Model, x.info.MaxModelLen = record.Clean(m.ID), m.MaxModelLen
	x.info.EngineVersion = cmp.Or(version, x.info.EngineVersion)
	if m.OwnedBy == "vllm" || version != "" && x.info.Engine == "" {
		x.info.Engine = "vllm"
	}
}

// models asks what is served.
func (x *runner) models(ctx context.Context) ([]openai.Model, error) {
	const path = "/v1/models"
	r, err := x.get(ctx, path)
	if err != nil {
		return nil, err
	}
	if r.Status != http.StatusOK {
		return nil, x.refused("GET "+path, r)
	}
	models, err := openai.ParseModels(r.Body)
	if err == nil {
		return models, nil
	}
	if bytes.HasPrefix(bytes.TrimSpace(r.Body), []byte("{")) { // an API, if not the right one
		return nil, fmt.Errorf("GET %s: %w; has the server loaded its model?", path, err)
	}
	return nil, x.refused("GET "+path, r)
}

func pickModel(models []openai.Model, want string) (openai.Model, error) {
	if want == "" {
		m, ok := openai.BaseModel(models)
		if !ok {
			return m, errors.New("the server lists adapters only: name a model with --model")
		}
		return m, nil
	}
	var names []string
	for _, m := range models {
		if m.ID == want {
			return m, nil
		}
		names = append(names, fmt.Sprintf("%q", record.Clean(m.ID)))
	}
	return openai.Model{}, fmt.Errorf("model %q is not served; choose with --model one of %s", want, strings.Join(names, ", "))
}

// version is vLLM's, "" if the server does not say.
func (x *runner) version(ctx context.Context) string {
	r, err := x.get(ctx, "/version")
	if err != nil || r.Status != http.StatusOK {
		return ""
	}
	v, _ := openai.ParseVersion(r.Body) // "" with an error
	return v
}

// serverFlags are the labels of vllm:cache_config_info that are settings, by the flag that sets them.
// The others follow from the GPU, so that two targets would differ in them without being set up apart.
var serverFlags = map[string]string{
	"block_size": "block-size", "cache_dtype": "kv-cache-dtype", "enable_prefix_caching": "enable-prefix-caching",
	"gpu_memory_utilization": "gpu-memory-utilization", "kv_offloading_backend": "kv-offloading-backend",
	"kv_offloading_size": "kv-offloading-size", "num_gpu_blocks_override": "num-gpu-blocks-override",
}

// withServerConfig adds to the flags known of a server what it says itself, which is what holds.
func withServerConfig(flags, config map[string]string) map[string]string {
	all := maps.Clone(flags)
	for label, value := range config {
		flag, ok := serverFlags[label]
		if !ok || value == "None" || value == "" {
			continue
		}
		if all == nil {
			all = map[string]string{}
		}
		if value == "True" || value == "False" {
			value = strings.ToLower(value)
		}
		all[flag] = value
	}
	return all
}
