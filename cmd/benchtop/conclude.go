package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/engine/verdict"
)

// conclude prints what a sweep came to and turns it into an exit code: data to stdout, in the form
// that was asked for, everything else to stderr. lines is set if stdout belongs to NDJSON.
func (c *cli) conclude(res *engine.Result, err error, f *runFlags, s sweep, lines *ndjson) error {
	if res == nil || res.Run == nil {
		return err
	}
	results := judge(res.Run, s.gates)
	code := exitCode(res, err, results)
	saved := runFiles(res.Dir)
	c.appendSummary(res.Run)
	if lines != nil {
		end := endLine{RunID: res.Run.ID, State: res.Run.State, Reason: res.Run.Reason, ExitCode: code, Dir: res.Dir,
			Files: saved, Answer: []string{report.Answer(res.Run)}}
		for _, g := range results {
			end.Gates = append(end.Gates, g.Text)
		}
		err = errors.Join(err, lines.end(end))
	} else {
		err = errors.Join(err, c.printResult(res.Run, f.output, saved, results), c.printAgainst(res.Run, f.output, s.against))
	}
	if code == exitInterrupted {
		fmt.Fprintf(c.errw, "interrupted: what was measured is saved; go on with: %s run --resume %s\n", c.self, runArg(res.Dir))
	}
	if errors.Is(res.Err, engine.ErrDisk) {
		fmt.Fprintf(c.errw, "what was measured is saved; with space again go on with: %s run --resume %s\n", c.self, runArg(res.Dir))
	}
	if code == exitUntrusted {
		again := "run it again, or only the invalid steps with: " + c.self + " run --resume " + runArg(res.Dir)
		if allTrusted(res.Run) { // the same plan would leave it open once more
			again = "every step is valid, so run it again with what they ask for"
		}
		fmt.Fprintf(c.errw, "no trustworthy verdict: table and gates say why; %s\n", again)
	}
	if res.Err != nil && code == exitError {
		err = errors.Join(res.Err, err)
	}
	if code == exitOK {
		return err
	}
	return &codedError{code: code, err: err}
}

// runArg is how a person names a run on the command line: by its folder's name among the saved runs,
// else by its path.
func runArg(dir string) string {
	if root, err := record.Root(); err == nil && filepath.Dir(dir) == root {
		return filepath.Base(dir)
	}
	return dir
}

// printResult prints the answer, the table, gates and paths.
func (c *cli) printResult(run *record.Run, format string, saved []string, gates []verdict.GateResult) error {
	messages := c.errw
	if format == "table" {
		messages = c.drawn(c.out) // no program reads this form
	}
	if err := report.Show(c.out, run, format, c.tableOptions()); err != nil {
		return err
	}
	for _, g := range gates {
		fmt.Fprintln(messages, "gate "+g.Text)
	}
	for _, path := range saved {
		fmt.Fprintln(messages, "saved "+path)
	}
	return nil
}

// printAgainst compares the run with each saved one it was put beside.
func (c *cli) printAgainst(run *record.Run, format string, against []*record.Run) error {
	if format != "table" {
		return nil // stdout holds one document
	}
	for _, old := range against {
		text, err := report.Compare(c.tableOptions(), "table", old, run)
		if err != nil {
			fmt.Fprintln(c.errw, "--against: "+err.Error())
			continue
		}
		fmt.Fprintf(c.drawn(c.out), "\nagainst %s\n%s", cmp.Or(old.Name, old.ID), text)
	}
	return nil
}

// judge holds the run against the gates.
func judge(run *record.Run, gates []verdict.Gate) []verdict.GateResult {
	if len(gates) == 0 {
		return nil
	}
	return verdict.EvalGates(gates, report.Objective(run), run.Targets, run.Steps)
}

// exitCode follows the precedence 1, 130, 98, 99 (usage was checked long before).
func exitCode(res *engine.Result, err error, gates []verdict.GateResult) int {
	if err != nil {
		return exitError
	}
	if errors.Is(res.Err, engine.ErrStopped) {
		return exitInterrupted
	}
	if res.Err != nil {
		return exitError
	}
	code := exitOK
	for _, g := range gates {
		if g.Outcome == verdict.Unknown {
			return exitUntrusted
		}
		if g.Outcome != verdict.Met {
			code = exitGate
		}
	}
	for _, t := range res.Run.Targets {
		if !trusted(res.Run, t.Name) {
			return exitUntrusted
		}
	}
	return code
}

// trusted says whether a target has a step that is evidence.
func trusted(run *record.Run, target string) bool {
	for i := range run.Steps {
		if s := &run.Steps[i]; s.Target == target && verdict.Usable(s) {
			return true
		}
	}
	return false
}

// allTrusted says whether every target has steps, and the last try of each is evidence.
func allTrusted(run *record.Run) bool {
	for _, t := range run.Targets {
		if !trusted(run, t.Name) {
			return false
		}
	}
	for _, r := range report.Rows(run) {
		if slices.ContainsFunc(r.Steps, func(s *record.Step) bool { return !verdict.Usable(s) }) {
			return false
		}
	}
	return true
}

// runFiles are the files of a run that exist.
func runFiles(dir string) []string {
	var out []string
	for _, name := range []string{"steps.csv", "requests.jsonl", "run.json"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			out = append(out, path)
		}
	}
	return out
}
