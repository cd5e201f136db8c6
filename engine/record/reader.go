package record

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Bounds of what is read from files that may come from anyone.
const (
	maxRunFile = 256 << 20
	maxLine    = 64 << 20
)

// errNotARun is returned for a folder without a run.json.
var errNotARun = errors.New("not a run")

// Load reads run.json of the run in dir. A run that says it is running, but whose writer is gone, is
// returned as interrupted with Reason "killed". Every text in it has been cleaned.
func Load(dir string) (*Run, error) {
	path := filepath.Join(dir, runFile)
	b, err := readBounded(path, maxRunFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open run %q: %w: there is no %s in it", dir, errNotARun, runFile)
	}
	if err != nil {
		return nil, fmt.Errorf("open run %q: %w", dir, err)
	}
	run, err := decodeRun(b)
	if err != nil {
		return nil, fmt.Errorf("open run %q: %s: %w", dir, runFile, err)
	}
	if run.State == StateRunning && !writerLives(dir) {
		run.State, run.Reason = StateInterrupted, "killed"
	}
	return run, nil
}

func decodeRun(b []byte) (*Run, error) {
	var head struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, unreadable(err)
	}
	switch {
	case head.Schema == nil || *head.Schema < 1:
		return nil, fmt.Errorf("%w: it has no schema version", errNotARun)
	case *head.Schema > SchemaVersion:
		return nil, fmt.Errorf("written by a newer benchtop (schema %d, this one reads up to %d): update benchtop", *head.Schema, SchemaVersion)
	}
	run := new(Run)
	if err := json.Unmarshal(b, run); err != nil {
		return nil, unreadable(err)
	}
	scrub(run)
	return run, nil
}

// unreadable tells in words of JSON, not of Go, why a file cannot be read.
func unreadable(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("not readable: %q holds an unexpected %s", cmp.Or(e.Field, runFile), e.Value)
	}
	return fmt.Errorf("not readable: %w", err)
}

// writerLives says whether a process holds the run's lock. Where that cannot be told (the lock file
// was not copied along, say) nobody does.
func writerLives(dir string) bool {
	f, err := os.Open(filepath.Join(dir, lockFile))
	if err != nil {
		return false
	}
	defer f.Close()
	free, err := tryLock(f, false)
	return err == nil && !free
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is larger than %d MiB", filepath.Base(path), limit>>20)
	}
	return b, err
}

// SkippedError tells of lines of requests.jsonl that are no requests. It comes last, after all that
// could be read.
type SkippedError struct {
	Lines int   // how many
	First int   // line number of the first, from 1
	Err   error // what was wrong with it
}

// Error names the count and the first line.
func (e *SkippedError) Error() string {
	return fmt.Sprintf("%s: %d unreadable line(s) skipped, the first is line %d: %v", requestsFile, e.Lines, e.First, e.Err)
}

// Unwrap is the first line's error.
func (e *SkippedError) Unwrap() error { return e.Err }

// Requests streams the requests of the run in dir, in the order they were written. The request is
// reused: copy what is kept. An error ends the sequence; a *SkippedError comes after every readable
// line. A torn last line is expected after a kill and skipped in silence; a run without
// requests.jsonl (an imported summary) has no requests.
func Requests(dir string) iter.Seq2[*Request, error] {
	return func(yield func(*Request, error) bool) {
		f, err := os.Open(filepath.Join(dir, requestsFile))
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(nil, fmt.Errorf("read requests: %w", err))
			return
		}
		defer f.Close()
		for r, err := range readRequests(f) {
			if !yield(r, err) {
				return
			}
		}
	}
}

func readRequests(src io.Reader) iter.Seq2[*Request, error] {
	return func(yield func(*Request, error) bool) {
		lines := lineReader{r: bufio.NewReaderSize(src, 1<<20)}
		var req Request
		var skipped SkippedError
		for n := 1; ; n++ {
			line, whole, err := lines.next()
			if err == io.EOF {
				break
			}
			if err != nil && !errors.Is(err, errLine) {
				yield(nil, fmt.Errorf("read %s line %d: %w", requestsFile, n, err))
				return
			}
			if err == nil {
				err = parseRequest(line, &req)
			}
			switch {
			case err == nil:
				if !yield(&req, nil) {
					return
				}
			case whole:
				if skipped.Lines++; skipped.Lines == 1 {
					skipped.First, skipped.Err = n, err
				}
			}
		}
		if skipped.Lines > 0 {
			yield(nil, &skipped)
		}
	}
}

// lineReader splits into lines of at most maxLine bytes.
type lineReader struct {
	r    *bufio.Reader
	long []byte // a line that did not fit the reader's buffer
}

// next returns the next line without its end; whole is false for a last line that has none. A line
// that is too long is passed over with errLine.
func (l *lineReader) next() (line []byte, whole bool, err error) {
	line, err = l.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		l.long = append(l.long[:0], line...)
		tooLong := false
		for err == bufio.ErrBufferFull {
			line, err = l.r.ReadSlice('\n')
			if tooLong = tooLong || len(l.long)+len(line) > maxLine; !tooLong {
				l.long = append(l.long, line...)
			}
		}
		if line = l.long; tooLong {
			return nil, err == nil, fmt.Errorf("%w: longer than %d MiB", errLine, maxLine>>20)
		}
	}
	if err == nil {
		return line[:len(line)-1], true, nil
	}
	if err == io.EOF && len(line) > 0 {
		return line, false, nil
	}
	return nil, false, err
}
