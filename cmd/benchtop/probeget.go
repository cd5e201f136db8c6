package main

import (
	"context"
	"io"
	"net/http"
	"time"

	"benchtop/engine"
)

// busyTimeout bounds one look.
const busyTimeout = 15 * time.Second

// newProbeClient makes small requests over a target's way.
func newProbeClient(t engine.Target) *http.Client {
	rt := t.RoundTripper
	if rt == nil {
		rt = &http.Transport{DialContext: t.Dial, TLSClientConfig: t.TLS}
	}
	// A redirect is never followed: the next host would be given the key.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: rt, Timeout: busyTimeout, CheckRedirect: stay}
}

// maxProbeBody bounds a reply that is looked at.
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
