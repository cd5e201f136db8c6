package picker_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"benchtop/kube/inventory"
	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/screen/picker"
	"benchtop/ui/theme"
)

func newPicker() *picker.Model {
	m := picker.New(theme.New(theme.Options{Profile: termenv.Ascii}), func() time.Time { return fixture.Now }, true)
	m.Set(fixture.Cluster())
	return m
}

func press(m *picker.Model, keys ...string) (last screen.Action) {
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		switch k {
		case "space":
			msg = tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
		case "enter":
			msg = tea.KeyMsg{Type: tea.KeyEnter}
		}
		last = m.Update(msg)
	}
	return last
}

func names(sel []screen.Selection) []string {
	out := []string{}
	for _, s := range sel {
		out = append(out, s.Name)
	}
	return out
}

func TestNamesAreShortAndUnique(t *testing.T) {
	ws := func(ns, name, gpu string) inventory.Workspace {
		return inventory.Workspace{Namespace: ns, Name: name, SKU: inventory.SKU{GPU: gpu}, Benchmarkable: true, Ready: true}
	}
	for _, c := range []struct {
		name string
		list []inventory.Workspace
		urls []string
		want []string
	}{
		{"the GPU tells them apart", []inventory.Workspace{ws("a", "x", "A10"), ws("a", "y", "A100")}, nil, []string{"A10", "A100"}},
		{"the same GPU: the workspace", []inventory.Workspace{ws("a", "x", "A10"), ws("a", "y", "A10")}, nil, []string{"x", "y"}},
		{"the same workspace name: the namespace too", []inventory.Workspace{ws("a", "x", "A10"), ws("b", "x", "A10")}, nil, []string{"a-x", "b-x"}},
		{"no GPU known", []inventory.Workspace{ws("a", "x", "")}, nil, []string{"x"}},
		{"a slice of a GPU", []inventory.Workspace{ws("a", "x", "A100 mig-3g.40gb")}, nil, []string{"A100-mig-3g.40gb"}},
		{"URLs by their host", nil, []string{"http://gpu1:8000", "http://gpu2:8000"}, []string{"gpu1-8000", "gpu2-8000"}},
		{"URLs of one host", nil, []string{"http://gpu1:8000/a", "http://gpu1:8000/b"}, []string{"http://gpu1:8000/a", "http://gpu1:8000/b"}},
	} {
		m := newPicker()
		m.Set(&inventory.Cluster{Synced: true, Workspaces: c.list})
		for _, u := range c.urls {
			m.AddURL(u)
		}
		if len(c.urls) == 0 {
			press(m, "A")
		}
		if diff := cmp.Diff(c.want, names(m.Selected())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestMarksKeepTheirOrderAndOutliveTheFilter(t *testing.T) {
	m := newPicker()
	press(m, "j", "space", "k", "space")
	m.SetFilter("H100")
	press(m, "space")
	if diff := cmp.Diff([]string{"A100", "A10", "H100"}, names(m.Selected())); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
	m.SetFilter("")
	press(m, "g", "space")
	if diff := cmp.Diff([]string{"A100", "H100"}, names(m.Selected())); diff != "" {
		t.Errorf("after unmarking (-want +got):\n%s", diff)
	}
	act, ok := press(m, "enter").(screen.SetUp)
	if !ok || len(act.Targets) != 2 {
		t.Errorf("enter gives %+v, want the set-up of two", act)
	}
}

func TestFilterTakesEveryWord(t *testing.T) {
	m := newPicker()
	for _, c := range []struct {
		filter string
		rows   int
	}{{"", 5}, {"A100", 2}, {"a100 tuning", 1}, {"bench", 2}, {"nc24ads default", 1}, {"zzz", 0}} {
		m.SetFilter(c.filter)
		view := m.Render(200, 20)
		if n := strings.Count(view, "phi4-"); c.rows > 0 && n < c.rows || c.rows == 0 && !strings.Contains(view, "nothing matches zzz") {
			t.Errorf("filter %q shows %d rows, want %d:\n%s", c.filter, n, c.rows, view)
		}
	}
}

func TestWhatCannotRunSaysWhy(t *testing.T) {
	m := newPicker()
	say, ok := press(m, "G", "space").(screen.Say)
	if !ok || !strings.Contains(say.Text, "phi4-lora") || !strings.Contains(say.Text, "it tunes a model") {
		t.Errorf("marking a tuning workspace gives %+v", say)
	}
	if _, ok := press(m, "enter").(screen.WaitFor); !ok {
		t.Error("enter on it does not offer to wait")
	}
	press(m, "A")
	if got := len(m.Selected()); got != 3 {
		t.Errorf("A marked %d, want the 3 that can run", got)
	}
	press(m, "A")
	if got := len(m.Selected()); got != 0 {
		t.Errorf("A again left %d marks", got)
	}
}

func TestCursorStaysOnItsWorkspace(t *testing.T) {
	m := newPicker()
	press(m, "j")
	c := *fixture.Cluster()
	first := fixture.Workspace(0)
	first.Name = "aaa"
	c.Workspaces = append([]inventory.Workspace{first}, c.Workspaces...)
	m.Set(&c)
	act, _ := press(m, "enter").(screen.SetUp)
	if len(act.Targets) != 1 || act.Targets[0].Workspace.Name != "phi4-mini-a100" {
		t.Errorf("the cursor moved to %+v when a workspace came in above", act.Targets)
	}
}

func TestSetDropsMarksOfWhatFails(t *testing.T) {
	m := newPicker()
	press(m, "A")
	c := *fixture.Cluster()
	c.Workspaces = []inventory.Workspace{fixture.Workspace(0), fixture.Workspace(1)}
	c.Workspaces[1].Benchmarkable = false
	if dropped := m.Set(&c); len(dropped) != 2 {
		t.Errorf("dropped %v, want the one that failed and the one that went", dropped)
	}
	// A cluster that is read anew has no workspaces yet: that is no reason to forget the marks.
	if dropped := m.Set(&inventory.Cluster{}); len(dropped) != 0 || len(m.Selected()) != 0 {
		t.Errorf("dropped %v while the cluster is being read", dropped)
	}
	m.Set(fixture.Cluster())
	if diff := cmp.Diff([]string{"A10"}, names(m.Selected())); diff != "" {
		t.Errorf("marks afterwards (-want +got):\n%s", diff)
	}
}

// The list is kept from one picture to the next; what is drawn is what is drawn without that.
func TestKeptListIsCurrent(t *testing.T) {
	busy := fixture.Cluster()
	running := 3.0
	busy.Workspaces[0].Running, busy.Workspaces[1].Benchmarkable = &running, false
	now := fixture.Now
	ops := []struct {
		name string
		do   func(*picker.Model)
	}{
		{"a move", func(m *picker.Model) { press(m, "j") }},
		{"a mark", func(m *picker.Model) { press(m, "space") }},
		{"all marks", func(m *picker.Model) { press(m, "A") }},
		{"another picture", func(m *picker.Model) { m.Set(busy) }},
		{"no marks", func(m *picker.Model) { press(m, "A") }},
		{"a URL", func(m *picker.Model) { m.AddURL("http://gpu-box:8000") }},
		{"a filter", func(m *picker.Model) { m.SetFilter("a10") }},
		{"none", func(m *picker.Model) { m.SetFilter("") }},
		{"the mark taken off", func(m *picker.Model) { press(m, "G", "space") }},
		{"a month", func(*picker.Model) { now = now.Add(30 * 24 * time.Hour) }},
	}
	clock := func() time.Time { return now }
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	kept := picker.New(th, clock, true)
	kept.Set(fixture.Cluster())
	last := kept.Render(160, 43)
	for i, op := range ops {
		op.do(kept)
		anew := picker.New(th, clock, true)
		anew.Set(fixture.Cluster())
		for _, op := range ops[:min(i+1, len(ops)-1)] {
			op.do(anew)
		}
		got := kept.Render(160, 43)
		if diff := cmp.Diff(anew.Render(160, 43), got); diff != "" {
			t.Errorf("after %s (-drawn anew +kept):\n%s", op.name, diff)
		}
		if got == last {
			t.Errorf("%s changes nothing on the screen", op.name)
		}
		last = got
	}
}

// The list must answer a key within 16 ms with 2,000 workspaces.
func BenchmarkMoveIn2000(b *testing.B) {
	m := newPicker()
	c := &inventory.Cluster{Synced: true}
	for i := range 2000 {
		w := fixture.Workspace(i % 4)
		w.Name = fmt.Sprintf("%s-%d", w.Name, i)
		c.Workspaces = append(c.Workspaces, w)
	}
	m.Set(c)
	b.ReportAllocs()
	for b.Loop() {
		press(m, "j")
		m.Render(160, 43)
	}
}

// A cluster is read piece by piece: at first nothing is known to be ready.
func TestCursorWaitsOnTheFirstThatCanRun(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []string
		goes bool
	}{
		{"nobody moved it: the first that can run", nil, true},
		{"moved: it stays", []string{"j"}, false},
	} {
		early, full := fixture.Cluster(), fixture.Cluster()
		late := full.Workspaces[:0:0]
		for _, w := range full.Workspaces {
			w.Benchmarkable = false
			late = append(late, w)
		}
		slices.Reverse(late)
		early.Workspaces = late
		m := picker.New(theme.New(theme.Options{Profile: termenv.Ascii}), func() time.Time { return fixture.Now }, true)
		m.Set(early)
		press(m, c.keys...)
		before, _ := press(m, "Y").(screen.Copy)
		m.Set(full)
		after, _ := press(m, "Y").(screen.Copy)
		if first := "default/phi4-mini-a10"; before.Text == first || after.Text == first != c.goes || !c.goes && after != before {
			t.Errorf("%s: the cursor was on %q and is on %q", c.name, before.Text, after.Text)
		}
	}
}

func TestHintSaysHowToCompare(t *testing.T) {
	m := newPicker()
	for _, c := range []struct {
		keys []string
		want string
	}{
		{nil, "space marks several, to compare side by side"},
		{[]string{"space"}, "1 marked: space on another puts it beside"},
		{[]string{"j", "space"}, "2 marked: enter sets up one sweep over all of them"},
	} {
		press(m, c.keys...)
		for _, w := range []int{80, 120} {
			if text := m.Render(w, 22); !strings.Contains(text, c.want) {
				t.Errorf("after %q at width %d: no %q:\n%s", c.keys, w, c.want, text)
			}
		}
	}
	one := fixture.Cluster()
	one.Workspaces = one.Workspaces[:1]
	m = picker.New(theme.New(theme.Options{Profile: termenv.Ascii}), func() time.Time { return fixture.Now }, true)
	m.Set(one)
	if text := m.Render(120, 22); strings.Contains(text, "side by side") {
		t.Errorf("one workspace, and it speaks of several:\n%s", text)
	}
}

func TestDetailsTellTheLatestRun(t *testing.T) {
	m := newPicker()
	ws := fixture.Workspace(0)
	held := func(text string) map[string]string {
		return map[string]string{screen.HeldKey(ws.Context, ws.Namespace, ws.Name): text}
	}
	if text := m.Render(120, 38); strings.Contains(text, "last run") {
		t.Errorf("a last run before any is known:\n%s", text)
	}
	m.SetRuns([]screen.RunInfo{{Started: "2026-03-09 13:00"}, {Started: "2026-03-08 09:30", Held: held("holds 8, breaks at 16 req/s")},
		{Started: "2026-03-01 09:30", Held: held("holds 4, breaks at 8 req/s")}})
	text := m.Render(120, 38)
	for _, want := range []string{"last run  2026-03-08 09:30", "holds 8, breaks at 16 req/s"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "holds 4") {
		t.Errorf("an older run is shown:\n%s", text)
	}
}
