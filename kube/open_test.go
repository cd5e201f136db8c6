package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"benchtop/kube"
	"benchtop/kube/inventory"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

// apiServer answers the few calls that opening a cluster makes.
type apiServer struct {
	versions map[string][]string // version of kaito.sh → resources
	status   int                 // answer of everything, 0 = normal
	body     string
	token    string // asked for, "" = none

	mu    sync.Mutex
	calls []string
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	reply := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	if s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if s.status != 0 {
		w.WriteHeader(s.status)
		_, _ = w.Write([]byte(s.body))
		return
	}
	switch {
	case r.URL.Path == "/apis/kaito.sh":
		if s.versions == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		var vs []map[string]string
		for v := range s.versions {
			vs = append(vs, map[string]string{"version": v})
		}
		reply(map[string]any{"versions": vs})
	case strings.HasPrefix(r.URL.Path, "/apis/kaito.sh/") && strings.Count(r.URL.Path, "/") == 3:
		var rs []map[string]string
		for _, n := range s.versions[strings.TrimPrefix(r.URL.Path, "/apis/kaito.sh/")] {
			rs = append(rs, map[string]string{"name": n})
		}
		reply(map[string]any{"resources": rs})
	case strings.HasSuffix(r.URL.Path, "/selfsubjectaccessreviews"):
		reply(map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "status": map[string]any{"allowed": true}})
	default:
		resource := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		var items []any
		if resource == "workspaces" {
			var m map[string]any
			_ = yaml.Unmarshal([]byte(workspace("default", "chat", true)), &m)
			items = append(items, m)
		}
		reply(map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{"resourceVersion": "1"}, "items": items})
	}
}

// newServer serves over TLS: client-go sends credentials over nothing else.
func newServer(t *testing.T, api *apiServer) *httptest.Server {
	t.Helper()
	srv := httptest.NewTLSServer(api)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	return srv
}

func (s *apiServer) called(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if strings.HasSuffix(c, " "+path) {
			return true
		}
	}
	return false
}

// kubeconfig writes one with a context "test" for the server, and a context "other".
func kubeconfig(t *testing.T, server, user string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: me, user: {%s}}]
contexts:
- {name: test, context: {cluster: c, user: me, namespace: team}}
- {name: other, context: {cluster: c, user: me}}
`, server, user)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string, args ...string) (*kube.Client, error) {
	t.Helper()
	flags := kube.NewFlags()
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.AddTo(fs)
	if err := fs.Parse(append([]string{"--kubeconfig", path}, args...)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := kube.Open(ctx, kube.Config{Flags: flags})
	if c != nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func TestOpen(t *testing.T) {
	api := &apiServer{versions: map[string][]string{"v1beta1": {"workspaces", "workspaces/status", "inferencesets"}, "v1alpha1": {"workspaces", "multiroleinferences"}}}
	srv := newServer(t, api)
	c, err := open(t, kubeconfig(t, srv.URL, ""))
	if err != nil {
		t.Fatal(err)
	}
	cl := list(t, c)
	if cl.Context != "test" || cl.User != "me" || cl.Namespace != "" || len(cl.Contexts) != 2 || byName(t, cl, "chat").Context != "test" {
		t.Errorf("picture %+v", cl)
	}
	for _, path := range []string{"/apis/kaito.sh/v1beta1/workspaces", "/apis/kaito.sh/v1alpha1/multiroleinferences"} {
		if !api.called(path) {
			t.Errorf("%s was not read", path)
		}
	}
	for _, path := range []string{"/apis/kaito.sh/v1beta1/ragengines", "/apis/keda.sh/v1alpha1/scaledobjects"} {
		if api.called(path) {
			t.Errorf("%s is not served and was read", path)
		}
	}
}

func TestOpenOlderKaito(t *testing.T) {
	api := &apiServer{versions: map[string][]string{"v1alpha1": {"workspaces"}}}
	srv := newServer(t, api)
	c, err := open(t, kubeconfig(t, srv.URL, ""), "-n", "team-b")
	if err != nil {
		t.Fatal(err)
	}
	if cl := list(t, c); cl.Namespace != "team-b" || !api.called("/apis/kaito.sh/v1alpha1/namespaces/team-b/workspaces") {
		t.Errorf("namespace %q; calls %v", cl.Namespace, api.calls)
	}
}

func TestOpenProblems(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "https://" + free.Addr().String()
	_ = free.Close()
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("{:"), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := func(api *apiServer) string {
		return newServer(t, api).URL
	}
	plugin := "exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin-here, interactiveMode: Never}"
	tests := []struct {
		name string
		path string
		args []string
		want []string // parts of the problem
	}{
		{"no kubeconfig", filepath.Join(t.TempDir(), "none"), nil, []string{"no kubeconfig", "looked for", "--demo", "URL"}},
		{"a kubeconfig that is none", garbage, nil, []string{"cannot be read", "--kubeconfig"}},
		{"unknown context", kubeconfig(t, nobody, ""), []string{"--context", "tset"}, []string{`no context "tset"`, "it has test, other"}},
		{"nobody listens", kubeconfig(t, nobody, ""), nil, []string{"cannot reach the cluster of test at 127.0.0.1", "connection refused", "--context"}},
		{"log-in expired", kubeconfig(t, serve(&apiServer{token: "new"}), "token: old"), nil, []string{"not logged in to test", "log in again"}},
		{"forbidden", kubeconfig(t, serve(&apiServer{status: 403, body: "no"}), ""), nil, []string{"too little", "benchtop rbac"}},
		{"no Kaito", kubeconfig(t, serve(&apiServer{}), ""), nil, []string{"Kaito is not installed in test"}},
		{"a group without workspaces", kubeconfig(t, serve(&apiServer{versions: map[string][]string{"v1beta1": {"ragengines"}}}), ""), nil, []string{"Kaito is not installed"}},
		{"a web page", kubeconfig(t, serve(&apiServer{status: 200, body: "<html>\x1b[2J"}), ""), nil, []string{"cannot use the cluster", "not as a Kubernetes API server"}},
		{"a log-in plugin that is not there", kubeconfig(t, nobody, plugin), nil, []string{"cannot log in to test", "no-such-plugin-here", "install"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := open(t, tt.path, tt.args...)
			var p *inventory.Problem
			if !errors.As(err, &p) {
				t.Fatalf("error is %v, want a problem", err)
			}
			for _, w := range tt.want {
				if !strings.Contains(p.Error(), w) {
					t.Errorf("%q does not say %q", p.Error(), w)
				}
			}
			if p.What == "" || len(p.Next) == 0 || strings.ContainsAny(p.Error(), "\x1b\n") {
				t.Errorf("problem %+v", p)
			}
			if strings.Contains(p.Error(), "*") || strings.Contains(p.Error(), "&") {
				t.Errorf("%q shows Go's innards", p.Error())
			}
		})
	}
}

func TestLoginPlugin(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the plugin is a shell script")
	}
	script := filepath.Join(t.TempDir(), "login")
	text := `#!/bin/sh
printf 'open https://example.com/device\033[2J and enter ABCD\n' >&2
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"sesame"}}'
`
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 10)
	kube.OnLogin(func(line string) { said <- line })
	defer kube.OnLogin(nil)
	srv := newServer(t, &apiServer{token: "sesame", versions: map[string][]string{"v1beta1": {"workspaces"}}})
	before := os.Stderr
	_, err := open(t, kubeconfig(t, srv.URL, fmt.Sprintf("exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: Never}", script)))
	if err != nil {
		t.Fatal(err)
	}
	if os.Stderr != before {
		t.Error("stderr was not put back")
	}
	select {
	case line := <-said:
		if line != "open https://example.com/device and enter ABCD" {
			t.Errorf("the plugin said %q", line)
		}
	case <-time.After(20 * time.Second):
		t.Error("what the plugin wrote did not arrive")
	}
}

func TestLibraryLogsGoNowhere(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = w
	f := kube.NewFlags()
	f.Kubeconfig = filepath.Join(t.TempDir(), "none")
	_, _ = kube.Open(t.Context(), kube.Config{Flags: f})
	klog.ErrorS(nil, "something went wrong")
	klog.Flush()
	os.Stderr = stderr
	w.Close()
	if text, err := io.ReadAll(r); err != nil || len(text) > 0 {
		t.Errorf("stderr has %q, %v", text, err)
	}
}

func TestFlags(t *testing.T) {
	path := kubeconfig(t, "http://127.0.0.1:1", "")
	f := kube.NewFlags()
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.AddTo(fs)
	for _, name := range []string{"kubeconfig", "context", "namespace", "all-namespaces", "cluster", "user", "server", "token", "as", "as-group",
		"certificate-authority", "client-certificate", "client-key", "insecure-skip-tls-verify", "tls-server-name", "request-timeout"} {
		if fs.Lookup(name) == nil {
			t.Errorf("no --%s, which kubectl has", name)
		}
	}
	for short, long := range map[string]string{"n": "namespace", "A": "all-namespaces", "s": "server"} {
		if fl := fs.ShorthandLookup(short); fl == nil || fl.Name != long {
			t.Errorf("-%s is not --%s", short, long)
		}
	}
	f.Kubeconfig = path
	all, current, err := f.Contexts()
	if err != nil || current != "test" || strings.Join(all, " ") != "other test" {
		t.Errorf("contexts %v, current %q, %v", all, current, err)
	}
	if _, current, _ := f.For("other").Contexts(); current != "other" {
		t.Errorf("For gives %q", current)
	}
	if _, current, _ := f.Contexts(); current != "test" {
		t.Error("For changed the flags it was called on")
	}
}

func TestRole(t *testing.T) {
	docs := func(text string) (out []map[string]any) {
		for _, d := range strings.Split(text, "---\n") {
			var m map[string]any
			if err := yaml.UnmarshalStrict([]byte(d), &m); err != nil {
				t.Fatalf("%v in\n%s", err, d)
			}
			out = append(out, m)
		}
		return out
	}
	kindsOf := func(ds []map[string]any) string {
		var k []string
		for _, d := range ds {
			k = append(k, d["kind"].(string))
		}
		return strings.Join(k, " ")
	}
	full := kube.Role(kube.RoleOptions{Namespace: "team", User: "ann@example.com", PortForward: true, Nodes: true})
	if got := kindsOf(docs(full)); got != "Role RoleBinding ClusterRole ClusterRoleBinding" {
		t.Errorf("kinds %s", got)
	}
	for _, want := range []string{"pods/portforward", `namespace: "team"`, `name: "ann@example.com"`, "nodes"} {
		if !strings.Contains(full, want) {
			t.Errorf("no %s in\n%s", want, full)
		}
	}
	if strings.Contains(full, "services/proxy") {
		t.Error("grants more than was asked")
	}
	all := kube.Role(kube.RoleOptions{Proxy: true, Nodes: true})
	if got := kindsOf(docs(all)); got != "ClusterRole ClusterRoleBinding" || !strings.Contains(all, "services/proxy") || !strings.Contains(all, "nodes") {
		t.Errorf("kinds %s of\n%s", got, all)
	}
}

// The one run of a plugin with the terminal's input does not let later ones have it.
func TestInteractiveLogin(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the plugin is a shell script")
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "login")
	// It fails until it has been run twice, as one does that asks the first time and remembers.
	text := fmt.Sprintf(`#!/bin/sh
echo run >>%[1]s/runs
[ "$(wc -l <%[1]s/runs)" -ge 2 ] || { echo "who are you?" >&2; exit 1; }
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"sesame"}}'
`, dir)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 10)
	kube.OnLogin(func(line string) { said <- line })
	defer kube.OnLogin(nil)
	srv := newServer(t, &apiServer{token: "sesame", versions: map[string][]string{"v1beta1": {"workspaces"}}})
	f := kube.NewFlags()
	f.Kubeconfig = kubeconfig(t, srv.URL, fmt.Sprintf("exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: IfAvailable}", script))
	if _, err := kube.Open(t.Context(), kube.Config{Flags: f}); err == nil || !strings.Contains(err.Error(), "cannot log in to test") {
		t.Fatalf("a plugin that fails: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "runs")); err != nil {
		t.Fatal(err)
	}
	c, err := kube.Open(t.Context(), kube.Config{Flags: f, Interactive: true})
	if err != nil {
		t.Fatalf("a plugin that has to ask once: %v", err)
	}
	defer func() { _ = c.Close() }()
	if line := <-said; line != "who are you?" {
		t.Errorf("the plugin said %q", line)
	}
}
