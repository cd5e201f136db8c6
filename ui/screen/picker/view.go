package picker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"

	"benchtop/kube/inventory"
	"benchtop/ui/screen"
	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

// Where the layout changes, in cells of the body.
const (
	detailFrom  = 110 // width from which the details stand beside the list
	detailWidth = 42
)

// Head says which cluster is shown and how many workspaces it has.
func (m *Model) Head() (where, state string) {
	c, th := m.cluster, m.theme
	ns := c.Namespace
	if ns == "" {
		ns = "all namespaces"
	}
	if c.Context != "" {
		where = c.Context + " · " + ns
	}
	switch {
	case c.Problem != nil && len(c.Workspaces) == 0:
		return where, th.Bad.Render(th.Glyph.Cross + " no workspaces")
	case !c.Synced:
		return where, th.Dim.Render("reading the cluster …")
	}
	state = screen.Plural(len(c.Workspaces), "workspace")
	if n := len(m.marks); n > 0 {
		state += fmt.Sprintf(" · %d marked", n)
	}
	if c.Simulated {
		state = th.Dim.Render("simulated · ") + state
	}
	if c.Live {
		return where, state + " · " + th.Good.Render(th.Target(0).Marker+" live")
	}
	return where, state + " · " + th.Warn.Render(th.Glyph.Warn+" not live")
}

// Typing is false: the filter is typed at the bottom.
func (m *Model) Typing() bool { return false }

// Bindings are the keys of the screen.
func (m *Model) Bindings() []key.Binding {
	k := &screen.Keys
	if len(m.all) == 0 {
		return m.waysOn()
	}
	open := "set up sweep"
	if n := len(m.marks); n > 1 {
		open = fmt.Sprintf("set up sweep of %d", n)
	}
	list := []key.Binding{screen.As(k.Toggle, "mark"), screen.As(k.Open, open)}
	if !m.beside {
		list = append(list, screen.As(k.Detail, "details"))
	}
	list = append(list, screen.As(k.Filter, "filter"), screen.As(k.Runs, "saved runs"), screen.As(k.Namespace, "namespace"),
		k.Context, k.URL, k.All, k.Copy, k.Retry)
	if m.demo {
		list = append(list, k.Demo)
	}
	return append(list, k.Down, k.Up, k.Top, k.Bottom, k.PageDown, k.PageUp)
}

// waysOn are the keys that lead somewhere when there is nothing to list.
func (m *Model) waysOn() []key.Binding {
	k := &screen.Keys
	var list []key.Binding
	if m.demo {
		list = append(list, screen.As(k.Demo, "demo"))
	}
	list = append(list, screen.As(k.URL, "URL"), screen.As(k.Runs, "saved runs"))
	if len(m.cluster.Contexts) > 0 {
		list = append(list, screen.As(k.Context, "cluster"))
	}
	if m.cluster.Context != "" { // else there is no kubeconfig
		list = append(list, screen.As(k.Namespace, "namespace"))
	}
	list = append(list, screen.As(k.Retry, "try again"))
	if len(m.accessLines()) > 0 {
		list = append(list, screen.As(k.Copy, "copy Role"))
	}
	return list
}

// Render draws the screen.
func (m *Model) Render(w, h int) string {
	c := m.cluster
	if len(m.all) == 0 {
		switch {
		case c.Problem != nil:
			return m.drawNotice(w, h, m.theme.Bad.Render(m.theme.Glyph.Cross+" "+widget.Clean(c.Problem.What)), m.problemLines(c.Problem))
		case !c.Synced:
			return m.drawNotice(w, h, "Reading the cluster …", [][2]string{{"context", c.Context}, {"server", c.Server}})
		}
		return m.drawNotice(w, h, "No Kaito workspaces here", m.emptyLines())
	}
	m.beside = w >= detailFrom
	if m.beside {
		list := m.drawList(w-detailWidth, h)
		return widget.Block(widget.Beside(list, m.drawDetail(detailWidth, h)), w, h)
	}
	if m.detail {
		return m.drawDetail(w, h)
	}
	return m.drawList(w, h)
}

func (m *Model) problemLines(p *inventory.Problem) [][2]string {
	c := m.cluster
	lines := [][2]string{{"context", c.Context}, {"server", c.Server}, {"user", c.User}, {"cause", p.Why}}
	for i, n := range p.Next {
		label := "try"
		if i > 0 {
			label = " "
		}
		lines = append(lines, [2]string{label, n})
	}
	return append(lines, m.accessLines()...)
}

// accessLines are the rights that are missing and what works without them.
func (m *Model) accessLines() [][2]string {
	var lines [][2]string
	for _, a := range m.cluster.Access {
		if a.Allowed {
			continue
		}
		text := a.Verb + " " + a.Resource
		if a.Namespace != "" {
			text += " in " + a.Namespace
		}
		if a.Without != "" {
			text += ": without it, " + a.Without
		}
		lines = append(lines, [2]string{"denied", text})
	}
	return lines
}

func (m *Model) emptyLines() [][2]string {
	c := m.cluster
	ns := "in all namespaces"
	if c.Namespace != "" {
		ns = "in namespace " + c.Namespace
	}
	lines := [][2]string{{"context", c.Context}, {"looked", ns + ", and keeps looking: a new one shows up by itself"}}
	return append(lines, m.accessLines()...)
}

// drawNotice is the screen when there is nothing to list: what is, why, and the ways on.
func (m *Model) drawNotice(w, h int, title string, facts [][2]string) string {
	th := m.theme
	iw, ih := widget.Inside(w, h)
	lines := []string{"", title, ""}
	for _, f := range facts {
		if f[1] == "" {
			continue
		}
		for i, part := range strings.Split(widget.Wrap(f[1], max(min(iw-18, 90), 1), nil), "\n") {
			label := f[0]
			if i > 0 {
				label = ""
			}
			lines = append(lines, fmt.Sprintf("%-9s ", label)+part)
		}
	}
	lines = append(lines, "", th.Title.Render("Ways on"))
	for _, k := range m.waysOn() {
		lines = append(lines, "  "+th.Key.Render(fmt.Sprintf("%-3s", k.Help().Key))+" "+wayText(k))
	}
	for i := range lines {
		lines[i] = "   " + lines[i]
	}
	return widget.Panel{Theme: th, Title: "Workspaces", Focused: true, Body: widget.Block(strings.Join(lines, "\n"), iw, ih)}.Render(w, h)
}

// wayText says a way on in full.
func wayText(k key.Binding) string {
	keys := &screen.Keys
	switch k.Help().Key {
	case keys.Demo.Help().Key:
		return "try it on the demo: two simulated GPUs, nothing else needed"
	case keys.URL.Help().Key:
		return "benchmark a URL: any OpenAI-compatible server"
	case keys.Runs.Help().Key:
		return "open saved runs: works without a cluster"
	case keys.Context.Help().Key:
		return "choose another cluster of the kubeconfig"
	case keys.Namespace.Help().Key:
		return "look in another namespace"
	case keys.Retry.Help().Key:
		return "try again"
	case keys.Copy.Help().Key:
		return "copy the Role that an admin can apply"
	}
	return k.Help().Desc
}

// ageEvery is how often the ages in the list are made anew.
const ageEvery = 10 * time.Second

// list is the table of workspaces. It is kept, since a key mostly moves the cursor in it only.
func (m *Model) list() widget.Table {
	if now := m.now().Truncate(ageEvery); m.table == nil || !now.Equal(m.aged) {
		m.table, m.aged = m.makeList(), now
	}
	return *m.table
}

func (m *Model) makeList() *widget.Table {
	right := func(title string, drop int) widget.Column {
		return widget.Column{Title: title, Right: true, Drop: drop}
	}
	tab := &widget.Table{Theme: m.theme, Empty: "nothing matches " + m.filter + "; esc clears the filter", Columns: []widget.Column{
		{}, {Title: "NAME", Min: 24, Grow: true}, {Title: "NAMESPACE", Min: 9, Drop: 3}, {Title: "INSTANCE TYPE", Drop: 6},
		{Title: "GPU"}, right("$/H", 2), {Title: "STATE"}, {Title: "BUSY", Drop: 4}, right("PEAK TOK/MIN", 5), right("AGE", 7)}}
	for _, r := range m.rows {
		tab.Rows = append(tab.Rows, m.tableRow(r))
	}
	for _, title := range []string{"BUSY", "PEAK TOK/MIN"} {
		dropUnknown(tab, title)
	}
	tab.Natural = tab.Measure()
	return tab
}

// drawList draws the table and what stands under it.
func (m *Model) drawList(w, h int) string {
	tab := m.list()
	tab.Cursor = m.index()
	iw, ih := widget.Inside(w, h)
	m.width = w
	below := m.below(iw)
	m.page = max(ih-len(below)-1, 0)
	m.offset = widget.Scroll(m.offset, tab.Cursor, len(tab.Rows), m.page)
	tab.Offset = m.offset
	body := widget.Stack(tab.Render(iw, ih-len(below)), strings.Join(below, "\n"))
	note := ""
	if m.filter != "" {
		note = fmt.Sprintf("/%s · %d of %d", m.filter, len(m.rows), len(m.all))
	}
	return widget.Panel{Theme: m.theme, Title: "Workspaces", Note: note, Focused: true, Body: body}.Render(w, h)
}

// below is what stands under the list: why the workspace under the cursor cannot run, and what this
// user is not allowed to see.
func (m *Model) below(w int) []string {
	th := m.theme
	var lines []string
	add := func(text string) {
		lines = append(lines, " "+th.Warn.Render(widget.Fit(th.Glyph.Warn+" "+widget.Clean(text), max(w-2, 0), th.Glyph.Ellipsis)))
	}
	if r, ok := m.current(); ok && !r.runnable() {
		add(r.ws.Name + ": " + reason(r.ws) + " (enter watches it)")
	}
	if p := m.cluster.Problem; p != nil {
		add(p.What + ": " + p.Why)
	}
	for _, l := range m.accessLines() {
		add(l[0] + " " + l[1])
	}
	lines = lines[:min(len(lines), maxBelow)]
	if hint := m.hint(); hint != "" {
		lines = append(lines, " "+th.Dim.Render(widget.Fit(hint, max(w-2, 0), th.Glyph.Ellipsis)))
	}
	return lines
}

// hint says how several are compared, "" where there is nothing to choose from.
func (m *Model) hint() string {
	able := 0
	for _, r := range m.all {
		if r.runnable() {
			able++
		}
	}
	toggle, open := screen.Keys.Toggle.Help().Key, screen.Keys.Open.Help().Key
	here, ok := m.current()
	switch {
	case len(m.marks) == 0 && (able < 2 || !ok || !here.runnable()):
		return ""
	case len(m.marks) == 0:
		return toggle + " marks several, to compare side by side; " + open + " takes this one"
	case len(m.marks) == 1:
		return "1 marked: " + toggle + " on another puts it beside; " + open + " goes on with one"
	}
	return fmt.Sprintf("%d marked: %s sets up one sweep over all of them, side by side", len(m.marks), open)
}

// maxBelow keeps the list visible however much there is to say.
const maxBelow = 4

// dropUnknown takes a column out of the table when no row knows its value.
func dropUnknown(tab *widget.Table, title string) {
	at := slices.IndexFunc(tab.Columns, func(c widget.Column) bool { return c.Title == title })
	known := func(row []widget.Cell) bool { return at < len(row) && row[at].Text != screen.Unknown }
	if at < 0 || slices.ContainsFunc(tab.Rows, known) {
		return
	}
	tab.Columns = slices.Delete(tab.Columns, at, at+1)
	for i, row := range tab.Rows {
		if at < len(row) {
			tab.Rows[i] = slices.Delete(row, at, at+1)
		}
	}
}

func (m *Model) tableRow(r row) []widget.Cell {
	th := m.theme
	mark := widget.Cell{Text: " "}
	if i := slices.Index(m.marks, r.key); i >= 0 {
		mark = widget.Cell{Text: th.Glyph.Check, Style: th.Accent}
	}
	if r.ws == nil {
		return []widget.Cell{mark, {Text: r.url}, {Text: "URL", Style: th.Dim}}
	}
	w := r.ws
	name, st := w.Name, (*theme.Style)(nil)
	if !w.Benchmarkable {
		st = th.Dim
	}
	var state widget.Cell
	switch {
	case w.Benchmarkable:
		state = widget.Cell{Text: th.Glyph.Check + " " + w.State, Style: th.Good}
	case w.Ready:
		state = widget.Cell{Text: th.Glyph.Dot + " " + w.State, Style: th.Dim}
	default:
		state = widget.Cell{Text: th.Glyph.Warn + " " + w.State, Style: th.Warn}
	}
	return []widget.Cell{mark, {Text: name, Style: st}, {Text: w.Namespace, Style: st}, {Text: w.InstanceType, Style: st}, {Text: gpu(w), Style: st},
		{Text: screen.Opt(w.Price.USDPerHour, func(v float64) string { return fmt.Sprintf("%.2f", v) })}, state, {Text: busy(w), Style: busyStyle(th, w)},
		{Text: screen.Opt(w.PeakTokensPerMinute, screen.Count)}, {Text: m.age(w)}}
}

// gpu is what hardware a workspace has: "A100", "2×A100", "?" when it is not known.
func gpu(w *inventory.Workspace) string {
	name := w.SKU.GPU
	if name == "" {
		return "?"
	}
	if n := max(w.SKU.Count, 1) * max(w.NodeCount, 1); n > 1 {
		return fmt.Sprintf("%d×%s", n, name)
	}
	return name
}

// busy is what runs on the server now.
func busy(w *inventory.Workspace) string {
	switch {
	case w.Running == nil && w.Waiting == nil:
		return screen.Unknown
	case value(w.Running)+value(w.Waiting) == 0:
		return "idle"
	case value(w.Waiting) == 0:
		return fmt.Sprintf("%.0f running", value(w.Running))
	}
	return fmt.Sprintf("%.0f running, %.0f waiting", value(w.Running), value(w.Waiting))
}

func busyStyle(th *theme.Theme, w *inventory.Workspace) *theme.Style {
	if value(w.Running)+value(w.Waiting) > 0 {
		return th.Warn
	}
	return th.Dim
}

func value(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

func (m *Model) age(w *inventory.Workspace) string {
	if w.Created.IsZero() {
		return screen.Unknown
	}
	return screen.Age(m.now().Sub(w.Created))
}
