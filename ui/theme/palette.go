package theme

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// shade is one colour of the palette: 256-colour and 16-colour indices for dark and light
// backgrounds. The 256-colour cube has fixed RGB values, so true colour uses it too; the first 16
// are whatever the user's terminal makes of them.
type shade struct {
	dark, dark16   string
	light, light16 string
}

var (
	none   = shade{}
	dim    = shade{"245", "7", "241", "8"}
	line   = shade{"240", "8", "248", "8"}
	accent = shade{"80", "14", "23", "6"}
	good   = shade{"114", "10", "28", "2"}
	warn   = shade{"221", "11", "94", "3"}
	bad    = shade{"203", "9", "160", "1"}
	slo    = shade{"210", "9", "161", "1"}
)

const targetCount = 4

var (
	targetColors = [targetCount]shade{
		{"214", "11", "130", "3"}, // orange
		{"39", "12", "25", "4"},   // blue
		{"169", "13", "89", "5"},  // reddish purple
		{"121", "10", "22", "2"},  // green
	}
	// tints are p50 and p99 of a target; p90 has the target's own colour.
	tints = [targetCount][2]shade{
		{{"222", "3", "166", "3"}, {"208", "11", "94", "3"}},
		{{"117", "6", "32", "4"}, {"33", "12", "18", "4"}},
		{{"218", "5", "133", "5"}, {"163", "13", "53", "5"}},
		{{"157", "2", "28", "2"}, {"78", "10", "23", "2"}},
	}
)

type attr uint8

const (
	bold attr = 1 << iota
	reverse
)

// builder makes styles on a renderer of its own, so that lipgloss' default one stays untouched.
type builder struct {
	r    *lipgloss.Renderer
	dark bool
}

func newBuilder(o Options) builder {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(o.Profile)
	r.SetHasDarkBackground(o.Dark)
	return builder{r: r, dark: o.Dark}
}

func (b builder) style(c shade, a attr) *Style {
	l := b.r.NewStyle().Bold(a&bold != 0).Reverse(a&reverse != 0)
	var fg lipgloss.TerminalColor = lipgloss.NoColor{}
	if c != none {
		x, x16 := c.dark, c.dark16
		if !b.dark {
			x, x16 = c.light, c.light16
		}
		fg = lipgloss.CompleteColor{TrueColor: x, ANSI256: x, ANSI: x16}
		l = l.Foreground(fg)
	}
	s := &Style{}
	s.pre, s.post, _ = strings.Cut(l.Render("x"), "x")
	s.lip = l.Foreground(pen{fg, s})
	return s
}
