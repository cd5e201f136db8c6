// Package theme turns a palette into styles and glyphs, once, when the interface starts.
//
// A Theme answers two questions for every part of the screen: which SGR bytes go around a text, and
// which glyph stands for a state. Colour is never the only carrier: every state has a glyph or a
// word, every glyph has an ASCII twin of the same width, and every theme works without colour.
//
// The first two targets are orange and blue, the pair that the common kinds of colour blindness
// keep apart; all four differ in marker, and their colours stay apart in simulated protanopia,
// deuteranopia and tritanopia (a test computes it).
//
//	th := theme.New(theme.Options{Profile: theme.Detect(os.Stdout), Dark: true})
//	line := th.Warn.Render("target busy")
//
// A Theme is immutable and safe for concurrent use. The package keeps no state of its own and does
// not touch lipgloss' default renderer. It may import lipgloss, termenv, cancelreader and x/term.
package theme

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Options choose a theme.
type Options struct {
	Profile termenv.Profile // termenv.Ascii: no SGR at all, not even bold
	Dark    bool            // background is dark
	ASCII   bool            // glyphs of ASCII only
}

// Theme holds every style and glyph of the interface.
type Theme struct {
	Dark  bool
	ASCII bool

	Text   *Style // the terminal's own foreground
	Bold   *Style
	Dim    *Style // secondary text, axes
	Title  *Style // panel titles, headings
	Key    *Style // key names in footers and help
	Accent *Style // input cursor, current step, links
	Border *Style // frame without focus
	Focus  *Style // frame with focus
	Good   *Style
	Warn   *Style
	Bad    *Style
	SLO    *Style // limit lines and their labels
	Cursor *Style // whole row under the cursor
	Ghost  *Style // what a saved run puts beside a live one
	Grid   *Style // step boundaries in charts

	Glyph Glyphs
	Thin  Frame // panel without focus
	Thick Frame // panel with focus

	targets [targetCount]Target
}

// Target is how one target of a run looks, the same on every screen.
type Target struct {
	Marker string // one cell: ● ◆ ▲ ■
	Hollow string // the marker of a value that does not stand for a steady state: ○ ◇ △ □
	Style  *Style
	Tints  [3]*Style // p50, p90, p99 of this target in one chart
}

// New builds a theme.
func New(o Options) *Theme {
	b := newBuilder(o)
	t := &Theme{
		Dark: o.Dark, ASCII: o.ASCII,
		Text:   b.style(none, 0),
		Bold:   b.style(none, bold),
		Dim:    b.style(dim, 0),
		Title:  b.style(none, bold),
		Key:    b.style(accent, bold),
		Accent: b.style(accent, 0),
		Border: b.style(line, 0),
		Focus:  b.style(accent, 0),
		Good:   b.style(good, 0),
		Warn:   b.style(warn, 0),
		Bad:    b.style(bad, bold),
		SLO:    b.style(slo, 0),
		Cursor: b.style(none, reverse),
		Ghost:  b.style(dim, 0),
		Grid:   b.style(line, 0),
		Glyph:  unicodeGlyphs, Thin: thin, Thick: thick,
	}
	marks, hollow := markers, hollows
	if o.ASCII {
		t.Glyph, t.Thin, t.Thick = asciiGlyphs, asciiThin, asciiThick
		marks, hollow = asciiMarkers, asciiHollows
	}
	for i := range t.targets {
		p := targetColors[i]
		t.targets[i] = Target{Marker: marks[i], Hollow: hollow[i], Style: b.style(p, 0),
			Tints: [3]*Style{b.style(tints[i][0], 0), b.style(p, 0), b.style(tints[i][1], 0)}}
	}
	return t
}

// Target is the look of target i, counted from 0 in the order of the run; it repeats after four.
func (t *Theme) Target(i int) Target {
	return t.targets[((i%targetCount)+targetCount)%targetCount]
}

// Detect is the colour profile of the terminal behind w, from NO_COLOR, CLICOLOR_FORCE, TERM and
// COLORTERM; it asks the terminal nothing. A w that is no terminal has none.
func Detect(w io.Writer) termenv.Profile {
	return termenv.NewOutput(w).EnvColorProfile()
}

// NeedsASCII says whether the terminal is known to lack braille and markers: the Linux console, a
// dumb terminal, or a locale that names another character set than UTF-8. getenv is os.Getenv.
func NeedsASCII(getenv func(string) string) bool {
	if term := getenv("TERM"); term == "linux" || term == "dumb" {
		return true
	}
	for _, k := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		v := getenv(k)
		if v == "" {
			continue
		}
		_, charset, found := strings.Cut(v, ".")
		charset, _, _ = strings.Cut(charset, "@")
		u := strings.ToLower(charset)
		return found && u != "utf-8" && u != "utf8"
	}
	return false
}

// Style is the look of a text, built once. A nil *Style leaves text as it is.
type Style struct {
	lip       lipgloss.Style
	pre, post string
}

// Render puts the style around text, which must have no newline and no SGR of its own.
func (s *Style) Render(text string) string {
	if s == nil || s.pre == "" || text == "" {
		return text
	}
	return s.pre + text + s.post
}

// SGR is what Render writes before and after a text; both are empty without colour.
func (s *Style) SGR() (before, after string) {
	if s == nil {
		return "", ""
	}
	return s.pre, s.post
}

// Lipgloss is the style for a canvas cell; Of finds the Style again.
func (s *Style) Lipgloss() lipgloss.Style {
	if s == nil {
		return lipgloss.Style{}
	}
	return s.lip
}

// Of is the Style that a canvas cell was given through Lipgloss, or nil if the cell has another.
func Of(l lipgloss.Style) *Style {
	if p, ok := l.GetForeground().(pen); ok {
		return p.style
	}
	return nil
}

// pen is a colour that remembers its Style. lipgloss styles hold a func and cannot be compared, so
// without it a renderer that writes one SGR per run of equal cells would compare property by
// property, 2,400 times a chart.
type pen struct {
	lipgloss.TerminalColor
	style *Style
}
