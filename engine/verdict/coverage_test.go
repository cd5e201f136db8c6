package verdict_test

import (
	"fmt"
	"testing"
	"time"

	"benchtop/engine/stats"
)

// TestCoverageOnServer simulates how often the 95 % intervals of a step hold the percentiles that a
// very long step would have, on a batching server whose requests share every engine step. Run it
// with -v for the table.
//
// Of all steps, at most 5 % plus 3.5 standard errors of 60 runs (9.8 %) may show a wrong interval.
func TestCoverageOnServer(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates 70 hours of load")
	}
	t.Parallel()
	const runs = 60
	levels := []float64{50, 90, 95, 99}
	for _, c := range []cell{{"a10", 1}, {"a10", 4}, {"a100", 8}, {"a100", 16}} {
		var ttft, tpot stats.Sample
		var itl stats.Counter
		for seed := range uint64(8) {
			_, requests := trial{profile: c.profile, rate: c.rate, window: 600 * time.Second, seed: 1000 + seed}.requests(t)
			for _, r := range requests {
				if !r.Warmup {
					ttft.Add(float64(r.FirstTokenNS-r.SchedNS) / 1e6)
					tpot.Add(float64(r.LastTokenNS-r.FirstTokenNS) / 1e6 / float64(r.OutputTokens-1))
					for _, g := range r.GapsUS {
						itl.Add(g)
					}
				}
			}
		}
		shown, held := map[string]int{}, map[string]int{}
		for seed := range uint64(runs) {
			s := trial{profile: c.profile, rate: c.rate, window: time.Minute, seed: seed}.step(t)
			for _, p := range levels {
				name := fmt.Sprintf("p%g", p)
				a, _ := ttft.Percentile(p)
				b, _ := itl.PercentileUS(p)
				d, _ := tpot.Percentile(p)
				for metric, v := range map[string]struct {
					truth float64
					ci    map[string][2]float64
				}{"ttft": {a, s.TTFT.CI95}, "itl": {b / 1e3, s.ITL.CI95}, "tpot": {d, s.TPOT.CI95}} {
					ci, ok := v.ci[name]
					if ok {
						shown[metric+name]++
					}
					if ok && ci[0] <= v.truth && v.truth <= ci[1] {
						held[metric+name]++
					}
				}
			}
		}
		for _, metric := range []string{"ttft", "itl", "tpot"} {
			line := ""
			for _, p := range levels {
				k := fmt.Sprintf("%sp%g", metric, p)
				line += fmt.Sprintf("   p%g %2d of %2d", p, held[k], shown[k])
				if wrong := float64(shown[k]-held[k]) / runs; wrong > 0.05+0.098 {
					t.Errorf("%s at %g/s: %.0f %% of the steps show a wrong interval of %s", c.profile, c.rate, 100*wrong, k)
				}
			}
			t.Logf("%-4s %2g/s %-4s hold the truth:%s", c.profile, c.rate, metric, line)
		}
	}
}
