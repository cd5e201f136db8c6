package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// A targetSpec is one TARGET of the command line: [NAME=]URL or
// [NAME=][CONTEXT:][NAMESPACE/]WORKSPACE.
type targetSpec struct {
	Raw       string
	Name      string // "" = to be chosen
	URL       string // set for a URL target; without a trailing /v1 or /
	Context   string // "" = the current one
	Namespace string // "" = the current one
	Workspace string
}

var (
	targetName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)
	// What a person types who means a URL; a workspace called 8000 in a context called localhost can
	// be reached as NAMESPACE/8000.
	hostPort = regexp.MustCompile(`^[A-Za-z0-9.-]+:[0-9]{2,5}$`)
	// Kubernetes' own rules: DNS-1123 label for a namespace, subdomain for an object.
	dnsLabel     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	dnsSubdomain = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
)

// parseTarget reads one TARGET. Context names may themselves hold ':' and '/' (EKS uses ARNs), so
// the workspace is what follows the last of either, and the namespace what stands before it back
// to the last ':'.
func parseTarget(raw string) (targetSpec, error) {
	t := targetSpec{Raw: raw}
	rest := raw
	if name, after, ok := strings.Cut(raw, "="); ok && targetName.MatchString(name) {
		t.Name, rest = name, after
	} else if ok && (strings.HasPrefix(after, "http://") || strings.HasPrefix(after, "https://")) {
		return t, fmt.Errorf("target %q: a name is 1 to 40 of A-Z a-z 0-9 . _ - and begins with a letter or digit", name+"=…")
	}
	if strings.Contains(rest, "://") {
		u, err := parseTargetURL(rest)
		t.URL = u
		return t, err
	}
	if hostPort.MatchString(rest) {
		return t, fmt.Errorf("target %q: did you mean http://%s?", raw, rest)
	}
	return t, t.parseWorkspace(rest)
}

func (t *targetSpec) parseWorkspace(rest string) error {
	bad := func(what string) error {
		return fmt.Errorf("target %q: %s; want [NAME=][CONTEXT:][NAMESPACE/]WORKSPACE or a URL", t.Raw, what)
	}
	cut := strings.LastIndexAny(rest, ":/")
	t.Workspace = rest[cut+1:]
	if cut >= 0 && rest[cut] == '/' {
		before := rest[:cut]
		colon := strings.LastIndexByte(before, ':')
		t.Namespace = before[colon+1:]
		if !dnsLabel.MatchString(t.Namespace) {
			return bad(fmt.Sprintf("%q is not a namespace", t.Namespace))
		}
		rest, cut = before, colon
	}
	if cut >= 0 {
		t.Context = rest[:cut]
		if t.Context == "" {
			return bad("the context before ':' is empty")
		}
	}
	if !dnsSubdomain.MatchString(t.Workspace) {
		return bad(fmt.Sprintf("%q is not a workspace name", t.Workspace))
	}
	return nil
}

// parseTargetURL checks a base URL and cuts what the engine adds itself.
func parseTargetURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// The text of url.Error repeats the URL, which may hold a password.
		return "", errors.New("target: that URL cannot be read; want http://HOST:PORT or https://HOST")
	}
	shown := u.Redacted()
	switch {
	case u.User != nil:
		return "", fmt.Errorf("target %q: a URL must not hold a password; give the key with --api-key-env or --api-key-file", shown)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("target %q: scheme %q is not known; want http or https", shown, u.Scheme)
	case u.Hostname() == "":
		return "", fmt.Errorf("target %q: the host is missing; want http://HOST:PORT", shown)
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "", fmt.Errorf("target %q: want a base URL without ? or #", shown)
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1")
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u.String(), nil
}

// parseTargets reads all TARGETs and refuses a name given twice. All problems are returned at once.
func parseTargets(args []string) ([]targetSpec, error) {
	var specs []targetSpec
	var errs []error
	seen := map[string]bool{}
	for _, a := range args {
		t, err := parseTarget(a)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if t.Name != "" && seen[t.Name] {
			errs = append(errs, fmt.Errorf("target %q: the name %q is given twice", a, t.Name))
		}
		seen[t.Name] = true
		specs = append(specs, t)
	}
	return specs, errors.Join(errs...)
}
