package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// doing is told what a target is being asked before a sweep; from several goroutines.
type doing func(target, what string)

// waits keeps what each target is being asked before a sweep, and since when, so that a person is
// never left in silence: a server may take its time over an answer.
type waits struct {
	now func() time.Time

	mu    sync.Mutex // guards what follows
	names []string   // in the order they came
	asked map[string]ask
}

type ask struct {
	what  string
	since time.Time
	told  time.Duration // how old it was when it was told last
}

func newWaits(now func() time.Time) *waits { return &waits{now: now, asked: map[string]ask{}} }

func (w *waits) doing(target, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.asked[target]; !known {
		w.names = append(w.names, target)
	}
	w.asked[target] = ask{what: what, since: w.now()}
}

// over forgets everything: nothing is waited for any more.
func (w *waits) over() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.names, w.asked = nil, map[string]ask{}
}

// text says what a target is being asked, and for how long once that is worth a word; "" = nothing.
func (w *waits) text(target string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.asked[target]
	if !ok {
		return ""
	}
	return a.text(w.now().Sub(a.since))
}

func (a ask) text(age time.Duration) string {
	if age < firstWord {
		return a.what
	}
	return fmt.Sprintf("%s … %.0f s", a.what, age.Truncate(time.Second).Seconds())
}

// A question is worth a word when it has taken firstWord, and another every nextWord.
const (
	firstWord = 2 * time.Second
	nextWord  = 5 * time.Second
)

// tell writes a line for each question that takes long, at every tick until ctx ends.
func (w *waits) tell(ctx context.Context, out io.Writer, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			for _, line := range w.due() {
				fmt.Fprintln(out, line)
			}
		}
	}
}

func (w *waits) due() (lines []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for _, name := range w.names {
		a := w.asked[name]
		age := now.Sub(a.since)
		if age < firstWord || a.told > 0 && age.Truncate(nextWord) <= a.told {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", clock(now), name, a.text(age)))
		a.told = age
		w.asked[name] = a
	}
	return lines
}

// telling tells on out what is waited for until the function it returns is called.
func (w *waits) telling(ctx context.Context, out io.Writer) (done func()) {
	ctx, cancel := context.WithCancel(ctx)
	ticker := time.NewTicker(time.Second)
	var wg sync.WaitGroup
	wg.Go(func() { w.tell(ctx, out, ticker.C) })
	return func() {
		cancel()
		wg.Wait()
		ticker.Stop()
		w.over()
	}
}
