package results

import (
	"math"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/theme"
)

func newResults(run *record.Run) *Model {
	m := New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.Set(run, fixture.Dir)
	return m
}

func press(m *Model, keys string) (last screen.Action) {
	for _, r := range keys {
		last = m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
	}
	return last
}

func TestRepetitionsShowTheMedianOfTheValid(t *testing.T) {
	step := func(p50 float64, valid bool) *record.Step {
		return &record.Step{TTFT: record.Dist{P50: &p50}, OfferedRPS: p50, Verdict: record.Verdict{Valid: valid}}
	}
	for _, c := range []struct {
		name  string
		steps []*record.Step
		want  float64
	}{
		{"one", []*record.Step{step(380, true)}, 380},
		{"one, invalid: shown all the same", []*record.Step{step(380, false)}, 380},
		{"three", []*record.Step{step(390, true), step(380, true), step(500, true)}, 390},
		{"an invalid one is left out", []*record.Step{step(390, true), step(380, true), step(9000, false)}, 385},
		{"none valid: shown all the same", []*record.Step{step(390, false), step(380, false)}, 385},
	} {
		r := &report.Row{Steps: c.steps}
		v, bound := value(r, screen.TTFT, "p50")
		n := number(r, func(s *record.Step) *float64 { return &s.OfferedRPS })
		if bound || !same(v, c.want) || !same(n, c.want) {
			t.Errorf("%s: %v and %v (bound %v), want %v", c.name, v, n, bound, c.want)
		}
	}
}

// What is a lower bound ranks above what is known, whatever its age: the median of 450, 480 and more than
// 400 ms is 480 ms, as in the table that show prints.
func TestRepetitionsRankLowerBoundsLast(t *testing.T) {
	known := func(ms float64) *record.Step {
		return &record.Step{TTFT: record.Dist{N: 200, P99: &ms}, Verdict: record.Verdict{Valid: true}}
	}
	cut := &record.Step{TTFT: record.Dist{N: 200}, LowerBounds: map[string]float64{"ttft_p99_ms": 400}, Verdict: record.Verdict{Valid: true}}
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	for want, steps := range map[string][]*record.Step{
		"480":   {known(450), cut, known(480)},
		"> 400": {cut, cut, known(480)},
	} {
		if got := latency(&report.Row{Steps: steps}, screen.TTFT, "p99", th); got != want {
			t.Errorf("p99 of the row is %q, want %q", got, want)
		}
	}
	few := known(450)
	few.TTFT.N = 60
	if got := latency(&report.Row{Steps: []*record.Step{few, few}}, screen.TTFT, "p99", th); got != "450"+th.Glyph.Dagger {
		t.Errorf("p99 of few requests, twice, is %q, without its mark", got)
	}
}

// A row speaks for all its repetitions, not for the last.
func TestRepetitionsShareTheirState(t *testing.T) {
	step := func(v record.Verdict) *record.Step { return &record.Step{Sent: 100, OK: 100, Verdict: v} }
	ok, saturated, invalid := step(record.Verdict{Valid: true}), step(record.Verdict{Valid: true, Saturated: true}), step(record.Verdict{})
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	for _, tc := range []struct {
		steps []*record.Step
		want  string
	}{
		{[]*record.Step{saturated, saturated, ok}, "saturated at times"},
		{[]*record.Step{ok, invalid}, "ok"},
		{[]*record.Step{invalid, invalid}, "invalid"},
	} {
		if got, _ := state(&report.Row{Steps: tc.steps}, th); !strings.HasSuffix(got, " "+tc.want) {
			t.Errorf("state %q, want %q", got, tc.want)
		}
	}
}

// The rate of sending that another tool does not tell is not 0.
func TestUnknownOfferedRate(t *testing.T) {
	run := fixture.Run(1)
	for i := range run.Steps {
		run.Steps[i].OfferedRPS = 0
	}
	m := newResults(run)
	press(m, "t")
	if row := m.tableRow(&m.rows[0], true); row[2].Text != screen.Unknown {
		t.Errorf("offered %q, want it unknown", row[2].Text)
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// GuideLLM keeps one mean gap per request, which is our TPOT.
func TestRunWithoutITLShowsTPOT(t *testing.T) {
	run := fixture.Run(2)
	for i := range run.Steps {
		if s := &run.Steps[i]; s.Target == run.Targets[0].Name {
			s.TPOT, s.ITL = s.ITL, record.Dist{}
		} else {
			s.TPOT = s.ITL
		}
	}
	for _, size := range [][2]int{{120, 38}, {80, 22}} {
		m := newResults(run)
		press(m, "m")
		text := m.Render(size[0], size[1])
		if !strings.Contains(text, "TPOT p50 by req/s") || strings.Contains(text, "ITL") || !strings.Contains(text, screen.MS(*run.Steps[3].TPOT.P50)) {
			t.Errorf("%v: ITL is named, or TPOT not shown:\n%s", size, text)
		}
	}
	m := newResults(fixture.Run(2))
	if text := m.Render(120, 38); !strings.Contains(text, "ITL p50 by req/s") || strings.Contains(text, "TPOT") {
		t.Errorf("a run with ITL shows something else:\n%s", text)
	}
}

// Steps that --refine adds have rates that the plan does not name.
func TestRatesBesideThePlanAreShown(t *testing.T) {
	run := fixture.Run(1)
	more := run.Steps[3]
	more.Index, more.Rate = len(run.Plan.Rates), 11.5
	run.Steps = append(run.Steps, more)
	run.Plan.SLO = nil
	for _, size := range [][2]int{{120, 38}, {80, 22}} {
		m := newResults(run)
		text := m.Render(size[0], size[1])
		if !strings.Contains(text, "11.5") || !strings.Contains(text, "holds 11.5 req/s at") || !strings.Contains(text, "breaks at 16.") {
			t.Errorf("%v: the refined step is missing:\n%s", size, text)
		}
		axis := strings.Split(text[strings.Index(text, "\u2514"):], "\n")[1]
		if !strings.Contains(axis, "11.5") {
			t.Errorf("%v: the x axis has no 11.5: %s", size, axis)
		}
	}
}

func TestPriceOfARunBesideThisOne(t *testing.T) {
	run, old := fixture.Run(1), fixture.Run(1)
	old.ID, old.Name, old.Targets[0].USDPerHour = "old", "old", nil
	m := New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.Against([]*record.Run{old})
	m.Set(run, fixture.Dir)
	m.SetPrice("a10@old", 7.2)
	if text := m.Render(160, 43); !strings.Contains(text, "a10@old at $7.20/h") || m.run.Targets[1].USDPerHour == nil {
		t.Errorf("the price of a saved run beside this one is not taken:\n%s", text)
	}
	if old.Targets[0].USDPerHour != nil {
		t.Error("the saved run was changed")
	}
	if where, _ := m.Head(); !strings.HasSuffix(where, " beside old") {
		t.Errorf("the head is %q", where)
	}
}

func TestWhatIfLeavesTheRecordAlone(t *testing.T) {
	run := fixture.Run(2)
	met := *run.Steps[0].SLOMet
	m := newResults(run)
	m.SetSLO("ttft.p50<1ms")
	m.SetPrice("a10", 100)
	if !strings.Contains(m.Render(120, 38), "A10 misses the SLO at 1 req/s already") {
		t.Errorf("no target can meet 1 ms:\n%s", m.Render(120, 38))
	}
	if *run.Steps[0].SLOMet != met || run.Plan.SLO[0] != fixture.Plan().SLO[0] || *run.Targets[0].USDPerHour != 3.20 {
		t.Error("the record was changed")
	}
	m.Undo()
	if strings.Contains(m.Render(120, 38), "What if") {
		t.Error("undo leaves something assumed")
	}
}

func TestChecks(t *testing.T) {
	for _, c := range []struct {
		err  error
		fine bool
	}{
		{CheckSLO("chat"), true}, {CheckSLO("ttft.p95<500ms"), true}, {CheckSLO("fast"), false}, {CheckSLO(""), false},
		{CheckLoad("20"), true}, {CheckLoad("0.5"), true}, {CheckLoad("0"), false}, {CheckLoad("-1"), false}, {CheckLoad("NaN"), false}, {CheckLoad("Inf"), false}, {CheckLoad("x"), false},
	} {
		if (c.err == nil) != c.fine {
			t.Errorf("error %v, want fine %v", c.err, c.fine)
		}
	}
}

func TestFleetsOfNothing(t *testing.T) {
	run := fixture.Run(1)
	run.Steps = run.Steps[4:] // saturated only
	m := newResults(run)
	m.SetLoad("20")
	if got := m.fleets(); got != "no target holds any rate that was tried" {
		t.Errorf("%q", got)
	}
}

func TestFleetsMeetEveryObjective(t *testing.T) {
	run := fixture.Run(1)
	run.Plan.SLO = []string{"ttft.p50<100s", "ttft.p50<1ms"}
	m := newResults(run)
	m.SetLoad("20")
	if got := m.fleets(); got != "no target holds any rate that was tried" {
		t.Errorf("%q, though no rate meets the second objective", got)
	}
}

func TestFollowShowsFinishedStepsOnly(t *testing.T) {
	m := New(theme.New(theme.Options{Profile: termenv.Ascii}))
	for _, c := range []struct{ sec, rows int }{{20, 0}, {100, 2}, {200, 4}, {fixture.Length, 10}} {
		m.Follow(fixture.Snapshot(2, c.sec))
		if len(m.rows) != c.rows {
			t.Errorf("after %d s: %d rows, want %d", c.sec, len(m.rows), c.rows)
		}
	}
	saved := fixture.Run(1)
	saved.ID = "other"
	m.Set(saved, "/x")
	m.Follow(fixture.Snapshot(2, 100))
	if m.Run().ID != "other" {
		t.Error("a sweep that goes on takes the screen from a saved run")
	}
}

func TestGhostsJoinTheTable(t *testing.T) {
	old := fixture.Run(1)
	old.Name = "old"
	m := New(theme.New(theme.Options{Profile: termenv.Ascii}))
	m.Against([]*record.Run{old})
	m.Set(fixture.Run(2), fixture.Dir)
	if len(m.rows) != 15 || !m.ghost(2) || m.ghost(1) {
		t.Errorf("%d rows, ghost(2) %v, ghost(1) %v", len(m.rows), m.ghost(2), m.ghost(1))
	}
	if len(m.base.Targets) != 2 || len(m.base.Steps) != 10 {
		t.Error("the ghost went into the record")
	}
}

func TestKeys(t *testing.T) {
	run, usd := fixture.Run(2), 3.673
	run.Targets[1].USDPerHour = &usd
	m := newResults(run)
	press(m, "mpyt")
	if m.metric != screen.ITL || percentiles[m.percentile] != "p90" || !m.linear || !m.table {
		t.Errorf("after mpyt: %v %v linear %v table %v", m.metric, percentiles[m.percentile], m.linear, m.table)
	}
	press(m, "G")
	if ask, ok := press(m, "$").(screen.AskPrice); !ok || ask.Target != "a100" || ask.Current != "3.673" {
		t.Errorf("$ on the last row gives %+v", ask)
	}
	if c, ok := press(m, "Y").(screen.Copy); !ok || !strings.Contains(c.Text, "A100 meets the SLO at 16+") || !strings.Contains(c.Text, "saturated") {
		t.Errorf("Y gives %+v", c)
	}
	press(m, "ggkkj")
	if m.cursor != 1 {
		t.Errorf("cursor %d", m.cursor)
	}
}
