package ui

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/screen"
	"benchtop/ui/screen/results"
	"benchtop/ui/widget"
)

// prompt is a line that is typed at the bottom of the screen.
type prompt struct {
	label string
	in    widget.Input
	// check says what is wrong with the text while it is typed; nil: nothing can be.
	check func(string) error
	// live gets the text at every key: a filter. nil: the text counts when enter is pressed.
	live func(string)
	// done gets the text after enter.
	done func(string) tea.Cmd
	// sweep says that the line is for the sweep under way: it goes when that ends.
	sweep bool
}

func (m *model) prompt(p prompt, value string) {
	p.in.Focused = true
	p.in.Set(value)
	m.ask = &p
}

// toPrompt gives a key to the line. esc leaves it; in a filter that clears it as well.
func (m *model) toPrompt(k tea.KeyMsg) tea.Cmd {
	p, keys := m.ask, &screen.Keys
	switch {
	case key.Matches(k, keys.Back):
		m.ask = nil
		if p.live != nil {
			p.live("")
		}
	case key.Matches(k, keys.Open):
		text := strings.TrimSpace(p.in.Value())
		if p.check != nil && p.check(text) != nil {
			return nil // what is wrong is shown beside the line
		}
		m.ask = nil
		if p.done != nil {
			return p.done(text)
		}
	case p.live != nil && (k.Type == tea.KeyUp || k.Type == tea.KeyDown):
		return m.do(m.page().Update(k))
	default:
		screen.Type(&p.in, k)
		if p.live != nil {
			p.live(p.in.Value())
		}
	}
	return nil
}

// drawPrompt is the line in w cells.
func (m *model) drawPrompt(w int) string {
	p := m.ask
	label := p.label + " "
	note := ""
	if p.check != nil && p.in.Value() != "" {
		if err := p.check(strings.TrimSpace(p.in.Value())); err != nil {
			note = " " + m.theme.Glyph.Cross + " " + widget.Clean(err.Error())
		}
	}
	room := max(w-widget.Width(label), 0)
	field := min(max(room/2, 24), room)
	if note == "" {
		field = room
	}
	line := m.theme.Key.Render(label) + p.in.Render(m.theme, field) + m.theme.Bad.Render(note)
	return widget.Fit(line, w, m.theme.Glyph.Ellipsis)
}

// askFilter opens the filter of a list; false where there is none, or nothing in it.
func (m *model) askFilter() bool {
	filter := screen.Keys.Filter.Help().Key
	if !slices.ContainsFunc(m.page().Bindings(), func(b key.Binding) bool { return b.Help().Key == filter }) {
		return false
	}
	switch m.shown() {
	case screen.Picker:
		m.prompt(prompt{label: "/", live: m.picker.SetFilter}, m.picker.Filter())
	case screen.Runs:
		m.prompt(prompt{label: "/", live: m.runs.SetFilter}, m.runs.Filter())
	default:
		return false
	}
	return true
}

func (m *model) askURL() {
	m.prompt(prompt{label: "URL of the server", check: checkURL, done: func(s string) tea.Cmd {
		m.addURL(s)
		m.say(0, "marked; enter sets up the sweep")
		return nil
	}}, "http://")
}

// addURL marks a server as a target, without what the engine adds itself.
func (m *model) addURL(s string) {
	s = strings.TrimSuffix(strings.TrimRight(s, "/"), "/v1")
	m.picker.AddURL(strings.TrimRight(s, "/"))
}

// checkURL accepts what can be a target: http or https with a host, and no password, which would
// end up in records.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return fmt.Errorf("not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("must begin with http:// or https://")
	case u.Host == "":
		return fmt.Errorf("the host is missing")
	case u.User != nil:
		return fmt.Errorf("no user or password in it: keys come from --api-key-env")
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("no ? or # in it: the path ends before /v1")
	}
	return nil
}

func (m *model) askNote() {
	if !m.active() {
		m.say(0, "notes are made while a sweep runs")
		return
	}
	run, at := m.run, m.runLine()
	m.prompt(prompt{label: "note at " + at, sweep: true, done: func(s string) tea.Cmd {
		if s != "" {
			run.Note(s)
			m.say(0, "noted")
		}
		return nil
	}}, "")
}

// askIf offers what can be asked of a result without a new run.
func (m *model) askIf() {
	names := m.results.Targets()
	choices := []string{"another objective (SLO)", "a load to serve, in req/s"}
	for _, n := range names {
		choices = append(choices, "price of "+n)
	}
	choices = append(choices, "as recorded")
	m.open(box{title: "What if", choices: choices, pick: func(i int) tea.Cmd {
		switch {
		case i == 0:
			m.prompt(prompt{label: "objective", check: results.CheckSLO, done: func(s string) tea.Cmd { m.results.SetSLO(s); return nil }},
				"ttft.p95<500ms,itl.p95<50ms")
		case i == 1:
			m.prompt(prompt{label: "load in req/s", check: results.CheckLoad, done: func(s string) tea.Cmd { m.results.SetLoad(s); return nil }}, "")
		case i == len(choices)-1:
			m.results.Undo()
		default:
			m.askPrice(screen.AskPrice{Target: names[i-2]})
		}
		return nil
	}})
}

func (m *model) askPrice(a screen.AskPrice) {
	m.prompt(prompt{label: "USD per hour of " + a.Target, check: checkPrice, done: func(s string) tea.Cmd {
		v, err := strconv.ParseFloat(strings.TrimPrefix(s, "$"), 64)
		if err != nil {
			return nil
		}
		m.results.SetPrice(a.Target, v)
		return nil
	}}, a.Current)
}

// checkPrice accepts an hourly price; no GPU machine costs a million an hour.
func checkPrice(s string) error {
	v, err := strconv.ParseFloat(strings.TrimPrefix(s, "$"), 64)
	if err != nil || !(v >= 0 && v < 1e6) {
		return fmt.Errorf("a number of dollars, like 3.67")
	}
	return nil
}
