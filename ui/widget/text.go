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
// characters (bidi marks, joiners), combining marks and whatever else has no cell of its own are
// dropped, white space becomes a space, and what is not valid UTF-8 or has no glyph becomes U+FFFD.
// Wide characters stay. In the result every character is as wide alone as among the others, so
// terminals that count cells by character and those that count by cluster agree on it.
func Clean(s string) string {
	if len(s) > cleanLimit {
		s = s[:cleanLimit]
	}
	if plain(s) {
		return s
	}
	s = strings.Map(cleanRune, ansi.Strip(strings.ToValidUTF8(s, "\ufffd")))
	for { // what is dropped may bring two together that join: a handful of rounds at most
		t := unjoin(s)
		if t == s {
			return s
		}
		s = t
	}
}

// cleanRune is what a character becomes; -1: it is dropped.
func cleanRune(r rune) rune {
	switch {
	case r == '\t' || r == '\n' || r == '\r' || r > 0x7f && unicode.IsSpace(r):
		return ' '
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.M):
		return -1
	case !unicode.IsPrint(r):
		return '\ufffd'
	}
	return r
}

// unjoin keeps the first character of each cluster, and drops those that take no cell.
func unjoin(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		cluster, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s = s[len(cluster):]
		_, n := utf8.DecodeRuneInString(cluster)
		if first := cluster[:n]; ansi.StringWidth(first) > 0 {
			b.WriteString(first)
		}
	}
	return b.String()
}

// plain says whether s is made of characters that are one cell each, whatever stands beside them:
// ASCII, Latin and Greek letters, and the punctuation, arrows, lines and dots of the theme. Nearly
// every text is, and needs no more looking at.
func plain(s string) bool {
	for _, r := range s {
		switch {
		case r >= 0x20 && r <= 0x7e:
		case r < 0xa1, r == 0xad:
			return false
		case r <= 0x24f, r >= 0x391 && r <= 0x3c9, r >= 0x2010 && r <= 0x2027, r >= 0x2190 && r <= 0x2193,
			r >= 0x2500 && r <= 0x25fc, r == 0x2713, r == 0x2717, r >= 0x2800 && r <= 0x28ff:
		default:
			return false
		}
	}
	return true
}

// Width is the number of cells a line takes; escape sequences take none.
func Width(s string) int {
	if plain(s) {
		return utf8.RuneCountInString(s)
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
