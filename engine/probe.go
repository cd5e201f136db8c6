package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"benchtop/engine/arrival"
	"benchtop/engine/openai"
	"benchtop/engine/record"
	"benchtop/engine/scrape"
	"benchtop/engine/wire"
)

// stallLimit is how long a reply may bring no byte before it is an error: longer than any queue that
// the drain limit would wait for.
const stallLimit = 5 * time.Minute

// prepare connects to the target and learns what the run needs: model, version, how tokens are
// counted, how prompts of an exact length are made, and how long one request takes.
func (x *runner) prepare(ctx context.Context, yes bool) error {
	err := x.probe(ctx, yes)
	if err != nil {
		return fmt.Errorf("target %q: %w", x.info.Name, err)
	}
	return nil
}

func (x *runner) probe(ctx context.Context, yes bool) error {
	t := &x.target
	if t.APIKey != "" {
		x.secrets = []string{t.APIKey}
	}
	client, err := wire.NewClient(wire.Config{
		BaseURL: t.BaseURL, Dial: t.Dial, RoundTripper: t.RoundTripper, TLS: t.TLS,
		Header: t.header(), StallLimit: stallLimit, Clock: x.run.clock,
	})
	if err != nil {
		return err
	}
	x.client = client
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := x.askModels(ctx); err != nil {
		return err
	}
	x.askVersion(ctx)
	if err := x.askBusy(ctx, yes); err != nil {
		return err
	}
	if err := x.chooseEndpoint(ctx); err != nil {
		return err
	}
	x.templateHits(ctx)
	x.basePath(ctx)
	return nil
}

// templateHits measures which share of a prompt the prefix cache answers from the chat template
// alone: whole blocks that are the same in every request, and no fault of our prompts.
func (x *runner) templateHits(ctx context.Context) {
	if !x.metrics || x.endpoint != openai.Chat {
		return
	}
	before, err := x.fetchMetrics(ctx)
	if err != nil {
		return
	}
	if _, err := x.countPrompt(ctx); err != nil {
		return
	}
	after, err := x.fetchMetrics(ctx)
	if err != nil {
		return
	}
	if hit := scrape.Summary([]scrape.View{before, after}).PrefixHitPct; hit != nil {
		x.templatePct = *hit
	}
}

// askModels finds the model to ask for and its context length.
func (x *runner) askModels(ctx context.Context) error {
	status, body, _, err := x.client.Get(ctx, "/v1/models")
	if err != nil {
		return fmt.Errorf("cannot reach %s: %w", record.Clean(x.target.BaseURL), err)
	}
	if status != http.StatusOK {
		return x.refused("/v1/models", status, body)
	}
	models, err := openai.ParseModels(body)
	if err != nil {
		return fmt.Errorf("GET /v1/models: %w; is this an OpenAI-compatible server?", err)
	}
	m, err := pickModel(models, x.run.plan.Model)
	if err != nil {
		return err
	}
	x.model = m.ID
	x.info.Model, x.info.MaxModelLen = record.Clean(m.ID), m.MaxModelLen
	if m.OwnedBy == "vllm" {
		x.info.Engine = "vllm"
	}
	w := x.run.plan.Workload
	if n := w.PromptTokens + w.OutputTokens; m.MaxModelLen > 0 && n > m.MaxModelLen {
		return fmt.Errorf("%d prompt and %d output tokens are beyond the model's context of %d: the server would cut replies short; ask for fewer with --prompt-tokens or --output-tokens",
			w.PromptTokens, w.OutputTokens, m.MaxModelLen)
	}
	return nil
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
		names = append(names, record.Clean(m.ID))
	}
	return openai.Model{}, fmt.Errorf("model %q is not served; the server has: %s", want, strings.Join(names, ", "))
}

// refused turns a reply to a probe into an error that says what to do.
func (x *runner) refused(path string, status int, body []byte) error {
	_, sample := openai.ClassifyHTTP(status, "", body)
	sample = openai.CleanSample([]byte(sample), x.secrets...)
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s was refused: %s; give the key with --api-key-env or --api-key-file", path, sample)
	case http.StatusNotFound:
		return fmt.Errorf("%s is not there: %s; is this an OpenAI-compatible server, and the URL without /v1?", path, sample)
	}
	return fmt.Errorf("%s: %s", path, sample)
}

func (x *runner) askVersion(ctx context.Context) {
	if status, body, _, err := x.client.Get(ctx, "/version"); err == nil && status == http.StatusOK {
		if v, err := openai.ParseVersion(body); err == nil {
			x.info.EngineVersion = v
			if x.info.Engine == "" {
				x.info.Engine = "vllm"
			}
		}
	}
}

// askBusy looks whether the server reports on itself, and refuses one that works for others.
func (x *runner) askBusy(ctx context.Context, yes bool) error {
	v, err := x.scrapeOnce(ctx)
	if err != nil || v.Running == nil {
		return nil
	}
	x.metrics = true
	x.info.Flags = withServerConfig(x.info.Flags, v.Config)
	busy := *v.Running
	if v.Waiting != nil {
		busy += *v.Waiting
	}
	if busy > 0 && !yes {
		return fmt.Errorf("%w: it is serving %g requests of others; wait, or go on with --yes", ErrBusy, busy)
	}
	return nil
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

// chooseEndpoint finds a route, stream options and a way to make prompts that the server takes.
func (x *runner) chooseEndpoint(ctx context.Context) error {
	routes := []openai.Endpoint{openai.Completions, openai.Chat}
	switch x.run.plan.Endpoint {
	case "completions":
		routes = routes[:1]
	case "chat":
		routes = routes[1:]
	}
	var err error
	for _, e := range routes {
		x.endpoint = e
		if err = x.tryEndpoint(ctx); err == nil {
			x.info.Endpoint = string(e)
			return nil
		}
		var missing *statusError
		if !errors.As(err, &missing) || missing.status != http.StatusNotFound {
			break
		}
	}
	return err
}

type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }

// tryEndpoint makes one full request on the route, from the richest stream options down.
func (x *runner) tryEndpoint(ctx context.Context) error {
	if err := x.makePrompts(ctx); err != nil {
		return err
	}
	x.options = openai.ContinuousUsage
	for {
		c, err := x.probeRequest(ctx, x.run.plan.Workload.OutputTokens)
		if err == nil {
			x.info.UsageMode = c.stream.UsageMode
			x.probeE2E = time.Duration(c.rec.DoneNS - c.rec.SentNS)
			return x.checkProbe(c)
		}
		var se *statusError
		less, ok := x.options.Less()
		if !errors.As(err, &se) || (se.status != 400 && se.status != 422) || !ok {
			return err
		}
		x.options = less
	}
}

// checkProbe holds the probe's reply against what was asked.
func (x *runner) checkProbe(c *call) error {
	w := x.run.plan.Workload
	if n := c.rec.PromptTokens; n > 0 && n != w.PromptTokens && x.info.PromptMode == "token-ids" {
		return fmt.Errorf("asked for a prompt of %d tokens, the server counted %d", w.PromptTokens, n)
	}
	if n := c.rec.OutputTokens; n != w.OutputTokens {
		return fmt.Errorf("asked for %d output tokens, got %d: the server does not honour ignore_eos; %s", w.OutputTokens, n,
			"benchtop needs replies of a fixed length")
	}
	return nil
}

// probeRequest sends one request on its own and waits for its end.
func (x *runner) probeRequest(ctx context.Context, output int) (*call, error) {
	x.probes++
	l := &load{x: x, step: record.StepPlan{Index: -1}, try: x.probes, t0: wire.Now(), sched: arrival.Schedule{TimesNS: []int64{0}}}
	c := &call{}
	c.reset(l, 0)
	c.stream.Reset(x.endpoint, c.gaps[:0], nil)
	sent := wire.Now()
	ex, err := x.client.Post(ctx, nil, x.endpoint.Path(), string(c.id), x.appendBody(nil, x.probeKey(), output), c)
	c.fill(0, sent, ex, err)
	if c.rec.Status == record.StatusOK || c.stream.Err == openai.WrongTokens {
		return c, nil
	}
	text := c.rec.Error
	if text == "" {
		text = c.rec.Class
	}
	if text == "" && err != nil {
		text = record.Clean(err.Error())
	}
	e := fmt.Errorf("POST %s: %s", x.endpoint.Path(), text)
	if c.rec.HTTPStatus == http.StatusUnauthorized {
		e = x.refused(x.endpoint.Path(), c.rec.HTTPStatus, []byte(text))
	}
	return nil, &statusError{c.rec.HTTPStatus, e}
}

// basePath measures the way to the target before any load.
func (x *runner) basePath(ctx context.Context) {
	for range 5 {
		if !x.ping(ctx) {
			return
		}
	}
	if ms := x.view.rtt(); ms > 0 {
		x.info.BaseLatencyMS = &ms
	}
}
