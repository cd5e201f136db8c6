package kube

import (
	"net/http"
	"os"
	"slices"
	"sort"

	"benchtop/kube/inventory"
	"benchtop/kube/skim"
	"benchtop/kube/transport"

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

// Namespace is what -n asked for; "" = all.
func (f *Flags) Namespace() string {
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
		if inventory.Words(name) == name { // one that could move a cursor is not offered
			all = append(all, name)
		}
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
	if current == "" {
		current = "in-cluster" // no kubeconfig, but a pod's own account
	}
	dialer := &transport.Dialer{}
	cfg.Dial = dialer.DialContext
	offScreen(cfg.ExecProvider)
	hc, err := withLoginPipe(cfg, func() (*http.Client, error) { return rest.HTTPClientFor(cfg) })
	if err != nil {
		return Backend{}, configProblem(err, f, contexts)
	}
	hc = &http.Client{Transport: skim.Transport(hc.Transport), Timeout: hc.Timeout}
	dyn, err := dynamic.NewForConfigAndClient(cfg, hc)
	if err != nil {
		return Backend{}, configProblem(err, f, contexts)
	}
	user, namespaces := neighbours(cc, current)
	d := &discovery{cfg: cfg, hc: hc}
	return Backend{Context: current, Server: inventory.Words(cfg.Host), User: user, Contexts: contexts, Namespace: ns, Namespaces: namespaces,
		Dynamic: dyn, Served: d.served, REST: cfg, Close: func() { _ = dialer.Close() }}, nil
}

// neighbours gives the user of a context, and the namespaces of all contexts on the same cluster: one
// that may not list all namespaces often has a context for each of its own.
func neighbours(cc clientcmd.ClientConfig, kubeContext string) (user string, namespaces []string) {
	raw, err := cc.RawConfig()
	if err != nil || raw.Contexts[kubeContext] == nil {
		return "", nil
	}
	own := raw.Contexts[kubeContext]
	for _, c := range raw.Contexts {
		if c.Cluster == own.Cluster && c.Namespace != "" && !slices.Contains(namespaces, c.Namespace) {
			namespaces = append(namespaces, c.Namespace)
		}
	}
	return inventory.Words(own.AuthInfo), namespaces
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
