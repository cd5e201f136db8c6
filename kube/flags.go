package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"

	"benchtop/kube/inventory"

	"github.com/spf13/pflag"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Flags are kubectl's connection flags, with kubectl's names and meaning: --kubeconfig, --context,
// -n/--namespace, --cluster, --user, --server, --token, --as and so on, and -A/--all-namespaces.
//
// They are bound through client-go's clientcmd, not through cli-runtime's ConfigFlags, which links
// the whole typed API (58 MB of binary and 37 MB of resident memory, measured with v0.37.0).
type Flags struct {
	Kubeconfig    string
	AllNamespaces bool
	overrides     clientcmd.ConfigOverrides
}

// NewFlags returns flags that select what kubectl would.
func NewFlags() *Flags { return &Flags{} }

// AddTo adds the flags to a command's.
func (f *Flags) AddTo(fs *pflag.FlagSet) {
	fs.StringVar(&f.Kubeconfig, clientcmd.RecommendedConfigPathFlag, f.Kubeconfig, "path of the kubeconfig file")
	names := clientcmd.RecommendedConfigOverrideFlags("")
	names.ContextOverrideFlags.Namespace.ShortName = "n"
	names.ClusterOverrideFlags.APIServer.ShortName = "s"
	clientcmd.BindOverrideFlags(&f.overrides, fs, names)
	fs.BoolVarP(&f.AllNamespaces, "all-namespaces", "A", f.AllNamespaces, "look into all namespaces")
	for _, secret := range []string{clientcmd.FlagUsername, clientcmd.FlagPassword} {
		if fl := fs.Lookup(secret); fl != nil {
			fl.Hidden = true
		}
	}
}

// For returns a copy of the flags that selects another context; "" keeps it.
func (f *Flags) For(kubeContext string) *Flags {
	g := *f
	if kubeContext != "" {
		g.overrides.CurrentContext = kubeContext
	}
	return &g
}

// namespace is what -n asked for; "" = all.
func (f *Flags) namespace() string {
	if f.AllNamespaces {
		return ""
	}
	return f.overrides.Context.Namespace
}

func (f *Flags) config() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.Kubeconfig
	rules.WarnIfAllMissing = false
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &f.overrides)
}

// Contexts lists the contexts of the kubeconfig in name order; current is the one selected.
func (f *Flags) Contexts() (all []string, current string, err error) {
	raw, err := f.config().RawConfig()
	if err != nil {
		return nil, "", configProblem(err, f, nil)
	}
	for name := range raw.Contexts {
		all = append(all, name)
	}
	sort.Strings(all)
	current = raw.CurrentContext
	if f.overrides.CurrentContext != "" {
		current = f.overrides.CurrentContext
	}
	return all, current, nil
}

// backend opens what the flags select; nothing is asked of the cluster yet.
func (f *Flags) backend() (Backend, error) {
	contexts, current, err := f.Contexts()
	if err != nil {
		return Backend{}, err
	}
	cc := f.config()
	cfg, err := cc.ClientConfig()
	if err != nil {
		return Backend{}, configProblem(err, f, contexts)
	}
	ns, _, err := cc.Namespace()
	if err != nil {
		return Backend{}, configProblem(err, f, contexts)
	}
	cfg.QPS = -1 // no client-side throttling
	cfg.UserAgent = "benchtop"
	cfg.WarningHandlerWithContext = rest.NoWarnings{}
	offScreen(cfg.ExecProvider)
	hc, err := withLoginPipe(cfg, func() (*http.Client, error) { return rest.HTTPClientFor(cfg) })
	if err != nil {
		return Backend{}, configProblem(err, f, contexts)
	}
	dyn, err := dynamic.NewForConfigAndClient(cfg, hc)
	if err != nil {
		return Backend{}, configProblem(err, f, contexts)
	}
	d := &discovery{cfg: cfg, hc: hc}
	return Backend{Context: current, Server: cfg.Host, User: userOf(cc, current), Contexts: contexts, Namespace: ns,
		Dynamic: dyn, Served: d.served, REST: cfg, Close: hc.CloseIdleConnections}, nil
}

func userOf(cc clientcmd.ClientConfig, kubeContext string) string {
	raw, err := cc.RawConfig()
	if err != nil || raw.Contexts[kubeContext] == nil {
		return ""
	}
	return inventory.Words(raw.Contexts[kubeContext].AuthInfo)
}

// Served maps a resource of the group kaito.sh ("workspaces") to the version to read it at.
type Served map[string]string

// discovery asks which versions of Kaito's group are served. It is three GETs by hand because
// client-go's discovery client links the typed API.
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
			var list struct {
				Resources []struct{ Name string } `json:"resources"`
			}
			if err := d.get(ctx, &list, "apis", "kaito.sh", want); err != nil {
				return nil, err
			}
			for _, r := range list.Resources {
				out[r.Name] = want
			}
		}
	}
	return out, nil
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

// kubeconfigPath words where the kubeconfig was looked for.
func (f *Flags) kubeconfigPath() string {
	if f.Kubeconfig != "" {
		return f.Kubeconfig
	}
	if v := os.Getenv(clientcmd.RecommendedConfigPathEnvVar); v != "" {
		return v
	}
	return "~/.kube/config"
}
