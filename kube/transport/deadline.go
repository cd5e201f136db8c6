package transport

import (
	"sync"
	"time"
)

// deadline closes a channel at a time that may be moved. The zero value has none.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	done  chan struct{}
}

// passed is closed when the deadline has passed.
func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == nil {
		d.done = make(chan struct{})
	}
	return d.done
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	isClosed := false
	if d.done != nil {
		select {
		case <-d.done:
			isClosed = true
		default:
		}
	}
	if d.done == nil || isClosed {
		d.done = make(chan struct{})
	}
	switch wait := time.Until(t); {
	case t.IsZero():
	case wait <= 0:
		close(d.done)
	default:
		done := d.done
		d.timer = time.AfterFunc(wait, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.done == done && d.timer != nil {
				close(done)
				d.timer = nil
			}
		})
	}
}
