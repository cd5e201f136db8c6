//go:build linux || darwin

package record

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FreeSpace is how many bytes this user may still write below dir, which need not be there yet; false
// = not known.
func FreeSpace(dir string) (bytes uint64, ok bool) {
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, false
	}
	return fs.Bavail * uint64(fs.Bsize), true
}
