package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"benchtop/engine/record"
)

const goodLine = `{"id":"a","target":"t","step":0,"try":1,"k":0,"sched_ns":5,"gaps_us":[1,2],"status":"ok"}`

// readAll reads requests.jsonl made of text: the ids and what was skipped.
func readAll(t testing.TB, text string) (ids []string, err error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "requests.jsonl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for r, e := range record.Requests(dir) {
		if e != nil {
			err = e
			continue
		}
		ids = append(ids, r.ID)
	}
	return ids, err
}

func TestRequestsSkipWhatIsNoRequest(t *testing.T) {
	next := strings.Replace(goodLine, `"a"`, `"b"`, 1)
	for _, tc := range []struct {
		name, text string
		ids        string
		skipped    int
		first      int
	}{
		{"two lines", goodLine + "\n" + next + "\n", "a b", 0, 0},
		{"last line torn", goodLine + "\n" + next[:50], "a", 0, 0},
		{"last line whole without its end", goodLine + "\n" + next, "a b", 0, 0},
		{"torn in the middle", goodLine + "\n" + next[:50] + "\n" + next + "\n", "a b", 1, 2},
		{"blank line", goodLine + "\n\n" + next + "\n", "a b", 1, 2},
		{"garbage and zeros", "\x00\x00\x00\n" + goodLine + "\n{}\nnull\n", "a", 3, 1},
		{"blanks in the line", `{ "id" : "a", "step": 0, "try": 1, "status": "ok" }` + "\n", "a", 0, 0},
		{"unknown field of a later version", `{"id":"a","try":1,"status":"ok","energy":{"j":1}}` + "\n", "a", 0, 0},
		{"negative step", `{"id":"a","step":-1,"try":1,"status":"ok"}` + "\n", "", 1, 1},
		{"try zero", `{"id":"a","try":0,"status":"ok"}` + "\n", "", 1, 1},
		{"unknown status", `{"id":"a","try":1,"status":"fine"}` + "\n", "", 1, 1},
		{"negative time", `{"id":"a","try":1,"status":"ok","done_ns":-5}` + "\n", "", 1, 1},
		{"negative count", `{"id":"a","try":1,"status":"ok","output_tokens":-5}` + "\n", "", 1, 1},
		{"gap beyond its type", `{"id":"a","try":1,"status":"ok","gaps_us":[4294967296]}` + "\n", "", 1, 1},
		{"number beyond its type", `{"id":"a","try":1,"status":"ok","k":99999999999999999999}` + "\n", "", 1, 1},
		{"very long line", `{"id":"a","try":1,"status":"ok","gaps_us":[1` + strings.Repeat(",4000000000", 300_000) + "]}\n" + next + "\n", "a b", 0, 0},
		{"line beyond every bound", strings.Repeat("x", 70<<20) + "\n" + next + "\n", "b", 1, 1},
		{"empty file", "", "", 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ids, err := readAll(t, tc.text)
			if got := strings.Join(ids, " "); got != tc.ids {
				t.Errorf("requests %q, want %q", got, tc.ids)
			}
			var skipped *record.SkippedError
			if errors.As(err, &skipped) != (tc.skipped > 0) || err != nil && skipped == nil {
				t.Fatalf("error %v, want %d lines skipped", err, tc.skipped)
			}
			if skipped != nil && (skipped.Lines != tc.skipped || skipped.First != tc.first) {
				t.Errorf("skipped %d from line %d, want %d from %d", skipped.Lines, skipped.First, tc.skipped, tc.first)
			}
		})
	}
}

func TestTextFromAForeignRecordIsCleaned(t *testing.T) {
	for text, want := range map[string]string{`"\u001b[31mred"`: "red", "\"\x1b[31mred\"": "", "\"\u202e[31mred\"": "[31mred"} {
		dir := t.TempDir()
		line := `{"id":"a","try":1,"status":"failed","error":` + text + "}\n"
		if err := os.WriteFile(filepath.Join(dir, "requests.jsonl"), []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		for r, err := range record.Requests(dir) {
			if err != nil {
				if text[1] != 0x1b { // a raw control character is no JSON: skipped
					t.Error(err)
				}
				continue
			}
			if r.Error != want {
				t.Errorf("error text %q, want %q", r.Error, want)
			}
		}
	}
}

func TestRequestsOfARunWithoutAny(t *testing.T) {
	for range record.Requests(t.TempDir()) {
		t.Error("a folder without requests.jsonl yields something")
	}
}
