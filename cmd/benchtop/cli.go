package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"benchtop/engine/wire"
	"benchtop/ui"

	"github.com/spf13/cobra"
)

// A cli is one invocation: what it reads and writes, so that tests run commands in process.
type cli struct {
	in        io.Reader
	out, errw io.Writer
	env       func(string) string
	terminal  bool // stdin and stdout are one: the interface can be shown
	// signals carries every signal that asks to end, also after the first cancelled the context.
	signals <-chan os.Signal
	self    string // what the program is called: benchtop, or kubectl kaito bench

	// The flags that every command has.
	demo  bool
	theme string // auto, dark or light
	ascii bool
}

// Exit codes. Where several apply, the first of usage, error, interrupted, untrusted, gate wins.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitUntrusted   = 98
	exitGate        = 99
	exitInterrupted = 130
)

// A codedError ends the program with a code of its own. A nil err ends it without a further word.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *codedError) Unwrap() error { return e.err }

// usage marks an error as one of how the program was called; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &codedError{code: exitUsage, err: err}
}

// execute runs the command line and returns the exit code.
func (c *cli) execute(ctx context.Context, argv []string) (code int) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintln(c.errw, c.crash(asPanic(v, debug.Stack())))
			code = exitError
		}
	}()
	root := c.rootCommand(filepath.Base(argv[0]))
	root.SetArgs(argv[1:])
	return c.finish(ctx, root.ExecuteContext(ctx))
}

// finish prints the error, if there is something to say, and chooses the exit code.
func (c *cli) finish(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	var coded *codedError
	isCoded := errors.As(err, &coded)
	if isCoded && coded.err == nil {
		return coded.code
	}
	if errors.Is(err, errNotBegun) {
		fmt.Fprintln(c.errw, errNotBegun)
		return exitInterrupted
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		fmt.Fprintln(c.errw, "interrupted")
		return exitInterrupted
	}
	if errors.Is(err, ui.ErrUnheard) {
		return exitInterrupted // nobody could be told
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitError // whoever read us has seen enough
	}
	if p := (*wire.Panic)(nil); errors.As(err, &p) {
		fmt.Fprintln(c.errw, c.crash(p))
		return exitError
	}
	if p := (*ui.Crash)(nil); errors.As(err, &p) {
		fmt.Fprintln(c.errw, c.crash(&wire.Panic{Value: p.Text, Stack: []byte(p.Stack)}))
		return exitError
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(c.errw, "error: "+line)
	}
	if isCoded {
		return coded.code
	}
	return exitError
}

// asPanic is what was recovered as an error with its stack; one that was passed on keeps its own.
func asPanic(v any, stack []byte) *wire.Panic {
	if p, ok := v.(*wire.Panic); ok {
		return p
	}
	return &wire.Panic{Value: v, Stack: stack}
}

// crash saves the trace of a panic and says where it is.
func (c *cli) crash(p *wire.Panic) string {
	text := fmt.Sprintf("benchtop %s\n%v\n\n%s", version(), p.Value, p.Stack)
	f, err := os.CreateTemp("", "benchtop-crash-*.txt")
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return text
	}
	return fmt.Sprintf("error: benchtop has a fault and had to stop: %v\nthe trace is in %s", p.Value, f.Name())
}

// usageArgs reports a wrong number of arguments as a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
		}
		return nil
	}
}

// clock is the wall clock to the second, as progress lines show it.
func clock(t time.Time) string { return t.Format(time.TimeOnly) }
