package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/report"

	"github.com/spf13/cobra"
)

const runArgHelp = `RUN is a run's folder, its id, latest, or the unique beginning or end of its name.`

// savedRunOf opens what the user calls a run; steps that a kill cut are rebuilt.
func savedRunOf(arg string) (dir string, run *record.Run, err error) {
	if dir, err = record.Resolve(arg); err != nil {
		return "", nil, err
	}
	run, err = engine.Load(dir)
	return dir, run, err // the folder also with an error
}

// savedRunsOf opens several runs.
func savedRunsOf(args []string) ([]*record.Run, error) {
	var out []*record.Run
	for _, a := range args {
		_, run, err := savedRunOf(a)
		if err != nil {
			return nil, err
		}
		out = append(out, run)
	}
	return out, nil
}

func (c *cli) showCommand() *cobra.Command {
	var format, as string
	var rps, load float64
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a saved run",
		Long: `Show a saved run, also one that was interrupted or killed. ` + runArgHelp + `

--as puts the same requests under another tool's definitions and says how they differ.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: completeRuns,
	}
	formats := slices.Insert(slices.Clone(report.ShowFormats), 1, "wide")
	addOutputFlag(cmd, &format, formats...)
	addAsFlag(cmd, &as)
	cmd.Flags().Float64Var(&rps, "target-rps", 0, "say what serving this `rate` takes on each target: replicas, USD per month, headroom")
	cmd.Flags().Float64Var(&load, "utilisation", 1, "`share` of its capacity that a replica may be loaded to, with --target-rps")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkOutput(format, formats...); err != nil {
			return err
		}
		dir, run, damage := c.savedOrSalvaged(args[0])
		if run == nil {
			return damage
		}
		var err error
		if run, err = c.under(as, dir, run); err != nil {
			return err
		}
		wide := format == "wide"
		if wide {
			format = "table"
		}
		if err := report.Show(c.out, run, format, c.tableOptions()); err != nil {
			return err
		}
		if wide {
			fmt.Fprintln(c.out)
			if err := c.print(provenance(run), "table"); err != nil {
				return err
			}
		}
		if cmd.Flags().Changed("target-rps") {
			text, err := report.Fleets(run, rps, load, c.tableOptions())
			if err != nil {
				return usage(err)
			}
			to := c.out
			if format != "table" {
				to = c.errw // stdout holds one document
			}
			fmt.Fprint(to, "\n"+text)
		}
		fmt.Fprintln(c.errw, dir)
		return damage
	}
	return cmd
}

// savedOrSalvaged opens what the user calls a run, and says what is missing of it. Of one whose
// run.json cannot be read it returns what steps.csv holds, and the reason; without a run, the reason
// alone.
func (c *cli) savedOrSalvaged(arg string) (dir string, run *record.Run, damage error) {
	dir, run, damage = savedRunOf(arg)
	if damage == nil {
		c.sayLacks(dir, run)
		return dir, run, nil
	}
	if dir == "" {
		dir = filepath.Clean(arg)
	}
	salvaged, err := record.Salvage(dir)
	if err != nil {
		return dir, nil, damage // the first reason tells more
	}
	return dir, salvaged, damage
}

// sayLacks says what is missing of a run's files.
func (c *cli) sayLacks(dir string, run *record.Run) {
	for _, text := range record.Lacks(dir, run) {
		fmt.Fprintln(c.errw, "note: "+text)
	}
}

// addAsFlag adds --as with the tools that are known.
func addAsFlag(cmd *cobra.Command, as *string) {
	cmd.Flags().StringVar(as, "as", "", "put the requests under the definitions of "+orWords(report.AsTools()))
	_ = cmd.RegisterFlagCompletionFunc("as", cobra.FixedCompletions(report.AsTools(), cobra.ShellCompDirectiveNoFileComp))
}

// under is the run by the definitions of a tool, "" = by ours; what differs is said on stderr.
func (c *cli) under(tool, dir string, run *record.Run) (*record.Run, error) {
	if tool == "" {
		return run, nil
	}
	theirs, notes, err := report.As(dir, run, tool)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		fmt.Fprintln(c.errw, n)
	}
	return theirs, nil
}

// completeRuns completes the names of saved runs.
func completeRuns(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
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
	return names, cobra.ShellCompDirectiveDefault
}
