package widget_test

import (
	"strings"
	"testing"

	"benchtop/ui/widget"
)

func TestInputEdits(t *testing.T) {
	for _, c := range []struct {
		name  string
		start string
		keys  string // names separated by spaces; =x inserts x
		want  string // with | at the caret
	}{
		{"types at the end", "ab", "=c", "abc|"},
		{"types in the middle", "ab", "left =x", "ax|b"},
		{"backspace", "abc", "left backspace", "a|c"},
		{"backspace at the start", "abc", "home backspace", "|abc"},
		{"delete", "abc", "home delete", "|bc"},
		{"delete at the end", "abc", "delete", "abc|"},
		{"word", "1 2 44", "ctrl+w", "1 2 |"},
		{"word with blanks behind it", "1 2  ", "ctrl+w", "1 |"},
		{"word at the start", "abc", "home ctrl+w", "|abc"},
		{"everything before", "abc", "left ctrl+u", "|c"},
		{"ends of the line", "abc", "ctrl+a right ctrl+e left", "ab|c"},
		{"stops at both ends", "a", "left left right right", "a|"},
		{"wide characters", "世界", "left backspace", "|界"},
	} {
		in := &widget.Input{Focused: true}
		in.Set(c.start)
		for _, k := range strings.Fields(c.keys) {
			if text, ok := strings.CutPrefix(k, "="); ok {
				in.Insert(text)
			} else if !in.Key(k) {
				t.Errorf("%s: key %q is not known", c.name, k)
			}
		}
		got := strings.Trim(in.Render(bare, 30), "[]_")
		if got != strings.Replace(c.want, "|", "▏", 1) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if in.Value() != strings.Replace(c.want, "|", "", 1) {
			t.Errorf("%s: value %q, want %q", c.name, in.Value(), c.want)
		}
	}
	if (&widget.Input{}).Key("f5") {
		t.Error("a key that edits nothing is taken")
	}
}

func TestInputIsBoundedAndClean(t *testing.T) {
	in := &widget.Input{Limit: 5}
	in.Insert("ab\x1b[31m\ncdefgh")
	if in.Value() != "ab cd" {
		t.Errorf("value %q, want %q", in.Value(), "ab cd")
	}
	in = &widget.Input{}
	for range 10 {
		in.Insert(strings.Repeat("x", 1000))
	}
	if n := len(in.Value()); n != 1024 {
		t.Errorf("a paste of 10,000 characters leaves %d", n)
	}
}

func TestInputShowsTheCaret(t *testing.T) {
	in := &widget.Input{Focused: true}
	in.Set(strings.Repeat("0123456789", 5))
	for i := range 51 {
		for _, w := range []int{3, 4, 10, 60} {
			if got := in.Render(bare, w); strings.Count(got, "▏") != 1 || widget.Width(got) != w {
				t.Fatalf("caret %d from the end, %d cells: %q", i, w, got)
			}
		}
		in.Key("left")
	}
	in.Focused = false
	if got := in.Render(bare, 12); got != "[012345678…]" {
		t.Errorf("without focus: %q", got)
	}
	if got := (&widget.Input{Placeholder: "500ms"}).Render(bare, 10); got != "[500ms___]" {
		t.Errorf("empty: %q", got)
	}
}
