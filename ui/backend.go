package ui

import (
	"context"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/kube/inventory"
	"benchtop/ui/screen"
)

// Backend is what the interface needs of the world outside; cmd implements it. Methods without a
// context return at once; the others may take seconds and are only called from a tea.Cmd.
type Backend interface {
	// Cluster is the latest picture of the cluster; never nil. It is polled.
	Cluster() *inventory.Cluster
	// Use changes context or namespace ("" = all); the next Cluster shows it.
	Use(ctx context.Context, kubeContext, namespace string) error
	// Retry connects again after a problem.
	Retry(ctx context.Context) error
	// Preflight connects to what is selected and says what stands against a run.
	Preflight(ctx context.Context, plan record.Plan, sel []Selection) ([]Check, error)
	// Start connects and starts the sweep. The run outlives ctx.
	Start(ctx context.Context, plan record.Plan, sel []Selection, yes bool) (Run, error)
	// Runs lists saved runs, newest first.
	Runs(ctx context.Context) ([]RunInfo, error)
	// Load opens a saved run and says where it is: by its folder, its id, latest, or the unique
	// beginning or end of its name.
	Load(ctx context.Context, name string) (dir string, run *record.Run, err error)
	// Export writes a run in a format (csv, md, html, …) and returns the paths written.
	Export(ctx context.Context, dir, format string) ([]string, error)
	// SaveFile writes a file (a screenshot) next to the runs and returns its absolute path.
	SaveFile(name string, data []byte) (string, error)
}

// Run is a sweep under way; *engine.Run is one.
type Run interface {
	Snapshot() *engine.Snapshot
	Events() <-chan engine.Event
	Skip(target string) // skips the current step of a target ("" = all)
	Stop()              // stops sending, drains, saves
	Abort()             // cuts what is in flight, saves
	Note(text string)   // a timed note
	Done() <-chan struct{}
	Wait() (*engine.Result, error)
}

// The values that pass between backend and screens are declared in ui/screen, since screens may not
// import this package.
type (
	// Selection is one target chosen for a run.
	Selection = screen.Selection
	// Check is one line of the preflight: what was looked at and what came of it.
	Check = screen.Check
	// RunInfo is a saved run in a list.
	RunInfo = screen.RunInfo
)
