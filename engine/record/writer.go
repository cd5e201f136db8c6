package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// The files of a run directory.
const (
	runFile      = "run.json"
	requestsFile = "requests.jsonl"
	stepsFile    = "steps.csv"
	lockFile     = ".lock"
)

// TraceFile keeps the stack of a panic that ended a run, beside its files.
const TraceFile = "panic.txt"

// ImportedDir is the folder within a run that holds the files of another tool it was imported from.
const ImportedDir = "imported"

const (
	flushEvery = 500 * time.Millisecond
	// maxPending bounds what waits for the disk: at 1.3 kB a request some 100,000 of them.
	maxPending = 128 << 20
)

// ErrSlowDisk is the sticky error of a writer whose disk took less than arrived until maxPending
// bytes waited; what came later is not recorded, which Lacks tells.
var ErrSlowDisk = errors.New("the disk is too slow for this run")

// appender is the file a writer appends to.
type appender interface {
	io.Writer
	Sync() error
	Close() error
}

// Writer keeps a run directory up to date. All methods are safe for concurrent use.
type Writer struct {
	dir      string
	lock     *os.File
	requests appender
	steps    appender

	// pend guards what Request appends to; nothing slow happens under it.
	pend struct {
		sync.Mutex
		buf []byte
		max int   // bound of buf
		err error // sticky
	}
	// disk serialises everything that writes; run is only touched under it.
	disk struct {
		sync.Mutex
		out    []byte // taken from pend.buf, in part written
		run    *Run
		closed bool
	}
	scratch sync.Pool // *[]byte
	stop    chan struct{}
	done    chan struct{} // the flusher has ended
}

// Create makes the run directory (0700; its parents too), writes run.json and starts the writer. A
// folder that holds anything is refused. The writer owns run from here on: read or change it inside
// Update only. Close ends the writer's goroutine.
func Create(dir string, run *Run) (*Writer, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("create run folder %q: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create run folder: %w; choose another with --out", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("create run folder: %w; choose another with --out", err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("run folder %q is not empty (it holds %q): give --out a new folder, or remove it first", dir, entries[0].Name())
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	return start(dir, lock, run)
}

// Reopen continues the run in dir: a torn last line is cut off, run.json says running again, and
// the caller gets a copy of the run as it was (its Open steps are the ones that were cut: their
// tries are used up). A run that another process is writing is refused.
func Reopen(dir string) (*Writer, *Run, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, err
	}
	if _, err := Load(dir); err != nil { // before a lock file is made in a folder that is no run
		return nil, nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, nil, err
	}
	before, err := Load(dir)
	if err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	run, err := Load(dir)
	if err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	run.State, run.Reason, run.EndedAt, run.Open = StateRunning, "", time.Time{}, nil
	w, err := start(dir, lock, run)
	return w, before, err
}

// start brings the folder in order (steps.csv as run says, no torn line), writes run.json and starts
// the flusher. It takes the lock over, also on error.
func start(dir string, lock *os.File, run *Run) (*Writer, error) {
	w := &Writer{dir: dir, lock: lock, stop: make(chan struct{}), done: make(chan struct{})}
	w.scratch.New = func() any { b := make([]byte, 0, 4096); return &b }
	w.pend.max = maxPending
	run.Schema = SchemaVersion
	w.disk.run = run
	table := csvLine(StepsHeader())
	for _, s := range run.Steps {
		table = append(table, csvLine(StepRow(run, run.target(s.Target), s))...)
	}
	err := w.writeRun()
	if err == nil {
		err = replaceFile(filepath.Join(dir, stepsFile), table)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	steps, err := openFile(dir, stepsFile)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	requests, err := openFile(dir, requestsFile)
	if err != nil {
		return nil, errors.Join(err, steps.Close(), lock.Close())
	}
	if err := cutTorn(requests); err != nil {
		return nil, errors.Join(err, requests.Close(), steps.Close(), lock.Close())
	}
	w.steps, w.requests = steps, requests
	go w.flushLoop()
	return w, nil
}

// Dir is the absolute path of the run directory.
func (w *Writer) Dir() string { return w.dir }

// Request records a finished request. It copies what it needs and does not wait for the disk: the
// line is in the file within 0.5 s, and on the disk at the end of the step.
func (w *Writer) Request(r *Request) {
	s := w.scratch.Get().(*[]byte)
	*s = AppendRequest((*s)[:0], r)
	w.pend.Lock()
	if len(w.pend.buf)+len(*s) <= w.pend.max {
		w.pend.buf = append(w.pend.buf, *s...)
	} else {
		if w.pend.err == nil {
			w.pend.err = fmt.Errorf("write %s: %w: %d MiB wait to be written", requestsFile, ErrSlowDisk, w.pend.max>>20)
		}
	}
	w.pend.Unlock()
	w.scratch.Put(s)
}

// Err is the first thing that went wrong with the disk, nil while all is well. It stays: a run whose
// record cannot be kept should stop.
func (w *Writer) Err() error {
	w.pend.Lock()
	defer w.pend.Unlock()
	return w.pend.err
}

// BeginStep notes that a step is under way.
func (w *Writer) BeginStep(s OpenStep) error {
	return w.Update(func(run *Run) { run.Open = append(run.Open, s) })
}

// EndStep makes a finished step durable: its requests, its row in steps.csv and run.json. All
// requests of the step must have been passed to Request before.
func (w *Writer) EndStep(s Step) error {
	w.disk.Lock()
	defer w.disk.Unlock()
	run := w.disk.run
	scrub(&s)
	run.Steps = append(run.Steps, s)
	run.Open = slices.DeleteFunc(run.Open, func(o OpenStep) bool {
		return o.Target == s.Target && o.Index == s.Index && o.Try == s.Try
	})
	err := w.flush()
	if err == nil {
		err = w.requests.Sync()
	}
	if _, e := w.steps.Write(csvLine(StepRow(run, run.target(s.Target), s))); e != nil {
		err = errors.Join(err, e)
	} else {
		err = errors.Join(err, w.steps.Sync())
	}
	return w.fail(errors.Join(err, w.writeRun()))
}

// Update changes the run under the writer's lock and replaces run.json.
func (w *Writer) Update(change func(*Run)) error {
	w.disk.Lock()
	defer w.disk.Unlock()
	change(w.disk.run)
	return w.fail(w.writeRun())
}

// Close writes what is pending, makes it durable and releases the lock. It may be called again. The
// caller sets State and EndedAt by Update before.
func (w *Writer) Close() error {
	w.disk.Lock()
	if w.disk.closed {
		w.disk.Unlock()
		return w.Err()
	}
	w.disk.closed = true
	w.disk.Unlock()
	close(w.stop)
	<-w.done
	w.disk.Lock()
	defer w.disk.Unlock()
	err := w.flush()
	err = errors.Join(err, w.requests.Sync(), w.writeRun())
	w.fail(err)
	w.fail(w.closeFiles())
	return w.Err()
}

func (w *Writer) closeFiles() error {
	var errs []error
	for _, f := range []io.Closer{w.requests, w.steps, w.lock} {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// fail keeps the first error and returns the one given.
func (w *Writer) fail(err error) error {
	if err == nil {
		return nil
	}
	w.pend.Lock()
	defer w.pend.Unlock()
	if w.pend.err == nil {
		w.pend.err = err
	}
	return err
}

// flushLoop is the writer's own goroutine; Close ends and awaits it.
func (w *Writer) flushLoop() {
	defer close(w.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
			w.flushNow()
		}
	}
}

// flushNow writes what is pending. A panic is the writer's error, and not the program's end: who owns
// the run saves and says it.
func (w *Writer) flushNow() {
	w.disk.Lock()
	defer w.disk.Unlock()
	defer func() {
		if v := recover(); v != nil {
			w.fail(fmt.Errorf("write %s: internal error: %v", requestsFile, v))
		}
	}()
	w.fail(w.flush())
}

// flush moves what is pending into the file; the caller holds disk. After a short write it keeps the
// rest and goes on there the next time, so that no line is torn in the middle of the file.
func (w *Writer) flush() error {
	if err := w.writeOut(); err != nil {
		return err
	}
	w.pend.Lock()
	w.disk.out, w.pend.buf = w.pend.buf, w.disk.out[:0]
	w.pend.Unlock()
	return w.writeOut()
}

func (w *Writer) writeOut() error {
	n, err := w.requests.Write(w.disk.out)
	w.disk.out = w.disk.out[:copy(w.disk.out, w.disk.out[n:])]
	if err != nil {
		return fmt.Errorf("write %s: %w; free some space, what came before is kept", requestsFile, err)
	}
	return nil
}

// writeRun replaces run.json; the caller holds disk (or is alone).
func (w *Writer) writeRun() error {
	scrub(w.disk.run)
	b, err := json.MarshalIndent(w.disk.run, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", runFile, err)
	}
	if err := replaceFile(filepath.Join(w.dir, runFile), append(b, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", runFile, err)
	}
	return nil
}
