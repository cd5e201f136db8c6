package shot_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"benchtop/ui/shot"
	"benchtop/ui/uitest"
)

// sample has one of everything that is drawn as a shape, and text around it.
const sample = "\x1b[1m● A10\x1b[0m  p50 \x1b[38;5;214m⠁⣿⢸\x1b[0m ▁▂█▏░  ✓ ✗ ↑\n" +
	"\x1b[38;5;80m┏━ Title ━┓\x1b[0m╭──╮\n" +
	"\x1b[38;5;80m┃\x1b[0m\x1b[7m▸ a<b & c \x1b[0m\x1b[38;2;1;2;3m┃\x1b[0m│\x1b[41m世界\x1b[49m│\n" +
	"┗━╌╌┊┆┴┬┼━┛╰──╯"

func TestGolden(t *testing.T) {
	uitest.Golden(t, "sample-dark.svg", string(shot.SVG(sample, shot.Options{Dark: true, Title: "A sample"})))
	frames := []shot.Frame{{View: "a\n● b", For: time.Second}, {View: "a\n◆ c", For: 2 * time.Second}}
	uitest.Golden(t, "animated-light.svg", string(shot.Animate(frames, shot.Options{})))
}

func TestPictureIsWellFormed(t *testing.T) {
	for _, c := range []struct{ name, view string }{
		{"empty", ""},
		{"blank lines", "\n\n\n"},
		{"sample", sample},
		{"markup in text", `</text><script>alert(1)</script>&amp;"'`},
		{"control characters", "a\x00b\x07c\x7fd\u0085\ufffe\uffff"},
		{"not UTF-8", "a\xff\xfeb\x9b31m"},
		{"cut sequences", "\x1b[38;5\x1b[38;5;999mx\x1b[38m\x1b[48;2;1mx\x1b]0;title\x07y\x1b"},
		{"far too large", strings.Repeat(strings.Repeat("x─⣿", 400)+"\n", 400)},
	} {
		for _, svg := range [][]byte{
			shot.SVG(c.view, shot.Options{Title: c.view}),
			shot.Animate([]shot.Frame{{View: c.view}, {View: sample}}, shot.Options{Dark: true}),
		} {
			if err := wellFormed(svg); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if bytes.Contains(svg, []byte("<script")) {
				t.Errorf("%s: text became an element", c.name)
			}
		}
	}
}

func wellFormed(svg []byte) error {
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestBrailleIsDots(t *testing.T) {
	for _, c := range []struct {
		view string
		want int
	}{{"⠀", 0}, {"⠁", 1}, {"⣿", 8}, {"⣿⢸⠁", 8 + 4 + 1}} {
		svg := string(shot.SVG(c.view, shot.Options{}))
		if got := strings.Count(svg, "h.01"); got != c.want {
			t.Errorf("%s: %d dots, want %d", c.view, got, c.want)
		}
		if strings.Contains(svg, "<text") {
			t.Errorf("%s: drawn as text", c.view)
		}
	}
	// U+2801 is the top left dot, U+2880 the bottom right one.
	svg := string(shot.SVG("⠁⢀", shot.Options{}))
	for _, want := range []string{"M2 2h", "M14 14h"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no dot at %q in %s", want, svg)
		}
	}
}

func TestTextIsPinnedToItsCells(t *testing.T) {
	svg := string(shot.SVG("ab cd   ef世", shot.Options{}))
	for _, want := range []string{
		`<text x="0" y="12" textLength="40">ab cd</text>`,
		`<text x="64" y="12" textLength="32" lengthAdjust="spacingAndGlyphs">ef世</text>`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
}

func TestRunsOfLinesAreOneStroke(t *testing.T) {
	svg := string(shot.SVG("┏━━━┓\n┗━━━┛", shot.Options{}))
	for _, want := range []string{`d="M4 16V8H36V16"`, `d="M4 0V8H36V0"`} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
}

func TestColours(t *testing.T) {
	for _, c := range []struct{ name, view, want string }{
		{"256 colours", "\x1b[38;5;214mx", `fill="#ffaf00"`},
		{"256 colours in one parameter", "\x1b[38:5:214mx", `fill="#ffaf00"`},
		{"grey", "\x1b[38;5;245mx", `fill="#8a8a8a"`},
		{"true colour", "\x1b[38;2;1;2;3mx", `fill="#010203"`},
		{"bright", "\x1b[91mx", `fill="#ff7a80"`},
		{"background", "\x1b[48;5;21mx", `height="16" fill="#0000ff"`},
		{"reverse", "\x1b[31;7mx", `height="16" fill="#e5626b"`},
		{"the style goes on on the next line", "\x1b[31m\nx", `fill="#e5626b"`},
		{"bold", "\x1b[1mx", `font-weight="700"`},
		{"faint", "\x1b[2mx", `opacity=".65"`},
	} {
		if svg := string(shot.SVG(c.view, shot.Options{Dark: true})); !strings.Contains(svg, c.want) {
			t.Errorf("%s: no %s in\n%s", c.name, c.want, svg)
		}
	}
	for _, view := range []string{"\x1b[31m\x1b[0mx", "\x1b[31m\x1b[mx", "\x1b[31m\x1b[39mx", "\x1b[1m\x1b[22mx", "\x1b[7m\x1b[27mx"} {
		if svg := string(shot.SVG(view, shot.Options{})); !strings.Contains(svg, `<text x="0" y="12">x</text>`) {
			t.Errorf("%q does not end the style:\n%s", view, svg)
		}
	}
}

func TestAnimationStoresALineOnce(t *testing.T) {
	frames := make([]shot.Frame, 10)
	for i := range frames {
		frames[i] = shot.Frame{View: "the same line\n" + strings.Repeat("x", i), For: time.Second}
	}
	svg := string(shot.Animate(frames, shot.Options{}))
	if got := strings.Count(svg, "the same line"); got != 1 {
		t.Errorf("the same line is stored %d times", got)
	}
	for _, want := range []string{"animation:10.00s", "@keyframes k9", "#f9{visibility:visible}", "prefers-reduced-motion"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s", want)
		}
	}
	if got := len(regexp.MustCompile(`<g class="f"`).FindAllString(svg, -1)); got != 10 {
		t.Errorf("%d frames, want 10", got)
	}
}

func FuzzSVG(f *testing.F) {
	f.Add(sample)
	f.Add("\x1b[38;5;1;48;2;1;2;3;7;0m●\x1b[")
	f.Fuzz(func(t *testing.T, view string) {
		a := shot.SVG(view, shot.Options{Title: view})
		if err := wellFormed(a); err != nil {
			t.Errorf("%q: %v\n%s", view, err, a)
		}
		if b := shot.SVG(view, shot.Options{Title: view}); !bytes.Equal(a, b) {
			t.Errorf("%q: two pictures differ", view)
		}
	})
}
