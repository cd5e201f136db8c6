package ui

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/uitest"
)

// ended are screens of a sweep that has come to its end and whose results have been taken.
var ended = map[string]screen.ID{"live-ended": screen.Live, "compare-ended": screen.Compare, "results-ended": screen.Results}

// keyStates are states of every screen whose keys are looked at.
func keyStates() map[string]func(testing.TB) *bench {
	all := map[string]func(testing.TB) *bench{}
	for _, name := range []string{"picker", "picker-detail", "picker-no-cluster", "picker-empty", "setup", "setup-wrong", "live", "live-frozen",
		"live-paused", "compare", "compare-four", "compare-full", "results", "results-table", "results-running", "runs", "runs-empty", "help"} {
		all[name] = states[name]
	}
	for name, id := range ended {
		all[name] = func(t testing.TB) *bench {
			x := newBench(t)
			x.sweep(2, fixture.Length)
			res, err := x.run.Wait()
			x.finished(waitedMsg{x.run, res, err})
			x.show(id)
			x.due, x.flash = false, flash{}
			return x
		}
	}
	return all
}

// bindings is the whole key map by the names of its fields.
func bindings() map[string]key.Binding {
	v := reflect.ValueOf(screen.Keys)
	all := map[string]key.Binding{}
	for i := range v.NumField() {
		if b, ok := v.Field(i).Interface().(key.Binding); ok {
			all[v.Type().Field(i).Name] = b
		}
	}
	return all
}

// before is pressed first where a key does nothing in the state a screen begins with: at the top
// there is no way up.
var before = map[string]string{"Up": "j", "PageUp": "G", "Top": "G", "Down": "g", "PageDown": "g", "Bottom": "g"}

// anywhere are the keys that the root answers on every screen, if only by saying why not now.
var anywhere = []string{"Help", "Command", "Quit", "Interrupt", "Redraw", "Mouse", "Suspend", "Back", "Live", "Compare", "Results", "Runs",
	"Log", "Picture", "Export", "Again", "Stop", "Skip", "Note"}

// own are the screens that have a key of their own.
var own = map[string]screen.ID{"Live": screen.Live, "Compare": screen.Compare, "Results": screen.Results}

// outcome is what one press of a key came to.
type outcome struct{ moved, told, said bool }

// sized is a state on a terminal of w×h, drawn once.
func sized(t testing.TB, state func(testing.TB) *bench, size [2]int) *bench {
	x := state(t)
	view(x, size[0], size[1])
	return x
}

// A line that is slow brings esc and the key after it together, which reads as alt and that key.
func TestEscAndTheNextKeyAtOnce(t *testing.T) {
	_, d := drive(t)
	d.Press("/", "z", "z", "alt+j")
	d.ExpectNot("/zz")
	d.ExpectContains("5 workspaces")
	d.Press("/", "alt+enter")
	d.ExpectContains("set up a sweep")
	d.Press("alt+?")
	d.ExpectContains("help for")
}

// pressed presses a key.
func pressed(t *testing.T, x *bench, name, k string) (o outcome) {
	t.Helper()
	if first := before[name]; first != "" {
		x.update(keyMsg(t, first))
	}
	mouse, was, asked := x.mouse, body(x.View()), told(x)
	cmd := x.update(keyMsg(t, k))
	o.said = x.flash.text != ""
	o.moved = x.mouse != mouse || x.clip != "" || x.ask != nil || body(x.View()) != was
	o.told = cmd != nil || told(x) != asked
	return o
}

// told is what backend and sweep have been asked so far.
func told(x *bench) string {
	s := fmt.Sprint(x.back.log())
	if x.run != nil {
		s += fmt.Sprint(x.run.log())
	}
	return s
}

// body is a view without its last line, in which things are said.
func body(view string) string {
	return view[:max(strings.LastIndexByte(view, '\n'), 0)]
}

func keyMsg(t *testing.T, name string) tea.KeyMsg {
	t.Helper()
	msg, ok := uitest.Key(name)
	if !ok {
		t.Fatalf("there is no key %q", name)
	}
	return msg
}

// What a screen offers it does; what it does not offer does nothing there. That holds for every key
// of the key map on every screen.
func TestKeysDoWhatIsOffered(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		for state, begin := range keyStates() {
			t.Run(fmt.Sprintf("%s %dx%d", state, size[0], size[1]), func(t *testing.T) { checkKeys(t, begin, size) })
		}
	}
}

func checkKeys(t *testing.T, begin func(testing.TB) *bench, size [2]int) {
	first := sized(t, begin, size)
	offered := map[string]bool{}
	for _, b := range first.page().Bindings() {
		offered[b.Help().Key] = true
	}
	for name, b := range bindings() {
		root, shown := slices.Contains(anywhere, name), b.Help().Key
		if own[name] != 0 && own[name] == first.shown() {
			continue // one is there already
		}
		for _, k := range b.Keys() {
			if first.page().Typing() && (len(k) == 1 || slices.Contains([]string{"home", "end", "left", "right", "ctrl+u"}, k)) {
				continue // text, or a move within it
			}
			switch o := pressed(t, sized(t, begin, size), name, k); {
			case offered[shown] && o == outcome{}:
				t.Errorf("%s (%s) is offered, but %q does nothing", shown, name, k)
			case root && o == outcome{}:
				t.Errorf("%q (%s) neither does anything nor says why not", k, name)
			case !offered[shown] && !root && (o.moved || o.told):
				t.Errorf("%s (%s) is not offered, but %q does something", shown, name, k)
			}
		}
	}
}
