//go:build e2e

package e2e

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// A screen is the binary on a pseudo-terminal with an emulator behind it.
type screen struct {
	t    *testing.T
	cmd  *exec.Cmd
	ptmx *os.File
	emu  *vt.Emulator
	data chan []byte
	raw  bytes.Buffer
}

func openScreen(t *testing.T, args ...string) *screen {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = environment(t)
	ptmx, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, cmd: cmd, ptmx: ptmx, emu: vt.NewEmulator(120, 40), data: make(chan []byte)}
	replies := make(chan struct{})
	go func() { // what the emulator answers goes back as input
		defer close(replies)
		_, _ = io.Copy(ptmx, s.emu)
	}()
	go func() {
		defer close(s.data)
		buf := make([]byte, 64<<10)
		for {
			n, err := ptmx.Read(buf)
			if n > 0 {
				s.data <- bytes.Clone(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range s.data {
		}
		_ = s.emu.Close()
		_ = ptmx.Close()
		<-replies
	})
	return s
}

// read takes what the program wrote next; false when it has ended or the time is over.
func (s *screen) read(deadline <-chan time.Time) bool {
	select {
	case b, ok := <-s.data:
		if ok {
			s.raw.Write(b)
			_, _ = s.emu.Write(b)
		}
		return ok
	case <-deadline:
		return false
	}
}

// await reads until every text is on the screen at once.
func (s *screen) await(limit time.Duration, texts ...string) {
	s.t.Helper()
	deadline := time.After(limit)
	for {
		shown, missing := s.emu.String(), ""
		for _, text := range texts {
			if !strings.Contains(shown, text) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
		if !s.read(deadline) {
			s.t.Fatalf("%q did not appear:\n%s", missing, s.emu.String())
		}
	}
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.ptmx, keys); err != nil {
		s.t.Fatal(err)
	}
}

// end reads until the program has ended and returns its exit code.
func (s *screen) end(limit time.Duration) int {
	s.t.Helper()
	deadline := time.After(limit)
	for s.read(deadline) {
	}
	killer := time.AfterFunc(5*time.Second, func() { // the deadline passed and it still runs
		_ = s.cmd.Process.Kill()
		for range s.data {
		}
	})
	defer killer.Stop()
	if err := s.cmd.Wait(); err != nil {
		s.t.Logf("benchtop: %v; on the screen:\n%s", err, s.emu.String())
	}
	return s.cmd.ProcessState.ExitCode()
}

func TestSweepInTheInterface(t *testing.T) {
	for _, via := range []string{"port-forward", "proxy"} {
		t.Run(via, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			s := openScreen(t, sweepArgs(via, dir)...)
			s.await(time.Minute, "a10", "a100", "TTFT", "running")
			s.await(2*time.Minute, "results", "✓ complete") // the header; "completed" is a column
			s.press("q")
			if code := s.end(30 * time.Second); code != 0 && code != untrusted {
				t.Fatalf("exit code %d:\n%s", code, s.emu.String())
			}
			if shown := s.emu.String(); !strings.Contains(shown, "steps.csv") {
				t.Errorf("after leaving, the path of steps.csv is not on the terminal:\n%s", shown)
			}
			if !strings.Contains(s.raw.String(), "\x1b[?1049l") {
				t.Error("the alternate screen was not left")
			}
			checkSteps(t, dir, via)
		})
	}
}

func TestPickerShowsTheCluster(t *testing.T) {
	s := openScreen(t, "-A")
	var names []string
	for _, target := range targets {
		_, name, _ := strings.Cut(target, "=")
		names = append(names, filepath.Base(name))
	}
	s.await(30*time.Second, names...)
	s.press("q")
	if code := s.end(30 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
