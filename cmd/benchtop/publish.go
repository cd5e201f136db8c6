package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/report"

	"github.com/spf13/cobra"
)

func (c *cli) reportCommand() *cobra.Command {
	var out string
	var github bool
	cmd := &cobra.Command{
		Use:   "report RUN [RUN…]",
		Short: "Write a report with charts on one or more runs",
		Long: `Write a report: a Markdown page with SVG charts, and one HTML file that needs nothing else. ` + runArgHelp + `

-o is a folder, or a file that ends in .md or .html. --github prints one Markdown text under 60 kB,
with the charts as text, for a comment or $GITHUB_STEP_SUMMARY.`,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: completeRuns,
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "folder or file to write (default: report beside the first run's files)")
	cmd.Flags().BoolVar(&github, "github", false, "print one Markdown text under 60 kB instead")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		runs, err := savedRunsOf(args)
		if err != nil {
			return err
		}
		if github {
			_, err := io.WriteString(c.out, report.GitHub(runs...))
			return err
		}
		if out == "" {
			dir, err := record.Resolve(args[0])
			if err != nil {
				return err
			}
			out = filepath.Join(dir, reportFolder)
		}
		switch filepath.Ext(out) {
		case ".md":
			return c.writeFile(out, []byte(report.Markdown(runs...)))
		case ".html":
			return c.writeFile(out, []byte(report.HTML(runs...)))
		}
		paths, err := report.Report(out, runs...)
		return errors.Join(err, c.printPaths(paths))
	}
	return cmd
}

// writeFile writes a file and prints its absolute path.
func (c *cli) writeFile(path string, data []byte) error {
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return err
	}
	return c.printPaths([]string{path})
}

func (c *cli) printPaths(paths []string) error {
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(c.out, abs); err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) exportCommand() *cobra.Command {
	var formats []string
	var out string
	var about strings.Builder
	for _, f := range report.ExportFormats {
		fmt.Fprintf(&about, "\n  %-9s %s", f.Name, f.About)
	}
	cmd := &cobra.Command{
		Use:               "export RUN",
		Short:             "Write a saved run in the formats of other tools",
		Long:              "Write a saved run in other formats. " + runArgHelp + "\n" + about.String(),
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: completeRuns,
	}
	cmd.Flags().StringSliceVarP(&formats, "format", "f", []string{"csv"}, "formats, by commas")
	cmd.Flags().StringVarP(&out, "output", "o", "", "folder to write into (default: export beside the run's files)")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(report.FormatNames(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		for _, f := range formats {
			if err := checkFormat(f); err != nil {
				return err
			}
		}
		dir, run, err := savedRunOf(args[0])
		if err != nil {
			return err
		}
		if out == "" {
			out = filepath.Join(dir, exportFolder)
		}
		var errs []error
		for _, f := range formats { // what one of them cannot, another may
			paths, err := report.Export(dir, run, f, out)
			errs = append(errs, err, c.printPaths(paths))
		}
		return errors.Join(errs...)
	}
	return cmd
}

// Where exports and reports go within a run's folder, apart from the run's own files.
const (
	exportFolder = "export"
	reportFolder = "report"
)

func checkFormat(f string) error {
	for _, known := range report.FormatNames() {
		if f == known {
			return nil
		}
	}
	return usage(fmt.Errorf("--format %q is not known; want %s", f, orWords(report.FormatNames())))
}
