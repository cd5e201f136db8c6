package theme_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"benchtop/ui/theme"
)

// glyphs lists every string of a value, arrays and structs included.
func glyphs(v reflect.Value, name string, out map[string]string) {
	switch v.Kind() {
	case reflect.String:
		out[name] = v.String()
	case reflect.Struct:
		for i := range v.NumField() {
			glyphs(v.Field(i), name+"."+v.Type().Field(i).Name, out)
		}
	case reflect.Array:
		for i := range v.Len() {
			glyphs(v.Index(i), fmt.Sprintf("%s[%d]", name, i), out)
		}
	}
}

func TestEveryGlyphIsOneCell(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		th := theme.New(theme.Options{Profile: termenv.Ascii, ASCII: ascii})
		all := map[string]string{}
		glyphs(reflect.ValueOf(th.Glyph), "Glyph", all)
		glyphs(reflect.ValueOf(th.Thin), "Thin", all)
		glyphs(reflect.ValueOf(th.Thick), "Thick", all)
		seen := map[string]int{}
		for i := range 4 {
			tg := th.Target(i)
			all[fmt.Sprint("Marker", i)], all[fmt.Sprint("Hollow", i)] = tg.Marker, tg.Hollow
			seen[tg.Marker]++
			seen[tg.Hollow]++
		}
		if len(seen) != 8 {
			t.Errorf("ascii %v: markers %v are not all different", ascii, seen)
		}
		for name, g := range all {
			if ansi.StringWidth(g) != 1 {
				t.Errorf("ascii %v: %s %q takes %d cells, want 1", ascii, name, g, ansi.StringWidth(g))
			}
			if ascii && strings.ContainsFunc(g, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
				t.Errorf("%s %q is not ASCII", name, g)
			}
		}
	}
}

func TestTargetsRepeat(t *testing.T) {
	th := theme.New(theme.Options{})
	for i, want := range map[int]int{4: 0, 7: 3, -1: 3} {
		if got := th.Target(i).Marker; got != th.Target(want).Marker {
			t.Errorf("Target(%d) has marker %q, want that of target %d", i, got, want)
		}
	}
}

func TestNeedsASCII(t *testing.T) {
	for _, c := range []struct {
		name, env string
		want      bool
	}{
		{"nothing is known", "", false},
		{"a common terminal", "TERM=xterm-256color LANG=en_US.UTF-8", false},
		{"the Linux console", "TERM=linux LANG=en_US.UTF-8", true},
		{"a dumb terminal", "TERM=dumb", true},
		{"Latin 1", "TERM=xterm LANG=de_DE.ISO-8859-1", true},
		{"Latin 9 with a modifier", "TERM=xterm LANG=de_DE.iso885915@euro", true},
		{"UTF-8 in lower case with a modifier", "LANG=de_DE.utf8@euro", false},
		{"LC_ALL wins", "LC_ALL=C.UTF-8 LANG=de_DE.ISO-8859-1", false},
		{"a locale without a character set", "LANG=C", false},
	} {
		env := map[string]string{}
		for _, kv := range strings.Fields(c.env) {
			k, v, _ := strings.Cut(kv, "=")
			env[k] = v
		}
		if got := theme.NeedsASCII(func(k string) string { return env[k] }); got != c.want {
			t.Errorf("%s: NeedsASCII = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestDetectAFile(t *testing.T) {
	t.Setenv("CLICOLOR_FORCE", "")
	if got := theme.Detect(&strings.Builder{}); got != termenv.Ascii {
		t.Errorf("Detect of a buffer = %v, want no colour", got)
	}
}
