package screen

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// KeyMap is every key of the interface. A key has one meaning on all screens; where a screen has
// no use for it, it does nothing there.
type KeyMap struct {
	Up, Down, Left, Right, Top, Bottom, PageUp, PageDown key.Binding
	Next, Prev, Open, Back                               key.Binding

	Toggle, Filter, Namespace, Context, URL, Demo, Retry, Price, Detail, All key.Binding

	Live, Compare, Results, Runs                            key.Binding
	Metric, Percentile, LogAxis, OwnAxis, Window, Table, If key.Binding
	Start, EditPlan, Skip, Stop, Again, Note                key.Binding
	Export, Copy, Picture, Log                              key.Binding

	Help, Command, Quit, Interrupt, Redraw, Mouse, Suspend key.Binding
}

// Keys is the key map. It is never changed.
var Keys = KeyMap{
	Up:       bind("k/↑", "up", "k", "up"),
	Down:     bind("j/↓", "down", "j", "down"),
	Left:     bind("h/←", "left", "h", "left"),
	Right:    bind("l/→", "right", "l", "right"),
	Top:      bind("g", "top", "g", "home"),
	Bottom:   bind("G", "bottom", "G", "end"),
	PageUp:   bind("ctrl+u", "half a page up", "ctrl+u", "pgup"),
	PageDown: bind("ctrl+d", "half a page down", "ctrl+d", "pgdown"),
	Next:     bind("tab", "next target or field", "tab"),
	Prev:     bind("shift+tab", "the one before", "shift+tab"),
	Open:     bind("enter", "open", "enter"),
	Back:     bind("esc", "back, never quits", "esc"),

	Toggle:    bind("space", "mark, choose, freeze", " "),
	Filter:    bind("/", "filter the list", "/"),
	Namespace: bind("n", "namespace", "n"),
	Context:   bind("c", "other cluster (context)", "c"),
	URL:       bind("u", "benchmark a URL", "u"),
	Demo:      bind("D", "open the demo cluster", "D"),
	Retry:     bind("r", "try again", "r"),
	Price:     bind("$", "set a price", "$"),
	Detail:    bind("d", "details", "d"),
	All:       bind("A", "mark all, or none", "A"),

	Live:       bind("1", "live, one target", "1"),
	Compare:    bind("2", "side by side", "2"),
	Results:    bind("3", "results", "3"),
	Runs:       bind("o", "open a saved run", "o"),
	Metric:     bind("m", "TTFT or ITL", "m"),
	Percentile: bind("p", "p50, p90 or p99", "p"),
	LogAxis:    bind("y", "log or linear axis", "y"),
	OwnAxis:    bind("=", "same axis or own", "="),
	Window:     bind("w", "last 2 min or whole sweep", "w"),
	Table:      bind("t", "table or chart", "t"),
	If:         bind("i", "what if: limits, load", "i"),

	Start:    bind("ctrl+s", "start the sweep", "ctrl+s"),
	EditPlan: bind("ctrl+e", "edit the plan as YAML", "ctrl+e"),
	Skip:     bind("s", "skip this step", "s"),
	Stop:     bind("x", "stop, keep the results", "x"),
	Again:    bind("b", "run again", "b"),
	Note:     bind("a", "note at this moment", "a"),

	Export:  bind("e", "export", "e"),
	Copy:    bind("Y", "copy", "Y"),
	Picture: bind("S", "save this screen as SVG", "S"),
	Log:     bind("L", "all events", "L"),

	Help:      bind("?", "help", "?"),
	Command:   bind(":", "command: ns, ctx, open, q", ":"),
	Quit:      bind("q", "back, or quit at the first", "q"),
	Interrupt: bind("ctrl+c", "quit; asks, twice forces", "ctrl+c"),
	Redraw:    bind("ctrl+l", "redraw", "ctrl+l"),
	Mouse:     bind("M", "mouse on or off", "M"),
	Suspend:   bind("ctrl+z", "suspend, not in a sweep", "ctrl+z"),
}

func bind(shown, help string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, help))
}

// As is b with a word of its own for a footer: the key means the same, the word says what it does
// here.
func As(b key.Binding, word string) key.Binding {
	b.SetHelp(b.Help().Key, word)
	return b
}

// Group is one block of the help screen.
type Group struct {
	Name string
	Keys []key.Binding
}

// Groups is the whole key map in the order of the help screen.
func (k KeyMap) Groups() []Group {
	return []Group{
		{"Move", []key.Binding{k.Down, k.Up, k.Left, k.Right, k.Top, k.Bottom, k.PageDown, k.PageUp,
			k.Next, k.Prev, k.Open, k.Back}},
		{"Choose", []key.Binding{k.Toggle, k.All, k.Filter, k.Detail, k.Namespace, k.Context, k.URL,
			k.Demo, k.Retry, k.Price}},
		{"Run", []key.Binding{k.Start, k.EditPlan, k.Skip, k.Stop, k.Again, k.Note}},
		{"See", []key.Binding{k.Live, k.Compare, k.Results, k.Runs, k.Metric, k.Percentile, k.LogAxis,
			k.OwnAxis, k.Window, k.Table, k.If, k.Log}},
		{"Keep", []key.Binding{k.Export, k.Copy, k.Picture}},
		{"Everywhere", []key.Binding{k.Help, k.Command, k.Quit, k.Interrupt, k.Redraw, k.Mouse, k.Suspend}},
	}
}

// Steps says by how many rows a key moves the cursor in a list of n rows, of which page are seen; ok is
// false for any other key.
func Steps(k tea.KeyMsg, n, page int) (by int, ok bool) {
	switch half := max(page/2, 1); {
	case key.Matches(k, Keys.Down):
		return 1, true
	case key.Matches(k, Keys.Up):
		return -1, true
	case key.Matches(k, Keys.PageDown):
		return half, true
	case key.Matches(k, Keys.PageUp):
		return -half, true
	case key.Matches(k, Keys.Top):
		return -n, true
	case key.Matches(k, Keys.Bottom):
		return n, true
	}
	return 0, false
}
