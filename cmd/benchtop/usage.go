package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The groups of commands in the order of the usage text.
var commandGroups = []*cobra.Group{
	{ID: "measure", Title: "Measure"},
	{ID: "saved", Title: "Saved runs"},
	{ID: "setup", Title: "Set up"},
}

// flagGroup is the annotation that says under which heading a flag stands.
const flagGroup = "benchtop/group"

// The headings of flags, in the order of the usage text; flags without one come first.
var flagGroups = []string{
	"Sweep flags",
	"Cluster flags (kubectl's other connection flags work too: --server, --token, --as …)",
	"Endpoint flags",
	"Interface flags",
}

// Indexes into flagGroups.
const (
	sweepFlags = iota
	kubeFlags
	endpointFlags
	interfaceFlags
)

// inGroup puts every flag of set under a heading.
func inGroup(set *pflag.FlagSet, group int) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		f.Annotations[flagGroup] = []string{flagGroups[group]}
	})
}

// printUsage writes how a command is used, its commands by group and its flags by heading.
func printUsage(cmd *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n", cmd.UseLine())
	if cmd.HasAvailableSubCommands() {
		for _, g := range append(commandGroups, &cobra.Group{Title: "Other"}) {
			writeCommands(&b, cmd, g)
		}
	}
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	sets := map[string]*pflag.FlagSet{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		title := "Flags"
		if g := f.Annotations[flagGroup]; len(g) > 0 {
			title = g[0]
		}
		if sets[title] == nil {
			sets[title] = pflag.NewFlagSet(title, pflag.ContinueOnError)
			sets[title].SortFlags = false
		}
		sets[title].AddFlag(f)
	})
	for _, title := range append([]string{"Flags"}, flagGroups...) {
		if s := sets[title]; s != nil && s.HasAvailableFlags() {
			fmt.Fprintf(&b, "\n%s:\n%s", title, s.FlagUsagesWrapped(100))
		}
	}
	_, err := io.WriteString(cmd.OutOrStderr(), b.String())
	return err
}

func writeCommands(b *strings.Builder, cmd *cobra.Command, g *cobra.Group) {
	titled := false
	for _, sub := range cmd.Commands() {
		if sub.GroupID != g.ID || !sub.IsAvailableCommand() {
			continue
		}
		if !titled {
			fmt.Fprintf(b, "\n%s:\n", g.Title)
			titled = true
		}
		fmt.Fprintf(b, "  %-*s %s\n", cmd.NamePadding()+1, sub.Name(), sub.Short)
	}
}
