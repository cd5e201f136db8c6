package widget_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/muesli/termenv"

	"benchtop/ui/theme"
	"benchtop/ui/uitest"
	"benchtop/ui/widget"
)

var bare = theme.New(theme.Options{Profile: termenv.Ascii})

func targets(n int) [][]widget.Cell {
	var rows [][]widget.Cell
	for i := range n {
		rows = append(rows, []widget.Cell{{Text: fmt.Sprintf("phi4-mini-%d", i)}, {Text: "default"},
			{Text: fmt.Sprint(100 * i)}, {Text: "Ready", Style: bare.Good}})
	}
	return rows
}

var columns = []widget.Column{{Title: "NAME", Min: 8, Grow: true}, {Title: "NAMESPACE", Drop: 2},
	{Title: "TTFT", Right: true}, {Title: "STATE", Drop: 1}}

func TestGoldens(t *testing.T) {
	for name, o := range map[string]theme.Options{"plain": {Profile: termenv.Ascii},
		"ascii": {Profile: termenv.Ascii, ASCII: true}, "256": {Profile: termenv.ANSI256, Dark: true}} {
		th := theme.New(o)
		table := widget.Table{Theme: th, Columns: columns, Rows: targets(20), Cursor: 4}
		panel := widget.Panel{Theme: th, Title: "Targets", Note: "2 marked", Focused: true,
			Body: table.Render(widget.Inside(60, 10))}.Render(60, 10)
		rest := widget.Panel{Theme: th, Title: "Detail", Body: widget.Wrap("No words are broken here, and lines end at words.", 26, th.Dim)}.Render(28, 10)
		in := &widget.Input{Focused: true}
		in.Set("1 2 4 8 16")
		for range 3 {
			in.Key("left")
		}
		dialog := widget.Dialog{Theme: th, Title: "Rates", Text: "Requests a second, one step each.", Input: in,
			Error: "8 and 8 are the same rate", Keys: []widget.Key{{Key: "enter", Label: "take"}, {Key: "esc", Label: "cancel"}}}
		steps := []widget.Step{{Label: "1", State: widget.StepDone}, {Label: "2", State: widget.StepInvalid},
			{Label: "4", State: widget.StepSaturated}, {Label: "8", State: widget.StepRunning}, {Label: "16"},
			{Label: "32", State: widget.StepSkipped}, {Label: "64", State: widget.StepFailed}}
		uitest.Golden(t, "screen-"+name, widget.Stack(
			widget.Header(th, "benchtop › Targets", "● running 02:41", 88),
			widget.StepStrip(th, steps, 58)+widget.Progress(th, 0.6, 30),
			widget.Beside(panel, rest),
			dialog.Render(88, 20),
			widget.Footer(th, []widget.Key{{Key: "space", Label: "mark"}, {Key: "q", Label: "quit", Keep: true}}, 88)))
	}
}

func TestTableCutsThenDrops(t *testing.T) {
	table := widget.Table{Theme: bare, Columns: columns, Rows: targets(3), Cursor: -1}
	for _, c := range []struct {
		w         int
		has, lost []string
	}{
		{80, []string{"NAMESPACE", "STATE", "phi4-mini-2"}, nil},
		{34, []string{"NAMESPACE", "STATE", "phi4-mini…"}, nil},
		{30, []string{"phi4-mini-2", "STATE"}, []string{"NAMESPACE"}},
		{18, []string{"phi4-mini-2", "200"}, []string{"NAMESPACE", "STATE"}},
		{14, []string{"phi4-mi…", "200"}, []string{"NAMESPACE", "STATE"}},
	} {
		view := table.Render(c.w, 5)
		for _, s := range c.has {
			if !strings.Contains(view, s) {
				t.Errorf("%d cells: no %q in\n%s", c.w, s, view)
			}
		}
		for _, s := range c.lost {
			if strings.Contains(view, s) {
				t.Errorf("%d cells: %q in\n%s", c.w, s, view)
			}
		}
	}
}

func TestTableAlignsNumbersRight(t *testing.T) {
	lines := strings.Split(widget.Table{Theme: bare, Cursor: -1, Rows: [][]widget.Cell{{{Text: "7"}, {Text: "x"}}, {{Text: "1,234"}}},
		Columns: []widget.Column{{Title: "N", Right: true}, {Title: "S"}}}.Render(8, 3), "\n")
	for i, want := range []string{"    N  S", "    7  x", "1,234   "} {
		if lines[i] != want {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
	}
}

func TestTableKeepsTheCursorVisible(t *testing.T) {
	for n := range 30 {
		for cursor := range n {
			for _, offset := range []int{-5, 0, 7, 100} {
				table := widget.Table{Theme: bare, Columns: columns, Rows: targets(n), Cursor: cursor, Offset: offset}
				view := table.Render(60, 6)
				want := fmt.Sprintf("▸ phi4-mini-%d ", cursor)
				if strings.Count(view, want) != 1 || !strings.HasPrefix(view, "  NAME") {
					t.Fatalf("%d rows, cursor %d, offset %d: want %q under the header in\n%s", n, cursor, offset, want, view)
				}
				if bar := strings.Contains(view, "┃"); bar != (n > 5) {
					t.Fatalf("%d rows: scroll bar %v", n, bar)
				}
			}
		}
	}
}

func TestScroll(t *testing.T) {
	for _, c := range []struct {
		name                       string
		offset, cursor, n, h, want int
	}{
		{name: "cursor within stays", offset: 3, cursor: 5, n: 20, h: 5, want: 3},
		{name: "cursor above", offset: 3, cursor: 1, n: 20, h: 5, want: 1},
		{name: "cursor below", offset: 3, cursor: 9, n: 20, h: 5, want: 5},
		{name: "no blank rows at the end", offset: 18, cursor: 19, n: 20, h: 5, want: 15},
		{name: "fewer rows than height", offset: 3, cursor: 1, n: 2, h: 5, want: 0},
		{name: "no cursor", offset: 3, cursor: -1, n: 20, h: 5, want: 3},
		{name: "nothing", offset: 3, cursor: 0, n: 0, h: 0, want: 0},
	} {
		if got := widget.Scroll(c.offset, c.cursor, c.n, c.h); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestTableSaysWhenItIsEmpty(t *testing.T) {
	view := widget.Table{Theme: bare, Columns: columns, Cursor: -1, Empty: "no workspaces in namespace bench"}.Render(60, 4)
	if !strings.Contains(view, "no workspaces in namespace bench") {
		t.Errorf("no reason in\n%s", view)
	}
}

func TestFooterDropsFromTheRight(t *testing.T) {
	keys := []widget.Key{{Key: "j/k", Label: "move"}, {Key: "space", Label: "mark"}, {Key: "enter", Label: "set up"},
		{Key: "?", Label: "help", Keep: true}, {Key: "q", Label: "quit", Keep: true}}
	for w, want := range map[int]string{
		60: "j/k move  space mark  enter set up  ? help  q quit",
		40: "j/k move  space mark  ? help  q quit",
		34: "j/k move  ? help  q quit",
		16: "? help  q quit",
		8:  "? help",
		3:  "",
	} {
		if got := strings.TrimRight(widget.Footer(bare, keys, w), " "); got != want {
			t.Errorf("%d cells: %q, want %q", w, got, want)
		}
	}
}

func TestHeaderKeepsTheRightPart(t *testing.T) {
	for w, want := range map[int]string{
		30: "benchtop › Results    complete",
		20: "benchtop ›… complete",
		8:  "complete",
		5:  "comp…",
	} {
		if got := widget.Header(bare, "benchtop › Results", "complete", w); got != want {
			t.Errorf("%d cells: %q, want %q", w, got, want)
		}
	}
}

func TestStepStripKeepsTheRunningStep(t *testing.T) {
	var steps []widget.Step
	for i := range 12 {
		s := widget.Step{Label: fmt.Sprint(1 << i), State: widget.StepDone}
		if i == 7 {
			s.State = widget.StepRunning
		} else if i > 7 {
			s.State = widget.StepPending
		}
		steps = append(steps, s)
	}
	for w := 8; w < 100; w++ {
		if got := widget.StepStrip(bare, steps, w); !strings.Contains(got, "128 ▶") {
			t.Errorf("%d cells: %q lacks the running step", w, got)
		}
	}
	if got := widget.StepStrip(bare, steps[:3], 30); strings.TrimRight(got, " ") != "1 ✓  2 ✓  4 ✓" {
		t.Errorf("three steps: %q", got)
	}
}

func TestProgress(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want string
	}{{0, "░░░░"}, {.5, "██░░"}, {1, "████"}, {7, "████"}, {-1, "░░░░"}, {math.NaN(), "░░░░"}, {math.Inf(1), "████"}} {
		if got := widget.Progress(bare, c.f, 4); got != c.want {
			t.Errorf("Progress(%v) = %q, want %q", c.f, got, c.want)
		}
	}
}

func TestOverKeepsWhatIsAround(t *testing.T) {
	base := strings.Repeat("世世世世世\n", 4) + "0123456789"
	// The box is 3 cells wide and starts after 3: in the middle of wide characters, whose halves
	// become blanks.
	if got, want := widget.Over(base, "abc\ndef", 10, 5), "世世世世世\n世 abc世世\n世 def世世\n世世世世世\n0123456789"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := widget.Over("ab\ncd", "123456\n789\n000\n111", 2, 2); got != "12\n78" {
		t.Errorf("a box larger than the screen: %q", got)
	}
}

func TestDialogKeepsItsKeysInALowBox(t *testing.T) {
	d := widget.Dialog{Theme: bare, Title: "Stop?", Text: strings.Repeat("many words ", 60), Keys: []widget.Key{{Key: "y", Label: "yes"}}}
	for h := 3; h < 20; h++ {
		if got := d.Render(40, h); !strings.Contains(got, "y yes") {
			t.Errorf("%d rows: the keys are gone:\n%s", h, got)
		}
	}
}
