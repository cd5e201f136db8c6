package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"benchtop/engine/record"
)

// ImportFile is a result file of another tool.
type ImportFile struct {
	Target string // whose result it is; empty = named after the file's folder
	Path   string
}

// Imported is a run made of other tools' results, and the files themselves.
type Imported struct {
	Run   *record.Run
	files map[string][]byte // by name within the run's folder
}

const (
	maxImportFile = 64 << 20
	maxImports    = 1000
)

// finding is one step read from a file.
type finding struct {
	tool     string // "GuideLLM 0.3"
	target   record.Target
	step     record.Step
	arrivals string
	seed     uint64
	workload record.Workload
}

// Import reads GuideLLM CSV (0.3 and the three-row header) and JSON, vllm bench JSON and
// inference-perf JSON. What a tool did not keep stays unknown; how its numbers differ from ours is
// noted at every step. Errors name every file that cannot be read and what it is.
func Import(files []ImportFile, now time.Time) (*Imported, error) {
	if len(files) == 0 || len(files) > maxImports {
		return nil, fmt.Errorf("import: %d files; want 1 to %d", len(files), maxImports)
	}
	im := &Imported{files: map[string][]byte{}}
	var found []finding
	var errs []error
	sum := sha256.New() // two runs imported in one second are two
	for i, f := range files {
		b, err := readFile(f.Path)
		if err == nil {
			var steps []finding
			if steps, err = parseResult(b); err == nil {
				for j := range steps {
					t := &steps[j].target
					t.Name, t.URL = cmp.Or(f.Target, targetName(f.Path)), publicURL(t.URL)
				}
				found = append(found, steps...)
				sum.Write(b)
				im.files[filepath.Join(record.ImportedDir, fmt.Sprintf("%03d-%s", i+1, safeName(filepath.Base(f.Path))))] = b
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("import %q: %w", f.Path, err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	im.Run = assemble(found, now)
	im.Run.ID += fmt.Sprintf("-%x", sum.Sum(nil)[:2])
	return im, nil
}

// publicURL is a URL without the parts that may hold a secret, which other tools take and record.
func publicURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" && strings.Contains(text, "@") {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxImportFile+1))
	if err == nil && len(b) > maxImportFile {
		err = fmt.Errorf("larger than %d MiB; a summary without single requests will do", maxImportFile>>20)
	}
	return b, err
}

// targetName is the folder of a file.
func targetName(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return cmp.Or(safeName(filepath.Base(filepath.Dir(path))), "imported")
}

// parseResult tells what a file is by its content and reads it.
func parseResult(b []byte) ([]finding, error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	switch trimmed := bytes.TrimSpace(b); {
	case len(trimmed) == 0:
		return nil, errors.New("the file is empty")
	case trimmed[0] == '{' || trimmed[0] == '[':
		return parseJSONResult(trimmed)
	}
	return parseCSVResult(b)
}

// assemble makes a run of what was found: targets in the order they came, steps by rate; a second
// result of one target at one rate is a repetition.
func assemble(found []finding, now time.Time) *record.Run {
	run := &record.Run{
		Schema: record.SchemaVersion, ID: "imported-" + now.UTC().Format("20060102t150405"), Version: "imported",
		State: record.StateComplete, StartedAt: now.UTC(), Imported: found[0].tool,
		Plan: record.Plan{Arrivals: found[0].arrivals, Seed: found[0].seed, Workload: found[0].workload, Order: "sequential", Repeat: 1},
	}
	run.Plan.Workload.Kind = "fixed"
	tries := map[string]map[float64]int{}
	for i := range found {
		f := &found[i]
		if place(run, f.target.Name) < 0 {
			run.Targets = append(run.Targets, f.target)
			run.Plan.Targets = append(run.Plan.Targets, f.target.Name)
			tries[f.target.Name] = map[float64]int{}
		}
		if !slices.Contains(run.Plan.Rates, f.step.Rate) {
			run.Plan.Rates = append(run.Plan.Rates, f.step.Rate)
		}
		f.step.Repeat = tries[f.target.Name][f.step.Rate]
		tries[f.target.Name][f.step.Rate]++
		run.Plan.Repeat = max(run.Plan.Repeat, f.step.Repeat+1)
		if t := f.step.StartedAt; !t.IsZero() && t.Before(run.StartedAt) {
			run.StartedAt = t
		}
		if f.tool != run.Imported {
			run.Imported = "several tools"
		}
	}
	slices.Sort(run.Plan.Rates)
	for i := range found {
		f := &found[i]
		s := f.step
		s.Target, s.Try = f.target.Name, 1
		s.Index = s.Repeat*len(run.Plan.Rates) + slices.Index(run.Plan.Rates, s.Rate)
		s.EndNS = int64(s.WindowS * 1e9)
		s.WindowEndNS = s.EndNS
		run.Steps = append(run.Steps, s)
		if end := s.StartedAt.Add(secondsToDuration(s.WindowS)); end.After(run.EndedAt) {
			run.EndedAt = end
		}
	}
	slices.SortStableFunc(run.Steps, func(a, b record.Step) int {
		return cmp.Or(cmp.Compare(place(run, a.Target), place(run, b.Target)), cmp.Compare(a.Index, b.Index))
	})
	return run
}

// Save makes the run's folder: run.json, steps.csv, and the files it came from.
func (im *Imported) Save(dir string) error {
	w, err := record.Create(dir, im.Run)
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	for name, b := range im.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("import: %w", err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return fmt.Errorf("import: %w", err)
		}
	}
	return nil
}

// importedRows are the rows of GuideLLM 0.3's CSV files that the run in dir was imported from, in
// order; nil if it was not imported from such.
func importedRows(dir string, run *record.Run) ([][]string, error) {
	if run.Imported != guideLLM03 {
		return nil, nil
	}
	names, err := filepath.Glob(filepath.Join(dir, record.ImportedDir, "*"))
	if err != nil {
		return nil, err
	}
	var out [][]string
	for _, name := range names { // Glob sorts
		b, err := readFile(name)
		if err != nil {
			return nil, err
		}
		table, err := readCSV(b)
		if err != nil || len(table) < 2 || !slices.Equal(table[0], GuideLLMHeader()) {
			continue // a JSON file, or one that someone put there
		}
		for _, row := range table[1:] {
			for i, cell := range row {
				row[i] = guardCell(cell)
			}
			out = append(out, row)
		}
	}
	return out, nil
}

// guardCell defuses a formula in a cell that is kept as it came; numbers keep their sign.
func guardCell(cell string) string {
	if cell == "" || !strings.ContainsAny(cell[:1], "=+-@\t\r") {
		return cell
	}
	if _, ok := number(cell); ok {
		return cell
	}
	return "'" + cell
}

// judgeImported sets what can be said of a step that another tool measured. lastSent is when its
// last request was due, in s after the first; offered is the rate of sending, 0 = unknown; seconds
// is until the last reply.
//
// Saturation is judged from these two alone: at the mean completion rate over the whole time, so
// many would have been done when the last request was sent. Below offered × (1 − max(5 %, 3/√n)) the
// target fell behind. It is the first of the two tests that our own runs take.
func judgeImported(f *finding, lastSent, offered, seconds float64) {
	s := &f.step
	n := float64(s.Sent)
	s.Verdict.Valid = s.Sent > 0 && s.OK > 0
	if !s.Verdict.Valid {
		s.Verdict.Reasons = append(s.Verdict.Reasons, "no request succeeded")
		return
	}
	s.OfferedRPS = offered
	if lastSent > 0 && seconds > 0 {
		byThen := float64(s.OK) * math.Min(1, lastSent/seconds)
		if byThen < n*(1-math.Max(0.05, 3/math.Sqrt(n))) {
			s.Verdict.Saturated = true
			s.Verdict.Notes = append(s.Verdict.Notes, fmt.Sprintf("saturated: sent within %s s, answered within %s s", digits(lastSent), digits(seconds)))
		}
	}
	s.Verdict.Notes = append(s.Verdict.Notes, "measured by "+f.tool+": its own lateness, the path and foreign traffic are unknown")
}
