package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"benchtop/kube/inventory"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/clientcmd"
)

// The ways on that need no cluster; every Problem ends with them.
var withoutCluster = []string{"give a URL as the target", "or try --demo"}

func ways(more ...string) []string { return append(more, withoutCluster...) }

// configProblem explains an error of reading the kubeconfig.
func configProblem(err error, f *Flags, contexts []string) *inventory.Problem {
	var known *inventory.Problem
	if errors.As(err, &known) {
		return known
	}
	path := f.kubeconfigPath()
	why := inventory.Clean(err.Error(), 300)
	switch {
	case len(contexts) > 0 && f.overrides.CurrentContext != "" && !slices.Contains(contexts, f.overrides.CurrentContext):
		return &inventory.Problem{What: fmt.Sprintf("no context %q in %s", f.overrides.CurrentContext, path),
			Why: "it has " + strings.Join(nearest(f.overrides.CurrentContext, contexts, 5), ", "), Next: ways("choose one with --context")}
	case clientcmd.IsEmptyConfig(err) || len(contexts) == 0 && strings.Contains(why, "no such file"):
		return &inventory.Problem{What: "no kubeconfig", Why: "looked for " + path,
			Next: ways("set KUBECONFIG or --kubeconfig")}
	case clientcmd.IsConfigurationInvalid(err):
		return &inventory.Problem{What: "the kubeconfig " + path + " cannot be used", Why: why,
			Next: ways("choose a context with --context", "check it with: kubectl config view")}
	}
	return &inventory.Problem{What: "the kubeconfig " + path + " cannot be read", Why: why, Next: ways("give another with --kubeconfig")}
}

// problem explains an error of talking to the cluster.
func problem(err error, b Backend) *inventory.Problem {
	var known *inventory.Problem
	if errors.As(err, &known) {
		return known
	}
	host := hostOf(b.Server)
	other := "choose another with --context"
	if len(b.Contexts) < 2 {
		other = "check --kubeconfig and --context"
	}
	why := inventory.Clean(rootCause(err).Error(), 300)
	switch code := statusCode(err); {
	case errors.Is(err, errNoKaito):
		return &inventory.Problem{What: fmt.Sprintf("Kaito is not installed in %s", b.Context), Why: errNoKaito.Error(), Next: ways(other)}
	case code == http.StatusUnauthorized:
		return &inventory.Problem{What: fmt.Sprintf("not logged in to %s", b.Context),
			Why: "the API server does not accept the credentials: expired?", Next: ways("log in again", other)}
	case code == http.StatusForbidden:
		return &inventory.Problem{What: fmt.Sprintf("%s lets this user do too little", b.Context), Why: why,
			Next: ways("ask an admin to apply the output of: benchtop rbac")}
	case errors.Is(err, exec.ErrNotFound) || strings.Contains(why, "executable") && strings.Contains(why, "not found"):
		return &inventory.Problem{What: fmt.Sprintf("cannot log in to %s", b.Context), Why: why,
			Next: ways("install the log-in plugin the kubeconfig names", other)}
	case strings.Contains(err.Error(), "getting credentials"):
		return &inventory.Problem{What: fmt.Sprintf("cannot log in to %s", b.Context), Why: why, Next: ways("log in again", other)}
	case unreachable(err):
		return &inventory.Problem{What: fmt.Sprintf("cannot reach the cluster of %s at %s", b.Context, host), Why: why,
			Next: ways("check the network or VPN", other)}
	}
	return &inventory.Problem{What: fmt.Sprintf("cannot use the cluster of %s at %s", b.Context, host), Why: why, Next: ways(other)}
}

// unreachable says that err is of the network or of TLS, not of the API.
func unreachable(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	return errors.As(err, &op) || errors.As(err, &dns) || errors.As(err, &unknown) || errors.As(err, &host) ||
		errors.As(err, &invalid) || errors.As(err, &record) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}

// rootCause drops the method and URL that net/http puts before an error: the caller names the server.
func rootCause(err error) error {
	var u *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer within the time limit")
	case errors.As(err, &u):
		return u.Err
	}
	return err
}

func statusCode(err error) int {
	var raw *statusError
	if errors.As(err, &raw) {
		return raw.code
	}
	var api apierrors.APIStatus
	if errors.As(err, &api) {
		return int(api.Status().Code)
	}
	return 0
}
