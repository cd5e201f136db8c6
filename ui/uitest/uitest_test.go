package uitest_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/uitest"
)

// toy counts keys and takes a word from the outside world.
type toy struct {
	w, h  int
	keys  []string
	words []string
}

type word string

func (m toy) Init() tea.Cmd { return func() tea.Msg { return word("hello") } }

func (m toy) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case word:
		m.words = append(m.words, string(msg))
	case tea.KeyMsg:
		m.keys = append(m.keys, msg.String())
		say := func(s string) tea.Cmd { return func() tea.Msg { return word(s) } }
		switch msg.String() {
		case "b":
			return m, tea.Batch(say("left"), say("right"))
		case "s":
			return m, tea.Sequence(say("one"), say("two"))
		case "q":
			return m, tea.Quit
		}
	}
	return m, nil
}

func (m toy) View() string {
	lines := make([]string, max(m.h, 1))
	lines[0] = strings.Join(append(m.keys, m.words...), " ")
	for i, l := range lines {
		lines[i] = l[:min(len(l), m.w)]
	}
	return strings.Join(lines, "\n")
}

func TestDriver(t *testing.T) {
	d := uitest.New(t, toy{}, 200, 3)
	d.ExpectNot("hello")
	d.Await("hello")
	d.Press("j", "ctrl+s", "shift+tab", "space", "alt+x", "enter", "f1", "世")
	d.Type("a c") // not b: its words would come between those of s
	d.ExpectLine("j", "ctrl+s", "shift+tab", "alt+x", "enter", "f1", "世", "a", "hello")
	d.Press("s")
	d.Await("one two")
	d.Press("b")
	d.Await("left")
	d.Await("right")
	d.Press("q")
	d.AwaitFunc("quit", d.Quit)
	d.Resize(10, 2)
	if got := len(strings.Split(d.View(), "\n")); got != 2 {
		t.Errorf("%d lines after Resize(10, 2)", got)
	}
}

// fake records failures instead of failing.
type fake struct {
	testing.TB
	failed string
}

func (f *fake) Helper() {}
func (f *fake) Errorf(format string, args ...any) {
	f.failed = fmt.Sprintf(format, args...)
}
func (f *fake) Fatalf(format string, args ...any) {
	f.failed = fmt.Sprintf(format, args...)
	panic(f)
}
func (f *fake) Fatal(args ...any) { f.Fatalf("%v", args) }

// try runs a check that may fail and returns its message.
func try(t *testing.T, check func(testing.TB)) string {
	f := &fake{TB: t}
	func() {
		defer func() { _ = recover() }()
		check(f)
	}()
	return f.failed
}

func TestChecksCanFail(t *testing.T) {
	view := func(s string) func(testing.TB) {
		return func(f testing.TB) { uitest.CheckSize(f, s, 3, 2) }
	}
	for _, c := range []struct {
		name  string
		check func(testing.TB)
		want  string // "" for no failure
	}{
		{"the right size", view("abc\nd"), ""},
		{"escape sequences take no cells", view("\x1b[31mabc\x1b[0m\n"), ""},
		{"too few lines", view("abc"), "1 lines"},
		{"too many lines", view("a\nb\n"), "3 lines"},
		{"a line too wide", view("abc\nabcd"), "line 1 has 4 cells"},
		{"a wide character too many", view("世界\n"), "line 0 has 4 cells"},
		{"a panic at one size", func(f testing.TB) {
			uitest.AllSizes(f, func(w, h int) string {
				if w == 3 && h == 2 {
					panic("boom")
				}
				return strings.Repeat("\n", h-1)
			})
		}, "view at 3×2 panics: boom"},
		{"an unknown key", func(f testing.TB) { uitest.New(f, toy{}, 9, 1).Press("nokey") }, "no key"},
	} {
		got := try(t, c.check)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: failure %q, want %q", c.name, got, c.want)
		}
	}
}

func TestGolden(t *testing.T) {
	t.Chdir(t.TempDir())
	set := func(v string) {
		if err := flag.Set("update", v); err != nil {
			t.Fatal(err)
		}
	}
	was := flag.Lookup("update").Value.String()
	defer set(was)
	compare := func(got string) string {
		return try(t, func(f testing.TB) { uitest.Golden(f, "sub/sample", got) })
	}

	set("false")
	if got := compare("x"); !strings.Contains(got, "-update") {
		t.Errorf("without a file: failure %q, want the way to write it", got)
	}
	set("true")
	if got := compare("● \x1b[1mx\x1b[0m"); got != "" {
		t.Errorf("with -update: failure %q", got)
	}
	set("false")
	if got := compare("● \x1b[1mx\x1b[0m"); got != "" {
		t.Errorf("the same text: failure %q", got)
	}
	if got := compare("● \x1b[1my\x1b[0m"); !strings.Contains(got, `\x1b[1my`) {
		t.Errorf("another text: failure %q, want the difference with its escapes in words", got)
	}
}
