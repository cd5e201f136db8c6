package theme_test

import (
	"strings"
	"testing"

	"github.com/muesli/termenv"

	"benchtop/ui/theme"
)

func TestOfFindsTheStyleOfACell(t *testing.T) {
	th := theme.New(theme.Options{Profile: termenv.ANSI256, Dark: true})
	for _, s := range []*theme.Style{th.Text, th.Warn, th.Cursor, th.Target(1).Style} {
		if got := theme.Of(s.Lipgloss()); got != s {
			t.Errorf("Of(Lipgloss()) = %p, want %p", got, s)
		}
	}
	if got := theme.Of(th.Warn.Lipgloss().Foreground(nil)); got != nil {
		t.Errorf("Of a foreign style = %p, want nil", got)
	}
}

func TestNoColorWritesNoSGR(t *testing.T) {
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	for _, s := range []*theme.Style{th.Bold, th.Warn, th.Cursor, th.Target(0).Style, nil} {
		if got := s.Render("x"); got != "x" {
			t.Errorf("Render without colour = %q, want %q", got, "x")
		}
	}
}

func TestProfilesUseTheirOwnColours(t *testing.T) {
	for _, c := range []struct {
		name string
		p    termenv.Profile
		dark bool
		want string
	}{
		{"16 colours, dark", termenv.ANSI, true, "\x1b[93m"},
		{"16 colours, light", termenv.ANSI, false, "\x1b[33m"},
		{"256 colours, dark", termenv.ANSI256, true, "\x1b[38;5;214m"},
		{"256 colours, light", termenv.ANSI256, false, "\x1b[38;5;130m"},
		{"true colour keeps to the cube", termenv.TrueColor, true, "\x1b[38;5;214m"},
	} {
		th := theme.New(theme.Options{Profile: c.p, Dark: c.dark})
		if got := th.Target(0).Style.Render("x"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want prefix %q", c.name, got, c.want)
		}
	}
}
