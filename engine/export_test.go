package engine

// What tests from outside need of the inside.

type RecordError = recordError

// WithFreeSpace is o with another disk.
func WithFreeSpace(o Options, look func(dir string) (bytes uint64, ok bool)) Options {
	o.freeSpace = look
	return o
}
