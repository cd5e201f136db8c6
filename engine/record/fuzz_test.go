package record_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/record"
)

// Whatever the bytes: no panic, and every request read survives being written and read again.
func FuzzRequests(f *testing.F) {
	f.Add(goodLine + "\n")
	f.Add(goodLine[:40] + "\n" + goodLine)
	f.Add(`{"id":"\u0000\\","try":1,"status":"failed","error":"é","new_conn":true,"gaps_us":[0,4294967295]}`)
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		file := filepath.Join(dir, "requests.jsonl")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var again []byte
		n := 0
		for r, err := range record.Requests(dir) {
			if err == nil {
				again = record.AppendRequest(again, r)
				n++
			}
		}
		if err := os.WriteFile(file, again, 0o600); err != nil {
			t.Fatal(err)
		}
		var third []byte
		for r, err := range record.Requests(dir) {
			if err != nil {
				t.Fatalf("what was written does not read: %v\n%s", err, again)
			}
			third = record.AppendRequest(third, r)
			n--
		}
		if n != 0 || string(third) != string(again) {
			t.Errorf("written again it differs (%d requests more)\n%s\n%s", -n, again, third)
		}
	})
}

// Whatever the bytes: no panic, and a run that loads can be shown as rows.
func FuzzLoad(f *testing.F) {
	f.Add(`{"schema":1,"id":"x","state":"running","plan":{"rates":[1],"warmup":"5s"},"targets":[{"name":"t"}],"steps":[{"target":"t","try":1}]}`)
	f.Add(`{"schema":2}`)
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "run.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		run, err := record.Load(dir)
		if err != nil {
			return
		}
		for _, s := range run.Steps {
			for _, cell := range record.StepRow(run, record.Target{Name: s.Target}, s) {
				if strings.ContainsAny(cell, "\x1b\x00\r\n\u202e") {
					t.Errorf("cell %q holds a control character", cell)
				}
			}
		}
	})
}

// Whatever the bytes: no panic, and a plan that validates survives its own file.
func FuzzParsePlan(f *testing.F) {
	f.Add("rates: [1, 2]\nduration: 30s\nwarmup: auto\nseed: 18446744073709551615\n")
	f.Add("rates: 1..16x2\nworkload:\n  prompt_tokens: 3\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := record.ParsePlan([]byte(text))
		if err != nil || p.Validate() != nil {
			return
		}
		b, err := record.MarshalPlan(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := record.ParsePlan(b)
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		if d := cmp.Diff(p, again); d != "" {
			t.Errorf("plan read back (-want +got):\n%s", d)
		}
	})
}

// Whatever the text: no panic, no endless range, and only rates that a plan may have.
func FuzzParseRates(f *testing.F) {
	for _, s := range []string{"1,2,4", "1..16x2", "2..10+2", "1e-300..1x1.0000001", "1..2x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rates, err := record.ParseRates(text)
		if err != nil {
			return
		}
		if len(rates) == 0 || len(rates) > 10_000 {
			t.Errorf("ParseRates(%q) gives %d rates", text, len(rates))
		}
		for _, r := range rates {
			if !(r > 0) || r > record.MaxRate*(1+1e-9) || math.IsInf(r, 0) {
				t.Errorf("ParseRates(%q) gives %v", text, r)
			}
		}
	})
}
