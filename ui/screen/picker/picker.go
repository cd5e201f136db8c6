// Package picker is the first screen: the workspaces of the cluster, which of them can be
// benchmarked and why the others cannot, and the ways on when there is no cluster at all.
//
// It shows what inventory.Cluster says and keeps the cursor, the marks and the filter across
// updates of it. It never talks to the cluster.
package picker

import (
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/kube/inventory"
	"benchtop/ui/screen"
	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

// Model is the state of the screen.
type Model struct {
	theme   *theme.Theme
	now     func() time.Time
	cluster *inventory.Cluster
	demo    bool // the demo can be offered

	urls   []string          // targets that are no workspaces, in the order they were added
	all    []row             // every row: first those that can run, in the order of the cluster
	rows   []row             // what passes the filter, in the order shown
	cursor string            // key of the row under the cursor
	moved  bool              // the person put it there
	last   map[string]string // what the latest sweep on a workspace came to, by row key
	marks  []string          // keys in the order they were marked
	filter string
	detail bool          // the detail panel is shown where it does not fit beside the list
	offset int           // first row shown
	page   int           // rows of the last Render, for half-page moves
	beside bool          // the details stood beside the list in the last Render
	width  int           // of the list in the last Render
	table  *widget.Table // the list as it was drawn last, nil if rows or marks have changed since
	aged   time.Time     // when its ages were right
}

// row is one line of the list: a workspace or a URL.
type row struct {
	key string
	ws  *inventory.Workspace // nil for a URL
	url string
}

// runnable says whether a run may be offered for the row.
func (r row) runnable() bool { return r.ws == nil || r.ws.Benchmarkable }

// name is what the list shows.
func (r row) name() string {
	if r.ws != nil {
		return r.ws.Name
	}
	return r.url
}

// New makes the screen; demo says whether the demo cluster can be offered as a way on.
func New(t *theme.Theme, now func() time.Time, demo bool) *Model {
	return &Model{theme: t, now: now, demo: demo, cluster: &inventory.Cluster{}}
}

// Set takes a new picture of the cluster. Cursor, marks and filter stay; marks of workspaces that
// can no longer run are dropped, and their names returned so that the person can be told.
func (m *Model) Set(c *inventory.Cluster) (dropped []string) {
	m.cluster = c
	m.refresh()
	m.marks = slices.DeleteFunc(m.marks, func(k string) bool {
		r, ok := m.find(k)
		if ok && r.runnable() || !ok && !c.Synced {
			return false
		}
		dropped = append(dropped, k)
		return true
	})
	m.table = nil
	return dropped
}

// SetRuns takes the saved runs, newest first: the details say what the latest came to.
func (m *Model) SetRuns(list []screen.RunInfo) {
	m.last = map[string]string{}
	for _, r := range list {
		for key, text := range r.Held {
			if _, ok := m.last[key]; !ok {
				m.last[key] = r.Started + "\n " + text
			}
		}
	}
}

// Cluster is the picture shown.
func (m *Model) Cluster() *inventory.Cluster { return m.cluster }

// AddURL adds a URL as a target and marks it.
func (m *Model) AddURL(u string) {
	if !slices.Contains(m.urls, u) {
		m.urls = append(m.urls, u)
	}
	m.refresh()
	m.cursor, m.moved = u, true
	if !slices.Contains(m.marks, u) {
		m.marks, m.table = append(m.marks, u), nil
	}
}

// firstRow is the line of the first row in the list, below border and header.
const firstRow = 2

// Click puts the cursor on the row at this cell.
func (m *Model) Click(x, y int) {
	i := m.offset + y - firstRow
	if x < m.width && y >= firstRow && y-firstRow < m.page && i < len(m.rows) && (m.beside || !m.detail) {
		m.cursor, m.moved = m.rows[i].key, true
	}
}

// SetFilter shows only rows that contain every word of s.
func (m *Model) SetFilter(s string) {
	m.filter = s
	m.refresh()
}

// Filter is the filter in force.
func (m *Model) Filter() string { return m.filter }

// refresh rebuilds the rows from the cluster, the URLs and the filter.
func (m *Model) refresh() {
	m.all, m.table = m.every(), nil
	m.rows = m.rows[:0]
	words := strings.Fields(strings.ToLower(m.filter))
	for _, r := range m.all {
		if matches(r, words) {
			m.rows = append(m.rows, r)
		}
	}
	if len(m.rows) == 0 {
		return
	}
	// As long as nobody moved it, the cursor goes to the first that can run: it is read late.
	if r, ok := m.current(); !ok || !m.moved && !r.runnable() {
		m.cursor = m.rows[0].key
	}
}

// every makes a row of each workspace and URL.
func (m *Model) every() []row {
	rows := make([]row, 0, len(m.cluster.Workspaces)+len(m.urls))
	for i := range m.cluster.Workspaces {
		w := &m.cluster.Workspaces[i]
		rows = append(rows, row{key: rowKey(w), ws: w})
	}
	for _, u := range m.urls {
		rows = append(rows, row{key: u, url: u})
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		switch {
		case a.runnable() == b.runnable():
			return 0
		case a.runnable():
			return -1
		}
		return 1
	})
	return rows
}

func rowKey(w *inventory.Workspace) string { return screen.HeldKey(w.Context, w.Namespace, w.Name) }

func (m *Model) find(k string) (row, bool) {
	for _, r := range m.all {
		if r.key == k {
			return r, true
		}
	}
	return row{}, false
}

func matches(r row, words []string) bool {
	text := r.url
	if w := r.ws; w != nil {
		text = strings.Join([]string{w.Name, w.Namespace, w.InstanceType, w.SKU.GPU, w.State, w.Model, w.Preset, w.Context}, " ")
	}
	text = strings.ToLower(text)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// index is the position of the cursor among the rows shown, or -1.
func (m *Model) index() int {
	return slices.IndexFunc(m.rows, func(r row) bool { return r.key == m.cursor })
}

// current is the row under the cursor.
func (m *Model) current() (row, bool) {
	if i := m.index(); i >= 0 {
		return m.rows[i], true
	}
	return row{}, false
}

// Update answers a key.
func (m *Model) Update(k tea.KeyMsg) screen.Action {
	keys := &screen.Keys
	by, isStep := screen.Steps(k, len(m.rows), m.page)
	switch {
	case isStep:
		m.move(by)
	case key.Matches(k, keys.Toggle):
		return m.toggle()
	case key.Matches(k, keys.All):
		m.markAll()
	case key.Matches(k, keys.Detail) && !m.beside:
		m.detail = !m.detail
	case key.Matches(k, keys.Back) && m.detail && !m.beside:
		m.detail = false
		return screen.Say{}
	case key.Matches(k, keys.Open):
		return m.open()
	case key.Matches(k, keys.Namespace):
		return screen.AskNamespace{}
	case key.Matches(k, keys.Context):
		return screen.AskContext{}
	case key.Matches(k, keys.URL):
		return screen.AskURL{}
	case key.Matches(k, keys.Retry):
		return screen.Retry{}
	case key.Matches(k, keys.Demo) && m.demo:
		return screen.OpenDemo{}
	case key.Matches(k, keys.Copy):
		return m.copy()
	}
	return nil
}

func (m *Model) move(by int) {
	if len(m.rows) == 0 {
		return
	}
	i := min(max(m.index()+by, 0), len(m.rows)-1)
	m.cursor, m.moved = m.rows[i].key, true
}

// toggle marks the row under the cursor, or says why it cannot be marked.
func (m *Model) toggle() screen.Action {
	r, ok := m.current()
	if !ok {
		return nil
	}
	if i := slices.Index(m.marks, r.key); i >= 0 {
		m.marks, m.table = slices.Delete(m.marks, i, i+1), nil
		return nil
	}
	if !r.runnable() {
		return screen.Say{Level: 1, Text: r.name() + " cannot be benchmarked: " + reason(r.ws)}
	}
	m.marks, m.table = append(m.marks, r.key), nil
	return nil
}

// markAll marks every runnable row shown, or none if all of them are marked.
func (m *Model) markAll() {
	var missing []string
	for _, r := range m.rows {
		if r.runnable() && !slices.Contains(m.marks, r.key) {
			missing = append(missing, r.key)
		}
	}
	m.table = nil
	if len(missing) == 0 {
		m.marks = nil
		return
	}
	m.marks = append(m.marks, missing...)
}

// open goes on to the set-up with the marked rows, or with the one under the cursor.
func (m *Model) open() screen.Action {
	sel := m.Selected()
	if len(sel) > 0 {
		return screen.SetUp{Targets: sel}
	}
	r, ok := m.current()
	switch {
	case !ok:
		return nil
	case !r.runnable():
		return screen.WaitFor{Key: r.key}
	}
	return screen.SetUp{Targets: selections([]row{r})}
}

// copy puts the name under the cursor on the clipboard, in the form the command line takes; where
// nothing can be listed for want of rights, it is the Role that an admin can apply.
func (m *Model) copy() screen.Action {
	r, ok := m.current()
	if !ok {
		if len(m.accessLines()) > 0 {
			return screen.CopyRole{}
		}
		return nil
	}
	if r.ws == nil {
		return screen.Copy{What: "the URL", Text: r.url}
	}
	return screen.Copy{What: "the target", Text: r.ws.Namespace + "/" + r.ws.Name}
}

// reason is why a workspace cannot be benchmarked, never empty.
func reason(w *inventory.Workspace) string {
	if w.Reason != "" {
		return w.Reason
	}
	return "it is " + strings.ToLower(w.State)
}
