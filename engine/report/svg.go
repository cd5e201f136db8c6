package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Geometry of a figure in its own units.
const (
	svgW, svgH             = 720, 400
	svgLeft, svgRight      = 74, 130
	svgTop, svgBottom      = 44, 52
	svgPlotW, svgPlotH     = svgW - svgLeft - svgRight, svgH - svgTop - svgBottom
	labelGap               = 15 // between the names of lines, so that they can be read
	minXGap                = 26 // between ticks on x
	svgColours, svgMarkers = 6, 4
)

// svgStyle sets colours for light and dark by classes; Okabe and Ito's palette, which stays apart
// for the colour-blind, lighter where the ground is dark. Print is always light.
const svgStyle = `.ch text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}.ch .t{font-size:15px;font-weight:600}.ch .m{fill:#59636e}
.ch .bg{fill:#fff}.ch .g{stroke:#d1d9e0;stroke-width:1}.ch .ax{stroke:#59636e;stroke-width:1}.ch .lim{stroke:#59636e;stroke-dasharray:2 3}
.ch .l{fill:none;stroke-width:2}.ch .d{stroke-dasharray:5 4;stroke-width:1.2}.ch .h{fill:#fff}
.ch .c0{stroke:#0072b2}.ch .c1{stroke:#d55e00}.ch .c2{stroke:#009e73}.ch .c3{stroke:#b3478f}.ch .c4{stroke:#8a6d00}.ch .c5{stroke:#56667a}
.ch .f0{fill:#0072b2}.ch .f1{fill:#d55e00}.ch .f2{fill:#009e73}.ch .f3{fill:#b3478f}.ch .f4{fill:#8a6d00}.ch .f5{fill:#56667a}
@media screen and (prefers-color-scheme:dark){.ch text{fill:#e6edf3}.ch .m{fill:#9198a1}.ch .bg,.ch .h{fill:#0d1117}.ch .g{stroke:#30363d}.ch .ax,.ch .lim{stroke:#9198a1}
.ch .c0{stroke:#56b4e9}.ch .c1{stroke:#f0883e}.ch .c2{stroke:#2bc9a0}.ch .c3{stroke:#e29bc6}.ch .c4{stroke:#e3c53b}.ch .c5{stroke:#9db1c7}
.ch .f0{fill:#56b4e9}.ch .f1{fill:#f0883e}.ch .f2{fill:#2bc9a0}.ch .f3{fill:#e29bc6}.ch .f4{fill:#e3c53b}.ch .f5{fill:#9db1c7}}
`

// svg draws the chart as an SVG element; alone also with its style, so that it is a file of its own.
func (c *chart) svg(alone bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="ch" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n", svgW, svgH, xml(c.title))
	if alone {
		b.WriteString("<style>" + svgStyle + "</style>\n")
	}
	fmt.Fprintf(&b, `<title>%s</title><desc>%s</desc><rect class="bg" width="%d" height="%d"/>`+"\n", xml(c.title), xml(c.describe()), svgW, svgH)
	fmt.Fprintf(&b, `<text class="t" x="%d" y="20">%s</text>`+"\n", svgLeft, xml(c.title))
	lo, hi, ticks := c.span()
	x := func(v float64) float64 { return svgLeft + 12 + c.xPart(v)*(svgPlotW-24) }
	y := func(v float64) float64 { return svgTop + (1-c.yPart(v, lo, hi))*svgPlotH }
	for _, t := range ticks {
		fmt.Fprintf(&b, `<line class="g" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text class="m" x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			svgLeft, svgLeft+svgPlotW, y(t), y(t), svgLeft-8, y(t)+4, xml(c.tick(t)))
	}
	last := -1e9
	for _, v := range c.xs {
		fmt.Fprintf(&b, `<line class="ax" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x(v), x(v), svgTop+svgPlotH, svgTop+svgPlotH+4)
		if x(v)-last >= minXGap {
			fmt.Fprintf(&b, `<text class="m" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(v), svgTop+svgPlotH+18, xml(rate(v)))
			last = x(v)
		}
	}
	fmt.Fprintf(&b, `<line class="ax" x1="%d" x2="%d" y1="%d" y2="%d"/>`+"\n", svgLeft, svgLeft+svgPlotW, svgTop+svgPlotH, svgTop+svgPlotH)
	fmt.Fprintf(&b, `<text class="m" x="%d" y="%d" text-anchor="middle">nominal request rate, req/s (log scale)</text>`+"\n", svgLeft+svgPlotW/2, svgH-12)
	fmt.Fprintf(&b, `<text class="m" x="%d" y="%d">%s</text>`+"\n", svgLeft, svgTop-6, xml(c.axis))
	for _, l := range c.limits {
		fmt.Fprintf(&b, `<line class="lim" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text class="m" x="%d" y="%.1f">%s</text>`+"\n",
			svgLeft, svgLeft+svgPlotW, y(l.y), y(l.y), svgLeft+6, y(l.y)-5, xml(l.text))
	}
	for i := range c.lines {
		c.lines[i].draw(&b, x, y)
	}
	c.names(&b, y)
	b.WriteString("</svg>\n")
	return b.String()
}

// describe says the chart in words, for who cannot see it.
func (c *chart) describe() string {
	var parts []string
	for _, l := range c.lines {
		var vs []string
		for _, p := range l.points {
			bound := ""
			if p.bound {
				bound = "at least "
			}
			vs = append(vs, bound+c.format(p.y)+" at "+rate(p.x)+" req/s")
		}
		parts = append(parts, l.name+": "+strings.Join(vs, ", "))
	}
	return strings.Join(parts, ". ")
}

func (l *line) draw(b *strings.Builder, x, y func(float64) float64) {
	var path strings.Builder
	for i, p := range l.points {
		fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], x(p.x), y(p.y))
	}
	colour := l.target % svgColours
	dash := ""
	if l.dashed {
		dash = " d"
	}
	fmt.Fprintf(b, `<path class="l%s c%d" d="%s"/>`+"\n", dash, colour, path.String())
	for _, p := range l.points {
		px, py := x(p.x), y(p.y)
		if p.bound { // an arrow up: the value is above
			fmt.Fprintf(b, `<path class="l c%d" d="M%.1f %.1fv-14m-4 5l4-5l4 5"/>`, colour, px, py)
		}
		if !l.dashed {
			class := fmt.Sprintf("f%d", colour)
			if p.weak {
				class = fmt.Sprintf("h c%d", colour)
			}
			b.WriteString(marker(l.target%svgMarkers, class, px, py) + "\n")
		}
	}
}

// marker tells targets apart without colour.
func marker(kind int, class string, x, y float64) string {
	switch kind {
	case 1:
		return fmt.Sprintf(`<path class="%s" d="M%.1f %.1fl5 5l-5 5l-5 -5z"/>`, class, x, y-5)
	case 2:
		return fmt.Sprintf(`<path class="%s" d="M%.1f %.1fh8v8h-8z"/>`, class, x-4, y-4)
	case 3:
		return fmt.Sprintf(`<path class="%s" d="M%.1f %.1fl5 9h-10z"/>`, class, x, y-5)
	}
	return fmt.Sprintf(`<circle class="%s" cx="%.1f" cy="%.1f" r="4"/>`, class, x, y)
}

// names writes each line's name at its end, moved apart where they would meet.
func (c *chart) names(b *strings.Builder, y func(float64) float64) {
	type name struct {
		line *line
		y    float64
	}
	var ns []name
	for i := range c.lines {
		l := &c.lines[i]
		ns = append(ns, name{l, y(l.points[len(l.points)-1].y) + 4})
	}
	slices.SortStableFunc(ns, func(a, b name) int { return cmp.Compare(a.y, b.y) })
	for i := 1; i < len(ns); i++ {
		ns[i].y = max(ns[i].y, ns[i-1].y+labelGap)
	}
	bottom := float64(svgTop + svgPlotH + 10)
	for i := len(ns) - 1; i >= 0; i-- {
		ns[i].y = min(ns[i].y, bottom)
		bottom = ns[i].y - labelGap
	}
	for _, n := range ns {
		x := float64(svgLeft + svgPlotW + 12)
		if n.line.dashed {
			fmt.Fprintf(b, `<path class="l d c%d" d="M%.0f %.1fh12"/>`, n.line.target%svgColours, x-6, n.y-4)
		} else {
			b.WriteString(marker(n.line.target%svgMarkers, fmt.Sprintf("f%d", n.line.target%svgColours), x, n.y-4))
		}
		fmt.Fprintf(b, `<text x="%.0f" y="%.1f">%s</text>`+"\n", x+10, n.y, xml(cut(n.line.name, 16)))
	}
}
