package record_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"benchtop/engine/record"
)

func TestRootFollowsTheEnvironment(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	t.Setenv("USERPROFILE", "/home/me")
	for _, tc := range []struct{ runs, xdg, want string }{
		{"/r", "/x", "/r"},
		{"", "/x", "/x/benchtop/runs"},
		{"", "", "/home/me/.local/share/benchtop/runs"},
		{"", "relative", "/home/me/.local/share/benchtop/runs"},
	} {
		t.Setenv("BENCHTOP_RUNS", tc.runs)
		t.Setenv("XDG_DATA_HOME", tc.xdg)
		if got, err := record.Root(); err != nil || got != tc.want {
			t.Errorf("Root with BENCHTOP_RUNS=%q XDG_DATA_HOME=%q: %q, %v; want %q", tc.runs, tc.xdg, got, err, tc.want)
		}
	}
}

func TestDirIsNamedAfterStartAndName(t *testing.T) {
	root := t.TempDir()
	t.Setenv("BENCHTOP_RUNS", root)
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	for name, want := range map[string]string{
		"":           "20260304T040607Z",
		"phi4":       "20260304T040607Z-phi4",
		"../../etc":  "20260304T040607Z-etc",
		"a b:c\x1b/": "20260304T040607Z-a-b-c",
	} {
		got, err := record.Dir(name, at)
		if err != nil || got != filepath.Join(root, want) {
			t.Errorf("Dir(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "20260304T040607Z-phi4"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, _ := record.Dir("phi4", at); filepath.Base(got) != "20260304T040607Z-phi4-2" {
		t.Errorf("Dir of a second run in the same second is %q", got)
	}
}

// saveRun makes a finished run in root.
func saveRun(t *testing.T, root, folder, id string, start time.Time) {
	t.Helper()
	run := newRun()
	run.ID, run.StartedAt, run.State = id, start, record.StateComplete
	w, err := record.Create(filepath.Join(root, folder), run)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestListAndResolve(t *testing.T) {
	root := t.TempDir()
	t.Setenv("BENCHTOP_RUNS", root)
	if _, err := record.Resolve("latest"); err == nil || !strings.Contains(err.Error(), "no saved runs") {
		t.Errorf("latest of no runs: %v", err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	saveRun(t, root, "20260101T000000Z-phi4", "k3x9", start)
	saveRun(t, root, "20260102T000000Z-phi4", "m7p2", start.Add(24*time.Hour))
	saveRun(t, root, "20260103T000000Z-qwen", "m8q1", start.Add(48*time.Hour))
	for _, f := range []string{"no-run/x", "broken/run.json", "stray"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(f)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, f), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	infos, err := record.List(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range infos {
		names = append(names, filepath.Base(i.Dir))
	}
	if got, want := strings.Join(names, " "), "20260103T000000Z-qwen 20260102T000000Z-phi4 20260101T000000Z-phi4 broken"; got != want {
		t.Errorf("list is %s, want %s", got, want)
	}
	if infos[3].Err == nil || infos[3].Run != nil {
		t.Errorf("the broken run is listed as %+v, want its error", infos[3])
	}
	path := filepath.Join(root, "20260101T000000Z-phi4")
	for arg, want := range map[string]string{
		"latest":                        "20260103T000000Z-qwen",
		"20260101T000000Z-phi4":         "20260101T000000Z-phi4",
		"20260102":                      "20260102T000000Z-phi4",
		"k3x9":                          "20260101T000000Z-phi4",
		"m7":                            "20260102T000000Z-phi4",
		"qwen":                          "20260103T000000Z-qwen",
		path:                            "20260101T000000Z-phi4",
		path + "/":                      "20260101T000000Z-phi4",
		filepath.Join(path, "run.json"): "20260101T000000Z-phi4",
	} {
		if got, err := record.Resolve(arg); err != nil || got != filepath.Join(root, want) {
			t.Errorf("Resolve(%q) = %q, %v; want %s", arg, got, err, want)
		}
	}
	for arg, want := range map[string]string{
		"":                            "which run",
		"phi4":                        "not unique",
		"m":                           "not unique: 20260103T000000Z-qwen, 20260102T000000Z-phi4",
		"20260101T000000Z-phi5":       "20260101T000000Z-phi4",
		"zzz":                         "there are: 20260103T000000Z-qwen",
		filepath.Join(root, "no-run"): "not a run",
	} {
		if got, err := record.Resolve(arg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Resolve(%q) = %q, %v; want an error with %q", arg, got, err, want)
		}
	}
}

func TestRemoveTakesARunAndNothingElse(t *testing.T) {
	root := t.TempDir()
	saveRun(t, root, "run", "a", time.Now())
	dir := filepath.Join(root, "run")
	if err := os.MkdirAll(filepath.Join(dir, record.ImportedDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, record.TraceFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := record.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	if err := record.Remove(root); err == nil || !strings.Contains(err.Error(), "not a run") {
		t.Errorf("removing a folder that is no run: %v", err)
	}
	saveRun(t, root, "kept", "b", time.Now())
	note := filepath.Join(root, "kept", "notes.txt")
	if err := os.WriteFile(note, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := record.Remove(filepath.Join(root, "kept")); err == nil || !strings.Contains(err.Error(), "other files") {
		t.Errorf("removing a run beside other files: %v", err)
	}
	if _, err := os.Stat(note); err != nil {
		t.Errorf("another file was removed: %v", err)
	}
	w, err := record.Create(filepath.Join(root, "living"), newRun())
	if err != nil {
		t.Fatal(err)
	}
	if err := record.Remove(w.Dir()); err == nil || !strings.Contains(err.Error(), "writing it") {
		t.Errorf("removing a living run: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"a newer schema":    {`{"schema": 99}`, "update benchtop"},
		"no schema":         {`{"id": "x"}`, "not a run"},
		"another file":      {`[1, 2]`, `not readable: "run.json" holds an unexpected array`},
		"a cut file":        {`{"schema": 1, "id": "x`, "not readable"},
		"wrong kinds":       {`{"schema": 1, "targets": 7}`, `not readable: "targets" holds an unexpected number`},
		"nothing at all":    {``, "not readable"},
		"a negative schema": {`{"schema": -1}`, "not a run"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "run.json"), []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if run, err := record.Load(dir); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Load = %+v, %v; want an error with %q", run, err, tc.want)
			}
		})
	}
}
