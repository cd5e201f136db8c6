package record

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// brokenDisk takes some bytes a write, then says it is full, until repaired.
type brokenDisk struct {
	appender
	mu   sync.Mutex
	room int
}

var errFull = errors.New("no space left on device")

func (d *brokenDisk) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := min(len(b), d.room)
	d.room -= n
	m, err := d.appender.Write(b[:n])
	if err == nil && n < len(b) {
		err = errFull
	}
	return m, err
}

func createRun(t *testing.T) (*Writer, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, &Run{ID: "r", State: StateRunning, Plan: DefaultPlan()})
	if err != nil {
		t.Fatal(err)
	}
	return w, dir
}

func countRequests(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	for _, err := range Requests(dir) {
		if err != nil {
			t.Errorf("reading back: %v", err)
		}
		n++
	}
	return n
}

func TestFullDiskIsAStickyErrorAndTearsNoLine(t *testing.T) {
	w, dir := createRun(t)
	disk := &brokenDisk{appender: w.requests, room: 2500}
	w.disk.Lock()
	w.requests = disk
	w.disk.Unlock()
	for k := range 100 {
		w.Request(&Request{ID: fmt.Sprint(k), Try: 1, K: k, Status: StatusOK})
	}
	if err := w.EndStep(Step{Target: "t", Try: 1}); !errors.Is(err, errFull) {
		t.Errorf("EndStep on a full disk: %v, want %v", err, errFull)
	}
	if !errors.Is(w.Err(), errFull) {
		t.Errorf("Err: %v, want it to stay", w.Err())
	}
	if n := countRequests(t, dir); n == 0 || n >= 100 {
		t.Errorf("%d requests on the full disk, want some of 100", n)
	}
	disk.mu.Lock()
	disk.room = 1 << 30
	disk.mu.Unlock()
	w.Request(&Request{ID: "later", Try: 1, Status: StatusOK})
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v, want the first error", err)
	}
	if n := countRequests(t, dir); n != 101 {
		t.Errorf("%d requests after space came back, want all 101", n)
	}
}

func TestBacklogIsBounded(t *testing.T) {
	w, dir := createRun(t)
	r := Request{ID: "r", Try: 1, Status: StatusOK, GapsUS: make([]uint32, 2000)}
	for i := range r.GapsUS {
		r.GapsUS[i] = 4_000_000_000
	}
	w.pend.Lock()
	w.pend.max = 1 << 20
	w.pend.Unlock()
	w.disk.Lock() // the disk hangs
	const n = 200
	for range n {
		w.Request(&r)
	}
	w.disk.Unlock()
	if err := w.Err(); !errors.Is(err, ErrSlowDisk) || !strings.Contains(err.Error(), "1 MiB") {
		t.Errorf("Err: %v, want ErrSlowDisk", err)
	}
	if err := w.Close(); !errors.Is(err, ErrSlowDisk) {
		t.Errorf("Close: %v, want ErrSlowDisk", err)
	}
	kept := countRequests(t, dir)
	if most := (1 << 20) / len(AppendRequest(nil, &r)); kept != most {
		t.Errorf("%d of %d are kept, want the %d that fit", kept, n, most)
	}
}

// breaking is a file whose Write panics.
type breaking struct{ appender }

func (breaking) Write([]byte) (int, error) { panic("no such file") }

func TestAPanicWhileWritingIsTheWritersError(t *testing.T) {
	w, _ := createRun(t)
	w.disk.Lock()
	whole := w.requests
	w.requests = breaking{whole}
	w.disk.Unlock()
	w.Request(&Request{ID: "a"})
	w.flushNow()
	if err := w.Err(); err == nil || err.Error() != "write requests.jsonl: internal error: no such file" {
		t.Errorf("error %v", err)
	}
	w.disk.Lock()
	w.requests = whole
	w.disk.Unlock()
	w.Close()
}
