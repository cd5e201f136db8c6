package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"benchtop/engine/wire"
	"benchtop/ui"
)

func TestTheTraceOfAPanicGoesToAFile(t *testing.T) {
	for name, err := range map[string]error{
		"in a goroutine of a run": fmt.Errorf("target %q: %w", "a", &wire.Panic{Value: "oops", Stack: []byte("goroutine 7")}),
		"in the interface":        &ui.Crash{Text: "oops", Stack: "goroutine 7"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			t.Setenv("TMP", dir) // on Windows
			var said bytes.Buffer
			c := &cli{errw: &said}
			if code := c.finish(t.Context(), err); code != exitError {
				t.Errorf("exit code %d, want %d", code, exitError)
			}
			traces, _ := filepath.Glob(filepath.Join(dir, "benchtop-crash-*.txt"))
			if len(traces) != 1 {
				t.Fatalf("traces %q, want one", traces)
			}
			if trace, err := os.ReadFile(traces[0]); err != nil || !bytes.Contains(trace, []byte("goroutine 7")) {
				t.Errorf("trace %q, %v", trace, err)
			}
			if got := said.String(); !strings.Contains(got, "oops") || !strings.Contains(got, traces[0]) || strings.Contains(got, "goroutine 7") {
				t.Errorf("said %q", got)
			}
		})
	}
}

func TestEachPassesAPanicOnWithItsTrace(t *testing.T) {
	defer func() {
		p := asPanic(recover(), nil)
		if p.Value != "oops" || !bytes.Contains(p.Stack, []byte("TestEachPasses")) {
			t.Errorf("recovered %v with the trace %s", p.Value, p.Stack)
		}
	}()
	each(3, func(i int) {
		if i == 1 {
			panic("oops")
		}
	})
	t.Error("each returned")
}

func TestNothingIsSaidToATerminalThatTakesNothing(t *testing.T) {
	var said bytes.Buffer
	c := &cli{errw: &said}
	if code := c.finish(t.Context(), ui.ErrUnheard); code != exitInterrupted || said.Len() > 0 {
		t.Errorf("exit code %d, said %q", code, said.String())
	}
}
