package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"benchtop/engine/stats"
)

// process draws n dependent values in time order and knows its true percentiles.
type process struct {
	name  string
	draw  func(r *rand.Rand, n int) []float64
	truth func(p float64) float64
}

// queue is the time in system of an M/M/1 queue at load rho, from its steady state on. Its true
// distribution is exponential with mean 1/(1-rho) in units of the mean service time.
func queue(rho float64) process {
	return process{
		name: fmt.Sprintf("M/M/1 at %.1f", rho),
		draw: func(r *rand.Rand, n int) []float64 {
			wait := 0.0
			if r.Float64() < rho {
				wait = r.ExpFloat64() / (1 - rho)
			}
			out := make([]float64, n)
			for i := range out {
				service := r.ExpFloat64()
				out[i] = wait + service
				wait = max(0, wait+service-r.ExpFloat64()/rho)
			}
			return out
		},
		truth: func(p float64) float64 { return -math.Log(1-p/100) / (1 - rho) },
	}
}

// walk is a normal autoregressive process with correlation rho between neighbours.
func walk(rho float64) process {
	return process{
		name: fmt.Sprintf("AR(1) of %.1f", rho),
		draw: func(r *rand.Rand, n int) []float64 {
			out := make([]float64, n)
			v := r.NormFloat64()
			for i := range out {
				out[i] = v
				v = rho*v + math.Sqrt(1-rho*rho)*r.NormFloat64()
			}
			return out
		},
		truth: func(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p/100-1) },
	}
}

// TestCoverage simulates how often a printed 95 % interval holds the true percentile, for dependent
// values. Run it with -v for the table.
//
// An interval may be refused; what counts is that of all steps, few show a wrong one: at most 5 %
// plus 3.5 standard errors (4.8 % with 250 runs). Fixed seeds.
func TestCoverage(t *testing.T) {
	runs := 250
	if testing.Short() {
		runs = 40
	}
	most := 0.05 + 3.5*math.Sqrt(0.05*0.95/float64(runs))
	ps := []float64{50, 95, 99}
	t.Logf("%-14s %5s   share of runs with an interval, and of those that hold the truth", "", "n")
	for _, proc := range []process{walk(0), walk(0.5), walk(0.8), queue(0.5), queue(0.8)} {
		for _, n := range []int{100, 1000, 4000} {
			r := rand.New(rand.NewPCG(uint64(n), 7))
			var shown, held [3]int
			for range runs {
				for i, v := range stats.Intervals(proc.draw(r, n), ps...) {
					if !v.OK {
						continue
					}
					shown[i]++
					if truth := proc.truth(ps[i]); v.Lo <= truth && truth <= v.Hi {
						held[i]++
					}
				}
			}
			line := ""
			for i, p := range ps {
				line += fmt.Sprintf("   p%.0f %3d %% %5s", p, 100*shown[i]/runs, share(held[i], shown[i]))
				if wrong := float64(shown[i]-held[i]) / float64(runs); wrong > most {
					t.Errorf("%s, n = %d: %.1f %% of the runs show a wrong interval of p%.0f", proc.name, n, 100*wrong, p)
				}
			}
			t.Logf("%-14s %5d%s", proc.name, n, line)
		}
	}
}

func share(part, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%d %%", 100*part/of)
}
