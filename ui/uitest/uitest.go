// Package uitest drives a Bubble Tea model in tests without a terminal.
//
//	d := uitest.New(t, model, 120, 40)
//	d.Press("j", "space", "enter")
//	d.Await("Set up sweep")       // runs commands until the view shows it
//	d.ExpectLine("Rates", "1 2 4 8 16")
//	d.Golden("setup-120x40")
//
// Press, Type, Resize and Send call Update at once, in the test's goroutine. The commands that
// Update returns run on goroutines of the driver, as Bubble Tea's do, and their messages wait until
// Await takes them, so a test decides when the outside world may act. A command that never
// returns (a timer, a wait for an event) is left behind at the end of the test, as Bubble Tea
// leaves it.
//
// CheckSize and AllSizes hold the promise of every view: exactly h lines of at most w cells. Golden
// compares with testdata/NAME.golden; go test -update writes it.
//
// For tests only. It may import bubbletea, x/ansi, x/exp/golden (for its -update flag) and go-cmp.
package uitest

import (
	"reflect"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// Driver holds a model and the size of its screen. It is used by one goroutine.
type Driver struct {
	t    testing.TB
	m    tea.Model
	w, h int
	msgs chan tea.Msg
	stop chan struct{} // closed at the end of the test: no command waits to deliver
	quit bool
}

// patience is how long Await waits for a command: much longer than any of them takes on a busy
// machine.
const patience = 20 * time.Second

// New starts a model: Init, then a first View without a size as Bubble Tea does it, then the size.
func New(t testing.TB, m tea.Model, w, h int) *Driver {
	t.Helper()
	d := &Driver{t: t, m: m, msgs: make(chan tea.Msg), stop: make(chan struct{})}
	t.Cleanup(func() { close(d.stop) })
	d.run(m.Init())
	m.View()
	d.Resize(w, h)
	return d
}

// Model is the model as it is now.
func (d *Driver) Model() tea.Model { return d.m }

// Quit says whether the model has asked to quit.
func (d *Driver) Quit() bool { return d.quit }

// Resize tells the model a new size.
func (d *Driver) Resize(w, h int) {
	d.t.Helper()
	d.w, d.h = w, h
	d.Send(tea.WindowSizeMsg{Width: w, Height: h})
}

// Send gives the model a message.
func (d *Driver) Send(msg tea.Msg) {
	d.t.Helper()
	if _, ok := msg.(tea.QuitMsg); ok {
		d.quit = true
		return
	}
	var cmd tea.Cmd
	d.m, cmd = d.m.Update(msg)
	d.run(cmd)
}

// Press sends keys by the names Bubble Tea gives them: "j", "enter", "ctrl+s", "shift+tab",
// "alt+x", "space".
func (d *Driver) Press(keys ...string) {
	d.t.Helper()
	for _, k := range keys {
		msg, ok := Key(k)
		if !ok {
			d.t.Fatalf("there is no key %q", k)
		}
		d.Send(msg)
	}
}

// Type sends text as single key presses.
func (d *Driver) Type(text string) {
	d.t.Helper()
	for _, r := range text {
		if r == ' ' {
			d.Press("space")
			continue
		}
		d.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
	}
}

// Paste sends text as one bracketed paste.
func (d *Driver) Paste(text string) {
	d.t.Helper()
	d.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text), Paste: true})
}

// Key is the message of a key by the name Bubble Tea gives it; false if there is none.
func Key(name string) (tea.KeyMsg, bool) {
	base, alt := strings.CutPrefix(name, "alt+")
	if base == "space" || base == " " {
		return tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}, Alt: alt}, true
	}
	if t, ok := keyTypes[base]; ok {
		return tea.KeyMsg{Type: t, Alt: alt}, true
	}
	if r := []rune(base); len(r) == 1 {
		return tea.KeyMsg{Type: tea.KeyRunes, Runes: r, Alt: alt}, true
	}
	return tea.KeyMsg{}, false
}

// keyTypes are Bubble Tea's key names; it keeps the map to itself.
var keyTypes = func() map[string]tea.KeyType {
	m := map[string]tea.KeyType{}
	for t := tea.KeyType(-128); t < 128; t++ {
		if s := t.String(); s != "" && t != tea.KeyRunes {
			m[s] = t
		}
	}
	return m
}()

// run starts a command on a goroutine of its own. It ends when the command has returned and its
// message was taken, or at the end of the test.
func (d *Driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() { d.deliver(cmd()) }()
}

// deliver hands a message to the test; a batch is started, a sequence is run in order.
func (d *Driver) deliver(msg tea.Msg) {
	if msg == nil {
		return
	}
	if b, ok := msg.(tea.BatchMsg); ok {
		for _, c := range b {
			d.run(c)
		}
		return
	}
	if cmds, ok := sequence(msg); ok {
		for _, c := range cmds {
			if c != nil {
				d.deliver(c())
			}
		}
		return
	}
	select {
	case d.msgs <- msg:
	case <-d.stop:
	}
}

// sequence unpacks what tea.Sequence returns: a slice of commands of a type that is not exported.
func sequence(msg tea.Msg) ([]tea.Cmd, bool) {
	v := reflect.ValueOf(msg)
	t := reflect.TypeOf([]tea.Cmd(nil))
	if v.Kind() != reflect.Slice || !v.Type().ConvertibleTo(t) {
		return nil, false
	}
	return v.Convert(t).Interface().([]tea.Cmd), true
}

// Await gives the model the messages of its commands until the view holds text.
func (d *Driver) Await(text string) {
	d.t.Helper()
	d.AwaitFunc("view with "+text, func() bool { return strings.Contains(d.Text(), text) })
}

// AwaitFunc gives the model the messages of its commands until ok is true; what names it.
func (d *Driver) AwaitFunc(what string, ok func() bool) {
	d.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !ok() {
		select {
		case msg := <-d.msgs:
			d.Send(msg)
		case <-limit.C:
			d.t.Fatalf("no %s after %v; the view is\n%s", what, patience, d.Text())
		}
	}
}

// View is the view with its escape sequences.
func (d *Driver) View() string { return d.m.View() }

// Text is the view without escape sequences.
func (d *Driver) Text() string { return ansi.Strip(d.m.View()) }

// ExpectContains fails unless the view holds every text.
func (d *Driver) ExpectContains(texts ...string) {
	d.t.Helper()
	view := d.Text()
	for _, s := range texts {
		if !strings.Contains(view, s) {
			d.t.Errorf("the view lacks %q:\n%s", s, view)
		}
	}
}

// ExpectNot fails if the view holds one of the texts.
func (d *Driver) ExpectNot(texts ...string) {
	d.t.Helper()
	view := d.Text()
	for _, s := range texts {
		if strings.Contains(view, s) {
			d.t.Errorf("the view has %q:\n%s", s, view)
		}
	}
}

// ExpectLine fails unless one line of the view holds all parts, in this order.
func (d *Driver) ExpectLine(parts ...string) {
	d.t.Helper()
	view := d.Text()
	for _, l := range strings.Split(view, "\n") {
		if inOrder(l, parts) {
			return
		}
	}
	d.t.Errorf("no line of the view has %q in this order:\n%s", parts, view)
}

func inOrder(line string, parts []string) bool {
	for _, p := range parts {
		i := strings.Index(line, p)
		if i < 0 {
			return false
		}
		line = line[i+len(p):]
	}
	return true
}

// Golden compares the view with testdata/NAME.golden, after checking its size.
func (d *Driver) Golden(name string) {
	d.t.Helper()
	view := d.m.View()
	CheckSize(d.t, view, d.w, d.h)
	Golden(d.t, name, view)
}
