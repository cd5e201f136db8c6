// Package escape finds the control sequences of terminals in text from outside, so that they can be
// left out as a whole: without its first character "ESC [31m" would still show as "[31m".
//
//	for i := 0; i < len(s); {
//		if n := escape.Len(s[i:]); n > 0 { i += n; continue }
//		…
//	}
//
// It is what engine and kube share, which know nothing of each other, and imports nothing.
package escape

const (
	esc = 0x1b
	bel = 0x07
	// c1 is the first byte of the 8-bit forms in UTF-8: U+009B is C2 9B and means ESC [.
	c1 = 0xc2
)

// Len is the length in bytes of the control sequence that s begins with, 0 if it begins with none.
// A sequence without its end goes on to the end of s, as a terminal would take it.
func Len[T ~string | ~[]byte](s T) int {
	if len(s) == 0 {
		return 0
	}
	kind := byte(0)
	switch {
	case s[0] == esc && len(s) == 1:
		return 1
	case s[0] == esc:
		kind = s[1]
	case s[0] == c1 && len(s) > 1 && s[1] >= 0x80 && s[1] < 0xa0:
		kind = s[1] - 0x40
	default:
		return 0
	}
	switch kind {
	case '[':
		return control(s)
	case ']', 'P', 'X', '^', '_':
		return text(s)
	}
	if s[0] == esc && (kind < ' ' || kind > '~') {
		return 1 // no sequence: what follows is text of its own
	}
	return 2
}

// control is a CSI sequence: parameters, then a byte from @ to ~. Any other byte breaks it off.
func control[T ~string | ~[]byte](s T) int {
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '@' && c <= '~':
			return i + 1
		case c < ' ' || c > '~':
			return i
		}
	}
	return len(s)
}

// text is an OSC, DCS, SOS, PM or APC sequence: anything up to BEL or ST. An ESC that begins no ST
// ends it too.
func text[T ~string | ~[]byte](s T) int {
	for i := 2; i < len(s); i++ {
		switch {
		case s[i] == bel:
			return i + 1
		case s[i] == c1 && i+1 < len(s) && s[i+1] == 0x9c, s[i] == esc && i+1 < len(s) && s[i+1] == '\\':
			return i + 2
		case s[i] == esc:
			return i
		}
	}
	return len(s)
}
