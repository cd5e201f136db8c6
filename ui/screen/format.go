package screen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Unknown is what is shown for a value that is not known; it is never shown as 0.
const Unknown = "–"

// Sig3 shows a number to three significant digits, without an exponent: 8.09, 25.1, 379, 12,300.
func Sig3(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return Unknown
	case a == 0:
		return "0"
	case a < 0.001:
		return strconv.FormatFloat(v, 'g', 1, 64)
	case a < 0.9995:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case a < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := math.Floor(math.Log10(math.Abs(v))) - 2
	unit := math.Pow(10, max(digits, 0))
	return group3(int64(math.Round(v/unit) * unit))
}

// MS shows milliseconds to three significant digits; from one second on it says so: 12.3 s.
func MS(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return Unknown
	case math.Abs(v) < 999.5:
		return Sig3(v)
	}
	return Sig3(v/1000) + " s"
}

// MSUnit is MS with its unit in every case: 379 ms, 12.3 s.
func MSUnit(v float64) string {
	s := MS(v)
	if s == Unknown || strings.HasSuffix(s, "s") {
		return s
	}
	return s + " ms"
}

// Opt shows a value that may be unknown.
func Opt(v *float64, show func(float64) string) string {
	if v == nil {
		return Unknown
	}
	return show(*v)
}

// group3 shows a whole number with thousands apart: 12,300.
func group3(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Count shows a large count shortly: 950, 12.4 k, 2.41 M.
func Count(v float64) string {
	switch a := math.Abs(v); {
	case a < 9_995:
		return group3(int64(math.Round(v)))
	case a < 999_500:
		return Sig3(v/1e3) + " k"
	case a < 999_500_000:
		return Sig3(v/1e6) + " M"
	}
	return Sig3(v/1e9) + " G"
}

// Rate shows a nominal rate as it was typed: 8, 0.5.
func Rate(r float64) string { return strconv.FormatFloat(r, 'g', 5, 64) }

// USD shows an amount of money.
func USD(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return Unknown
	case a < 0.0995:
		return "$" + Sig3(v)
	case a < 999.5:
		return fmt.Sprintf("$%.2f", v)
	}
	return "$" + group3(int64(math.Round(v)))
}

// Clock shows a length of time as minutes and seconds: 02:41, 1:02:41.
func Clock(d time.Duration) string {
	s := int64(max(d, 0).Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// Age shows how long ago something was, in one unit: 45s, 12m, 5h, 3d.
func Age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// Minutes shows a length of time as a person would say it: "40 s", "12 min", "3 h 20 min".
func Minutes(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// Plural is "1 target", "2 targets".
func Plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return group3(int64(n)) + " " + one + "s"
}

// Percent shows a relative change in whole percent: -33%, +1.6%.
func Percent(share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return Unknown
	}
	p := share * 100
	if math.Abs(p) < 9.95 {
		return fmt.Sprintf("%+.1f%%", p)
	}
	return fmt.Sprintf("%+.0f%%", p)
}
