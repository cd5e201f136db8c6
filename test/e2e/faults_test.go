//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// These tests hurt the lab while a sweep runs over it, by the API that KUBELAB_DIR/control names, and
// hold the sweep to what a person is promised for such days.

const pod = "default/phi4-mini-a10-0"

// control makes a fault in the lab.
func control(t *testing.T, what string) {
	t.Helper()
	base, err := os.ReadFile(filepath.Join(os.Getenv("KUBELAB_DIR"), "control"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(strings.TrimSpace(string(base))+"/"+what, "", nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	if msg, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s: %s", what, resp.Status, msg)
	}
}

func needsLab(t *testing.T) {
	t.Helper()
	if os.Getenv("KUBELAB_DIR") == "" {
		t.Skip("needs KUBELAB_DIR, the state of a lab that can make faults")
	}
}

// A saved is what these tests read of run.json.
type saved struct {
	State string `json:"state"`
	Notes []struct {
		Text string `json:"text"`
	} `json:"notes"`
	Steps []struct {
		Target string  `json:"target"`
		Rate   float64 `json:"rate"`
		Try    int     `json:"try"`
		Sent   int     `json:"sent"`
		OK     int     `json:"ok"`
		TTFT   struct {
			Max *float64 `json:"max"`
		} `json:"ttft"`
		Verdict struct {
			Void    bool     `json:"void"`
			Reasons []string `json:"reasons"`
		} `json:"verdict"`
	} `json:"steps"`
}

func (s *saved) notes() string {
	var b strings.Builder
	for _, n := range s.Notes {
		b.WriteString(n.Text + "\n")
	}
	return b.String()
}

// tries returns what came of each try of a target at a rate: "void" or "used".
func (s *saved) tries(target string, rate float64) (out []string) {
	for _, st := range s.Steps {
		if st.Target == target && st.Rate == rate {
			word := "used"
			if st.Verdict.Void {
				word = "void"
			}
			out = append(out, word)
		}
	}
	return out
}

// A blow is a fault made once the sweep's progress has shown when.
type blow struct {
	when *regexp.Regexp
	make func()
}

// a10At is the progress of the A10 two seconds into the window of the first step's first try.
var a10At = regexp.MustCompile(`a10 step 1/\d+ 2 req/s 2/8s`)

// hurt runs a sweep without the interface and strikes the blows one after the other.
func hurt(t *testing.T, env []string, args []string, blows ...blow) (outcome, saved) {
	t.Helper()
	needsLab(t)
	dir := filepath.Join(t.TempDir(), "run")
	args = append([]string{"run", "--duration", "8s", "--warmup", "1s", "--output-tokens", "40", "--no-tui", "--yes", "--wait", "90s",
		"--out", dir}, args...)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(environment(t), env...)
	var out, errw bytes.Buffer
	cmd.Stdout = &out
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var faults sync.WaitGroup
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		errw.WriteString(lines.Text() + "\n")
		if len(blows) > 0 && blows[0].when.MatchString(lines.Text()) {
			faults.Go(blows[0].make)
			blows = blows[1:]
		}
	}
	_ = cmd.Wait() // the code tells
	faults.Wait()
	got := outcome{out.String(), errw.String(), cmd.ProcessState.ExitCode()}
	if len(blows) > 0 {
		t.Fatalf("the sweep ended before its faults (exit code %d): %s", got.code, got.err)
	}
	var s saved
	b, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		t.Fatalf("%v; exit code %d: %s", err, got.code, got.err)
	}
	return got, s
}

// both targets at one rate, over which faults of the A10's way must not touch the A100.
var both = []string{"a10=default/phi4-mini-a10", "a100=default/phi4-mini-a100", "--rates", "2"}

// usedAfter holds a target to void tries and one that is used.
func usedAfter(t *testing.T, got outcome, s saved, target string, void int) {
	t.Helper()
	want := strings.Repeat("void ", void) + "used"
	if tries := strings.Join(s.tries(target, 2), " "); tries != want {
		t.Errorf("%s: tries %q, want %q; %s", target, tries, want, got.err)
	}
	if got.code != 0 && got.code != untrusted {
		t.Errorf("exit code %d: %s", got.code, got.err)
	}
	for _, st := range s.Steps {
		if !st.Verdict.Void && st.OK != st.Sent {
			t.Errorf("%s, try %d: %d of %d ok", st.Target, st.Try, st.OK, st.Sent)
		}
	}
}

func TestPortForwardCutVoidsOneStep(t *testing.T) {
	got, s := hurt(t, nil, both, blow{a10At, func() { control(t, "drop?pod="+pod) }})
	usedAfter(t, got, s, "a10", 1)
	usedAfter(t, got, s, "a100", 0)
	if !strings.Contains(s.notes(), "tunnel cut") {
		t.Errorf("notes %q do not say what happened", s.notes())
	}
}

func TestAPIServerAway(t *testing.T) {
	for _, tc := range []struct {
		name, fault, via string
	}{
		{"5 s, port-forward", "apiserver?down=5s", "port-forward"},
		{"5 s, proxy", "apiserver?down=5s", "proxy"},
		{"30 s", "apiserver?down=30s", "port-forward"},
		{"silent for 6 s", "apiserver?down=6s&mode=hang", "port-forward"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, s := hurt(t, nil, []string{"a10=default/phi4-mini-a10", "--rates", "2", "--via", tc.via}, blow{a10At, func() { control(t, tc.fault) }})
			usedAfter(t, got, s, "a10", 1)
		})
	}
}

func TestPodRestartedOnce(t *testing.T) {
	got, s := hurt(t, nil, both, blow{a10At, func() { recreate(t) }})
	usedAfter(t, got, s, "a10", 1)
	usedAfter(t, got, s, "a100", 0)
	if !strings.Contains(s.notes(), "the pod restarted") {
		t.Errorf("notes %q do not say what happened", s.notes())
	}
}

func TestPodRestartedTwiceIsTheResult(t *testing.T) {
	args := append(both[:2:2], "--rates", "2,4")
	got, s := hurt(t, nil, args, blow{a10At, func() { recreate(t) }},
		blow{regexp.MustCompile(`a10 step 1/2 2 req/s try 2 2/8s`), func() { recreate(t) }})
	if tries := strings.Join(s.tries("a10", 2), " "); tries != "void void" {
		t.Errorf("tries %q; %s", tries, got.err)
	}
	if len(s.tries("a10", 4)) != 0 {
		t.Error("a higher rate was tried")
	}
	if len(s.tries("a100", 4)) != 1 {
		t.Error("the other target did not go on")
	}
	if !strings.Contains(s.notes(), "restarted 2 times at this rate") {
		t.Errorf("notes %q", s.notes())
	}
}

// recreate replaces the A10's pod by one of a new uid.
func recreate(t *testing.T) {
	t.Helper()
	ns, name, _ := strings.Cut(pod, "/")
	out, err := exec.Command("kubectl", "--kubeconfig", filepath.Join(os.Getenv("KUBELAB_DIR"), "kubeconfig"), "-n", ns, "delete", "pod", name,
		"--grace-period=1", "--wait=false").CombinedOutput()
	if err != nil {
		t.Errorf("kubectl: %v: %s", err, out)
	}
}

func TestFlappingWorkspaceIsMeasuredOn(t *testing.T) {
	got, s := hurt(t, nil, []string{"a10=default/phi4-mini-a10", "--rates", "2"}, blow{a10At, func() {
		control(t, "workspace?name=default/phi4-mini-a10&ready=false&reason=ContainerOOMKilled")
	}}, blow{regexp.MustCompile(`no longer calls itself ready.*ContainerOOMKilled`), func() {
		control(t, "workspace?name=default/phi4-mini-a10&ready=true")
	}})
	usedAfter(t, got, s, "a10", 0)
	if !strings.Contains(got.err, "is ready again") {
		t.Errorf("its return is not told: %s", got.err)
	}
}

func TestWaitsForWhatIsNamed(t *testing.T) {
	needsLab(t)
	control(t, "workspace?name=default/phi4-mini-a10&ready=false&reason=ContainerOOMKilled")
	ready := func() { control(t, "workspace?name=default/phi4-mini-a10&ready=true") }
	t.Cleanup(ready)
	if got := benchtop(t, "run", "default/phi4-mini-a10", "--no-tui"); got.code != 1 || !strings.Contains(got.err, "--wait 20m") {
		t.Errorf("without --wait: exit code %d: %s", got.code, got.err)
	}
	got, s := hurt(t, nil, []string{"a10=default/phi4-mini-a10", "--rates", "2"}, blow{regexp.MustCompile("waiting up to .*ContainerOOMKilled"), ready})
	usedAfter(t, got, s, "a10", 0)
}

func TestContextSwitchedUnderASweep(t *testing.T) {
	needsLab(t)
	all, err := os.ReadFile(filepath.Join(os.Getenv("KUBELAB_DIR"), "kubeconfig-all"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config")
	current := regexp.MustCompile(`(?m)^current-context:.*$`)
	use := func(name string) {
		if err := os.WriteFile(path, current.ReplaceAll(all, []byte("current-context: "+name)), 0o600); err != nil {
			t.Error(err)
		}
	}
	use("admin")
	got, s := hurt(t, []string{"KUBECONFIG=" + path}, []string{"a10=default/phi4-mini-a10", "--rates", "2"}, blow{a10At, func() { use("viewer") }})
	usedAfter(t, got, s, "a10", 0)
}
