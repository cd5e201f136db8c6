//go:build unix

package term_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/sim"
	"benchtop/test/term"
	"benchtop/ui/screen/fixture"
)

// binary is the program, built once.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv(breakEnv) != "" {
		os.Exit(broken())
	}
	os.Exit(tests(m))
}

func tests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "benchtop-term-*")
	if err == nil {
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "benchtop")
		build := exec.Command("go", "build", "-o", binary, "../../cmd/benchtop")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
		return 1
	}
	return m.Run()
}

// A home is what one user has: saved runs and environment. No test sees the real one's.
type home struct {
	t    testing.TB
	runs string
	env  []string
}

func newHome(t testing.TB, env ...string) *home {
	if t, ok := t.(*testing.T); ok {
		t.Parallel()
	}
	dir := t.TempDir()
	h := &home{t: t, runs: filepath.Join(dir, "runs")}
	h.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "BENCHTOP_RUNS=" + h.runs,
		"KUBECONFIG=" + filepath.Join(dir, "none"), "LANG=C.UTF-8", "TERM=xterm-256color"}, env...)
	return h
}

// command prepares the program; the last of two equal variables wins.
func (h *home) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(h.t.Context(), binary, args...)
	cmd.Env = h.env
	return cmd
}

func (h *home) start(args ...string) *term.Terminal {
	h.t.Helper()
	return term.Start(h.t, h.command(args...), 120, 40, nil)
}

// startSweep starts a sweep of two targets that does not end before its test does, and waits until
// requests are being sent.
func (h *home) startSweep() *term.Terminal {
	h.t.Helper()
	x := h.start("run", "A10="+serve(h.t), "A100="+serve(h.t), "--rates", "4", "--duration", "1h",
		"--warmup", "0s", "--drain", "1h", "--prompt-tokens", "20", "--output-tokens", "20")
	x.Await("2 targets side by side", "measuring")
	return x
}

// serve starts a simulated server and returns its URL.
func serve(t testing.TB) string {
	t.Helper()
	profile, err := sim.ProfileByName("a100")
	if err != nil {
		t.Fatal(err)
	}
	srv, err := sim.New(sim.Config{Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ctx, l) }()
	t.Cleanup(func() { cancel(); srv.Close(); <-done })
	return "http://" + l.Addr().String()
}

// saveRun puts a finished sweep of two targets among the saved runs.
func (h *home) saveRun() {
	h.t.Helper()
	w, err := record.Create(filepath.Join(h.runs, fixture.ID), fixture.Run(2))
	if err != nil {
		h.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		h.t.Fatal(err)
	}
}

// wantInterrupted checks that the one run of the home is saved, and can be shown.
func (h *home) wantInterrupted(targets ...string) {
	h.t.Helper()
	out, err := h.command("show", "latest").CombinedOutput()
	if err != nil {
		h.t.Fatalf("show: %v: %s", err, out)
	}
	for _, want := range append(targets, "interrupted") {
		if !strings.Contains(string(out), want) {
			h.t.Errorf("show does not say %q:\n%s", want, out)
		}
	}
	if entries, err := os.ReadDir(h.runs); err != nil || len(entries) != 1 {
		h.t.Errorf("%d saved runs, error %v; want one", len(entries), err)
	}
}
