// Package screen is what the screens have in common: the key map, the values they exchange with the
// root model, and the form in which numbers are shown.
//
// A screen is a plain struct. The root hands it data and keys; it answers a key with an Action, or
// nil, and draws itself with Render(w, h), which gives exactly h lines of at most w cells for every
// size. Screens start no goroutine, read no clock but the one given to them and touch no terminal.
//
// It may import ui/theme, ui/widget, ui/chart, engine, engine/record, engine/verdict and
// kube/inventory.
package screen

import (
	"strings"

	"benchtop/engine/record"
	"benchtop/kube/inventory"
)

// Selection is one target chosen for a run.
type Selection struct {
	Name      string // short name, unique: "a10"
	Workspace *inventory.Workspace
	URL       string // when Workspace is nil
}

// Check is one line of the preflight: what was looked at and what came of it.
type Check struct {
	Target string
	Level  int // one of the Check levels
	Text   string
}

// The levels of a Check.
const (
	CheckFine    = 0
	CheckWarning = 1
	CheckConfirm = 2 // the run may start after a yes
	CheckRefused = 3 // stands against a run
)

// RunInfo is a saved run in a list.
type RunInfo struct {
	Dir     string
	ID      string
	Name    string
	Started string // local time, to the minute
	State   string
	Targets []string
	Rates   []float64
	Model   string
	// Simulated says that it was not measured on GPUs.
	Simulated bool
	Err       string // why it cannot be opened
	// Held is what each workspace came to, "holds 8, breaks at 16 req/s", by HeldKey.
	Held map[string]string
}

// HeldKey names a workspace among those of all clusters.
func HeldKey(kubeContext, namespace, workspace string) string {
	return kubeContext + ":" + namespace + "/" + workspace
}

// ID names a screen.
type ID int

// The screens.
const (
	Picker ID = iota
	Setup
	Live
	Compare
	Results
	Runs
	Help
)

// String is the name a person reads.
func (id ID) String() string {
	return [...]string{"workspaces", "set-up", "live", "compare", "results", "saved runs", "help"}[id]
}

// Slug is the name in a file name.
func (id ID) Slug() string { return strings.ReplaceAll(id.String(), " ", "-") }

// Action is what a screen asks of the root: one of the types below, or nil.
type Action any

// SetUp opens the set-up screen for these targets.
type SetUp struct{ Targets []Selection }

// WaitFor shows what a workspace that is not ready waits for, until it is; Key names it within the
// picker.
type WaitFor struct{ Key string }

// AskURL asks for the URL of a target.
type AskURL struct{}

// AskNamespace and AskContext offer what the cluster has.
type (
	AskNamespace struct{}
	AskContext   struct{}
)

// AskPrice asks for USD per hour of a target; Current is what is shown now, "" = unknown.
type AskPrice struct{ Target, Current string }

// Preflight looks at what stands against a plan.
type Preflight struct{}

// Start starts a sweep, after the preflight has been seen.
type Start struct{}

// EditPlan opens the plan as YAML in the user's editor.
type EditPlan struct{ Plan record.Plan }

// ListRuns reads the list of saved runs again.
type ListRuns struct{}

// OpenRun opens a saved run, with others beside it.
type OpenRun struct {
	Dir    string
	Beside []string
}

// OpenDemo replaces the cluster by the simulated one.
type OpenDemo struct{}

// Retry connects again.
type Retry struct{}

// CopyRole puts the least Role that an admin could apply on the clipboard.
type CopyRole struct{}

// AskIf offers what a result can be asked: another objective, price or load.
type AskIf struct{}

// Copy puts text on the clipboard; What names it.
type Copy struct{ What, Text string }

// Say shows one line to the person; Level is 0 info, 1 warning, 2 error.
type Say struct {
	Level int
	Text  string
}
