package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine"
	"benchtop/kube/inventory"
	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
)

// A text that is longer than its box scrolls by line and page, to both ends, and stops there.
func TestLongTextScrolls(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	for i := range 120 {
		x.run.events <- engine.Event{At: time.Duration(i) * time.Second, Text: fmt.Sprintf("event %03d", i)}
		d.Send(tickMsg(x.time))
	}
	d.Press("L")
	d.ExpectContains("event 119")
	first := func() string {
		for l := range strings.SplitSeq(d.Text(), "\n") {
			if _, rest, ok := strings.Cut(l, "event "); ok {
				return rest[:3]
			}
		}
		return ""
	}
	end := first()
	for _, tt := range []struct{ key, want string }{
		{"j", end}, {"G", end}, {"ctrl+d", end}, // the end
		{"k", number(end, -1)}, {"j", end}, {"ctrl+u", number(end, -20)}, {"ctrl+d", end},
		{"g", "000"}, {"k", "000"}, {"ctrl+u", "000"}, {"j", "001"}, {"G", end},
	} {
		d.Press(tt.key)
		if got := first(); got != tt.want {
			t.Errorf("%s: the first line is event %s, want %s", tt.key, got, tt.want)
		}
	}
	d.Press("enter")
	if x.mode() != modeNormal {
		t.Error("enter does not close a text")
	}
}

func number(s string, by int) string {
	n, err := strconv.Atoi(s)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%03d", n+by)
}

// The cursor of a list of choices stays within it; enter takes the one under it, esc and q none.
func TestChoices(t *testing.T) {
	for _, tt := range []struct {
		keys []string
		want string // the format that is exported, "" = none
	}{
		{[]string{"enter"}, "csv"},
		{[]string{"k", "enter"}, "csv"},
		{[]string{"j", "enter"}, "md"},
		{[]string{"down", "down", "down", "enter"}, "html"},
		{[]string{"G", "k", "enter"}, "md"},
		{[]string{"G", "g", "enter"}, "csv"},
		{[]string{"j", "esc"}, ""},
		{[]string{"j", "q"}, ""},
		{[]string{"x", "3", "m", "esc"}, ""}, // keys of the screen below are not for it
	} {
		x, d := drive(t)
		x.results.Set(fixture.Run(2), fixture.Dir)
		x.show(screen.Results)
		d.Press("e")
		d.Press(tt.keys...)
		if x.mode() != modeNormal || x.shown() != screen.Results {
			t.Errorf("%q: mode %v on %v", tt.keys, x.mode(), x.shown())
		}
		if tt.want == "" {
			if got := x.back.log(); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "export") }) {
				t.Errorf("%q: the backend was asked %q", tt.keys, got)
			}
			continue
		}
		d.AwaitFunc("an export to "+tt.want, func() bool { return slices.Contains(x.back.log(), "export "+tt.want) })
	}
}

// A question takes y for yes; every other way out is a no, and keys of the screen are not for it.
func TestQuestionsDefaultToNo(t *testing.T) {
	for _, open := range []string{"x", "s", "ctrl+c"} {
		for _, k := range []string{"n", "esc", "q"} {
			x, d := drive(t)
			toLive(t, x, d)
			x.tick(d, 200)
			d.Press(open, "enter", "space", "1", "m") // none of them answers
			if x.mode() != modeDialog || x.shown() != screen.Compare {
				t.Fatalf("%s: mode %v on %v after keys that answer nothing", open, x.mode(), x.shown())
			}
			d.Press(k)
			if got := x.run.log(); x.mode() != modeNormal || len(got) != 0 || d.Quit() {
				t.Errorf("%s, %s: mode %v, the sweep was told %q, quit %v", open, k, x.mode(), got, d.Quit())
			}
		}
	}
}

// Whatever is open names its keys in the last line.
func TestFooterOfBoxes(t *testing.T) {
	for name, want := range map[string][]string{
		"dialog-quit":    {"y stop, save and quit", "n/esc no"},
		"dialog-choices": {"enter choose", "j/↓ down", "esc close"},
		"dialog-log":     {"j/↓ down", "k/↑ up", "esc close"},
		"dialog-waiting": {"esc close"},
	} {
		lines := strings.Split(view(states[name](t), 80, 24), "\n")
		for _, w := range want {
			if foot := lines[len(lines)-1]; !strings.Contains(foot, w) {
				t.Errorf("%s: the footer lacks %q: %q", name, w, foot)
			}
		}
	}
}

func TestATuningJobIsNotWaitedFor(t *testing.T) {
	_, d := drive(t)
	d.Press("G")
	d.ExpectLine("▸", "phi4-lora")
	d.Press("enter")
	d.ExpectContains("phi4-lora cannot be benchmarked", "it tunes a model and serves none")
	d.ExpectNot("cannot be benchmarked yet", "opens by itself")
}

// A workspace that is waited for opens its set-up when it is ready, unless the person left.
func TestWaitingForAWorkspace(t *testing.T) {
	for _, stay := range []bool{true, false} {
		x, d := drive(t)
		d.Press("G", "k")
		d.ExpectLine("▸", "phi4-mini-h200")
		d.Press("enter")
		d.ExpectContains("cannot be benchmarked yet", "✗ InferenceReady", "pulling image")
		if !stay {
			d.Press("esc")
		}
		c := *x.back.cluster
		c.Seq++
		c.Workspaces = slices.Clone(c.Workspaces)
		c.Workspaces[3] = fixture.Workspace(3)
		c.Workspaces[3].Namespace = "bench"
		x.back.cluster = &c
		d.Send(tickMsg(x.time))
		if got, want := x.shown() == screen.Setup, stay; got != want {
			t.Errorf("stayed %v: set-up shown %v", stay, got)
		}
	}
	x, d := drive(t)
	d.Press("G", "k", "enter")
	c := inventory.Cluster{Seq: 99, Synced: true, Live: true}
	x.back.cluster = &c
	d.Send(tickMsg(x.time))
	d.ExpectContains("It is gone from the cluster.")
}

// What a line of text refuses, and how it says so.
func TestWhatLinesRefuse(t *testing.T) {
	tests := []struct {
		check func(string) error
		text  string
		want  string // "" = it is taken
	}{
		{checkURL, "http://gpu:8000", ""},
		{checkURL, "https://gpu.example/prefix", ""},
		{checkURL, "gpu:8000", "http:// or https://"},
		{checkURL, "http://", "host is missing"},
		{checkURL, "http://user:secret@gpu", "no user or password"},
		{checkURL, "http://gpu/?key=secret", "no ? or #"},
		{checkURL, "http://gpu/#part", "no ? or #"},
		{checkURL, "http://a b", "not a URL"},
		{checkName, "bench", ""},
		{checkName, "a-1", ""},
		{checkName, "", "1 to 63"},
		{checkName, strings.Repeat("a", 64), "1 to 63"},
		{checkName, "-a", "dashes inside"},
		{checkName, "a-", "dashes inside"},
		{checkName, "Bench", "lower-case"},
		{checkName, "a.b", "lower-case"},
		{checkPrice, "3.67", ""},
		{checkPrice, "$3.67", ""},
		{checkPrice, "0", ""},
		{checkPrice, "-1", "a number of dollars"},
		{checkPrice, "NaN", "a number of dollars"},
		{checkPrice, "Inf", "a number of dollars"},
		{checkPrice, "1e7", "a number of dollars"},
		{checkPrice, "cheap", "a number of dollars"},
	}
	for _, tt := range tests {
		err := tt.check(tt.text)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%q: %v, want %q", tt.text, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error repeats a secret: %v", tt.text, err)
		}
	}
}

// A start that was cancelled, a preflight that comes late and one that fails leave the form usable.
func TestPreflightComesLate(t *testing.T) {
	x, d := drive(t)
	d.Press("enter")
	d.Await("answers through port-forward")
	late := preflightMsg{id: x.task, checks: []Check{{Text: "of another form"}}, toStart: true}
	x.begin()
	d.Send(late)
	d.ExpectNot("of another form")
	if slices.Contains(x.back.log(), "start") {
		t.Error("a preflight that was replaced started a sweep")
	}
	d.Press("ctrl+s")
	d.Press("esc")
	d.ExpectContains("nothing was started", "[ Start ]")
	d.Press("ctrl+s")
	d.Await("a10 · default/phi4-mini-a10")
}

// The wheel moves what the arrow keys move, in every mode; other buttons do nothing.
func TestWheelAndOtherButtons(t *testing.T) {
	x, d := drive(t)
	before := d.Text()
	for _, b := range []tea.MouseButton{tea.MouseButtonRight, tea.MouseButtonMiddle, tea.MouseButtonNone} {
		d.Send(tea.MouseMsg{X: 3, Y: 4, Button: b, Action: tea.MouseActionPress})
	}
	d.Send(tea.MouseMsg{X: 3, Y: 4, Button: tea.MouseButtonLeft, Action: tea.MouseActionRelease})
	if d.Text() != before {
		t.Error("another button, or letting one go, does something")
	}
	d.Press("n")
	d.Send(tea.MouseMsg{Button: tea.MouseButtonWheelDown})
	d.Press("enter")
	d.AwaitFunc("the second choice", func() bool { return slices.Contains(x.back.log(), "use aks-eastus/bench") })
	d.Resize(20, 5)
	d.Send(tea.MouseMsg{X: 300, Y: 300, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
	d.ExpectContains("benchtop needs")
}
