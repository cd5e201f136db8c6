// Package shot turns a view of the interface, text with SGR sequences, into a picture: SVG that
// looks the same on every machine.
//
//	svg := shot.SVG(view, shot.Options{Title: "Compare two SKUs", Dark: true})
//
// What fonts draw badly is drawn as shapes: braille as dots, box characters as strokes, blocks as
// rectangles, markers and check marks as paths. Text is pinned to its cells, so whatever monospace
// font the reader has, columns stay columns. A picture of 120×40 takes 20 to 40 kB.
//
// The same view and options give the same bytes. A view may come from anywhere: other escape
// sequences than SGR and control characters are dropped, text is escaped, and the size is bounded.
//
// It may import x/ansi and the standard library.
package shot

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// Options say how a picture looks.
type Options struct {
	Title string // read out by screen readers; also the tooltip
	Dark  bool   // colours on a dark background
}

// Frame is one view of an animated picture and how long it is shown.
type Frame struct {
	View string
	For  time.Duration // at least minHold
}

// Cells and margins in pixels. A cell is 1:2, so that braille dots make a square lattice.
const (
	cellW  = 8
	cellH  = 16
	margin = 12
)

// minHold keeps an animation from flashing more than three times a second, which is dangerous to
// some readers (WCAG 2.3.1).
const minHold = 334 * time.Millisecond

// SVG is a picture of one view.
func SVG(view string, o Options) []byte {
	return draw([]Frame{{View: view}}, o)
}

// Animate is a picture that shows the frames one after another, for ever. Equal lines are stored
// once. Where animation is not possible or not wanted the last frame stands.
func Animate(frames []Frame, o Options) []byte {
	if len(frames) == 0 {
		return draw([]Frame{{}}, o)
	}
	return draw(frames, o)
}

// draw writes the picture: a background, each different line once, and a frame as a list of lines.
func draw(frames []Frame, o Options) []byte {
	pal := newPalette(o.Dark)
	w, h := 0, 0
	grids := make([][][]cell, len(frames))
	for i, f := range frames {
		grids[i] = parse(f.View, pal)
		h = max(h, len(grids[i]))
		for _, row := range grids[i] {
			w = max(w, len(row))
		}
	}
	var b bytes.Buffer
	pw, ph := w*cellW+2*margin, h*cellH+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img"`, pw, ph, pw, ph)
	fmt.Fprintf(&b, ` font-family="%s" font-size="13.3" fill="%s" stroke-linecap="round">`+"\n", fonts, pal.fg)
	if o.Title != "" {
		fmt.Fprintf(&b, "<title>%s</title>\n", escape(o.Title))
	}
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="%s"/>`+"\n", pw, ph, pal.bg)
	if len(frames) == 1 {
		for y, row := range grids[0] {
			if s := drawLine(row, pal); s != "" {
				fmt.Fprintf(&b, `<g transform="translate(%d,%d)">%s</g>`+"\n", margin, margin+y*cellH, s)
			}
		}
	} else {
		drawFrames(&b, frames, grids, pal)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// fonts are monospace fonts that systems have, those with an advance near 0.6 em first.
const fonts = `ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono','Liberation Mono',Consolas,monospace`

// drawFrames writes the style that shows one frame at a time, the lines and the frames.
func drawFrames(b *bytes.Buffer, frames []Frame, grids [][][]cell, pal *palette) {
	ids := map[string]int{}
	var defs, uses bytes.Buffer
	for i, grid := range grids {
		fmt.Fprintf(&uses, `<g class="f" id="f%d">`, i)
		for y, row := range grid {
			s := drawLine(row, pal)
			if s == "" {
				continue
			}
			id, ok := ids[s]
			if !ok {
				id = len(ids)
				ids[s] = id
				fmt.Fprintf(&defs, `<g id="l%d">%s</g>`+"\n", id, s)
			}
			fmt.Fprintf(&uses, `<use href="#l%d" x="%d" y="%d"/>`, id, margin, margin+y*cellH)
		}
		uses.WriteString("</g>\n")
	}
	fmt.Fprintf(b, "<style>\n%s</style>\n<defs>\n", timing(frames))
	b.Write(defs.Bytes())
	b.WriteString("</defs>\n")
	b.Write(uses.Bytes())
}

// timing is the style sheet of an animation.
func timing(frames []Frame) string {
	var total time.Duration
	for _, f := range frames {
		total += max(f.For, minHold)
	}
	var b strings.Builder
	fmt.Fprintf(&b, ".f{visibility:hidden;animation:%.2fs step-end infinite}\n", total.Seconds())
	fmt.Fprintf(&b, "#f%d{visibility:visible}\n", len(frames)-1)
	var at time.Duration
	for i, f := range frames {
		from := 100 * at.Seconds() / total.Seconds()
		at += max(f.For, minHold)
		to := 100 * at.Seconds() / total.Seconds()
		fmt.Fprintf(&b, "#f%d{animation-name:k%d}\n@keyframes k%d{", i, i, i)
		if i > 0 {
			b.WriteString("0%{visibility:hidden}")
		}
		fmt.Fprintf(&b, "%.2f%%{visibility:visible}", from)
		if i < len(frames)-1 {
			fmt.Fprintf(&b, "%.2f%%{visibility:hidden}", to)
		}
		b.WriteString("}\n")
	}
	b.WriteString("@media (prefers-reduced-motion){.f{animation:none}}\n")
	return b.String()
}

// escape makes text safe inside an element and an attribute.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(legal(s))
}

// legal drops what XML 1.0 does not allow, even escaped.
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' || r == 0xfffe || r == 0xffff || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
