package main

import (
	"errors"
	"fmt"
	"os"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

// summaryEnv names the file to which a step of a GitHub workflow appends what its page shows.
const summaryEnv = "GITHUB_STEP_SUMMARY"

// appendSummary appends the report on a run to the summary of the workflow step, if there is one.
// What goes wrong is said; it changes no verdict.
func (c *cli) appendSummary(run *record.Run) {
	path := c.env(summaryEnv)
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(report.GitHub(run) + "\n")
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		fmt.Fprintf(c.errw, "$%s: %v\n", summaryEnv, err)
	}
}
