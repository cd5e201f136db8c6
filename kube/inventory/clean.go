package inventory

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"benchtop/escape"
)

// Clean makes a string from outside fit for a screen, a log and a record: terminal control sequences,
// control, bidi and other invisible characters become nothing, a run of white space becomes one space,
// and what is longer than limit runes is cut with an ellipsis. Invalid UTF-8 becomes U+FFFD.
func Clean(s string, limit int) string {
	if plain(s) && len(s) <= limit {
		return s
	}
	out := make([]rune, 0, min(len(s), limit+1))
	space := false
	for i := 0; i < len(s); {
		if n := escape.Len(s[i:]); n > 0 {
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case unicode.IsSpace(r):
			space = len(out) > 0
			continue
		case unicode.In(r, unicode.C, unicode.Zl, unicode.Zp):
			continue
		case space:
			out, space = append(out, ' '), false
		}
		out = append(out, r)
		if len(out) > limit {
			return string(out[:max(limit-1, 0)]) + "…"
		}
	}
	return string(out)
}

// plain says that s is printable ASCII without leading, trailing or double spaces.
func plain(s string) bool {
	prev := byte(' ')
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && prev == ' ' {
			return false
		}
		prev = s[i]
	}
	return prev != ' ' || s == ""
}

// Words strips a cluster's name or label value with the bound that Kubernetes itself sets.
func Words(s string) string { return strings.TrimSpace(Clean(s, 253)) }
