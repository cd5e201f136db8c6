package wire

import (
	"errors"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Together runs fs side by side, waits for all, and joins their errors. After a panic in one of them
// that alone is the error, as a *Panic.
func Together(fs ...func() error) error {
	errs := make([]error, len(fs))
	var broke atomic.Pointer[Panic]
	var wg sync.WaitGroup
	for i, f := range fs {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					broke.CompareAndSwap(nil, &Panic{Value: v, Stack: debug.Stack()})
				}
			}()
			errs[i] = f()
		})
	}
	wg.Wait()
	if p := broke.Load(); p != nil {
		return p
	}
	return errors.Join(errs...)
}
