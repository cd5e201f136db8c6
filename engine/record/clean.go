package record

import (
	"math"
	"reflect"
	"strings"
	"unicode/utf8"

	"benchtop/escape"
)

// maxText bounds one string that came from outside, in bytes.
const maxText = 8192

// Clean strips from s what may not reach a terminal, a file or a page: whole terminal control
// sequences, control characters (a line break or tab becomes a space), bidi and zero-width controls,
// invalid UTF-8; and cuts it at 8 KiB.
func Clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	if isPlain(s) {
		return s
	}
	var out strings.Builder
	out.Grow(len(s))
	for i := 0; i < len(s); {
		if n := escape.Len(s[i:]); n > 0 {
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			out.WriteByte(' ')
		case r != utf8.RuneError && !isControl(r):
			out.WriteRune(r)
		}
	}
	return out.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// isControl covers C0, DEL, C1, the bidi embeddings, overrides, isolates and marks, zero-width
// characters, line and paragraph separators, the byte order mark, interlinear annotation, and what is
// no character at all.
func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x061c ||
		r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f ||
		r == 0xfeff || r >= 0xfff9 && r <= 0xfffb || r&0xfffe == 0xfffe || r >= 0xe0000 && r <= 0xe007f
}

// Scrub makes a run fit to be written or shown: its texts are cleaned, numbers that are not finite
// are unknown. What Load returns and a Writer has written is so already.
func Scrub(run *Run) { scrub(run) }

// scrub walks v (a pointer) and makes it fit to be written or shown: strings are cleaned, a *float64
// that is not finite becomes nil and a float64 that is not finite becomes 0, since JSON has neither.
func scrub(v any) { scrubValue(reflect.ValueOf(v).Elem()) }

func scrubValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); !isPlain(s) || len(s) > maxText {
			v.SetString(Clean(s))
		}
	case reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			v.SetFloat(0)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if e := v.Elem(); e.Kind() == reflect.Float64 && (math.IsNaN(e.Float()) || math.IsInf(e.Float(), 0)) {
			v.SetZero()
			return
		}
		scrubValue(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				scrubValue(f)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			scrubValue(v.Index(i))
		}
	case reflect.Map:
		scrubMap(v)
	}
}

func scrubMap(v reflect.Value) {
	for _, key := range v.MapKeys() {
		k, e := reflect.New(key.Type()).Elem(), reflect.New(v.Type().Elem()).Elem()
		k.Set(key)
		e.Set(v.MapIndex(key))
		scrubValue(k)
		scrubValue(e)
		if k.Equal(key) && e.Comparable() && e.Equal(v.MapIndex(key)) {
			continue // a map may be shared with readers: write only what changes
		}
		v.SetMapIndex(key, reflect.Value{})
		v.SetMapIndex(k, e)
	}
}
