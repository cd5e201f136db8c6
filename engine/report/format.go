package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"benchtop/engine/record"
)

// digits prints v with three significant digits and thousands marked: 0.949, 15.4, 368, 1,470.
func digits(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	if v == 0 {
		return "0"
	}
	exp := int(math.Floor(math.Log10(math.Abs(v))))
	scale := math.Pow(10, float64(2-exp))
	r := math.Round(v*scale) / scale
	if math.Abs(r) >= math.Pow(10, float64(exp+1)) { // 9.996 is 10.0
		exp++
	}
	decimals := max(0, 2-exp)
	if decimals > 8 {
		return strconv.FormatFloat(v, 'e', 2, 64)
	}
	return thousands(strconv.FormatFloat(r, 'f', decimals, 64))
}

// thousands puts commas into the integer part of a decimal number.
func thousands(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, hasFrac := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasFrac {
		whole += "." + frac
	}
	return sign + whole
}

// rate prints a nominal rate as it was asked for.
func rate(v float64) string {
	if v >= 1e6 { // to be served, not measured
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// ms prints a time in ms for a column headed "ms"; from one second on it carries its own unit.
func ms(v float64) string {
	if math.Abs(v) >= 999.5 {
		return digits(v/1000) + " s"
	}
	return digits(v)
}

// duration prints a time in ms with its unit.
func duration(v float64) string {
	if math.Abs(v) >= 999.5 {
		return digits(v/1000) + " s"
	}
	return digits(v) + " ms"
}

// msCell prints a latency: a lower bound as "> 30.0 s", nothing as "–".
func msCell(v Value) string {
	switch {
	case !v.OK:
		return "–"
	case v.Bound:
		return "> " + ms(v.V)
	}
	return ms(v.V)
}

// numCell prints a number or "–".
func numCell(v Value) string {
	if !v.OK {
		return "–"
	}
	return digits(v.V)
}

// usd prints a price in a sentence: two decimals, three digits below ten cents.
func usd(v float64) string {
	if math.Abs(v) < 0.1 {
		return "$" + digits(v)
	}
	return "$" + thousands(strconv.FormatFloat(v, 'f', 2, 64))
}

// label is what a person calls a target: its name, with its GPU if the name does not tell that. A name
// that is the GPU gives way to it ("2×A100" for a100).
func label(run *record.Run, t record.Target) string {
	gpu := gpuText(t)
	switch {
	case gpu == "" || slices.ContainsFunc(run.Targets, func(o record.Target) bool { return o.Name != t.Name && o.GPU == t.GPU }):
		return t.Name
	case strings.EqualFold(t.Name, t.GPU):
		return gpu
	case gpu == t.GPU && strings.Contains(strings.ToLower(t.Name), strings.ToLower(t.GPU)):
		return t.Name
	}
	return t.Name + " (" + gpu + ")"
}

// gpuText is "A100", or "2×A100" where there are more.
func gpuText(t record.Target) string {
	if n := max(t.GPUCount, 1) * max(t.Nodes, 1); n > 1 && t.GPU != "" {
		return strconv.Itoa(n) + "×" + t.GPU
	}
	return t.GPU
}

// plural is "1 request", "2 requests".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(strconv.Itoa(n)) + " " + what + "s"
}

// list joins with commas and a final "and".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// secondsToDuration is exact to the ns below 100 days.
func secondsToDuration(s float64) time.Duration {
	return time.Duration(math.Round(min(max(s, 0), 1e7) * 1e9))
}
