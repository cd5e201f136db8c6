package chart

import (
	"math"
	"strconv"
)

// Plain formats a value for an axis: 0.5, 20, 1500, 20k, 3M.
func Plain(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e15:
	case a >= 1e9:
		return trim(v/1e9) + "G"
	case a >= 1e6:
		return trim(v/1e6) + "M"
	case a >= 1e4:
		return trim(v/1e3) + "k"
	}
	return trim(v)
}

// MS formats milliseconds for an axis: 0.5ms, 200ms, 1.5s, 20s.
func MS(v float64) string {
	if math.Abs(v) >= 1000 {
		return trim(v/1000) + "s"
	}
	if v == 0 {
		return "0"
	}
	return trim(v) + "ms"
}

// clock formats a time in seconds for an axis: 0.5s, 30s, 1m, 1m30s, 2h.
func clock(v float64) string {
	if math.Abs(v) < 60 || !finite(v) || math.Abs(v) > 1e9 {
		return trim(v) + "s"
	}
	s := int64(math.Round(v))
	out := ""
	if s < 0 {
		out, s = "-", -s
	}
	if h := s / 3600; h > 0 {
		out += strconv.FormatInt(h, 10) + "h"
	}
	if m := s / 60 % 60; m > 0 {
		out += strconv.FormatInt(m, 10) + "m"
	}
	if s %= 60; s > 0 {
		out += strconv.FormatInt(s, 10) + "s"
	}
	return out
}

// trim is v to three significant digits, all digits of a whole number, no trailing zeros.
func trim(v float64) string {
	a := math.Abs(v)
	switch {
	case a < 1e-9:
		return "0"
	case !(a < 1e15):
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 100:
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	d := math.Pow(10, 2-math.Floor(math.Log10(a)))
	return strconv.FormatFloat(math.Round(v*d)/d, 'f', -1, 64)
}
