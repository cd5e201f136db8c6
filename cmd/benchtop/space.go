package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"benchtop/engine"
	"benchtop/engine/record"
)

// checkOut refuses a folder that holds something before any target is asked.
func checkOut(dir string) error {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--out: %w; give a folder that can be written", err)
	case len(entries) > 0:
		return fmt.Errorf("--out: folder %q is not empty (it holds %q); give a new one, or continue a run with --resume",
			dir, entries[0].Name())
	}
	return nil
}

// checkPlace refuses a place that the run could not be written to, before any target is asked.
func (b *backend) checkPlace(s sweep) error {
	if s.resume != "" {
		return nil // it is there, and Reopen says what is wrong with it
	}
	if err := checkOut(b.run.out); err != nil {
		return err
	}
	dir, err := b.parentDir()
	if err == nil {
		err = writable(dir)
	}
	if err == nil {
		if err = (engine.Options{}).CheckSpace(dir); err != nil { // as the run would, but before any target is asked
			err = fmt.Errorf("%w, or give another place with --out", err)
		}
		return err
	}
	place := "the folder of saved runs"
	switch {
	case b.run.out != "":
		place = "--out"
	case os.Getenv("BENCHTOP_RUNS") != "": // as record.Root reads it
		place = "$BENCHTOP_RUNS"
	}
	return fmt.Errorf("%s: the run could not be written: %w; give a folder that can be, with --out", place, err)
}

// parentDir is --out, else the folder of saved runs.
func (b *backend) parentDir() (string, error) {
	if b.run.out != "" {
		return filepath.Abs(b.run.out)
	}
	return record.Root()
}

// writable makes dir and a file in it, and takes away again what it made.
func writable(dir string) error {
	var made []string // from the deepest up
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || filepath.Dir(d) == d {
			break
		}
		made = append(made, d)
	}
	defer func() {
		for _, d := range made {
			_ = os.Remove(d) // stays if somebody else uses it already
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Bytes of a run's files, by what is written: a line of requests.jsonl has some 450 bytes beside its
// gaps, which take up to 6 each.
const (
	requestBytes = 450
	gapBytes     = 6
)

// spaceNeeded estimates the size of a run's files in bytes.
func spaceNeeded(plan record.Plan, targets int) float64 {
	return plan.ExpectedRequests() * float64(targets) * float64(requestBytes+gapBytes*plan.Workload.OutputTokens)
}

// spaceWarning says that the disk could be too small for the run; "" = it is not, or nobody knows.
func (b *backend) spaceWarning(plan record.Plan, targets int) string {
	dir, err := b.parentDir()
	if err != nil {
		return ""
	}
	free, ok := record.FreeSpace(dir)
	need := spaceNeeded(plan, targets) + engine.MinSpace
	if !ok || float64(free) > need {
		return ""
	}
	return fmt.Sprintf("the disk of %s has %s free, and the run may need %s: free some, or give another place with --out",
		dir, megabytes(float64(free)), megabytes(need))
}

func megabytes(n float64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", n/1e9)
	}
	return fmt.Sprintf("%.1f MB", n/1e6)
}
