package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"benchtop/kube/inventory"

	"k8s.io/client-go/rest"
)

// Served maps a resource of the group kaito.sh ("workspaces"), and KEDA's "scaledobjects", to the
// version to read it at; one that is missing is not served.
type Served map[string]string

// discovery asks which versions of Kaito's group are served, and whether KEDA's is. It is four GETs by
// hand because client-go's discovery client links the typed API.
type discovery struct {
	cfg *rest.Config
	hc  *http.Client
}

// errNoKaito is the cause of the problem "Kaito is not installed".
var errNoKaito = errors.New("the API group kaito.sh is not served")

func (d *discovery) served(ctx context.Context) (Served, error) {
	var group struct {
		Versions []struct{ Version string } `json:"versions"`
	}
	if err := d.get(ctx, &group, "apis", "kaito.sh"); err != nil {
		return nil, err
	}
	out := Served{}
	for _, want := range []string{"v1alpha1", "v1beta1"} { // the later wins
		for _, v := range group.Versions {
			if v.Version != want {
				continue
			}
			names, err := d.resources(ctx, kaitoGroup, want)
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				out[name] = want
			}
		}
	}
	names, err := d.resources(ctx, kedaGVR.Group, kedaGVR.Version)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if slices.Contains(names, kedaGVR.Resource) { // an error is as good as its absence
		out[kedaGVR.Resource] = kedaGVR.Version
	}
	return out, nil
}

// resources lists what one version of a group holds.
func (d *discovery) resources(ctx context.Context, group, version string) (names []string, err error) {
	var list struct {
		Resources []struct{ Name string } `json:"resources"`
	}
	if err := d.get(ctx, &list, "apis", group, version); err != nil {
		return nil, err
	}
	for _, r := range list.Resources {
		names = append(names, r.Name)
	}
	return names, nil
}

// maxDiscovery bounds a discovery document; Kaito's has a few KB.
const maxDiscovery = 1 << 20

func (d *discovery) get(ctx context.Context, into any, path ...string) error {
	base, _, err := rest.DefaultServerUrlFor(d.cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath(path...).String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := d.hc.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDiscovery))
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusNotFound:
		return errNoKaito
	case resp.StatusCode != http.StatusOK:
		return &statusError{code: resp.StatusCode, text: inventory.Clean(string(body), 200)}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s answers, but not as a Kubernetes API server: %w", hostOf(d.cfg.Host), err)
	}
	return nil
}

// statusError is an HTTP answer other than 200 to a raw request.
type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("HTTP %d %s: %s", e.code, http.StatusText(e.code), e.text)
}

func hostOf(server string) string {
	if u, err := url.Parse(server); err == nil && u.Host != "" {
		return u.Host
	}
	return server
}
