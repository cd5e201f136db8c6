package escape_test

import (
	"strings"
	"testing"

	"benchtop/escape"
)

// strip leaves out every sequence, as the callers do.
func strip(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if n := escape.Len(s[i:]); n > 0 {
			i += n
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

func TestSequencesGoAsAWhole(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"plain text", "a[31m é", "a[31m é"},
		{"colours", "\x1b[31;1mred\x1b[0m", "red"},
		{"colours in 8 bits", "\u009b31;1mred\u009b0m", "red"},
		{"a private mode", "\x1b[?1049hx", "x"},
		{"an intermediate byte", "\x1b[1 qx", "x"},
		{"a title, ended by BEL", "\x1b]0;owned\x07x", "x"},
		{"a link, ended by ST", "\x1b]8;;http://a\x1b\\x\x1b]8;;\x1b\\", "x"},
		{"a title in 8 bits", "\u009d0;owned\u009cx", "x"},
		{"a device string", "\x1bP1$r0m\x1b\\x", "x"},
		{"a text sequence broken off by another", "\x1b]0;t\x1b[31mx", "x"},
		{"a control sequence broken off by a line", "\x1b[31\nmx", "\nmx"},
		{"a control sequence broken off by a letter of two bytes", "\x1b[3é", "é"},
		{"no end", "x\x1b[12", "x"},
		{"no end of a title", "x\x1b]0;t", "x"},
		{"a lone escape", "x\x1b", "x"},
		{"an escape before a line", "x\x1b\ny", "x\ny"},
		{"two letters", "\x1bcx", "x"},
		{"two escapes", "\x1b\x1b[31mx", "x"},
		{"a C1 control of its own", "a\u0085b", "ab"},
		{"letters that begin like C1", "\u00a9\u00bb", "\u00a9\u00bb"},
		{"half a letter", "\xc2", "\xc2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strip(tt.in); got != tt.want {
				t.Errorf("%q becomes %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzLen(f *testing.F) {
	f.Add("a\x1b[31mred\x1b]0;t\x07\u009b1m\xc2")
	f.Fuzz(func(t *testing.T, s string) {
		for i := 0; i < len(s); i++ {
			n := escape.Len(s[i:])
			if n < 0 || n > len(s)-i {
				t.Fatalf("Len(%q) = %d", s[i:], n)
			}
			if bytes := escape.Len([]byte(s[i:])); bytes != n {
				t.Fatalf("%q is %d long as text, %d as bytes", s[i:], n, bytes)
			}
		}
		if left := strip(s); strings.ContainsRune(left, '\x1b') || strip(left) != left && !strings.Contains(left, "\xc2") {
			t.Errorf("%q leaves %q", s, left)
		}
	})
}
