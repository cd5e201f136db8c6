//go:build linux

package term_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"benchtop/test/term"
)

// What the interface costs and how soon it answers, on the real terminal. The budgets: first screen
// 0.5 s, key 50 ms, idle 0.5 % of a core, during a sweep 5 % of a core and 30 kB/s.

func BenchmarkFirstScreen(b *testing.B) {
	h := newHome(b)
	for b.Loop() {
		x := h.start("--demo")
		x.Await("phi4-mini-a100")
		b.StopTimer()
		x.Press("q")
		x.End()
		b.StartTimer()
	}
}

// watched is how long a benchmark looks on: it has to be a real time.
const watched = 10 * time.Second

// cpu is the processor time that a process has used, to 10 ms.
func cpu(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var ticks int
	for _, f := range fields[11:13] { // utime, stime (proc_pid_stat(5))
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// watch reports what a program uses and writes while nobody touches it; x is nil without a terminal.
func watch(b *testing.B, cmd *exec.Cmd, x *term.Terminal) {
	b.Helper()
	written := func() int {
		if x == nil {
			return 0
		}
		return len(x.Raw())
	}
	began, bytes := cpu(b, cmd.Process.Pid), written()
	time.Sleep(watched)
	b.ReportMetric(100*(cpu(b, cmd.Process.Pid)-began).Seconds()/watched.Seconds(), "%core")
	b.ReportMetric(float64(written()-bytes)/watched.Seconds(), "B/s")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkIdlePicker(b *testing.B) {
	h := newHome(b)
	cmd := h.command("--demo")
	x := term.Start(b, cmd, 120, 40, nil)
	x.Await("phi4-mini-a100", "idle") // the last that comes in
	watch(b, cmd, x)
}

// load is a sweep of two targets at 16 req/s each.
func (h *home) load(more ...string) *exec.Cmd {
	return h.command(append([]string{"run", "A10=" + serve(h.t), "A100=" + serve(h.t), "--rates", "16", "--duration", "1h",
		"--warmup", "0s", "--drain", "1h"}, more...)...)
}

// BenchmarkSweep has the whole program beside the one without a screen: the difference is what the
// interface costs.
func BenchmarkSweep(b *testing.B) {
	b.Run("lines", func(b *testing.B) {
		cmd := newHome(b).load("--no-tui")
		out, err := cmd.StderrPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
		var text []byte
		for buf := make([]byte, 4096); !strings.Contains(string(text), "step 1/1"); {
			n, err := out.Read(buf)
			if text = append(text, buf[:n]...); err != nil {
				b.Fatalf("%v: %s", err, text)
			}
		}
		watch(b, cmd, nil)
	})
	for _, size := range [][2]int{{120, 40}, {160, 45}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			cmd := newHome(b).load()
			x := term.Start(b, cmd, size[0], size[1], nil)
			x.Await("2 targets side by side", "measuring")
			watch(b, cmd, x)
		})
	}
}

// BenchmarkKey opens and closes the help during a sweep: from the key to the picture of it.
func BenchmarkKey(b *testing.B) {
	h := newHome(b)
	x := term.Start(b, h.load(), 120, 40, nil)
	x.Await("2 targets side by side", "measuring")
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		x.Press("?")
		x.Await("Everywhere")
		took = append(took, time.Since(began))
		x.Press("?")
		x.AwaitFunc("the sweep", func(s string) bool { return !strings.Contains(s, "Everywhere") })
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "p99-ms")
}
