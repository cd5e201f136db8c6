package main

import (
	"path/filepath"
	"strings"

	"benchtop/engine/record"

	"github.com/spf13/cobra"
)

func (c *cli) runsCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List saved runs, newest first",
		Long:  "List the runs in $BENCHTOP_RUNS, else in $XDG_DATA_HOME/benchtop/runs, newest first.",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if err := checkOutput(format, outputFormats...); err != nil {
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
			return runsListing(infos, root, c.self).print(c.out, c.errw, format)
		},
	}
	addOutputFlag(cmd, &format, outputFormats...)
	return cmd
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

func runsListing(infos []record.Info, root, self string) listing {
	l := listing{
		cols:  []string{"run", "started", "state", "targets", "rates", "model", "dir"},
		wide:  6,
		empty: "no saved runs in " + root + "; make one with: " + self + " run --demo",
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
		state := r.State
		if r.Simulated {
			state += " (simulated)"
		}
		l.rows = append(l.rows, []string{o.Name, r.StartedAt.Local().Format("2006-01-02 15:04"), state,
			strings.Join(o.Targets, ", "), rateList(o.Rates), o.Model, o.Dir})
		objects = append(objects, o)
	}
	l.objects = objects
	return l
}
