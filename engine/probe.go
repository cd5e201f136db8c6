package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
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
	if err := x.connect(); err != nil {
		return err
	}
	x.doing("asking what it serves")
	f, err := x.look(ctx)
	if err != nil {
		return err
	}
	if f.Busy > 0 && !yes {
		return fmt.Errorf("busy: it serves %g requests of others; wait, or go on with --yes", f.Busy)
	}
	x.run.event(x, 0, f.Text())
	if err := x.chooseEndpoint(ctx); err != nil {
		return err
	}
	x.templateHits(ctx)
	return nil
}

// connect makes the target's client; nothing is dialled yet.
func (x *runner) connect() (err error) {
	t := &x.target
	if t.APIKey != "" {
		x.secrets = []string{t.APIKey}
	}
	x.client, err = wire.NewClient(wire.Config{
		BaseURL: t.BaseURL, Dial: t.Dial, RoundTripper: t.RoundTripper, TLS: t.TLS,
		Header: t.header(), StallLimit: stallLimit, Clock: x.run.clock,
	})
	return err
}

// doing tells what the target is being asked before the run.
func (x *runner) doing(what string) {
	if x.run.opt.Doing != nil {
		x.run.opt.Doing(x.info.Name, what)
	}
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
			return err
		}
	}
	if len(routes) == 2 {
		return fmt.Errorf("%w (neither %s nor %s is there)", err, openai.Completions.Path(), openai.Chat.Path())
	}
	return err
}

// tryEndpoint makes one full request on the route, from the richest stream options down, and measures
// the way to the target meanwhile.
func (x *runner) tryEndpoint(ctx context.Context) error {
	if err := x.makePrompts(ctx); err != nil {
		return err
	}
	x.doing(fmt.Sprintf("waiting for one reply of %d tokens", x.run.plan.Workload.OutputTokens))
	var c *call
	err := wire.Together(
		func() (err error) { c, err = x.richestReply(ctx); return err },
		func() error { return x.basePath(ctx) },
	)
	if err != nil {
		return err
	}
	x.info.UsageMode = c.stream.UsageMode
	x.probeE2E = time.Duration(c.rec.DoneNS - c.rec.SentNS)
	return x.checkProbe(c)
}

// richestReply finds the stream options that the server takes.
func (x *runner) richestReply(ctx context.Context) (*call, error) {
	x.options = openai.ContinuousUsage
	for {
		c, err := x.probeRequest(ctx, x.run.plan.Workload.OutputTokens)
		var se *statusError
		less, ok := x.options.Less()
		if !errors.As(err, &se) || (se.status != 400 && se.status != 422) || !ok {
			return c, err
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

// probeLimit is how long the probe's reply may take: two minutes in a queue, and five tokens a second.
func probeLimit(output int) time.Duration {
	return 2*time.Minute + time.Duration(output)*200*time.Millisecond
}

// probeRequest sends one request on its own and waits for its end.
func (x *runner) probeRequest(ctx context.Context, output int) (*call, error) {
	x.probes++
	l := &load{x: x, step: record.StepPlan{Index: -1}, try: x.probes, t0: wire.Now(), sched: arrival.Schedule{TimesNS: []int64{0}}}
	c := &call{}
	c.reset(l, 0)
	c.stream.Reset(x.endpoint, c.gaps[:0], nil)
	limited, cancel := context.WithTimeout(ctx, probeLimit(output))
	defer cancel()
	sent := wire.Now()
	ex, err := x.client.Post(limited, nil, x.endpoint.Path(), string(c.id), x.appendBody(nil, x.probeKey(), output), c)
	c.fill(0, sent, ex, err)
	what := "POST " + x.endpoint.Path()
	var broke *wire.Panic
	switch {
	case c.rec.Status == record.StatusOK, c.stream.Err == openai.WrongTokens:
		return c, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, fmt.Errorf("%s: one reply of %d tokens was not there after %s; is the server overloaded? see its log", what, output, probeLimit(output))
	case errors.As(err, &broke):
		return nil, err
	}
	text := cmp.Or(c.rec.Error, c.rec.Class)
	if c.rec.HTTPStatus != 0 && c.rec.HTTPStatus != http.StatusOK {
		text = "HTTP " + text
	}
	way := x.wayOn(c.stream.Err, wire.Reply{Status: c.rec.HTTPStatus, Location: ex.Location})
	return nil, &statusError{c.rec.HTTPStatus, fmt.Errorf("%s: %s%s", what, text, cmp.Or(way, remedy(err)))}
}

// basePath measures the way to the target before any load.
func (x *runner) basePath(ctx context.Context) error {
	err := x.pingBefore(ctx)
	if ms := x.view.rtt(); ms > 0 {
		x.info.BaseLatencyMS = &ms
	}
	return err
}
