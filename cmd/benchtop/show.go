package main

import (
	"fmt"
	"path/filepath"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/report"

	"github.com/spf13/cobra"
)

func (c *cli) showCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a saved run",
		Long: `Show a saved run, also one that was interrupted or killed.

RUN is its folder, its id, latest, or the unique beginning or end of its name.`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkOutput(format, report.ShowFormats...); err != nil {
				return err
			}
			dir, err := record.Resolve(args[0])
			if err != nil {
				return err
			}
			run, err := engine.Load(dir)
			if err != nil {
				return err
			}
			if err := report.Show(c.out, run, format, report.TableOptions{Width: width(c.out)}); err != nil {
				return err
			}
			fmt.Fprintln(c.errw, dir)
			return nil
		},
		ValidArgsFunction: completeRuns,
	}
	addOutputFlag(cmd, &format, report.ShowFormats...)
	return cmd
}

// completeRuns completes the names of saved runs.
func completeRuns(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	root, err := record.Root()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	infos, err := record.List(root)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := []string{"latest"}
	for _, i := range infos {
		names = append(names, filepath.Base(i.Dir))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
