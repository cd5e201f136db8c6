//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// as is the environment of one of the lab's users.
func as(t *testing.T, user string) []string {
	t.Helper()
	path := filepath.Join(filepath.Dir(os.Getenv("KUBECONFIG")), "kubeconfig-"+user)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the lab has no user %s", user)
	}
	return []string{"KUBECONFIG=" + path}
}

func TestUsersDoWhatTheirRightsAllow(t *testing.T) {
	for _, tc := range []struct {
		user     string
		sees     []string
		not      string // what this user must not see
		refusals []string
	}{
		{"viewer", []string{"phi4-mini-a10", "3.20", "qwen-set-7kx2p"}, "", []string{"create on pods/portforward", "create on services/proxy", "benchtop rbac"}},
		{"namespaced", []string{"qwen-set-7kx2p", "A100"}, "phi4-mini-a10", []string{"no workspace", "bench/qwen-set"}},
		{"jobrunner", []string{"phi4-mini-a10", "3.20"}, "", []string{"create on pods/portforward"}},
	} {
		t.Run(tc.user, func(t *testing.T) {
			t.Setenv("KUBECONFIG", strings.TrimPrefix(as(t, tc.user)[0], "KUBECONFIG="))
			got := benchtop(t, "list")
			for _, want := range tc.sees {
				if !strings.Contains(got.out, want) {
					t.Errorf("list lacks %q: %s%s", want, got.out, got.err)
				}
			}
			if tc.not != "" && strings.Contains(got.out, tc.not) {
				t.Errorf("list has %q: %s", tc.not, got.out)
			}
			if got = benchtop(t, "rbac", "--check"); got.code != 0 || !strings.Contains(got.out, "portforward") {
				t.Errorf("rbac --check: exit code %d: %s%s", got.code, got.out, got.err)
			}
			got = benchtop(t, "run", "default/phi4-mini-a10", "--no-tui")
			for _, want := range tc.refusals {
				if got.code != 1 || !strings.Contains(got.err, want) {
					t.Errorf("run: exit code %d, want %q in: %s", got.code, want, got.err)
				}
			}
		})
	}
}

// Who gets what `benchtop rbac` prints can run a sweep the way that was asked for, and no other.
func TestRolesAreEnough(t *testing.T) {
	needsLab(t)
	const ws = "default/phi4-mini-a10"
	kubectl := func(stdin string, args ...string) {
		t.Helper()
		cmd := exec.Command("kubectl", args...)
		cmd.Stdin = strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("kubectl %v: %v: %s", args, err, out)
		}
	}
	run := func(via, user string) outcome {
		return benchtop(t, "run", "a10="+ws, "--as", user, "-n", "default", "--via", via, "--rates", "2", "--duration", "3s", "--warmup", "1s",
			"--output-tokens", "20", "--no-tui", "--yes", "--out", filepath.Join(t.TempDir(), "run"))
	}
	for via, other := range map[string]string{"port-forward": "proxy", "proxy": "port-forward"} {
		t.Run(via, func(t *testing.T) {
			user := "nobody-" + via
			if got := run(via, user); got.code != 1 || !strings.Contains(got.err, "list on workspaces.kaito.sh") {
				t.Fatalf("without rights: exit code %d: %s", got.code, got.err)
			}
			role := benchtop(t, "rbac", ws, "--for", user, "--via", via)
			if role.code != 0 {
				t.Fatalf("exit code %d: %s", role.code, role.err)
			}
			kubectl(role.out, "apply", "-f", "-")
			t.Cleanup(func() { kubectl(role.out, "delete", "-f", "-") })
			if got := run(via, user); got.code != 0 && got.code != untrusted {
				t.Errorf("with the Role: exit code %d: %s", got.code, got.err)
			}
			if got := run(other, user); got.code != 1 || !strings.Contains(got.err, "is missing") {
				t.Errorf("the other way: exit code %d: %s", got.code, got.err)
			}
			got := benchtop(t, "run", "a100=default/phi4-mini-a100", "--as", user, "-n", "default", "--via", via, "--no-tui", "--yes",
				"--out", filepath.Join(t.TempDir(), "run"))
			if got.code != 1 || !strings.Contains(got.err, "is missing") {
				t.Errorf("another workspace: exit code %d: %s", got.code, got.err)
			}
		})
	}
}

// A log-in plug-in whose token runs out in a sweep is in no number: a tunnel that stands needs no token,
// and over the API server's proxy the step whose requests waited is void.
func TestLoginInASweep(t *testing.T) {
	needsLab(t)
	for _, via := range []string{"port-forward", "proxy"} {
		t.Run(via, func(t *testing.T) {
			config, token := withLogin(t)
			got, s := hurt(t, []string{"KUBECONFIG=" + config}, []string{"a10=default/phi4-mini-a10", "--rates", "2,3", "--via", via})
			for _, rate := range []float64{2, 3} {
				tries := s.tries("a10", rate)
				if len(tries) == 0 || tries[len(tries)-1] != "used" || via == "port-forward" && len(tries) != 1 {
					t.Errorf("%g req/s: %v; %s", rate, tries, got.err)
				}
			}
			for _, st := range s.Steps {
				if max := st.TTFT.Max; !st.Verdict.Void && (max == nil || *max > loginTakes/2*1e3) {
					t.Errorf("%g req/s, try %d: the log-in is in the numbers: TTFT up to %v ms", st.Rate, st.Try, max)
				}
			}
			if via == "proxy" && !strings.Contains(got.err, "log-in: open https://login.example and enter ABC-123") {
				t.Errorf("the plug-in's question is not told: %s", got.err)
			}
			if strings.Contains(got.err+got.out, token) {
				t.Error("the token is shown")
			}
		})
	}
}

// loginTakes is how long, in seconds, the plug-in asks when it is called again.
const loginTakes = 12

// withLogin writes a kubeconfig of the lab's admin with a log-in plug-in, whose first token is short.
func withLogin(t *testing.T) (config, token string) {
	t.Helper()
	conf, err := os.ReadFile(filepath.Join(os.Getenv("KUBELAB_DIR"), "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ *token: (\S+)$`).FindSubmatch(conf)
	if line == nil {
		t.Skip("the lab's admin has no token")
	}
	token = string(line[1])
	dir := t.TempDir()
	plugin := filepath.Join(dir, "log-in")
	config = filepath.Join(dir, "config")
	script := fmt.Sprintf(`#!/bin/sh
life=1hour
if [ -e %[1]s ]; then
	echo "open https://login.example and enter ABC-123" >&2
	sleep %[3]d
else
	life=12seconds
fi
touch %[1]s
exp=$(date -u -d "+$life" +%%Y-%%m-%%dT%%H:%%M:%%SZ)
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"expirationTimestamp":"'$exp'","token":"%[2]s"}}'
`, filepath.Join(dir, "once"), token, loginTakes)
	user := fmt.Sprintf("    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: %s\n      interactiveMode: IfAvailable", plugin)
	for path, text := range map[string]string{plugin: script, config: strings.Replace(string(conf), string(line[0]), user, 1)} {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return config, token
}

// An API key is in no file and on no screen, in no form.
func TestAPIKeyStaysSecret(t *testing.T) {
	const key = "canary-5f1d0c8e-key"
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	args := append([]string{"run"}, append(targets, "--rates", "2", "--duration", "3s", "--warmup", "1s", "--output-tokens", "20",
		"--no-tui", "--yes", "--out", dir, "--via", "port-forward", "--api-key-file", keyFile)...)
	got := benchtop(t, args...)
	if got.code != 0 && got.code != untrusted {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	shown := benchtop(t, "show", dir, "-o", "wide")
	files := 0
	check := func(where string, b []byte) {
		for _, form := range []string{key, base64.StdEncoding.EncodeToString([]byte(key))} {
			if bytes.Contains(b, []byte(form)) {
				t.Errorf("the key is in %s", where)
			}
		}
	}
	check("the output", []byte(got.out+got.err+shown.out+shown.err))
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		check(filepath.Base(path), b)
		files++
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("%d files, %v", files, err)
	}
}
