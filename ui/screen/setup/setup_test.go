package setup_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"benchtop/engine/record"
	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/screen/setup"
	"benchtop/ui/theme"
)

func targets(n int) []screen.Selection {
	var out []screen.Selection
	for i := range n {
		w := fixture.Workspace(i)
		out = append(out, screen.Selection{Name: fixture.Target(i).Name, Workspace: &w})
	}
	return out
}

func newSetup(p record.Plan) *setup.Model {
	return setup.New(theme.New(theme.Options{Profile: termenv.Ascii}), p, targets(2))
}

func key(name string) tea.KeyMsg {
	switch name {
	case "tab":
		return tea.KeyMsg{Type: tea.KeyTab}
	case "shift+tab":
		return tea.KeyMsg{Type: tea.KeyShiftTab}
	case "space":
		return tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
	case "left":
		return tea.KeyMsg{Type: tea.KeyLeft}
	case "ctrl+u":
		return tea.KeyMsg{Type: tea.KeyCtrlU}
	case "ctrl+s":
		return tea.KeyMsg{Type: tea.KeyCtrlS}
	case "enter":
		return tea.KeyMsg{Type: tea.KeyEnter}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// The fields in the order of the form.
var order = []string{"Rates", "Step", "Requests", "Warm-up", "Drain", "Tokens in", "Tokens out", "Arrivals", "Targets run", "Way", "Endpoint",
	"Objectives", "Refine", "Stop when", "Repeat", "Seed"}

// fill puts text into a field.
func fill(m *setup.Model, field, text string) {
	for _, f := range order {
		if f == field {
			break
		}
		m.Update(key("tab"))
	}
	m.Update(key("ctrl+u"))
	m.Update(key(text))
}

func TestThePlanSurvivesTheForm(t *testing.T) {
	p := fixture.Plan()
	p.Duration, p.Warmup, p.Repeat, p.Seed = record.Duration(30*time.Second), record.Warmup{Fixed: true, For: 5 * time.Second}, 3, 7
	p.StopWhen, p.Gate, p.Model, p.Order, p.Via = []string{"saturated", "errors>5%"}, []string{"capacity>=8"}, "phi", "interleaved", "proxy"
	got, ok := newSetup(p).Plan()
	if !ok {
		t.Fatal("a valid plan is refused")
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("the plan after the form (-want +got):\n%s", diff)
	}
}

func TestFieldsAreCheckedWhileTyped(t *testing.T) {
	for _, c := range []struct {
		field, text, want string // want "" = fine
	}{
		{"Rates", "1..16x2", ""}, {"Rates", "0.5 2", ""},
		{"Rates", "", "none given"}, {"Rates", "0", "above 0"}, {"Rates", "-1", "above 0"}, {"Rates", "abc", "not a number"},
		{"Rates", "1e9", "at most 10000"}, {"Rates", "NaN", "above 0"}, {"Rates", "2,2", "given twice"},
		{"Step", "", ""}, {"Step", "90s", ""}, {"Step", "60", "needs a unit: 60s"}, {"Step", "x", "not a time"}, {"Step", "-1s", "longer than 0"}, {"Step", "25h", "at most"},
		{"Requests", "1000", ""}, {"Requests", "0", "at least 1"}, {"Requests", "1.5", "at least 1"},
		{"Warm-up", "auto", ""}, {"Warm-up", "5s", ""}, {"Warm-up", "soon", "not a time"}, {"Warm-up", "-5s", "warmup must be"},
		{"Drain", "0s", ""}, {"Drain", "", "not a time"},
		{"Tokens in", "200", ""}, {"Tokens in", "0", "at least 1"}, {"Tokens in", "99999999999999999999", "at least 1"}, {"Tokens out", "x", "at least 1"},
		{"Objectives", "", ""}, {"Objectives", "chat", ""}, {"Objectives", "ttft.p95<500ms,itl.p95<50ms; rag", ""}, {"Objectives", "ttft<5", "statistic"},
		{"Stop when", "saturated, errors>5%", ""}, {"Stop when", "bored", "saturated or errors"},
		{"Repeat", "3", ""}, {"Repeat", "0", "at least 1"},
		{"Seed", "0", ""}, {"Seed", "-1", "whole number"},
	} {
		m := newSetup(record.DefaultPlan())
		fill(m, c.field, c.text)
		_, ok := m.Plan()
		if ok != (c.want == "") {
			t.Errorf("%s %q: plan ok %v", c.field, c.text, ok)
		}
		line := lineOf(m.Render(140, 40), c.field)
		if c.want == "" && strings.Contains(line, "✗") || !strings.Contains(line, c.want) {
			t.Errorf("%s %q: the line is %q, want %q in it", c.field, c.text, line, c.want)
		}
	}
}

func lineOf(view, label string) string {
	for l := range strings.SplitSeq(view, "\n") {
		if strings.Contains(l, label) {
			return l
		}
	}
	return ""
}

func TestOneWrongFieldDoesNotMarkAnother(t *testing.T) {
	m := newSetup(record.DefaultPlan())
	fill(m, "Rates", "0")
	view := m.Render(140, 40)
	if n := strings.Count(view, "✗"); n != 2 { // the field and the count in the plan
		t.Errorf("%d crosses:\n%s", n, view)
	}
}

func TestWhatIsWrongWithTheWholeIsSaid(t *testing.T) {
	m := newSetup(record.DefaultPlan())
	fill(m, "Step", "60s")
	m.Update(key("tab"))
	m.Update(key("100"))
	if _, ok := m.Plan(); ok || !strings.Contains(m.Render(140, 40), "both set the length of a step") {
		t.Errorf("duration and requests together:\n%s", m.Render(140, 40))
	}
}

func TestChoices(t *testing.T) {
	m := newSetup(record.DefaultPlan())
	for range 8 {
		m.Update(key("tab"))
	}
	if m.Typing() {
		t.Fatal("the order of the targets is no text")
	}
	m.Update(key("space"))
	p, _ := m.Plan()
	m.Update(key("left"))
	m.Update(key("left"))
	q, _ := m.Plan()
	if p.Order != "sequential" || q.Order != "interleaved" {
		t.Errorf("space gives %q, twice left %q", p.Order, q.Order)
	}
}

func TestTheButtonStarts(t *testing.T) {
	m := newSetup(record.DefaultPlan())
	m.Update(key("shift+tab"))
	if act, ok := m.Update(key("enter")).(screen.Start); !ok {
		t.Errorf("enter on the button gives %+v", act)
	}
	if _, ok := m.Update(key("r")).(screen.Preflight); !ok {
		t.Error("r on the button does not check again")
	}
	m.Starting(true)
	if act := m.Update(key("ctrl+s")); act != nil {
		t.Errorf("a second start while one is under way: %+v", act)
	}
}

func TestChecksAreShownTheWorstFirst(t *testing.T) {
	m := newSetup(record.DefaultPlan())
	m.Checking()
	if !strings.Contains(m.Render(120, 38), "looking at the targets") {
		t.Error("a preflight under way is not shown")
	}
	m.Checked([]screen.Check{{Text: "fine"}, {Level: screen.CheckConfirm, Text: "busy"}, {Level: screen.CheckRefused, Text: "no model"}}, nil)
	view := m.Render(120, 38)
	if a, b, c := strings.Index(view, "no model"), strings.Index(view, "busy"), strings.Index(view, "✓ fine"); !(0 < a && a < b && b < c) {
		t.Errorf("order %d %d %d:\n%s", a, b, c, view)
	}
	fill(m, "Seed", "1")
	if !strings.Contains(m.Render(120, 38), "before the last change") {
		t.Error("checks of another plan are shown as if they were of this one")
	}
	m.Checked(nil, errors.New("dial: refused"))
	if !strings.Contains(m.Render(120, 38), "✗ dial: refused") {
		t.Error("why there are no checks is not said")
	}
}

func TestNamesAndChecksAreReadToTheirEnd(t *testing.T) {
	m := setup.New(theme.New(theme.Options{Profile: termenv.Ascii}), record.DefaultPlan(),
		[]screen.Selection{{Name: "127.0.0.1-16403", URL: "http://127.0.0.1:16403"}, {Name: "127.0.0.1-16404", URL: "http://127.0.0.1:16404"}})
	const why = "connect to 127.0.0.1:16404: connection refused; is the server running, and are host and port right? --wait 20m waits for it"
	m.Checked([]screen.Check{{Level: screen.CheckRefused, Target: "127.0.0.1-16404", Text: why}}, nil)
	for _, size := range [][2]int{{120, 38}, {80, 22}} {
		view := m.Render(size[0], size[1])
		words := strings.Join(strings.FieldsFunc(view, func(r rune) bool { return r == '│' || r == ' ' || r == '\n' }), " ")
		for _, want := range []string{"● 127.0.0.1-16403 http", "◆ 127.0.0.1-16404 http", why} {
			if !strings.Contains(words, want) {
				t.Errorf("%v: no %q on\n%s", size, want, view)
			}
		}
	}
}

func TestEstimate(t *testing.T) {
	p := record.DefaultPlan()
	p.Rates, p.Duration, p.Warmup, p.Drain = []float64{1, 4}, record.Duration(60*time.Second), record.Warmup{Fixed: true, For: 10 * time.Second}, record.Duration(5*time.Second)
	for _, c := range []struct {
		name  string
		order string
		n     int
		want  setup.Estimate
	}{
		// (60 + 10) s × (1 + 4) req/s = 350 requests a target; a step takes 10 + 60 + 5 + 2 s.
		{"one target", "parallel", 1, setup.Estimate{Steps: 2, Requests: 350, Tokens: 140_000, Time: 154 * time.Second, USD: usd(3.20 * 154 / 3600)}},
		{"two side by side", "parallel", 2, setup.Estimate{Steps: 2, Requests: 700, Tokens: 280_000, Time: 154 * time.Second, USD: usd(6.87 * 154 / 3600)}},
		{"two in turn", "sequential", 2, setup.Estimate{Steps: 2, Requests: 700, Tokens: 280_000, Time: 308 * time.Second, USD: usd(6.87 * 308 / 3600)}},
	} {
		p.Order = c.order
		near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
		if diff := cmp.Diff(c.want, setup.EstimateOf(p, targets(c.n)), near); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	// Without a fixed warm-up the answers decide: 200 tokens take 6 s, twice that is 12 s.
	for tokens, want := range map[int]time.Duration{200: 2 * 79 * time.Second, 20: 2 * 67600 * time.Millisecond, 4000: 2 * 127 * time.Second} {
		auto := p
		auto.Warmup, auto.Workload.OutputTokens = record.Warmup{}, tokens
		if got := setup.EstimateOf(auto, targets(1)).Time; got != want {
			t.Errorf("%d output tokens: %v, want %v", tokens, got, want)
		}
	}
	unknown := targets(1)
	unknown[0].Workspace.Price.USDPerHour = nil
	if e := setup.EstimateOf(p, unknown); e.USD != nil {
		t.Errorf("a cost of %v without a price", *e.USD)
	}
}

func usd(v float64) *float64 { return &v }

// Whatever is typed: no panic, and a plan that is called fine is valid.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"1,2,4", "1..16x2", "1..", "x", "1e308", "NaN", "\x1b[31m"} {
		f.Add(s, "60s", "ttft.p95<1s")
	}
	f.Fuzz(func(t *testing.T, rates, step, slo string) {
		m := newSetup(record.DefaultPlan())
		fill(m, "Rates", rates)
		m.Update(key("tab"))
		m.Update(key(step))
		m.Render(80, 22)
		fill(m, "Objectives", slo)
		if p, ok := m.Plan(); ok && p.Validate() != nil {
			t.Errorf("rates %q, step %q, objective %q: called fine, but %v", rates, step, slo, p.Validate())
		}
	})
}

func TestRefineIsAChoice(t *testing.T) {
	m := newSetup(fixture.Plan())
	text := m.Render(120, 38)
	if !strings.Contains(text, "Refine") || strings.Contains(text, "to refine") {
		t.Errorf("off by itself:\n%s", text)
	}
	for _, f := range order {
		if f == "Refine" {
			break
		}
		m.Update(key("tab"))
	}
	m.Update(key("space"))
	plan, ok := m.Plan()
	if !ok || !plan.Refine {
		t.Errorf("after space: refine %v, valid %v", plan.Refine, ok)
	}
	if text := m.Render(120, 38); !strings.Contains(text, "5 steps and some more to refine on 2 targets") {
		t.Errorf("the plan line does not tell:\n%s", text)
	}
	again := newSetup(plan)
	if plan, _ := again.Plan(); !plan.Refine {
		t.Error("a plan with refine opens with it off")
	}
	m.Update(key("space"))
	if plan, _ := m.Plan(); plan.Refine {
		t.Error("space does not turn it off again")
	}
}

func TestUnknownPriceIsNamed(t *testing.T) {
	sel := targets(2)
	sel[1].Workspace.Price.USDPerHour = nil
	m := setup.New(theme.New(theme.Options{Profile: termenv.Ascii}), fixture.Plan(), sel)
	flat := strings.Join(strings.Fields(strings.ReplaceAll(m.Render(120, 38), "\u2502", "")), " ")
	if !strings.Contains(flat, "cost unknown: no price of a100; results take one later ($)") {
		t.Errorf("the plan line does not say whose price is missing:\n%s", m.Render(120, 38))
	}
}

// Where the form is higher than the screen it follows the cursor, and says how much is above and below.
func TestTheFormFollowsTheCursor(t *testing.T) {
	m := newSetup(fixture.Plan())
	lines := len(order) + 3 // two targets and a blank
	for i := range len(order) + 1 {
		view := m.Render(80, 22)
		title, _, _ := strings.Cut(view, "\n")
		form, _, _ := strings.Cut(view, " Plan ")
		above, below, shown := count(title, "↑"), count(title, "↓"), strings.Count(form, "\n")-2 // borders
		if i < len(order) && !strings.Contains(view, "▸ "+order[i]) {
			t.Errorf("field %q has the cursor and is not seen:\n%s", order[i], view)
		}
		if i < len(order) && above+below+shown != lines {
			t.Errorf("at %q: %d above and %d below of %d lines, of which %d are shown", order[i], above, below, lines, shown)
		}
		m.Update(key("tab"))
	}
	if view := m.Render(120, 38); strings.ContainsAny(view, "↑↓") {
		t.Errorf("all is shown, and yet there is more:\n%s", view)
	}
}

// count is the number after a glyph on a line, 0 without it.
func count(line, glyph string) int {
	_, rest, ok := strings.Cut(line, glyph+" ")
	n := 0
	for _, r := range rest {
		if !ok || r < '0' || r > '9' {
			break
		}
		n = 10*n + int(r-'0')
	}
	return n
}

// An 80-column form cuts what is wrong with a field; the plan says it in full.
func TestWhatIsWrongIsSaidInFull(t *testing.T) {
	m := newSetup(fixture.Plan())
	fill(m, "Rates", "1,2,abc")
	view := m.Render(80, 22)
	if want := `1 field to correct. Rates: rate "abc" is not a number; want req/s, like`; !strings.Contains(view, want) {
		t.Errorf("no %q in\n%s", want, view)
	}
}

// A click puts the cursor on a field, also when the form has scrolled; elsewhere it does nothing.
func TestClickOnAField(t *testing.T) {
	m := newSetup(fixture.Plan())
	at := func(name string) int {
		for y, l := range strings.Split(m.Render(80, 22), "\n") {
			if strings.Contains(l, " "+name+" ") {
				return y
			}
		}
		t.Fatalf("%s is not shown", name)
		return 0
	}
	m.Click(5, at("Targets run"))
	if view := m.Render(80, 22); !strings.Contains(view, "▸ Targets run") {
		t.Errorf("the cursor is elsewhere:\n%s", view)
	}
	for range 8 {
		m.Update(key("tab"))
	}
	m.Click(5, at("Drain"))
	if view := m.Render(80, 22); !strings.Contains(view, "▸ Drain") {
		t.Errorf("the cursor is elsewhere in a scrolled form:\n%s", view)
	}
	for _, y := range []int{-1, 0, 16, 21, 1000} {
		m.Click(5, y)
	}
	if view := m.Render(80, 22); !strings.Contains(view, "▸ Drain") {
		t.Errorf("a click beside the fields moved the cursor:\n%s", view)
	}
	m.Starting(true)
	m.Click(5, at("Tokens in"))
	m.Starting(false)
	if view := m.Render(80, 22); !strings.Contains(view, "▸ Drain") {
		t.Errorf("a click moved the cursor while the sweep starts:\n%s", view)
	}
}
