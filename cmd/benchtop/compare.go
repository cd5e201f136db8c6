package main

import (
	"fmt"

	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/engine/verdict"

	"github.com/spf13/cobra"
)

const compareHelp = `Compare saved runs, or the targets of one: the change of every number at every rate that both measured,
and whether it is more than noise. ` + runArgHelp + `

--fail-on ends with exit code 99 if a change is past its limit and significant, and with 98 if nothing
tells. Its form is METRIC[@RATE]:+N%, or :-N% where less is worse: ttft.p95:+10%,completed@8:-5%.`

func (c *cli) compareCommand() *cobra.Command {
	var format, as string
	var failOn []string
	formats := []string{"table", "md", "csv"}
	cmd := &cobra.Command{
		Use:               "compare RUN [RUN…]",
		Short:             "Compare saved runs rate by rate",
		Long:              compareHelp,
		Example:           "  benchtop compare before after --fail-on 'ttft.p95:+10%'",
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: completeRuns,
	}
	addOutputFlag(cmd, &format, formats...)
	addAsFlag(cmd, &as)
	cmd.Flags().StringArrayVar(&failOn, "fail-on", nil, "change that is not acceptable, like 'ttft.p95:+10%' (may be repeated)")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkOutput(format, formats...); err != nil {
			return err
		}
		rules, err := report.ParseFailOn(failOn...)
		if err != nil {
			return usage(prefix("--fail-on", err))
		}
		var runs []*record.Run
		for _, a := range args {
			dir, run, err := savedRunOf(a)
			if err != nil {
				return err
			}
			if run, err = c.under(as, dir, run); err != nil {
				return err
			}
			runs = append(runs, run)
		}
		text, err := report.Compare(c.tableOptions(), format, runs...)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprint(c.out, text); err != nil {
			return err
		}
		return c.judgeChanges(rules, runs)
	}
	return cmd
}

// judgeChanges prints each change that is not acceptable and turns it into an exit code.
func (c *cli) judgeChanges(rules []report.Regression, runs []*record.Run) error {
	code := exitOK
	for _, f := range report.FailOn(rules, runs...) {
		switch {
		case f.Outcome == verdict.NotMet:
			fmt.Fprintln(c.errw, "not acceptable: "+f.Text)
			if code == exitOK {
				code = exitGate
			}
		case f.Outcome == verdict.Unknown:
			fmt.Fprintln(c.errw, "cannot be told: "+f.Text)
			code = exitUntrusted
		}
	}
	if code == exitOK {
		return nil
	}
	return &codedError{code: code}
}
