package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"benchtop/engine"
	"benchtop/engine/openai"
	"benchtop/engine/record"
	"benchtop/engine/scrape"
	"benchtop/kube/inventory"
	"benchtop/ui"
	"benchtop/ui/screen"
)

// preflightTimeout bounds one small request of the preflight.
const preflightTimeout = 15 * time.Second

// Preflight connects to what is selected and says what stands against a run.
func (b *backend) Preflight(ctx context.Context, plan record.Plan, sel []ui.Selection) ([]ui.Check, error) {
	if err := plan.Validate(); err != nil {
		return nil, err
	}
	all := make([][]ui.Check, len(sel))
	conns, errs := b.connectAll(ctx, sel, plan.Via, false)
	each(len(sel), func(i int) {
		p := preflight{name: sel[i].Name}
		if ws := sel[i].Workspace; ws != nil {
			p.workspace(ws)
		}
		if errs[i] != nil {
			p.say(screen.CheckRefused, "%s", inventory.Clean(errors.Unwrap(errs[i]).Error(), 400))
		} else {
			if ws := sel[i].Workspace; ws != nil {
				p.price(conns[i].target.Info, ws)
			}
			p.endpoint(ctx, plan, conns[i])
		}
		all[i] = p.checks
	})
	var out []ui.Check
	for _, checks := range all {
		out = append(out, checks...)
	}
	return out, ctx.Err()
}

// each runs f for 0…n-1 side by side and waits. A panic in one of them goes on in the caller, which
// knows how to give the terminal back.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	var broke atomic.Pointer[string]
	for i := range n {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					text := fmt.Sprintf("%v\n%s", v, debug.Stack())
					broke.CompareAndSwap(nil, &text)
				}
			}()
			f(i)
		})
	}
	wg.Wait()
	if text := broke.Load(); text != nil {
		panic(*text)
	}
}

// A preflight gathers the checks of one target.
type preflight struct {
	name   string
	checks []ui.Check
}

func (p *preflight) say(level int, format string, args ...any) {
	p.checks = append(p.checks, ui.Check{Target: p.name, Level: level, Text: record.Clean(fmt.Sprintf(format, args...))})
}

// workspace looks at what the cluster says.
func (p *preflight) workspace(ws *inventory.Workspace) {
	if !ws.Benchmarkable {
		p.say(screen.CheckRefused, "%s/%s: %s", ws.Namespace, ws.Name, ws.Reason)
	}
	if ws.Autoscaler != "" {
		p.say(screen.CheckConfirm, "%s could add nodes under this load", ws.Autoscaler)
	}
}

// price says why what the target costs is unknown; --sku and --price by its name are in info already.
func (p *preflight) price(info record.Target, ws *inventory.Workspace) {
	if info.USDPerHour == nil && ws.Price.Why != "" {
		p.say(screen.CheckWarning, "no price: %s", ws.Price.Why)
	}
}

// endpoint asks the target itself: way, model, context length, load of others.
func (p *preflight) endpoint(ctx context.Context, plan record.Plan, c connection) {
	if c.way != nil {
		p.say(screen.CheckFine, "reached by %s in %.1f ms", c.way.Reason, float64(c.way.RTT.Microseconds())/1e3)
	}
	client := newProbeClient(c.target)
	defer client.CloseIdleConnections()
	status, body, err := probeGet(ctx, client, c.target, "/v1/models")
	switch {
	case err != nil:
		p.say(screen.CheckRefused, "no answer: %s", err)
		return
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		p.say(screen.CheckRefused, "asks for an API key: give it with --api-key-env or --api-key-file")
		return
	case status != http.StatusOK:
		p.say(screen.CheckRefused, "GET /v1/models: HTTP %d; is this an OpenAI-compatible server?", status)
		return
	}
	models, err := openai.ParseModels(body)
	if err != nil {
		p.say(screen.CheckRefused, "%s", err)
		return
	}
	p.model(plan, models)
	status, body, err = probeGet(ctx, client, c.target, "/metrics")
	if err == nil && status == http.StatusOK {
		p.busy(body)
	}
}

func (p *preflight) model(plan record.Plan, models []openai.Model) {
	m, ok := openai.BaseModel(models)
	if plan.Model != "" {
		ok = false
		for _, other := range models {
			if other.ID == plan.Model {
				m, ok = other, true
			}
		}
	}
	if !ok {
		p.say(screen.CheckRefused, "does not serve %q; it has %q", plan.Model, models[0].ID)
		return
	}
	w := plan.Workload
	if n := w.PromptTokens + w.OutputTokens; m.MaxModelLen > 0 && n > m.MaxModelLen {
		p.say(screen.CheckRefused, "%d prompt and output tokens are beyond the model's context of %d", n, m.MaxModelLen)
		return
	}
	p.say(screen.CheckFine, "serves %s", m.ID)
}

// busy looks for the load of others.
func (p *preflight) busy(metrics []byte) {
	v, err := scrape.Parse(bytes.NewReader(metrics))
	if err != nil || v.Running == nil {
		return
	}
	n := *v.Running
	if v.Waiting != nil {
		n += *v.Waiting
	}
	if n > 0 {
		p.say(screen.CheckConfirm, "is busy: it serves %g requests of others", n)
	}
}

// newProbeClient makes small requests over a target's way.
func newProbeClient(t engine.Target) *http.Client {
	rt := t.RoundTripper
	if rt == nil {
		rt = &http.Transport{DialContext: t.Dial, TLSClientConfig: t.TLS}
	}
	// A redirect is never followed: the next host would be given the key.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: rt, Timeout: preflightTimeout, CheckRedirect: stay}
}

// maxProbeBody bounds a reply of the preflight.
const maxProbeBody = 4 << 20

func probeGet(ctx context.Context, client *http.Client, t engine.Target, path string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.BaseURL+path, nil)
	if err != nil {
		return 0, nil, err
	}
	if t.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+t.APIKey)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProbeBody))
	return resp.StatusCode, body, err
}
