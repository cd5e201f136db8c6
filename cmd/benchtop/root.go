package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// rootCommand builds the command tree. argv0 is the base name the program was called by: as
// kubectl-kaito-bench it is a kubectl plug-in, and its usage texts say so.
func (c *cli) rootCommand(argv0 string) *cobra.Command {
	root := &cobra.Command{
		Use:           "benchtop [TARGET…]",
		Short:         "Benchmark the GPU SKUs under your Kaito workspaces, side by side",
		Long:          rootHelp,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.self = "benchtop"
	if plugin := pluginName(argv0); plugin != "" {
		c.self = plugin
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: plugin}
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.errw)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; see %s --help", flagError(err), cmd.CommandPath()))
	})
	root.SetUsageFunc(printUsage)
	c.addEverywhere(root)
	root.AddGroup(commandGroups...)
	add := func(group string, cmds ...*cobra.Command) {
		for _, cmd := range cmds {
			cmd.GroupID = group
			root.AddCommand(cmd)
		}
	}
	add("measure", c.runCommand(), c.listCommand())
	add("saved", c.runsCommand(), c.showCommand(), c.compareCommand(), c.reportCommand(), c.exportCommand(),
		c.importCommand(), c.bundleCommand())
	add("setup", c.rbacCommand(), c.simCommand(), c.selfcheckCommand(), c.versionCommand())
	root.SetCompletionCommandGroupID("setup")
	root.SetHelpCommandGroupID("setup")
	c.addInterface(root)
	return root
}

// addEverywhere adds the flags that every command has.
func (c *cli) addEverywhere(root *cobra.Command) {
	set := pflag.NewFlagSet("everywhere", pflag.ContinueOnError)
	set.BoolVar(&c.demo, "demo", false, "use the embedded cluster: two simulated GPU SKUs, no Kubernetes needed")
	root.PersistentFlags().AddFlagSet(set)
	look := pflag.NewFlagSet("interface", pflag.ContinueOnError)
	look.StringVar(&c.theme, "theme", "auto", "colours for a `background`: auto, dark or light")
	look.BoolVar(&c.ascii, "ascii", false, "draw with ASCII characters only")
	inGroup(look, interfaceFlags)
	root.PersistentFlags().AddFlagSet(look)
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		c.errw = c.drawn(c.errw)
		if !slices.Contains([]string{"auto", "dark", "light"}, c.theme) {
			return usage(fmt.Errorf("--theme %q: want auto, dark or light", c.theme))
		}
		return nil
	}
}

const rootHelp = `benchtop drives an open-loop load of streaming requests at stepped rates against Kaito workspaces
(or any OpenAI-compatible URL), shows TTFT and ITL live and side by side, and saves every sweep.

TARGET is [NAME=][CONTEXT:][NAMESPACE/]WORKSPACE or [NAME=]URL.
Without a command it opens the interface. --demo needs no cluster: two simulated SKUs.`

// pluginName turns kubectl-kaito-bench into "kubectl kaito bench", as kubectl does; "" for any other
// name.
func pluginName(argv0 string) string {
	name := strings.TrimSuffix(argv0, ".exe")
	if !strings.HasPrefix(name, "kubectl-") {
		return ""
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "-", " "), "_", "-")
}

// checkMistyped refuses a first argument that looks like a command typed wrong, rather than opening
// it as a workspace.
func (c *cli) checkMistyped(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.ContainsAny(args[0], ":/=.") {
		return nil
	}
	var near []string
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() && resembles(args[0], cmd.Name()) {
			near = append(near, cmd.Name())
		}
	}
	if len(near) == 0 {
		return nil
	}
	slices.Sort(near)
	return usage(fmt.Errorf("unknown command %q: did you mean %s? (a workspace of that name: %s NAMESPACE/%s)",
		args[0], strings.Join(near, " or "), c.self, args[0]))
}

// resembles says whether word may be command with a slip: a beginning of it, or one slip away (two
// in longer words), where swapping two neighbours counts as one.
func resembles(word, command string) bool {
	word = strings.ToLower(word)
	if len(word) >= 3 && strings.HasPrefix(command, word) {
		return true
	}
	slips := 1
	if len(command) > 4 {
		slips = 2
	}
	return slipDistance(word, command) <= slips
}

// slipDistance is the optimal string alignment distance: insert, delete, replace, swap neighbours.
func slipDistance(a, b string) int {
	prev2, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, row
	}
	return prev[len(b)]
}
