package chart_test

import (
	"math"
	"strings"
	"testing"

	"benchtop/ui/chart"
)

// rates is a curve of one target on a fixed axis of 0…100, drawn without colour.
func rates(pts ...chart.RatePoint) [][]rune {
	c := chart.RateCurve{Theme: bare, Y: chart.Axis{Max: 100}, Rates: []float64{1, 2, 4, 8, 16},
		Series: []chart.RateSeries{{Target: bare.Target(0), Points: pts}}}
	return grid(c.Render(80, 12))
}

// find is where a rune stands first, from the left.
func find(g [][]rune, r rune) (x, y int) {
	for x := range g[0] {
		for y := range g {
			if g[y][x] == r {
				return x, y
			}
		}
	}
	return -1, -1
}

// dotsBetween counts the cells with dots in columns from…to, both left out.
func dotsBetween(g [][]rune, from, to int) int {
	n := 0
	for _, row := range g {
		for x := from + 1; x < to; x++ {
			if isDot(row[x]) {
				n++
			}
		}
	}
	return n
}

func TestRatesAreEquallyFarApart(t *testing.T) {
	g := rates(chart.RatePoint{Rate: 1, Y: 50}, chart.RatePoint{Rate: 2, Y: 50}, chart.RatePoint{Rate: 4, Y: 50},
		chart.RatePoint{Rate: 8, Y: 50}, chart.RatePoint{Rate: 16, Y: 50})
	var cols []int
	_, y := find(g, '●')
	for x, r := range g[y] {
		if r == '●' {
			cols = append(cols, x)
			if tick := g[10][x]; tick != '┬' {
				t.Errorf("no tick under the marker in column %d but %q", x, tick)
			}
		}
	}
	if len(cols) != 5 {
		t.Fatalf("%d markers, want 5", len(cols))
	}
	for i := 2; i < len(cols); i++ {
		if d := (cols[i] - cols[i-1]) - (cols[1] - cols[0]); d < -1 || d > 1 {
			t.Errorf("markers in columns %v are not equally far apart", cols)
		}
	}
	if n := dotsBetween(g, cols[0], cols[4]); n != cols[4]-cols[0]-4 {
		t.Errorf("%d cells of line between the markers, want %d", n, cols[4]-cols[0]-4)
	}
}

func TestMissingPointBreaksTheLine(t *testing.T) {
	g := rates(chart.RatePoint{Rate: 1, Y: 50}, chart.RatePoint{Rate: 2, Y: 50}, chart.RatePoint{Rate: 4, Y: math.NaN()},
		chart.RatePoint{Rate: 8, Y: 50}, chart.RatePoint{Rate: 16, Y: 50})
	_, y := find(g, '●')
	var cols []int
	for x, r := range g[y] {
		if r == '●' {
			cols = append(cols, x)
		}
	}
	if len(cols) != 4 {
		t.Fatalf("markers in columns %v, want 4 of them", cols)
	}
	for i, want := range []bool{true, false, true} {
		if got := dotsBetween(g, cols[i], cols[i+1]) > 0; got != want {
			t.Errorf("line after marker %d: %v, want %v", i, got, want)
		}
	}
}

func TestSaturatedPointIsHollowAndOnlyHinted(t *testing.T) {
	g := rates(chart.RatePoint{Rate: 1, Y: 50}, chart.RatePoint{Rate: 2, Y: 50}, chart.RatePoint{Rate: 4, Y: 50, Saturated: true})
	x0, y := find(g, '●')
	x2, y2 := find(g, '○')
	if y2 != y || x2 < 0 {
		t.Fatalf("hollow marker at %d,%d, want it on row %d", x2, y2, y)
	}
	x1 := -1
	for x := x0 + 1; x < x2; x++ {
		if g[y][x] == '●' {
			x1 = x
		}
	}
	solid, hinted := dotsBetween(g, x0, x1), dotsBetween(g, x1, x2)
	if hinted == 0 || hinted > solid*2/3 {
		t.Errorf("%d cells to the saturated point, %d between the others: want some, but fewer", hinted, solid)
	}
}

func TestLowerBoundPointsUp(t *testing.T) {
	g := rates(chart.RatePoint{Rate: 1, Y: 50, AtLeast: true}, chart.RatePoint{Rate: 16, Y: 100, AtLeast: true})
	x, y := find(g, '●')
	if y < 1 || g[y-1][x] != '↑' {
		t.Errorf("no arrow above the marker at %d,%d", x, y)
	}
	// At the top there is no row above: the arrow takes the place of the marker.
	if g[0][len(g[0])-4] != '↑' && !strings.ContainsRune(string(g[0]), '↑') {
		t.Errorf("no arrow at the top: %q", string(g[0]))
	}
}

func TestMarkersOfTwoTargetsAtOnePointAreBothSeen(t *testing.T) {
	c := chart.RateCurve{Theme: bare, Y: chart.Axis{Max: 100}, Series: []chart.RateSeries{
		{Target: bare.Target(0), Points: []chart.RatePoint{{Rate: 1, Y: 50}}},
		{Target: bare.Target(1), Points: []chart.RatePoint{{Rate: 1, Y: 50}}}}}
	if view := c.Render(60, 10); !strings.Contains(view, "●◆") {
		t.Errorf("want both markers:\n%s", view)
	}
}

func TestRateLabelsDoNotTouch(t *testing.T) {
	c := chart.RateCurve{Theme: bare, Y: chart.Axis{Max: 100}}
	for r := 1.0; r <= 64; r++ {
		c.Rates = append(c.Rates, r)
	}
	for w := 14; w < 120; w++ {
		lines := strings.Split(c.Render(w, 8), "\n")
		labels := strings.Fields(lines[7])
		if len(labels) == 0 || labels[len(labels)-1] != "64" {
			t.Errorf("%d cells wide: labels %q, want the last rate among them", w, labels)
		}
		for _, l := range labels {
			if len(l) > 2 {
				t.Errorf("%d cells wide: labels touch: %q", w, lines[7])
			}
		}
	}
}

func TestRatesOfDuplicatesAndNonsense(t *testing.T) {
	c := chart.RateCurve{Theme: bare, Series: []chart.RateSeries{{Target: bare.Target(0), Points: []chart.RatePoint{
		{Rate: 0, Y: 1}, {Rate: -1, Y: 1}, {Rate: math.NaN(), Y: 1}, {Rate: math.Inf(1), Y: 1}, {Rate: 2, Y: 1}, {Rate: 2, Y: 2}}}}}
	view := c.Render(60, 10)
	if n := strings.Count(view, "●"); n != 2 {
		t.Errorf("%d markers, want 2:\n%s", n, view)
	}
	lines := strings.Split(view, "\n")
	if got := strings.Fields(lines[len(lines)-1]); len(got) != 1 || got[0] != "2" {
		t.Errorf("labels %q, want 2 once", got)
	}
	lo, hi := c.Range()
	if lo != 1 || hi != 2 {
		t.Errorf("Range = %v, %v; want 1, 2", lo, hi)
	}
	if lo, hi := (chart.RateCurve{}).Range(); !math.IsNaN(lo) || !math.IsNaN(hi) {
		t.Errorf("Range without points = %v, %v; want NaN", lo, hi)
	}
}

func TestPointsBeyondTheAxisAreLeftOut(t *testing.T) {
	c := chart.RateCurve{Theme: bare, Y: chart.Axis{Max: 100}, Rates: []float64{1, 1.0000001},
		Series: []chart.RateSeries{{Target: bare.Target(0), Points: []chart.RatePoint{{Rate: 1, Y: 50}, {Rate: 2, Y: 50}}}}}
	if view := c.Render(60, 10); strings.Count(view, "●") != 1 || sizeError(view, 60, 10) != "" {
		t.Errorf("want the point at 1 req/s alone:\n%s", view)
	}
}
