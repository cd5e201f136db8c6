package widget_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"benchtop/ui/widget"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain text", "phi4-mini-a10", "phi4-mini-a10"},
		{"accents in one character", "Zürich µs €", "Zürich µs €"},
		{"wide characters", "世界", "世界"},
		{"SGR", "\x1b[31mred\x1b[0m", "red"},
		{"a title sequence", "a\x1b]0;owned\x07b", "ab"},
		{"a sequence cut short", "a\x1b[3", "a"},
		{"8-bit control sequence", "a\u009b31mb", "a31mb"},
		{"control characters", "a\x00\x07\x08\x7fb", "ab"},
		{"white space", "a\tb\nc\r\nd\u00a0e\u2003f", "a b c  d e f"},
		{"bidi marks", "a\u202eb\u2066c\u200fd", "abcd"},
		{"joiners and selectors", "a\u200db\u200bc\ufe0fd\ufeffe", "abcde"},
		{"combining marks", "e\u0301x\u20dd", "ex"},
		{"a flag is its first letter", "\U0001f1e9\U0001f1eax", "\U0001f1e9x"},
		{"a family is its first member", "\U0001f468\u200d\U0001f469x", "\U0001f468\U0001f469x"},
		{"Hangul in parts", "\u1112\u1161\u11ab", "\u1112"},
		{"an emoji stays", "ok \U0001f600", "ok \U0001f600"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"private use", "a\ue000b", "a\ufffdb"},
		{"empty", "", ""},
	} {
		if got := widget.Clean(c.in); got != c.want {
			t.Errorf("%s: Clean(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
	if got := widget.Clean(strings.Repeat("世", 1e6)); len(got) > 5000 {
		t.Errorf("a megabyte is cut to %d bytes, want about 4 KiB", len(got))
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		name, in    string
		w           int
		left, right string
	}{
		{"pads", "ab", 4, "ab  ", "  ab"},
		{"cuts", "abcdef", 4, "abc…", "abc…"},
		{"exact", "abcd", 4, "abcd", "abcd"},
		{"never halves a wide character", "世界", 3, "世…", "世…"},
		{"fills up what a wide character leaves", "世界", 2, "… ", " …"},
		{"one cell", "ab", 1, "…", "…"},
		{"no cell", "ab", 0, "", ""},
		{"negative", "ab", -3, "", ""},
		{"keeps styles", "\x1b[1mab\x1b[0m", 3, "\x1b[1mab\x1b[0m ", " \x1b[1mab\x1b[0m"},
	} {
		if got := widget.Fit(c.in, c.w, "…"); got != c.left {
			t.Errorf("%s: Fit = %q, want %q", c.name, got, c.left)
		}
		if got := widget.FitRight(c.in, c.w, "…"); got != c.right {
			t.Errorf("%s: FitRight = %q, want %q", c.name, got, c.right)
		}
	}
	if got := widget.Fit("\x1b[1mabcdef\x1b[0m", 3, ""); !strings.HasSuffix(got, "\x1b[0m") {
		t.Errorf("a cut line leaves its style on: %q", got)
	}
}

// Texts that Clean and Width do not look at closely must be what a closer look finds.
func TestPlainCharactersAreOneCell(t *testing.T) {
	for r := rune(1); r < 0x2900; r++ {
		s := string(r)
		if got, want := widget.Width("a"+s+s+"b"), ansi.StringWidth("a"+s+s+"b"); got != want {
			t.Errorf("Width with %U twice = %d, want %d", r, got, want)
		}
		if c := widget.Clean(s); c == s && ansi.StringWidth(s) == 0 {
			t.Errorf("Clean lets %U through, which takes no cell", r)
		}
	}
}

// What Clean lets through must be safe in a view: one line, no control characters, and each
// character as wide on its own as together with the others.
func FuzzClean(f *testing.F) {
	f.Add(hostile)
	f.Add("\x1b[38;5;1m\u0e33\u0600\u1112\u1161\u11ab")
	f.Fuzz(func(t *testing.T, in string) {
		got := widget.Clean(in)
		if !utf8.ValidString(got) {
			t.Errorf("Clean(%q) = %q is not UTF-8", in, got)
		}
		sum := 0
		for _, r := range got {
			if r < 0x20 || r >= 0x7f && r < 0xa0 {
				t.Errorf("Clean(%q) = %q holds the control character %U", in, got, r)
			}
			w := ansi.StringWidth(string(r))
			if w == 0 {
				t.Errorf("Clean(%q) = %q holds %U, which takes no cell", in, got, r)
			}
			sum += w
		}
		if w := widget.Width(got); w != sum {
			t.Errorf("Clean(%q) = %q takes %d cells, its characters %d", in, got, w, sum)
		}
		if again := widget.Clean(got); again != got {
			t.Errorf("Clean is not idempotent: %q, then %q", got, again)
		}
	})
}
