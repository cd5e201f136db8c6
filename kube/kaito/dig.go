package kaito

import (
	"math"
	"strconv"

	"benchtop/kube/inventory"
)

// child returns the object under key, nil if there is none. Reading a nil map is fine in Go, so a
// chain of these never needs a check.
func child(m map[string]any, key string) map[string]any {
	c, _ := m[key].(map[string]any)
	return c
}

func dig(m map[string]any, path ...string) map[string]any {
	for _, k := range path {
		m = child(m, k)
	}
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// word is a name or label value, stripped and bounded; "" if v is no string.
func word(v any) string {
	s, _ := v.(string)
	return inventory.Words(s)
}

// maxSentence bounds messages; conditions hold whole error bodies at times.
const maxSentence = 512

func sentence(v any) string {
	s, _ := v.(string)
	return inventory.Clean(s, maxSentence)
}

func firstWord(m map[string]any, keys ...string) string {
	for _, k := range keys {
		if s := word(m[k]); s != "" {
			return s
		}
	}
	return ""
}

// words keeps the string values of a map; numbers of a capacity are written out.
func words(m map[string]any) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[word(k)] = word(v)
	}
	return out
}

// whole reads an integer of JSON, whichever type the decoder gave it.
func whole(v any) (int, bool) {
	switch n := v.(type) {
	case int64:
		return int(n), n >= math.MinInt32 && n <= math.MaxInt32
	case int:
		return n, true
	case float64:
		return int(n), n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32
	}
	return 0, false
}

// scalar writes a number, boolean or string of a configuration file.
func scalar(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return inventory.Clean(x, 200), true
	case bool:
		return strconv.FormatBool(x), true
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64), true
	case int64:
		return strconv.FormatInt(x, 10), true
	}
	return "", false
}
