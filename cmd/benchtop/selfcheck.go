package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"benchtop/engine/selfcheck"

	"github.com/spf13/cobra"
)

const selfcheckHelp = `Measure this machine's own errors: a server in a child process knows when it wrote every token, the
engine measures it as it measures any target, and the two are compared. Replies have 200 tokens, 20 ms
apart. The table shows, for each row:

  STREAMS    replies under way, mean       TOK/S       tokens received per second
  SEND LAG   first byte written − due      TTFT ERR    first token received − written by the server
  ITL ERR    gap recorded − gap written    COALESCED   events read late, together with others
  SENT ERR   TTFT from the send − the server's own from read to write
  CPU-S/1M   CPU seconds per million tokens
  RSSANON    most memory of its own        STAMPS      by whom: kernel, or user (this program)

A last line says up to which load this machine can be trusted, and by which criteria.
On Linux with two cores or more the server is kept on one core and the client on another.

--rows takes rates (16/s) and numbers of streams (256), each with +hog (a busy process on the client's
core), +bursts (all streams write at once, as an engine does) or +tls.

Exit codes: 0 done · 1 error · 2 usage · 98 not even the smallest row can be trusted · 130 interrupted.`

// quickWindow is the measured time of a row with --quick.
const quickWindow = 3 * time.Second

func (c *cli) selfcheckCommand() *cobra.Command {
	var rows, output string
	var window time.Duration
	var quick bool
	cmd := &cobra.Command{
		Use:   "selfcheck",
		Short: "Measure this machine's own errors against a server that knows the truth",
		Long:  selfcheckHelp,
		Args:  usageArgs(cobra.NoArgs),
	}
	set := cmd.Flags()
	set.StringVar(&rows, "rows", selfcheck.DefaultLoads, "rows to measure")
	set.DurationVar(&window, "duration", 10*time.Second, "measured time of each row, 1s to 10m; filling and draining come on top")
	set.BoolVar(&quick, "quick", false, "two rows, 3 s each, unless --rows and --duration say otherwise")
	addOutputFlag(cmd, &output, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if quick && !set.Changed("rows") {
			rows = selfcheck.QuickLoads
		}
		if quick && !set.Changed("duration") {
			window = quickWindow
		}
		loads, err := selfcheck.ParseLoads(rows)
		errs := []error{checkOutput(output, "table", "json"), usage(prefix("--rows", err))}
		if window < time.Second || window > 10*time.Minute {
			errs = append(errs, usage(fmt.Errorf("--duration must be 1s to 10m, but is %s", window)))
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return c.selfcheck(cmd.Context(), loads, window, output)
	}
	cmd.AddCommand(c.selfcheckChildCommand())
	return cmd
}

// selfcheckChildCommand is the other side: this program again, in a process of its own.
func (c *cli) selfcheckChildCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "child",
		Short:  "Be the other process of selfcheck; ends when standard input does",
		Hidden: true,
		Args:   usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Ctrl-C reaches this process as well; it is the parent that decides.
			return selfcheck.Child(context.WithoutCancel(cmd.Context()), c.in, c.out)
		},
	}
}

func (c *cli) selfcheck(ctx context.Context, loads []selfcheck.Load, window time.Duration, output string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program, to start it again as the server: %w", err)
	}
	rep, err := selfcheck.Run(ctx, loads, selfcheck.Options{
		Child: func() *exec.Cmd {
			cmd := exec.Command(self, "selfcheck", "child")
			cmd.Stderr = c.errw
			return cmd
		},
		Window:   window,
		Progress: func(line string) { fmt.Fprintln(c.errw, line) },
		Version:  version(),
	})
	var child *exec.ExitError
	if errors.As(err, &child) && signalled(child) == os.Interrupt { // Ctrl-C, before the child could leave it to us
		fmt.Fprintln(c.errw, "interrupted")
		return &codedError{code: exitInterrupted}
	}
	if err != nil {
		return err
	}
	if err := c.printSelfcheck(rep, output); err != nil {
		return err
	}
	if !rep.Trusted() {
		return &codedError{code: exitUntrusted}
	}
	return nil
}

// signalled is the signal that ended a process, nil if none did.
func signalled(e *exec.ExitError) os.Signal {
	if status, ok := e.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return status.Signal()
	}
	return nil
}

func (c *cli) printSelfcheck(rep *selfcheck.Report, output string) error {
	l := listing{
		cols: []string{"row", "streams", "tok/s", "send lag p50/p99", "ttft err p50/p99/max", "itl err p50/p99/max",
			"sent err p50/p99", "coalesced", "cpu-s/1M", "rssanon", "stamps", "trusted"},
		objects: rep,
	}
	l.wide = len(l.cols)
	for _, r := range rep.Rows {
		l.rows = append(l.rows, selfcheckCells(r))
	}
	if err := c.print(l, output); err != nil || output == "json" {
		return err
	}
	_, err := fmt.Fprintf(c.drawn(c.out), "\nLags and errors in µs. Trusted: %s.\nAnswer: %s.\n", rep.Criteria, rep.Verdict)
	return err
}

func selfcheckCells(r selfcheck.Row) []string {
	ttft := "n/a"
	if d := r.TTFTError; d != nil {
		ttft = fmt.Sprintf("%s/%s/%s", us(d.P50), us(d.P99), us(d.Max))
	}
	trusted := "yes"
	if !r.Trusted {
		trusted = "no"
	}
	return []string{
		r.Name, fmt.Sprintf("%.0f", r.Streams), fmt.Sprintf("%.0f", r.TokPerS),
		us(r.SendLag.P50) + "/" + us(r.SendLag.P99), ttft,
		fmt.Sprintf("%s/%s/%s", us(r.ITLError.P50), us(r.ITLError.P99), us(r.ITLError.Max)),
		us(r.TTFTSent.P50) + "/" + us(r.TTFTSent.P99),
		fmt.Sprintf("%.3g %%", r.CoalescedPct), orNA(r.CPUSPerMTok, ""), orNA(r.RSSAnonMB, " MB"), r.Stamps, trusted,
	}
}

// us writes µs with one decimal below 10.
func us(v float64) string {
	if v < 10 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func orNA(v *float64, unit string) string {
	if v == nil {
		return "n/a"
	}
	return fmt.Sprintf("%.1f%s", *v, unit)
}
