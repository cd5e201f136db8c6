package record

import (
	"strconv"
	"sync"
	"testing"
)

// The writer scrubs run.json while readers of a snapshot hold the same maps: what is clean is not
// written again. Under -race this fails if it is.
func TestScrubWritesOnlyWhatChanges(t *testing.T) {
	run := &Run{Labels: map[string]string{}}
	for i := range 100 {
		run.Labels["k"+strconv.Itoa(i)] = "plain"
	}
	shared := run.Labels
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 100 {
			for k, v := range shared {
				if k == "" || v == "" {
					t.Error("an empty label")
				}
			}
		}
	})
	for range 100 {
		scrub(run)
	}
	wg.Wait()

	run.Labels["bad\x1b"] = "te\x00xt"
	scrub(run)
	if got := run.Labels["bad"]; got != "text" || len(run.Labels) != 101 {
		t.Errorf("label %q of %d, want it cleaned and under its cleaned name", got, len(run.Labels))
	}
}
