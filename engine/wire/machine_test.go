package wire_test

import (
	"slices"
	"testing"
	"time"

	"benchtop/engine/wire"
)

func TestPinHoldsUntilReleased(t *testing.T) {
	before := wire.Cores()
	if before == nil {
		if _, err := wire.Pin(0); err == nil {
			t.Fatal("pinned to a core where no cores are known")
		}
		return
	}
	last := before[len(before)-1]
	release, err := wire.Pin(last)
	if err != nil {
		t.Fatal(err)
	}
	// Each goroutine may run on another thread.
	for range 8 {
		got := make(chan []int)
		go func() { got <- wire.Cores() }()
		if cores := <-got; !slices.Equal(cores, []int{last}) {
			t.Errorf("pinned to core %d, may run on %v", last, cores)
		}
	}
	release()
	if after := wire.Cores(); !slices.Equal(after, before) {
		t.Errorf("cores %v before, %v after", before, after)
	}
	if _, err := wire.Pin(1 << 9); err == nil {
		t.Error("pinned to a core that is not there")
	}
	if after := wire.Cores(); !slices.Equal(after, before) {
		t.Errorf("cores %v before, %v after a refusal", before, after)
	}
}

func TestCPUTimeAndMemoryGrow(t *testing.T) {
	if wire.CPUTime() == 0 {
		t.Skip("not known on this system")
	}
	cpu, rss := wire.CPUTime(), wire.RSSAnon()
	kept := make([]byte, 64<<20)
	for begin := time.Now(); wire.CPUTime()-cpu < 20*time.Millisecond; {
		for i := range kept {
			kept[i]++
		}
		if time.Since(begin) > time.Minute {
			t.Fatalf("CPU time grew by %s in a minute of work", wire.CPUTime()-cpu)
		}
	}
	if grown := wire.RSSAnon() - rss; grown < 32<<20 {
		t.Errorf("64 MiB in use, but memory grew by %d MiB", grown>>20)
	}
	kept[0]++
}
