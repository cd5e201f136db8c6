package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

// Without run.json a run shows what steps.csv holds, to the last digit and no more.
func TestSalvageOfStepsCSV(t *testing.T) {
	dir, run := generate(t, 11, []float64{2, 8}, 60)
	want, err := os.ReadFile(filepath.Join(dir, "steps.csv"))
	if err != nil {
		t.Fatal(err)
	}
	saved, err := record.Salvage(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := report.StepsCSV(&got, saved); err != nil {
		t.Fatal(err)
	}
	in, out := readCSV(t, want), readCSV(t, []byte(got.String()))
	for _, rows := range [][]map[string]string{in, out} {
		for _, r := range rows {
			delete(r, "usd_per_million_output_tokens") // computed anew, from six decimals
		}
	}
	if d := cmp.Diff(in, out); d != "" {
		t.Errorf("the table that comes out is not the one that went in (-in +out):\n%s", d)
	}
	if text := report.Text(saved, report.TableOptions{}); !strings.Contains(text, "run.json could not be read") || !strings.Contains(text, "A100          8     8.00") {
		t.Errorf("text of a salvaged run:\n%s", text)
	}

	lines := strings.SplitAfter(string(want), "\n")
	for name, c := range map[string]struct {
		text  string
		steps int // -1 = an error
	}{
		"the last row torn":      {strings.Join(lines[:2], "") + lines[2][:200], 1},
		"a quote left open":      {strings.Join(lines[:3], "") + `"k3x9,"`, 2},
		"only the header":        {lines[0], -1},
		"garbage":                {"\x00\x01\x02", -1},
		"nothing":                {"", -1},
		"a row of another shape": {lines[0] + "1,2,3\n" + lines[1], 1},
		"hostile numbers":        {lines[0] + strings.Replace(lines[1], ",200,200,2,", ",-1,1e300,NaN,", 1), -1},
	} {
		if err := os.WriteFile(filepath.Join(dir, "steps.csv"), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		saved, err := record.Salvage(dir)
		if (err != nil) != (c.steps < 0) || err == nil && len(saved.Steps) != c.steps {
			t.Errorf("%s: %v, %+v; want %d steps", name, err, saved, c.steps)
		}
		if c.steps > 0 {
			if lacks := strings.Join(record.Lacks(dir, run), "\n"); !strings.Contains(lacks, "steps.csv holds") {
				t.Errorf("%s: lacks %q", name, lacks)
			}
		}
	}
}

func TestLacksSaysWhatIsMissing(t *testing.T) {
	dir, run := generate(t, 12, []float64{2}, 60)
	if lacks := record.Lacks(dir, run); lacks != nil {
		t.Fatalf("a whole run lacks %q", lacks)
	}
	path := filepath.Join(dir, "requests.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text, want string
	}{
		{"cut", string(whole[:len(whole)/2]), "of 120 requests"},
		{"garbage", "garbage\n" + string(whole), "1 unreadable line(s) skipped, the first is line 1"},
		{"empty", "", "requests.jsonl holds 0 of 120 requests"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if lacks := strings.Join(record.Lacks(dir, run), "\n"); !strings.Contains(lacks, c.want) {
			t.Errorf("%s: lacks %q, want %q", c.name, lacks, c.want)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if lacks := record.Lacks(dir, run); len(lacks) != 1 || !strings.HasPrefix(lacks[0], "requests.jsonl is missing") {
		t.Errorf("without requests.jsonl: lacks %q", lacks)
	}
	if err := os.Remove(filepath.Join(dir, "steps.csv")); err != nil {
		t.Fatal(err)
	}
	if lacks := record.Lacks(dir, run); len(lacks) != 2 || !strings.HasPrefix(lacks[1], "steps.csv cannot be used") {
		t.Errorf("without steps.csv: lacks %q", lacks)
	}
}
