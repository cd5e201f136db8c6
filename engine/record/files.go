package record

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// lockDir takes the lock of a run folder; it goes with the file.
func lockDir(dir string) (*os.File, error) {
	lock, err := openFile(dir, lockFile)
	if err != nil {
		return nil, err
	}
	// A reader may hold the lock for an instant while it asks whether we live.
	for try := 0; ; try++ {
		ok, err := tryLock(lock, true)
		if ok {
			return lock, nil
		}
		if err != nil || try == 50 {
			err = fmt.Errorf("run folder %q is being written by another benchtop; wait for it to end (%w)", dir, errors.Join(err, os.ErrExist))
			return nil, errors.Join(err, lock.Close())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func openFile(dir, name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write run folder: %w; choose another with --out", err)
	}
	return f, nil
}

// replaceFile writes path so that a reader, or a kill at any moment, finds the old content or the
// new, never a part.
func replaceFile(path string, b []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}

// cutTorn removes what a kill left after the last line break of f.
func cutTorn(f *os.File) error {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for end > 0 {
		n := min(end, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], end-n); err != nil {
			return err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			end += int64(i) + 1 - n
			break
		}
		end -= n
	}
	return f.Truncate(end)
}

func csvLine(row []string) []byte {
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	c.Write(row) // a bytes.Buffer takes everything
	c.Flush()
	return b.Bytes()
}
