package inventory_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"benchtop/kube/inventory"
)

func TestClean(t *testing.T) {
	tests := []struct {
		name, in string
		limit    int
		want     string
	}{
		{"plain", "phi-4-mini", 20, "phi-4-mini"},
		{"empty", "", 5, ""},
		{"escape sequence", "a\x1b[31mred\x1b[0m", 50, "ared"},
		{"C1 control", "a\u009b2Jb", 50, "ab"},
		{"bidi override", "abc\u202edef", 50, "abcdef"},
		{"zero width", "a\u200bb", 50, "ab"},
		{"line separator", "a\u2028b", 50, "a b"},
		{"lines", "  one\r\n\ttwo  ", 50, "one two"},
		{"exactly the limit", "12345", 5, "12345"},
		{"cut", "123456", 5, "1234…"},
		{"cut in runes", "ééééé", 3, "éé…"},
		{"limit zero", "abc", 0, "…"},
		{"invalid UTF-8", "a\xffb", 9, "a\ufffdb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := inventory.Clean(tt.in, tt.limit); got != tt.want {
				t.Errorf("Clean(%q, %d) = %q, want %q", tt.in, tt.limit, got, tt.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b[31m\u202e\u2066 b\n", 4)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(1, min(limit, 1000))
		got := inventory.Clean(s, limit)
		if n := utf8.RuneCountInString(got); n > limit {
			t.Errorf("%d runes, limit %d", n, limit)
		}
		if strings.IndexFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }) >= 0 {
			t.Errorf("%q has characters that move a cursor", got)
		}
		if again := inventory.Clean(got, limit); again != got {
			t.Errorf("cleaning %q twice gives %q", got, again)
		}
	})
}

func TestProblemIsAnError(t *testing.T) {
	p := &inventory.Problem{What: "no kubeconfig", Why: "looked for ~/.kube/config", Next: []string{"set KUBECONFIG", "try --demo"}}
	if got, want := p.Error(), "no kubeconfig: looked for ~/.kube/config (set KUBECONFIG; try --demo)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
