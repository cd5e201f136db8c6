package report

import (
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pngColours are svgStyle's light colours.
var pngColours = []color.RGBA{{0, 0x72, 0xb2, 255}, {0xd5, 0x5e, 0, 255}, {0, 0x9e, 0x73, 255}, {0xb3, 0x47, 0x8f, 255}, {0x8a, 0x6d, 0, 255}, {0x56, 0x67, 0x7a, 255}}

// png draws the chart as a PNG of 1440 × 800 pixels on a white ground.
func (c *chart) png(w io.Writer) error {
	p := plot.New()
	p.Title.Text = c.title
	p.X.Label.Text = "nominal request rate, req/s (log scale)"
	p.Y.Label.Text = c.axis
	p.Legend.Top, p.Legend.Left = true, true
	lo, hi, ticks := c.span()
	p.Y.Min, p.Y.Max = lo, hi
	p.X.Min, p.X.Max = c.xs[0], c.xs[len(c.xs)-1]
	if p.X.Min == p.X.Max {
		p.X.Min, p.X.Max = p.X.Min/2, p.X.Max*2
	}
	p.X.Scale = plot.LogScale{}
	if c.log {
		p.Y.Scale = plot.LogScale{}
	}
	p.X.Tick.Marker = namedTicks(c.xs, rate)
	p.Y.Tick.Marker = namedTicks(ticks, c.tick)
	p.Add(plotter.NewGrid())
	for _, l := range c.lines {
		if err := l.plot(p); err != nil {
			return err
		}
	}
	for _, l := range c.limits {
		f := plotter.NewFunction(func(float64) float64 { return l.y })
		f.Dashes = []vg.Length{vg.Points(2), vg.Points(3)}
		p.Add(f)
		p.Legend.Add(l.text, f)
	}
	wt, err := p.WriterTo(10*vg.Inch, 10*vg.Inch*400/720, "png")
	if err != nil {
		return err
	}
	_, err = wt.WriteTo(w)
	return err
}

func (l *line) plot(p *plot.Plot) error {
	var xys plotter.XYs
	for _, pt := range l.points {
		xys = append(xys, plotter.XY{X: pt.x, Y: pt.y})
	}
	path, points, err := plotter.NewLinePoints(xys)
	if err != nil {
		return err
	}
	path.Color, points.Color = pngColours[l.target%len(pngColours)], pngColours[l.target%len(pngColours)]
	path.Width = vg.Points(1.5)
	points.Shape = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}, draw.TriangleGlyph{}}[l.target%svgMarkers]
	if l.dashed {
		path.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		p.Add(path)
		p.Legend.Add(l.name, path)
		return nil
	}
	p.Add(path, points)
	p.Legend.Add(l.name, path, points)
	return nil
}

func namedTicks(values []float64, text func(float64) string) plot.ConstantTicks {
	var out plot.ConstantTicks
	for _, v := range values {
		out = append(out, plot.Tick{Value: v, Label: text(v)})
	}
	return out
}
