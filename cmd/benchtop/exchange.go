package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"benchtop/engine/record"
	"benchtop/engine/report"

	"github.com/spf13/cobra"
)

func (c *cli) importCommand() *cobra.Command {
	var name, out string
	cmd := &cobra.Command{
		Use:   "import [NAME=]FILE…",
		Short: "Make a run of other tools' results",
		Long: `Make a run of result files: GuideLLM CSV and JSON, vllm bench JSON, inference-perf JSON. It opens in
every view beside own runs. NAME is the target; without it the file's folder names it. Such files do
not say what the target ran on: --sku does, and gives it a price.`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
	}
	hardware := &clusterFlags{}
	cmd.Flags().AddFlagSet(hardware.skuFlags())
	cmd.Flags().StringVar(&name, "name", "", "name of the run")
	cmd.Flags().StringVar(&out, "out", "", "folder for the run's files; must be new or empty (default: a new one among the saved runs)")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkOut(out); err != nil {
			return err
		}
		opt, err := c.backendOptions(hardware)
		if err != nil {
			return err
		}
		var files []report.ImportFile
		for _, a := range args {
			f := report.ImportFile{Path: a}
			if target, path, ok := strings.Cut(a, "="); ok && targetName.MatchString(target) {
				f = report.ImportFile{Target: target, Path: path}
			}
			files = append(files, f)
		}
		im, err := report.Import(files, time.Now())
		if err != nil {
			return err
		}
		for i := range im.Run.Targets {
			opt.complete(&im.Run.Targets[i])
		}
		im.Run.Name = record.Clean(name)
		if out == "" {
			if out, err = record.Dir(im.Run.Name, time.Now()); err != nil {
				return err
			}
		}
		if err := im.Save(out); err != nil {
			return err
		}
		return c.printPaths([]string{out})
	}
	return cmd
}

func (c *cli) bundleCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "bundle RUN",
		Short: "Pack a run for others, with pseudonyms for what names you",
		Long: `Pack a run as a .tar.gz that another machine opens. Contexts, nodes, namespaces, hosts and user names
are replaced by pseudonyms, the same ones each time on this machine. ` + runArgHelp,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: completeRuns,
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write (default: RUN.tar.gz in the present folder)")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir, run, err := savedRunOf(args[0])
		if err != nil {
			return err
		}
		if out == "" {
			out = filepath.Base(dir) + ".tar.gz"
		}
		c.sayLacks(dir, run)
		err = writeBundle(out, dir, run)
		var skipped *record.SkippedError // told, but the rest is there
		if err != nil && !errors.As(err, &skipped) {
			return err
		}
		return errors.Join(err, c.printPaths([]string{out}))
	}
	return cmd
}

// writeBundle makes the file anew; what exists is not replaced.
func writeBundle(out, dir string, run *record.Run) (err error) {
	root, err := record.Root()
	if err != nil {
		return err
	}
	// Beside the runs, not among them: it must never be copied along with one.
	key, err := report.BundleKey(filepath.Join(filepath.Dir(root), "pseudonyms.key"))
	if err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("bundle: %w; choose another file with -o", err)
	}
	defer func() {
		var skipped *record.SkippedError
		if err = errors.Join(err, f.Close()); err != nil && !errors.As(err, &skipped) {
			_ = os.Remove(out)
		}
	}()
	return report.Bundle(f, dir, run, report.BundleOptions{Key: key, Users: people()})
}

// people are the names of this user and machine.
func people() []string {
	var out []string
	if u, err := user.Current(); err == nil {
		out = append(out, u.Username, u.Name)
	}
	if h, err := os.Hostname(); err == nil {
		out = append(out, h)
	}
	var known []string
	for _, name := range out {
		if name != "" && name != "root" {
			known = append(known, name)
		}
	}
	return known
}
