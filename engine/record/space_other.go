//go:build !linux && !darwin

package record

// FreeSpace is not known here.
func FreeSpace(string) (bytes uint64, ok bool) { return 0, false }
