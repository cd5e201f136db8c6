// Package runs is the list of saved runs.
package runs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/screen"
	"benchtop/ui/screen/setup"
	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

// Model is the state of the screen.
type Model struct {
	theme   *theme.Theme
	list    []screen.RunInfo
	shown   []int    // indexes into list that pass the filter
	marks   []string // directories of the runs to be opened together, in the order they were marked
	cursor  int
	offset  int
	page    int
	filter  string
	loading bool
	err     string
}

// New makes the screen.
func New(t *theme.Theme) *Model { return &Model{theme: t} }

// Loading says that the list is being read.
func (m *Model) Loading() { m.loading = true }

// Set takes the list; err is why there is none.
func (m *Model) Set(list []screen.RunInfo, err error) {
	m.loading, m.list, m.err = false, list, ""
	if err != nil {
		m.err = err.Error()
	}
	m.marks = slices.DeleteFunc(m.marks, func(dir string) bool {
		return !slices.ContainsFunc(list, func(r screen.RunInfo) bool { return r.Dir == dir })
	})
	m.SetFilter(m.filter)
}

// Filter is the filter in force.
func (m *Model) Filter() string { return m.filter }

// SetFilter shows only runs that contain every word of s.
func (m *Model) SetFilter(s string) {
	m.filter = s
	m.shown = m.shown[:0]
	words := strings.Fields(strings.ToLower(s))
	for i := range m.list {
		if matches(&m.list[i], words) {
			m.shown = append(m.shown, i)
		}
	}
	m.cursor = max(min(m.cursor, len(m.shown)-1), 0)
}

func matches(r *screen.RunInfo, words []string) bool {
	text := strings.ToLower(strings.Join(append([]string{r.ID, r.Name, r.Model, stateText(r), r.Started}, r.Targets...), " "))
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// stateText is how a run stands, as the list shows it.
func stateText(r *screen.RunInfo) string {
	if r.Simulated {
		return r.State + ", simulated"
	}
	return r.State
}

// Head says how many there are.
func (m *Model) Head() (where, state string) {
	state = screen.Plural(len(m.list), "run")
	if n := len(m.marks); n > 0 {
		state += fmt.Sprintf(" · %d marked", n)
	}
	return "saved runs", state
}

// Typing is false: the filter is typed at the bottom.
func (m *Model) Typing() bool { return false }

// Bindings are the keys of the screen.
func (m *Model) Bindings() []key.Binding {
	k := &screen.Keys
	if len(m.list) == 0 {
		return []key.Binding{screen.As(k.Retry, "read again")}
	}
	open := "open"
	if n := len(m.marks); n > 1 {
		open = fmt.Sprintf("open %d side by side", n)
	}
	return []key.Binding{screen.As(k.Toggle, "mark to compare"), screen.As(k.Open, open), screen.As(k.Filter, "filter"), screen.As(k.Retry, "read again"),
		screen.As(k.Copy, "copy path"), k.Down, k.Up, k.Top, k.Bottom, k.PageDown, k.PageUp}
}

// Update answers a key.
func (m *Model) Update(k tea.KeyMsg) screen.Action {
	keys := &screen.Keys
	by, isStep := screen.Steps(k, len(m.shown), m.page)
	switch {
	case key.Matches(k, keys.Retry):
		return screen.ListRuns{}
	case len(m.shown) == 0:
	case isStep:
		m.cursor = min(max(m.cursor+by, 0), len(m.shown)-1)
	case key.Matches(k, keys.Copy):
		return screen.Copy{What: "the path", Text: m.list[m.shown[m.cursor]].Dir}
	case key.Matches(k, keys.Toggle):
		return m.toggle()
	case key.Matches(k, keys.Open) && len(m.marks) > 0:
		return screen.OpenRun{Dir: m.marks[0], Beside: slices.Clone(m.marks[1:])}
	case key.Matches(k, keys.Open):
		r := &m.list[m.shown[m.cursor]]
		if r.Err != "" {
			return cannotOpen(r)
		}
		return screen.OpenRun{Dir: r.Dir}
	}
	return nil
}

// firstRow is the line of the first row in the list, below border and header.
const firstRow = 2

// Click puts the cursor on the row at this cell.
func (m *Model) Click(_, y int) {
	if i := m.offset + y - firstRow; y >= firstRow && y-firstRow < m.page && i < len(m.shown) {
		m.cursor = i
	}
}

func cannotOpen(r *screen.RunInfo) screen.Action {
	return screen.Say{Level: 2, Text: r.ID + " cannot be opened: " + r.Err}
}

// maxMarks is how many runs can still be told apart in one chart.
const maxMarks = 4

// toggle marks the run under the cursor, or says why it cannot be marked.
func (m *Model) toggle() screen.Action {
	r := &m.list[m.shown[m.cursor]]
	switch i := slices.Index(m.marks, r.Dir); {
	case i >= 0:
		m.marks = slices.Delete(m.marks, i, i+1)
	case r.Err != "":
		return cannotOpen(r)
	case len(m.marks) == maxMarks:
		return screen.Say{Level: 1, Text: fmt.Sprintf("%d runs side by side are enough: unmark one first", maxMarks)}
	default:
		m.marks = append(m.marks, r.Dir)
	}
	return nil
}

// Render draws the list.
func (m *Model) Render(w, h int) string {
	iw, ih := widget.Inside(w, h)
	if m.err != "" || m.loading && len(m.list) == 0 || len(m.list) == 0 {
		text := "Reading …"
		if m.err != "" {
			text = m.theme.Glyph.Cross + " " + m.err
		} else if !m.loading {
			text = "No saved runs yet. Every sweep is saved as it goes and shows up here."
		}
		body := widget.Center(widget.Wrap(text, min(max(iw-4, 1), 70), nil), iw, ih)
		return widget.Panel{Theme: m.theme, Title: "Saved runs", Focused: true, Body: body}.Render(w, h)
	}
	tab := widget.Table{Theme: m.theme, Cursor: m.cursor, Empty: "nothing matches " + m.filter, Columns: []widget.Column{
		{}, {Title: "STARTED"}, {Title: "NAME", Min: 8, Grow: true}, {Title: "TARGETS", Min: 8}, {Title: "RATES", Min: 6, Drop: 2},
		{Title: "MODEL", Min: 8, Drop: 3}, {Title: "STATE"}}}
	for _, i := range m.shown {
		tab.Rows = append(tab.Rows, m.row(&m.list[i]))
	}
	m.page = max(ih-1, 0)
	m.offset = widget.Scroll(m.offset, m.cursor, len(tab.Rows), m.page)
	tab.Offset = m.offset
	note := ""
	if m.filter != "" {
		note = "/" + m.filter
	}
	return widget.Panel{Theme: m.theme, Title: "Saved runs", Note: note, Focused: true, Body: tab.Render(iw, ih)}.Render(w, h)
}

func (m *Model) row(r *screen.RunInfo) []widget.Cell {
	name := r.Name
	if name == "" {
		name = r.ID
	}
	state := widget.Cell{Text: stateText(r)}
	switch {
	case r.Err != "":
		state = widget.Cell{Text: m.theme.Glyph.Cross + " unreadable", Style: m.theme.Bad}
	case r.State == "complete":
		state = widget.Cell{Text: m.theme.Glyph.Check + " " + stateText(r), Style: m.theme.Good}
	case r.State != "":
		state = widget.Cell{Text: m.theme.Glyph.Warn + " " + stateText(r), Style: m.theme.Warn}
	}
	mark := widget.Cell{Text: " "}
	if slices.Contains(m.marks, r.Dir) {
		mark = widget.Cell{Text: m.theme.Glyph.Check, Style: m.theme.Accent}
	}
	return []widget.Cell{mark, {Text: r.Started}, {Text: name}, {Text: strings.Join(r.Targets, ", ")}, {Text: setup.FormatRates(r.Rates)}, {Text: r.Model}, state}
}
