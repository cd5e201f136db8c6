package chart

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/NimbleMarkets/ntcharts/canvas"
	"github.com/NimbleMarkets/ntcharts/canvas/graph"
	"github.com/muesli/termenv"

	"benchtop/ui/theme"
)

// Reducing the points of a dot column to four must draw the very dots that all points would.
func TestReductionDrawsWhatAllPointsDraw(t *testing.T) {
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 200 {
		n := 1 + r.IntN(3000)
		pts := make([]Point, n)
		for i := range pts {
			pts[i] = Point{X: float64(i) / float64(n) * 60, Y: 500 + 400*math.Sin(float64(i)/50) + 300*(r.Float64()-.5)}
			if r.IntN(40) == 0 {
				pts[i].Y = math.NaN()
			}
		}
		// Below minWidthAxis columns the whole chart is dots.
		w, h := 1+r.IntN(minWidthAxis-1), 1+r.IntN(12)
		axis := Axis{Min: 50, Max: 900, Log: round%2 == 0} // some values are beyond it
		got := TimeSeries{Theme: th, XMax: 60, Y: axis, Series: []Series{{Points: pts}}}.Render(w, h)

		p := newPlot(th, w, h, axis, nil)
		p.xLinear(0, 60)
		var prev canvas.Point
		joined := false
		for _, pt := range pts {
			if math.IsNaN(pt.Y) {
				joined = false
				continue
			}
			at := canvas.Point{X: p.col(pt.X), Y: p.row(pt.Y)}
			if !joined {
				prev = at
			}
			for _, d := range graph.GetLinePoints(prev, at) {
				p.grid.Set(d)
			}
			prev, joined = at, true
		}
		graph.DrawBraillePatterns(p.cv, canvas.Point{}, p.grid.BraillePatterns(), th.Text.Lipgloss())
		if want := p.view(); got != want {
			t.Fatalf("round %d, %d points at %d×%d:\n%s\nwant\n%s", round, n, w, h, got, want)
		}
	}
}

// row is BrailleGrid's mapping, or ticks and dots would drift apart.
func TestRowIsThatOfTheBrailleGrid(t *testing.T) {
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		a := FitAxis(r.Float64()*10, 10+r.Float64()*1e4, r.IntN(2) == 0)
		p := newPlot(th, 5, 1+r.IntN(60), a, nil)
		p.xLinear(0, 1)
		v := a.Min + r.Float64()*(a.Max-a.Min)
		fv := v
		if a.Log {
			fv = math.Log10(v)
		}
		if got, want := p.row(v), p.grid.GridPoint(canvas.Float64Point{Y: fv}).Y; got != want {
			t.Fatalf("axis %+v, height %d: row(%v) = %d, BrailleGrid has %d", a, p.ph, v, got, want)
		}
		p.view()
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		name string
		a    Axis
		rows int
		want []float64
	}{
		{"a high axis", Axis{Max: 800}, 24, []float64{0, 100, 200, 300, 400, 500, 600, 700, 800}},
		{"a usual one", Axis{Max: 800}, 11, []float64{0, 200, 400, 600, 800}},
		{"a low one", Axis{Max: 800}, 5, []float64{0, 500}},
		{"two rows", Axis{Max: 800}, 2, []float64{0, 500}},
		{"one row", Axis{Max: 800}, 1, []float64{0, 500}},
		{"not from 0", Axis{Min: 300, Max: 900}, 11, []float64{400, 600, 800}},
		{"log", Axis{Min: 200, Max: 20000, Log: true}, 12, []float64{200, 500, 1000, 2000, 5000, 10000}},
		{"low log", Axis{Min: 200, Max: 20000, Log: true}, 5, []float64{1000, 10000}},
		{"log within a decade", Axis{Min: 200, Max: 500, Log: true}, 10, []float64{200, 500}},
		{"six decades in ten rows", Axis{Min: 1e-3, Max: 1e3, Log: true}, 10, []float64{1e-3, .1, 10, 1000}},
	} {
		got := c.a.ticks(c.rows, 4)
		same := len(got) == len(c.want)
		for i := range got {
			same = same && math.Abs(got[i]-c.want[i]) < 1e-9*c.want[i]+1e-12
		}
		if !same {
			t.Errorf("%s: %+v in %d rows: %v, want %v", c.name, c.a, c.rows, got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	for v, want := range map[float64]string{0: "0s", .5: "0.5s", 59: "59s", 60: "1m", 90: "1m30s", 3600: "1h",
		5400: "1h30m", -90: "-1m30s", 1e300: "1e+300s"} {
		if got := clock(v); got != want {
			t.Errorf("clock(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		name       string
		want, rows []int
		h          int
	}{
		{"far apart stay", []int{1, 5, 9}, []int{1, 5, 9}, 10},
		{"a pair gives way by one", []int{4, 4}, []int{4, 5}, 10},
		{"three stand around their centre", []int{4, 4, 4}, []int{3, 4, 5}, 10},
		{"at the top", []int{0, 0, 0}, []int{0, 1, 2}, 10},
		{"at the bottom", []int{9, 9, 9}, []int{7, 8, 9}, 10},
		{"groups that meet merge", []int{3, 3, 4, 4}, []int{2, 3, 4, 5}, 10},
		{"as many as rows", []int{2, 2, 2}, []int{0, 1, 2}, 3},
		{"none", nil, nil, 3},
	} {
		got := spread(c.want, c.h)
		if !slices.Equal(got, c.rows) {
			t.Errorf("%s: spread(%v, %d) = %v, want %v", c.name, c.want, c.h, got, c.rows)
		}
	}
}

func TestSpreadKeepsOrderAndBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 5000 {
		h := 1 + r.IntN(20)
		want := make([]int, r.IntN(h+1))
		for i := range want {
			want[i] = r.IntN(h)
			if i > 0 {
				want[i] = max(want[i], want[i-1])
			}
		}
		got := spread(want, h)
		last := -1
		for _, y := range got {
			if y <= last || y >= h {
				t.Fatalf("spread(%v, %d) = %v", want, h, got)
			}
			last = y
		}
		if len(got) != len(want) {
			t.Fatalf("spread(%v, %d) = %v", want, h, got)
		}
	}
}
