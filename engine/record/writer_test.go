package record_test

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"benchtop/engine/record"
)

const childEnv = "BENCHTOP_TEST_WRITE_RUN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

// writeForever is the child that the kill test ends: one whole step, then a second without end.
func writeForever(dir string) {
	check := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	w, err := record.Create(dir, newRun())
	check(err)
	check(w.BeginStep(record.OpenStep{Target: "a10", Index: 0, Rate: 1, Try: 1, Scheduled: 1000}))
	gaps := make([]uint32, 199)
	for i := range gaps {
		gaps[i] = uint32(8000 + i)
	}
	request := func(step, k int) {
		w.Request(&record.Request{ID: fmt.Sprint(step, "-", k), Target: "a10", Step: step, Try: 1, K: k, SchedNS: int64(k), GapsUS: gaps, Status: record.StatusOK})
	}
	for k := range 1000 {
		request(0, k)
	}
	check(w.EndStep(record.Step{Target: "a10", Index: 0, Rate: 1, Try: 1, Sent: 1000, OK: 1000}))
	check(w.BeginStep(record.OpenStep{Target: "a10", Index: 1, Rate: 2, Try: 1, Scheduled: 1 << 30}))
	fmt.Println("step done")
	for k := 0; ; k++ {
		request(1, k)
		if k%100 == 0 {
			check(w.Err())
			time.Sleep(time.Millisecond) // a load of some 100,000 requests a second, not a measurement
		}
	}
}

func TestKill9LosesNothingThatWasFlushed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "step done\n" {
		t.Fatalf("child says %q, %v", line, err)
	}
	running, err := record.Load(dir)
	if err != nil || running.State != record.StateRunning {
		t.Fatalf("while the writer lives the run is %+v, %v; want running", running, err)
	}
	if _, _, err := record.Reopen(dir); err == nil || !strings.Contains(err.Error(), "another benchtop") {
		t.Errorf("reopening a living run: %v; want a refusal", err)
	}
	file := filepath.Join(dir, "requests.jsonl")
	size := func() int64 { st, _ := os.Stat(file); return st.Size() }
	for base := size(); size() < base+4<<20; { // some flushes of the second step
		time.Sleep(5 * time.Millisecond)
	}
	flushed := size()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()

	run, err := record.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if run.State != record.StateInterrupted || run.Reason != "killed" {
		t.Errorf("state %q, reason %q; want interrupted, killed", run.State, run.Reason)
	}
	if len(run.Steps) != 1 || len(run.Open) != 1 || run.Open[0].Index != 1 {
		t.Errorf("%d steps and %+v open; want the first done and the second open", len(run.Steps), run.Open)
	}
	n := [2]int{}
	for r, err := range record.Requests(dir) {
		if err != nil {
			t.Fatalf("reading after the kill: %v", err)
		}
		if r.K != n[r.Step] || len(r.GapsUS) != 199 {
			t.Fatalf("step %d: got request %d with %d gaps, want %d", r.Step, r.K, len(r.GapsUS), n[r.Step])
		}
		n[r.Step]++
	}
	if least := int(flushed)/2000 - 1000; n[0] != 1000 || n[1] < least {
		t.Errorf("read %v requests, want 1000 and at least %d", n, least)
	}

	w, before, err := record.Reopen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(before.Open) != 1 {
		t.Errorf("before reopening %d steps were open, want 1", len(before.Open))
	}
	w.Request(&record.Request{ID: "after", Try: 2, Step: 1, Status: record.StatusOK})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	last := ""
	for r, err := range record.Requests(dir) {
		if err != nil {
			t.Fatalf("after reopening: %v", err)
		}
		last = r.ID
	}
	if last != "after" {
		t.Errorf("the last request is %q, want the one written after reopening", last)
	}
}

func TestRequestIsInTheFileWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "run")
		w, err := record.Create(dir, newRun())
		if err != nil {
			t.Fatal(err)
		}
		r := randomRequest(rand.New(rand.NewPCG(1, 1)), 0)
		w.Request(&r)
		time.Sleep(time.Second)
		synctest.Wait()
		n := 0
		for _, err := range record.Requests(dir) {
			if err != nil {
				t.Error(err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("a second after Request the file holds %d requests, want 1", n)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCreateRefusesWhatItCannotKeep(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, dir, want string }{
		{"folder with something in it", full, "not empty"},
		{"below a file", filepath.Join(full, "notes.txt", "run"), "--out"},
		{"is a file", filepath.Join(full, "notes.txt"), "--out"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := record.Create(tc.dir, newRun())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
	if entries, _ := os.ReadDir(full); len(entries) != 1 {
		t.Errorf("a refused folder was changed: %v", entries)
	}
	if os.Getuid() == 0 {
		return // root may write anywhere
	}
	locked := t.TempDir()
	if err := os.Chmod(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := record.Create(filepath.Join(locked, "run"), newRun()); !errors.Is(err, os.ErrPermission) {
		t.Errorf("read-only parent: %v, want permission denied", err)
	}
}

func TestRunWithBadValuesIsWrittenAndReadBackClean(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	run := newRun()
	nan := math.NaN()
	run.Targets[0].Model = "phi\x1b[31m\u202e4"
	run.Labels = map[string]string{"k\x00": "v\u200b"}
	w, err := record.Create(dir, run)
	if err != nil {
		t.Fatal(err)
	}
	s := record.Step{Target: "a10", Try: 1, InFlightSlopeT: math.Inf(1), GoodputRPS: &nan, ErrorSamples: map[string]string{"html": "<b>\r\n\x9b"}}
	if err := w.EndStep(s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := record.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m := got.Targets[0].Model; m != "phi4" {
		t.Errorf("model %q, want it without control characters", m)
	}
	if got.Labels["k"] != "v" || len(got.Labels) != 1 {
		t.Errorf("labels %q", got.Labels)
	}
	if g := got.Steps[0]; g.GoodputRPS != nil || g.InFlightSlopeT != 0 || g.ErrorSamples["html"] != "<b>  " {
		t.Errorf("step %+v", g)
	}
}
