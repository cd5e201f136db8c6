package report

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Ticks cover the values, rise, and are few enough to be read.
func TestTicksCoverWhatIsDrawn(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		lo := math.Pow(10, rng.Float64()*12-6)
		hi := lo * math.Pow(10, rng.Float64()*5)
		if rng.IntN(20) == 0 {
			hi = lo
		}
		for name, ticks := range map[string][]float64{"log": logTicks(lo, hi), "linear": linearTicks(hi)} {
			if len(ticks) < 2 || len(ticks) > 12 {
				t.Fatalf("%s ticks of %v to %v are %v", name, lo, hi, ticks)
			}
			if name == "log" && ticks[0] > lo || ticks[len(ticks)-1] < hi*(1-1e-9) {
				t.Fatalf("%s ticks %v do not cover %v to %v", name, ticks, lo, hi)
			}
			for i := 1; i < len(ticks); i++ {
				if ticks[i] <= ticks[i-1] {
					t.Fatalf("%s ticks %v do not rise", name, ticks)
				}
			}
		}
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.949: "0.949", 0.9996: "1.00", 15.432: "15.4", 99.96: "100", 368.4: "368", 999.6: "1,000", 1465.3: "1,470", 1234567: "1,230,000",
		-7.327: "-7.33", 0.000123: "0.000123", 1e-12: "1.00e-12", math.NaN(): "", math.Inf(1): "",
	} {
		if got := digits(v); got != want {
			t.Errorf("digits(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{8.09: "8.09 ms", 999.4: "999 ms", 999.6: "1.00 s", 12345.4: "12.3 s"} {
		if got := duration(v); got != want {
			t.Errorf("duration(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0.607: "$0.61", 0.0357: "$0.0357", 2336: "$2,336.00", 3.673: "$3.67"} {
		if got := usd(v); got != want {
			t.Errorf("usd(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{1: "1.0", 0: "0.0", 0.1: "0.1", 1e-5: "1e-05", 1e16: "1e+16", 1234.5: "1234.5", 524288: "524288.0"} {
		if got := pyFloat(v); got != want {
			t.Errorf("pyFloat(%v) = %q, want %q", v, got, want)
		}
	}
}
