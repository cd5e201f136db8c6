// Package widget has the parts that screens are made of: table, panel, dialog, input line, footer,
// header, progress bar, step strip, and the helpers that join them.
//
// A widget is a value with a Render method; it keeps no state, starts nothing and never sees a
// message. Render(w, h) returns exactly h lines of exactly w cells, for every w and h from 0 up.
// Text given in a field is cleaned (see Clean), so a hostile name cannot move a border; the Body of
// a Panel and the arguments of the join helpers are output of other widgets and are only cut to
// size. Borders and joins are made by hand: lipgloss' cost 2 ms for a screen of 160×45.
//
// It may import ui/theme, x/ansi and the standard library.
package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// cleanLimit bounds what one field can cost: 4 KiB is many times the widest line.
const cleanLimit = 4096

// Clean makes a string from outside safe to put on one line: escape sequences, control and format
// characters (bidi marks, joiners), combining marks and other characters whose width terminals
// disagree on are dropped, white space becomes a space, and what is not valid UTF-8 or has no glyph
// becomes U+FFFD. Wide characters stay.
func Clean(s string) string {
	if len(s) > cleanLimit {
		s = s[:cleanLimit]
	}
	if plain(s) {
		return s
	}
	s = ansi.Strip(s)
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r > 0x7f && unicode.IsSpace(r):
			b.WriteByte(' ')
		case r == utf8.RuneError:
			b.WriteRune(utf8.RuneError)
		case dropped(r):
		case !unicode.IsPrint(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain says whether s is printable ASCII, the common case.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// dropped says whether r has no cell of its own, or one only together with its neighbours.
func dropped(r rune) bool {
	switch {
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.M, unicode.Variation_Selector):
	case r >= 0x1f1e6 && r <= 0x1f1ff: // regional indicators pair up to flags
	case r >= 0x1f3fb && r <= 0x1f3ff: // skin tones
	case r >= 0x1160 && r <= 0x11ff, r >= 0xd7b0 && r <= 0xd7ff: // Hangul vowels and finals
	default:
		return false
	}
	return true
}

// Width is the number of cells a line takes; escape sequences take none.
func Width(s string) int {
	if plain(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// Fit cuts or pads a line to exactly w cells, at its right end; what is cut ends in tail (one
// cell or empty). The line may hold SGR sequences.
func Fit(s string, w int, tail string) string {
	s, n := cut(s, w, tail)
	return s + spaces(w-n)
}

// FitRight is Fit with the padding at the left: for numbers.
func FitRight(s string, w int, tail string) string {
	s, n := cut(s, w, tail)
	return spaces(w-n) + s
}

// cut shortens s to at most w cells and returns its width.
func cut(s string, w int, tail string) (string, int) {
	if w <= 0 {
		return "", 0
	}
	n := Width(s)
	if n <= w {
		return s, n
	}
	s = ansi.Truncate(s, w, tail)
	return s, Width(s)
}

const blank = "                                                                                "

func spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blank) {
		return blank[:n]
	}
	return strings.Repeat(" ", n)
}
