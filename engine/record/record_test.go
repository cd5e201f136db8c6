package record_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"benchtop/engine/record"
)

func newRun() *record.Run {
	usd := 3.2
	return &record.Run{
		ID:        "r1",
		Version:   "test",
		StartedAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		State:     record.StateRunning,
		Plan:      record.DefaultPlan(),
		Targets: []record.Target{
			{Name: "a10", GPU: "A10", GPUCount: 1, Nodes: 1, USDPerHour: &usd},
			{Name: "a100", GPU: "A100"},
		},
	}
}

// randomRequest makes requests of every shape, from a seed.
func randomRequest(rng *rand.Rand, k int) record.Request {
	r := record.Request{
		ID: "r1-a10-0.1-" + strings.Repeat("7", k%5), Target: []string{"a10", "a100", "x<&>\"\\"}[rng.IntN(3)],
		Step: rng.IntN(5), Try: 1 + rng.IntN(3), K: k, SchedNS: rng.Int64N(1e12), Status: record.StatusOK,
	}
	if rng.IntN(4) > 0 {
		r.SentNS, r.DoneNS, r.PromptTokens = r.SchedNS+rng.Int64N(1e6), r.SchedNS+1e9, rng.IntN(300)
		r.StartNS, r.HeadNS, r.FirstTokenNS, r.LastTokenNS = r.SentNS-1, r.SentNS+5, r.SentNS+9, r.DoneNS-1
		r.Warmup, r.KernelStamps, r.HTTPStatus, r.Finish = rng.IntN(2) == 0, true, 200, "length"
		for range rng.IntN(300) {
			r.GapsUS = append(r.GapsUS, rng.Uint32()>>rng.IntN(32))
		}
		r.Events, r.OutputTokens, r.InWindowTokens = len(r.GapsUS)+1, len(r.GapsUS)+1, rng.IntN(9)
		return r
	}
	r.Status, r.Class, r.NewConn, r.ConnectNS = record.StatusFailed, "http_500", true, 12345
	r.Error, r.Redialled, r.Coalesced = "<html>böse & \"quoted\" \\ text", true, 3
	return r
}

func TestAppendedRequestIsWhatEncodingJSONReads(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for k := range 500 {
		want := randomRequest(rng, k)
		line := record.AppendRequest(nil, &want)
		var got record.Request
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("line %s: %v", line, err)
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("encoding/json reads another request (-want +got):\n%s", d)
		}
		std, _ := json.Marshal(want)
		if string(std)+"\n" != string(line) {
			t.Fatalf("line differs from encoding/json\n got %s\nwant %s", line, std)
		}
	}
}

func TestWrittenRunReadsBack(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := filepath.Join(t.TempDir(), "a", "run")
	w, err := record.Create(dir, newRun())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.BeginStep(record.OpenStep{Target: "a10", Index: 0, Rate: 1, Try: 1, Scheduled: 400}); err != nil {
		t.Fatal(err)
	}
	want := map[string]record.Request{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 9))
			for k := range 50 {
				r := randomRequest(rng, k)
				r.ID = strings.Repeat("i", g+1) + string(rune('A'+k))
				w.Request(&r)
				mu.Lock()
				want[r.ID] = r
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	p50 := 12.345678
	step := record.Step{Target: "a10", Rate: 1, Try: 1, Sent: 400, OK: 390, TTFT: record.Dist{N: 390, P50: &p50}, Verdict: record.Verdict{Valid: true}}
	if err := w.EndStep(step); err != nil {
		t.Fatal(err)
	}
	if err := w.Update(func(r *record.Run) { r.State = record.StateComplete }); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	run, err := record.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if run.State != record.StateComplete || len(run.Steps) != 1 || len(run.Open) != 0 || *run.Steps[0].TTFT.P50 != p50 {
		t.Errorf("run read back: state %q, %d steps, %d open", run.State, len(run.Steps), len(run.Open))
	}
	got := map[string]record.Request{}
	for r, err := range record.Requests(dir) {
		if err != nil {
			t.Fatal(err)
		}
		c := *r
		c.GapsUS = append([]uint32(nil), r.GapsUS...)
		got[c.ID] = c
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("requests read back (-want +got):\n%s", d)
	}
	csv, err := os.ReadFile(filepath.Join(dir, "steps.csv"))
	if err != nil || strings.Count(string(csv), "\n") != 2 || !strings.Contains(string(csv), "12.345678") {
		t.Errorf("steps.csv: %v\n%s", err, csv)
	}
	if st, _ := os.Stat(dir); st.Mode().Perm() != 0o700 {
		t.Errorf("run folder has mode %v, want 0700", st.Mode().Perm())
	}
}
