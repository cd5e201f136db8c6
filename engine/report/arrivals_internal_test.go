package report

import (
	"math"
	"testing"
)

func TestPythonRandomIsPythons(t *testing.T) {
	// random.Random(42): the first three values that Python 3 prints.
	r := newPythonRandom(42)
	for i, want := range []float64{0.6394267984578837, 0.025010755222666936, 0.27502931836911926} {
		if got := r.float(); got != want {
			t.Errorf("value %d of seed 42 is %v, want %v", i, got, want)
		}
	}
}

func TestGuideSpanGivesThePublishedDurations(t *testing.T) {
	// When the last request was sent in the published runs of 1,000 requests, as recomputed from
	// their durations; the offered rates are 1,000 over it.
	for rate, want := range map[float64]float64{1: 1053.12, 2: 525.06, 4: 262.27, 8: 130.60, 16: 64.79} {
		if got := guideSpan(1000, rate, 42, true); math.Abs(got-want) > 0.006 {
			t.Errorf("at %v req/s the last is sent at %.3f s, want %.2f", rate, got, want)
		}
	}
}
