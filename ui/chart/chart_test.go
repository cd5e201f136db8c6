package chart_test

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/muesli/termenv"

	"benchtop/ui/chart"
	"benchtop/ui/theme"
	"benchtop/ui/uitest"
)

// bare is the theme of a terminal without colour.
var bare = theme.New(theme.Options{Profile: termenv.Ascii})

// level is a series with the same value at every second of 0…n.
func level(n int, y float64) []chart.Point {
	pts := make([]chart.Point, n+1)
	for i := range pts {
		pts[i] = chart.Point{X: float64(i), Y: y}
	}
	return pts
}

// grid is a view as cells.
func grid(view string) [][]rune {
	var out [][]rune
	for _, l := range strings.Split(view, "\n") {
		out = append(out, []rune(l))
	}
	return out
}

func isDot(r rune) bool { return r > 0x2800 && r <= 0x28ff }

// rowWith is the row that contains text, -1 if none.
func rowWith(view, text string) int {
	for y, l := range strings.Split(view, "\n") {
		if strings.Contains(l, text) {
			return y
		}
	}
	return -1
}

func TestTicksStandOnTheRowOfTheirValue(t *testing.T) {
	label := regexp.MustCompile(`^ *(\S+)┤`)
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		hi := math.Pow(10, r.Float64()*6-1)
		a := chart.FitAxis(hi*r.Float64(), hi, r.IntN(2) == 0)
		w, h := 40+r.IntN(80), 6+r.IntN(30)
		values := map[string]float64{}
		unit := func(v float64) string {
			values[chart.MS(v)] = v
			return chart.MS(v)
		}
		empty := chart.TimeSeries{Theme: bare, Y: a, XMax: 60, Unit: unit}.Render(w, h)
		ticks := 0
		for y, l := range strings.Split(empty, "\n") {
			m := label.FindStringSubmatch(l)
			if m == nil {
				continue
			}
			ticks++
			v := values[m[1]]
			view := chart.TimeSeries{Theme: bare, Y: a, XMax: 60, Unit: unit,
				Series: []chart.Series{{Points: level(60, v)}}}.Render(w, h)
			if !strings.ContainsFunc(strings.Split(view, "\n")[y], isDot) {
				t.Fatalf("axis %+v at %d×%d: no dots of %v on the row of its label:\n%s", a, w, h, v, view)
			}
		}
		if ticks == 0 {
			t.Fatalf("axis %+v at %d×%d has no ticks:\n%s", a, w, h, empty)
		}
	}
}

func TestSpikeOfOnePointIsVisible(t *testing.T) {
	for at := range 50 {
		pts := make([]chart.Point, 60000)
		for i := range pts {
			pts[i] = chart.Point{X: float64(i) / 100, Y: 10}
		}
		pts[at*1201].Y = 1000
		view := chart.TimeSeries{Theme: bare, Y: chart.Axis{Max: 1000}, XMax: 600,
			Series: []chart.Series{{Points: pts}}}.Render(80, 12)
		if !strings.ContainsFunc(strings.Split(view, "\n")[0], isDot) {
			t.Fatalf("a spike at point %d is not visible:\n%s", at*1201, view)
		}
	}
}

func TestGapsAreGaps(t *testing.T) {
	for _, gap := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		pts := level(100, 50)
		for i := 40; i < 60; i++ {
			pts[i].Y = gap
		}
		g := grid(chart.TimeSeries{Theme: bare, Y: chart.Axis{Max: 100}, XMax: 100,
			Series: []chart.Series{{Points: pts}}}.Render(104, 9))
		left := 4 // the y axis
		for x := left; x < 104; x++ {
			sec := float64(x-left) / 100 * 100
			dots := false
			for _, row := range g[:7] {
				dots = dots || isDot(row[x])
			}
			switch {
			case sec < 38 || sec > 62 && sec < 98:
				if !dots {
					t.Errorf("gap %v: no dot at %v s", gap, sec)
				}
			case sec > 41 && sec < 58 && dots:
				t.Errorf("gap %v: a dot at %v s, within the gap", gap, sec)
			}
		}
	}
}

func TestLineEndsAreLabelled(t *testing.T) {
	ts := chart.TimeSeries{Theme: bare, Y: chart.Axis{Max: 1000}, XMax: 60, SLO: 500, Series: []chart.Series{
		{Name: "p50", Points: level(50, 498)}, {Name: "p90", Points: level(50, 499)}, {Name: "p99", Points: level(50, 501)}}}
	view := ts.Render(60, 16)
	order := []string{"p99", "p90", "p50"}
	last := -1
	for _, s := range order {
		y := rowWith(view, s)
		if y <= last {
			t.Fatalf("labels are not in the order %v, each on its own row:\n%s", order, view)
		}
		last = y
	}
	if y := rowWith(view, "SLO"); y == -1 || strings.Contains(strings.Split(view, "\n")[y], "p") {
		t.Errorf("the limit has no label of its own:\n%s", view)
	}
	if mid := rowWith(view, "╌"); rowWith(view, "p99") < mid-2 || last > mid+2 {
		t.Errorf("labels are not around the row of their lines:\n%s", view)
	}
	if low := ts.Render(60, 3); sizeError(low, 60, 3) != "" {
		t.Errorf("three rows for four labels:\n%s", low)
	}
}

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		name  string
		slo   float64
		want  string // at the line end
		line  bool
		atRow int
	}{
		{"within", 500, "SLO", true, 5},
		{"above the axis", 5000, "SLO↑", false, 0},
		{"none", 0, "", false, -1},
		{"not a number", math.NaN(), "", false, -1},
		{"infinite", math.Inf(1), "", false, -1},
	} {
		view := chart.TimeSeries{Theme: bare, Y: chart.Axis{Max: 1000}, XMax: 60, SLO: c.slo}.Render(60, 13)
		if got := strings.Contains(view, "╌ ╌"); got != c.line {
			t.Errorf("%s: dashes %v, want %v:\n%s", c.name, got, c.line, view)
		}
		if got := rowWith(view, "SLO"); got != c.atRow || c.want != "" && !strings.Contains(view, c.want) {
			t.Errorf("%s: label on row %d, want %q on row %d:\n%s", c.name, got, c.want, c.atRow, view)
		}
	}
}

func TestMarksStandOnTheAxis(t *testing.T) {
	view := chart.TimeSeries{Theme: bare, Y: chart.Axis{Max: 10}, XMax: 100, Marks: []chart.Mark{
		{X: 0, Text: "1/s"}, {X: 50, Text: "2/s"}, {X: 52, Text: "4/s"}, {X: 70, Text: "a note that is too long for it", Note: true},
		{X: math.NaN(), Text: "never"}, {X: -5, Text: "before"}, {X: 200, Text: "after"}}}.Render(104, 8)
	lines := strings.Split(view, "\n")
	axis := lines[6]
	for _, want := range []string{"└┴1/s─", "─┴─┴4/s─", "┴a note that is too long for"} {
		if !strings.Contains(axis, want) {
			t.Errorf("the axis lacks %q: %s", want, axis)
		}
	}
	for _, not := range []string{"never", "before", "after"} {
		if strings.Contains(view, not) {
			t.Errorf("%q is shown:\n%s", not, view)
		}
	}
	if n := strings.Count(lines[2], "┊"); n != 3 || strings.Count(lines[2], "┆") != 1 {
		t.Errorf("want 3 boundaries and 1 note, got %d and %d:\n%s", n, strings.Count(lines[2], "┆"), view)
	}
}

func TestViewsAreWrittenInRuns(t *testing.T) {
	view := live(600, false).Render(120, 20)
	if regexp.MustCompile(`(\x1b\[[0-9;]*m)[^\x1b]*\x1b\[0m *\x1b\[[0-9;]*m`).MatchString(view) {
		for _, m := range regexp.MustCompile(`(\x1b\[[1-9][0-9;]*m)[^\x1b\n]*\x1b\[0m *(\x1b\[[1-9][0-9;]*m)`).FindAllStringSubmatch(view, -1) {
			if m[1] == m[2] {
				t.Fatalf("two runs of one style follow each other: %q", m[0])
			}
		}
	}
	if n := strings.Count(view, "\x1b["); n < 60 || n > 1600 {
		t.Errorf("%d SGR sequences for 120×20, want some hundred", n)
	}
	for i, l := range strings.Split(view, "\n") {
		if strings.Count(l, "\x1b[0m")*2 != strings.Count(l, "\x1b[") {
			t.Errorf("line %d does not end its styles: %q", i, l)
		}
	}
}

func TestChartsRenderConcurrently(t *testing.T) {
	want := live(600, false).Render(80, 20)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				live(60, true).Render(20+i*10, 5+j)
				if got := live(600, false).Render(80, 20); got != want {
					t.Errorf("a view differs when others render beside it")
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestAxisScale(t *testing.T) {
	t0 := time.Unix(0, 0)
	var s chart.AxisScale
	for _, c := range []struct {
		name   string
		at     time.Duration
		lo, hi float64
		max    float64
	}{
		{"takes the first range", 0, 0, 480, 500},
		{"grows at once", 1 * time.Second, 0, 1900, 2000},
		{"holds when values fall", 2 * time.Second, 0, 400, 2000},
		{"holds for ten seconds", 11 * time.Second, 0, 700, 2000},
		{"a high value starts the wait again", 11500 * time.Millisecond, 0, 1950, 2000},
		{"waits", 12 * time.Second, 0, 400, 2000},
		{"waits", 21 * time.Second, 0, 750, 2000},
		{"shrinks to what held all since", 22 * time.Second, 0, 300, 800},
		{"no data: keeps still", 23 * time.Second, math.NaN(), math.NaN(), 800},
		{"no data for long: keeps still", 90 * time.Second, math.NaN(), math.NaN(), 800},
	} {
		if got := s.Fit(t0.Add(c.at), c.lo, c.hi, false); got.Max != c.max || got.Min != 0 {
			t.Errorf("%s: at %v axis %+v, want 0…%v", c.name, c.at, got, c.max)
		}
	}
	if got := s.Fit(t0.Add(91*time.Second), 210, 14000, true); got != (chart.Axis{Min: 200, Max: 20000, Log: true}) {
		t.Errorf("to logarithmic: %+v", got)
	}
}

func TestFitAxis(t *testing.T) {
	for _, c := range []struct {
		name   string
		lo, hi float64
		log    bool
		want   chart.Axis
	}{
		{"linear starts at 0", 300, 480, false, chart.Axis{Max: 500}},
		{"a round number stays", 0, 800, false, chart.Axis{Max: 800}},
		{"no data", math.NaN(), math.NaN(), false, chart.Axis{Max: 1}},
		{"negative", -5, -1, false, chart.Axis{Max: 1}},
		{"log", 283, 14181, true, chart.Axis{Min: 200, Max: 20000, Log: true}},
		{"log of one value", 300, 300, true, chart.Axis{Min: 200, Max: 1000, Log: true}},
		{"log with zero", 0, 100, true, chart.Axis{Min: 10, Max: 100, Log: true}},
		{"log without data", math.NaN(), math.NaN(), true, chart.Axis{Min: .1, Max: 1, Log: true}},
		{"log of six decades at most", 1e-9, 1e3, true, chart.Axis{Min: 1e-3, Max: 1e3, Log: true}},
	} {
		got := chart.FitAxis(c.lo, c.hi, c.log)
		if math.Abs(got.Min-c.want.Min) > 1e-12 || math.Abs(got.Max-c.want.Max) > 1e-9 || got.Log != c.want.Log {
			t.Errorf("%s: FitAxis(%v, %v, %v) = %+v, want %+v", c.name, c.lo, c.hi, c.log, got, c.want)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		f    func(float64) string
		v    float64
		want string
	}{
		{chart.Plain, 0, "0"}, {chart.Plain, .5, "0.5"}, {chart.Plain, 1500, "1500"}, {chart.Plain, 20000, "20k"},
		{chart.Plain, 2.5e6, "2.5M"}, {chart.Plain, 3e9, "3G"}, {chart.Plain, 1e300, "1e+300"}, {chart.Plain, math.NaN(), "NaN"},
		{chart.MS, 0, "0"}, {chart.MS, .25, "0.25ms"}, {chart.MS, 200, "200ms"}, {chart.MS, 1500, "1.5s"}, {chart.MS, 20000, "20s"},
	} {
		if got := c.f(c.v); got != c.want {
			t.Errorf("format of %v = %q, want %q", c.v, got, c.want)
		}
	}
}

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		name   string
		th     *theme.Theme
		values []float64
		w      int
		want   string
	}{
		{"filled up at the left", bare, []float64{1, 8}, 4, "  ▂█"},
		{"the newest values", bare, []float64{9, 9, 1, 2, 3, 4, 5, 6, 7, 8}, 8, "▂▃▄▅▆▇██"},
		{"all zero", bare, []float64{0, 0}, 2, "▁▁"},
		{"gaps", bare, []float64{1, math.NaN(), math.Inf(1), -1, 1}, 5, "█   █"},
		{"nothing", bare, nil, 3, "   "},
		{"no room", bare, []float64{1}, 0, ""},
		{"ascii", theme.New(theme.Options{ASCII: true}), []float64{0, 4, 8}, 3, "_=#"},
	} {
		if got := chart.Sparkline(c.th, c.values, c.w); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestGoldens(t *testing.T) {
	for name, o := range map[string]theme.Options{
		"plain": {Profile: termenv.Ascii}, "ascii": {Profile: termenv.Ascii, ASCII: true}, "256": {Profile: termenv.ANSI256, Dark: true}} {
		th := theme.New(o)
		uitest.Golden(t, "live-"+name, sampleLive(th).Render(76, 14))
		uitest.Golden(t, "overlay-"+name, sampleOverlay(th).Render(76, 12))
		uitest.Golden(t, "rates-"+name, sampleRates(th).Render(76, 14))
	}
}

// sampleLive is three percentiles with a gap, a spike, step boundaries and a note.
func sampleLive(th *theme.Theme) chart.TimeSeries {
	tg := th.Target(0)
	ts := chart.TimeSeries{Theme: th, SLO: 500, XMax: 180, Marks: []chart.Mark{{X: 0, Text: "1/s"}, {X: 55, Text: "2/s"},
		{X: 110, Text: "4/s"}, {X: 130, Text: "node added", Note: true}}}
	for i, base := range []float64{370, 545, 690} {
		pts := walk(uint64(i+1), 150, base, base/4, 149)
		for j := 48; j < 56; j++ {
			pts[j].Y = math.NaN()
		}
		if i == 2 {
			pts[100].Y = 1400
		}
		ts.Series = append(ts.Series, chart.Series{Name: []string{"p50", "p90", "p99"}[i], Style: tg.Tints[i], Points: pts})
	}
	return ts
}

// sampleOverlay is one percentile of four targets and a ghost.
func sampleOverlay(th *theme.Theme) chart.TimeSeries {
	ts := chart.TimeSeries{Theme: th, SLO: 3000, XMax: 180, Unit: chart.MS}
	ts.Series = append(ts.Series, chart.Series{Name: "saved", Style: th.Ghost, Dashed: true, Points: walk(19, 180, 450, 90, 179)})
	for i, base := range []float64{540, 300, 400, 210} {
		tg := th.Target(i)
		ts.Series = append(ts.Series, chart.Series{Name: []string{"A10", "A100", "H100", "H200"}[i],
			Marker: tg.Marker, Style: tg.Style, Points: walk(uint64(9+i), 150, base, base/4, 149)})
	}
	return ts
}

// sampleRates is the shape of a published run: A10 breaks at 16 req/s, A100 holds.
func sampleRates(th *theme.Theme) chart.RateCurve {
	return chart.RateCurve{Theme: th, Y: chart.Axis{Log: true}, Unit: chart.MS, SLO: 500, Series: []chart.RateSeries{
		{Name: "A10", Target: th.Target(0), Points: []chart.RatePoint{{Rate: 1, Y: 369.7}, {Rate: 2, Y: 391.6},
			{Rate: 4, Y: 384.2}, {Rate: 8, Y: 484.6}, {Rate: 16, Y: 14181.4, Saturated: true, AtLeast: true}}},
		{Name: "A100", Target: th.Target(1), Points: []chart.RatePoint{{Rate: 1, Y: 288.7}, {Rate: 2, Y: 284.6},
			{Rate: 4, Y: math.NaN()}, {Rate: 8, Y: 287.7}, {Rate: 16, Y: 292.8}}},
	}}
}

// A label of the limit that finds no room on its row points to it.
func TestLimitLabelPointsToItsRow(t *testing.T) {
	points := func(y float64) []chart.Point { return []chart.Point{{X: 0, Y: y}, {X: 60, Y: y}} }
	ts := chart.TimeSeries{Theme: bare, XMax: 60, SLO: 500, Y: chart.FitAxis(0, 600, false), Series: []chart.Series{
		{Name: "p50", Points: points(480)}, {Name: "p90", Points: points(500)}, {Name: "p99", Points: points(520)}}}
	if got := ts.Render(60, 8); !strings.Contains(got, "SLO↑") {
		t.Errorf("the label does not point up to its row:\n%s", got)
	}
	ts.Series = ts.Series[:1]
	ts.Series[0].Points = points(100)
	if got := ts.Render(60, 12); strings.Contains(got, "SLO↑") || strings.Contains(got, "SLO↓") || !strings.Contains(got, "SLO") {
		t.Errorf("a label on its row points elsewhere:\n%s", got)
	}
}
