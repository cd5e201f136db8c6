package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxCounted is up to which size requests.jsonl is counted: that takes half a second.
const maxCounted = 64 << 20

// Lacks says in words what the run's folder lacks against run.json: requests that have no line, or
// lines that are none, and rows of steps.csv. Large files are looked at from their beginning only.
// Runs that go on, and those of other tools, lack nothing.
func Lacks(dir string, run *Run) []string {
	if run.Imported != "" || run.State == StateRunning {
		return nil
	}
	var out []string
	sent := 0
	for i := range run.Steps {
		s := &run.Steps[i]
		sent += s.Sent - s.Errors[ClassKilled] // those never had a line
	}
	if text := lacksRequests(filepath.Join(dir, requestsFile), dir, sent); text != "" {
		out = append(out, text+"; what needs single requests (--as, export, bundle) is not complete")
	}
	ended := len(run.Steps) - len(run.Open)
	switch saved, err := Salvage(dir); {
	case ended <= 0:
	case err != nil:
		out = append(out, stepsFile+" cannot be used: "+strings.TrimPrefix(err.Error(), "read "+stepsFile+": "))
	case len(saved.Steps) < ended:
		out = append(out, fmt.Sprintf("%s holds %d of %d steps", stepsFile, len(saved.Steps), ended))
	}
	return out
}

func lacksRequests(path, dir string, sent int) string {
	st, err := os.Stat(path)
	switch {
	case sent <= 0:
		return ""
	case errors.Is(err, fs.ErrNotExist):
		return requestsFile + " is missing"
	case err != nil:
		return err.Error()
	}
	found := 0
	for r, err := range Requests(dir) {
		if err != nil {
			return err.Error()
		}
		if !r.Warmup {
			found++
		}
		if found > 0 && st.Size() > maxCounted {
			return ""
		}
	}
	if found < sent {
		return fmt.Sprintf("%s holds %d of %d requests", requestsFile, found, sent)
	}
	return ""
}
