package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Root is the folder that holds runs: $BENCHTOP_RUNS, else $XDG_DATA_HOME/benchtop/runs, else
// ~/.local/share/benchtop/runs.
func Root() (string, error) {
	if dir := os.Getenv("BENCHTOP_RUNS"); dir != "" {
		return filepath.Abs(dir)
	}
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // the XDG specification: a relative path is ignored
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the folder for runs: %w; set BENCHTOP_RUNS", err)
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "benchtop", "runs"), nil
}

// Dir is the default folder of a run that starts now: the UTC start without colons and the name,
// within Root. It does not exist yet.
func Dir(name string, now time.Time) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	base := now.UTC().Format("20060102T150405Z")
	if name = fileName(name); name != "" {
		base += "-" + name
	}
	dir := filepath.Join(root, base)
	for i := 2; ; i++ {
		if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) || i > 1000 {
			return dir, nil
		}
		dir = filepath.Join(root, fmt.Sprintf("%s-%d", base, i))
	}
}

// fileName keeps what is safe in a file name on every system.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, s[:min(len(s), 80)])
	return strings.Trim(s, ".-")
}

// Info is one saved run in a list.
type Info struct {
	Dir string // absolute
	Run *Run   // nil if Err is set
	Err error  // why it cannot be opened
}

// List returns the runs in root, newest first, those that cannot be opened included; folders that
// are no runs are left out. A root that does not exist has none.
func List(root string) ([]Info, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var out []Info
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		run, err := Load(dir)
		if errors.Is(err, errNotARun) {
			continue
		}
		if st, serr := os.Stat(dir); serr != nil || !st.IsDir() {
			continue
		}
		out = append(out, Info{Dir: dir, Run: run, Err: err})
	}
	slices.SortStableFunc(out, func(a, b Info) int {
		if c := b.start().Compare(a.start()); c != 0 {
			return c
		}
		return strings.Compare(b.Dir, a.Dir)
	})
	return out, nil
}

func (i Info) start() time.Time {
	if i.Run == nil {
		return time.Time{}
	}
	return i.Run.StartedAt
}

// Remove deletes the run in dir: the files that a run consists of, and the folder if nothing else is
// in it. A run that is being written is refused, as is a folder that is no run.
func Remove(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, runFile)); err != nil {
		return fmt.Errorf("remove run %q: %w: there is no %s in it", dir, errNotARun, runFile)
	}
	if writerLives(dir) {
		return fmt.Errorf("remove run %q: another benchtop is writing it; stop that first", dir)
	}
	var errs []error
	for _, name := range []string{requestsFile, stepsFile, lockFile, runFile + ".tmp", stepsFile + ".tmp", TraceFile, ImportedDir, runFile} {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove run: %w", err)
	}
	if err := os.Remove(dir); err != nil {
		return fmt.Errorf("the run is removed, its folder holds other files and stays: %w", err)
	}
	return nil
}

// Resolve turns what a user calls a run into its directory: a path (of the folder or its run.json),
// "latest", a folder name or run id in Root, or the unique beginning or end of one. An error names
// the nearest runs there are.
func Resolve(arg string) (string, error) {
	if arg == "" {
		return "", errors.New("which run? give its folder, its id or latest; list them with: benchtop runs")
	}
	if dir, ok := asPath(arg); ok {
		return filepath.Abs(dir)
	}
	if strings.ContainsRune(arg, filepath.Separator) || holdsSteps(arg) {
		return "", fmt.Errorf("open run %q: %w: there is no %s in it", arg, errNotARun, runFile)
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	infos, err := List(root)
	if err != nil {
		return "", err
	}
	if len(infos) == 0 {
		return "", fmt.Errorf("no run %q: there are no saved runs in %s", arg, root)
	}
	if arg == "latest" {
		return infos[0].Dir, nil
	}
	return match(arg, infos, root)
}

// holdsSteps says whether a folder is what is left of a run.
func holdsSteps(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, stepsFile))
	return err == nil
}

func asPath(arg string) (string, bool) {
	if filepath.Base(arg) == runFile {
		arg = filepath.Dir(arg)
	}
	st, err := os.Stat(filepath.Join(arg, runFile))
	return arg, err == nil && st.Mode().IsRegular()
}

func match(arg string, infos []Info, root string) (string, error) {
	var names, hits []string
	for _, i := range infos {
		base, id := filepath.Base(i.Dir), ""
		if i.Run != nil {
			id = i.Run.ID
		}
		if base == arg || id == arg {
			return i.Dir, nil
		}
		names = append(names, base)
		if strings.HasPrefix(base, arg) || strings.HasPrefix(id, arg) || strings.HasSuffix(base, "-"+arg) {
			hits = append(hits, base)
		}
	}
	switch len(hits) {
	case 1:
		return filepath.Join(root, hits[0]), nil
	case 0:
		near := nearest(arg, names, 3)
		if len(near) == 0 {
			near = names[:min(3, len(names))]
		}
		return "", fmt.Errorf("no run %q in %s; there are: %s", arg, root, strings.Join(near, ", "))
	}
	return "", fmt.Errorf("run %q is not unique: %s; give more of the name", arg, strings.Join(hits[:min(5, len(hits))], ", "))
}
