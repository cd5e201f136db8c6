package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"benchtop/engine/record"

	"github.com/spf13/cobra"
)

const runsHelp = `List the runs in $BENCHTOP_RUNS, else in $XDG_DATA_HOME/benchtop/runs, newest first. WORDs leave those
that have every one of them in name, state, targets, model or labels.

--prune deletes instead: of those listed, the ones beyond --keep or --older-than. It asks first.`

// runsFlags are what runs was told.
type runsFlags struct {
	format     string
	prune, yes bool
	keep       int
	olderThan  time.Duration
}

func (c *cli) runsCommand() *cobra.Command {
	var f runsFlags
	cmd := &cobra.Command{
		Use:   "runs [WORD…]",
		Short: "List saved runs, newest first",
		Long:  runsHelp,
		Args:  cobra.ArbitraryArgs,
	}
	set := cmd.Flags()
	addOutputFlag(cmd, &f.format, outputFormats...)
	set.BoolVar(&f.prune, "prune", false, "delete runs")
	set.IntVar(&f.keep, "keep", 0, "with --prune: keep the newest `N`")
	set.DurationVar(&f.olderThan, "older-than", 0, "with --prune: keep what is younger, like 720h")
	set.BoolVar(&f.yes, "yes", false, "with --prune: do not ask")
	cmd.RunE = func(cmd *cobra.Command, words []string) error {
		if err := checkOutput(f.format, outputFormats...); err != nil {
			return err
		}
		root, err := record.Root()
		if err != nil {
			return err
		}
		infos, err := record.List(root)
		if err != nil {
			return err
		}
		all := len(infos)
		infos = slices.DeleteFunc(infos, func(i record.Info) bool { return !hasWords(i, words) })
		if f.prune {
			return c.prune(cmd.Context(), infos, f)
		}
		empty := "no saved runs in " + root + "; make one with: " + c.self + " run --demo"
		if all > 0 {
			empty = fmt.Sprintf("none of %d saved runs in %s has %q", all, root, strings.Join(words, " "))
		}
		return c.print(runsListing(infos, empty), f.format)
	}
	return cmd
}

// hasWords says whether every word is part of what names or describes the run.
func hasWords(i record.Info, words []string) bool {
	text := filepath.Base(i.Dir)
	if r := i.Run; r != nil {
		text += " " + r.ID + " " + r.Name + " " + stateText(r)
		for _, t := range r.Targets {
			text += " " + t.Name + " " + t.Model + " " + t.Workspace + " " + t.InstanceType
		}
		for k, v := range r.Labels {
			text += " " + k + "=" + v
		}
	}
	text = strings.ToLower(text)
	for _, w := range words {
		if !strings.Contains(text, strings.ToLower(w)) {
			return false
		}
	}
	return true
}

// prune deletes the folders of old runs. One that is being written is left alone.
func (c *cli) prune(ctx context.Context, infos []record.Info, f runsFlags) error {
	if f.keep <= 0 && f.olderThan <= 0 {
		return usage(errors.New("--prune: say what to keep, with --keep N or --older-than 720h"))
	}
	var old, lines []string
	for n, i := range infos {
		if n < f.keep || i.Run == nil || i.Run.State == record.StateRunning || time.Since(i.Run.StartedAt) < f.olderThan {
			continue
		}
		old = append(old, i.Dir)
		lines = append(lines, "delete "+i.Dir)
	}
	switch {
	case len(old) == 0:
		fmt.Fprintln(c.errw, "nothing to delete")
		return nil
	case f.yes:
	case !c.terminal:
		return errors.New(strings.Join(lines, "\n") + "\nnothing was deleted: say --yes")
	default:
		if _, err := c.confirm(ctx, append(lines, fmt.Sprintf("Delete %d runs for ever?", len(old)))); err != nil {
			return err
		}
	}
	var errs []error
	for _, dir := range old {
		// What was exported goes with the run; anything else in its folder stays, and the folder too.
		for _, own := range []string{exportFolder, reportFolder} {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, own)))
		}
		errs = append(errs, record.Remove(dir))
	}
	return errors.Join(errs...)
}

// savedRun is a run in the JSON and YAML of `runs`.
type savedRun struct {
	Name      string    `json:"name"` // of its folder; show, export and others take it
	ID        string    `json:"id,omitempty"`
	Dir       string    `json:"dir"`
	StartedAt string    `json:"started_at,omitempty"`
	State     string    `json:"state,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Simulated bool      `json:"simulated"`
	Targets   []string  `json:"targets"`
	Rates     []float64 `json:"rates"`
	Model     string    `json:"model,omitempty"`
	Error     string    `json:"error,omitempty"` // why it cannot be opened
}

// stateText is how a run stands, as the list shows it.
func stateText(r *record.Run) string {
	if r.Simulated {
		return r.State + " (simulated)"
	}
	return r.State
}

func runsListing(infos []record.Info, empty string) listing {
	l := listing{
		cols:  []string{"run", "started", "state", "targets", "rates", "model", "dir"},
		wide:  6,
		empty: empty,
	}
	objects := []savedRun{}
	for _, i := range infos {
		o := savedRun{Name: filepath.Base(i.Dir), Dir: i.Dir, Targets: []string{}, Rates: []float64{}}
		if i.Err != nil {
			o.Error = record.Clean(i.Err.Error())
			l.rows = append(l.rows, []string{o.Name, "", "unreadable", "", "", "", o.Dir})
			objects = append(objects, o)
			continue
		}
		r := i.Run
		o.ID, o.State, o.Reason, o.Simulated = r.ID, r.State, r.Reason, r.Simulated
		o.StartedAt = r.StartedAt.UTC().Format("2006-01-02T15:04:05Z07:00")
		o.Rates = append(o.Rates, r.Plan.Rates...)
		for _, t := range r.Targets {
			o.Targets = append(o.Targets, t.Name)
			if o.Model == "" {
				o.Model = t.Model
			}
		}
		l.rows = append(l.rows, []string{o.Name, r.StartedAt.Local().Format("2006-01-02 15:04"), stateText(r),
			strings.Join(o.Targets, ", "), rateList(o.Rates), o.Model, o.Dir})
		objects = append(objects, o)
	}
	l.objects = objects
	return l
}
