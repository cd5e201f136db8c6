package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sort"
	"time"

	"benchtop/kube/inventory"
)

// follows sets Watch, Cuts and Reconnect: the state of the way itself beside what the cluster says of the
// workspace.
func (c *Client) follows(way *Way, ws inventory.Workspace, state func() (bool, int, string), reopen func(context.Context) error) {
	way.Watch = func() (bool, int, string) {
		now, reason := c.condition(ws)
		ok, _, why := state()
		if !ok {
			return false, now.Restarts, why
		}
		return now.Ready, now.Restarts, cmp.Or(reason, why)
	}
	way.Cuts = func() int {
		_, cuts, _ := state()
		return cuts
	}
	way.Reconnect = func(ctx context.Context) error {
		pause := 250 * time.Millisecond
		for {
			err := c.reopen(ctx, way, ws, reopen)
			if err == nil {
				return nil
			}
			if sleep(ctx, pause) != nil {
				return fmt.Errorf("%s/%s did not come back: %w", ws.Namespace, ws.Name, err)
			}
			pause = min(pause*2, 3*time.Second)
		}
	}
}

// reopenTimeout bounds one attempt to come back.
const reopenTimeout = 15 * time.Second

func (c *Client) reopen(ctx context.Context, way *Way, ws inventory.Workspace, reopen func(context.Context) error) error {
	if now, reason := c.condition(ws); !now.Ready {
		return errors.New(reason)
	}
	ctx, cancel := context.WithTimeout(ctx, reopenTimeout)
	defer cancel()
	if err := reopen(ctx); err != nil {
		return err
	}
	_, _, err := way.measure(ctx)
	return err
}

// condition is what the latest picture says of a workspace, and in words what is wrong or, of one
// that is ready, why its pod ended since ws was read. While nothing is known, because the first list
// is not complete or the API server is away, it is as it was: the way itself tells.
func (c *Client) condition(ws inventory.Workspace) (now inventory.Workspace, reason string) {
	cl := c.Cluster()
	if !cl.Synced {
		ws.Ready = true
		return ws, ""
	}
	for i := range cl.Workspaces {
		w := &cl.Workspaces[i]
		if w.Namespace != ws.Namespace || w.Name != ws.Name || w.Kind != ws.Kind {
			continue
		}
		if w.Ready && w.Restarts > ws.Restarts {
			return *w, w.LastExit
		}
		return *w, w.Reason
	}
	ws.Ready = false
	return ws, "the workspace is gone"
}

// probes is how many small GETs measure a way.
const probes = 5

// measure makes sure that the way is answered and returns the median round trip and the major
// version of HTTP. Any HTTP answer below 500 counts: a server of the user's own may have no /health,
// and one with a key says 401.
func (w *Way) measure(ctx context.Context) (rtt time.Duration, proto int, err error) {
	rt := w.RoundTripper
	if rt == nil {
		t := &http.Transport{DialContext: w.Dial} // no proxy from the environment: the load takes none
		defer t.CloseIdleConnections()
		rt = t
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var took []time.Duration
	for range probes {
		start := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.BaseURL+"/health", nil)
		if err != nil {
			return 0, 0, err
		}
		resp, err := rt.RoundTrip(req)
		if err != nil {
			return 0, 0, fmt.Errorf("%s: no answer to GET /health: %w", w.Name, err)
		}
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		_ = resp.Body.Close()
		if err != nil {
			return 0, 0, fmt.Errorf("%s: GET /health: %w", w.Name, err)
		}
		if resp.StatusCode >= 500 {
			return 0, 0, fmt.Errorf("%s: GET /health: HTTP %s", w.Name, resp.Status)
		}
		took, proto = append(took, time.Since(start)), resp.ProtoMajor
	}
	took = took[1:] // the first one dialled
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	return took[len(took)/2], proto, nil
}
