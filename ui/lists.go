package ui

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/kube/inventory"
	"benchtop/ui/screen"
)

// use changes context or namespace.
func (m *model) use(kubeContext, namespace string) tea.Cmd {
	b, ctx := m.backend, m.ctx
	where := namespace
	if where == "" {
		where = "all namespaces"
	}
	m.say(0, "looking at "+where+" of "+kubeContext+" …")
	return command(func() tea.Msg { return doneMsg{err: b.Use(ctx, kubeContext, namespace)} })
}

const allNamespaces = "all namespaces"

func (m *model) askNamespace() {
	c := m.picker.Cluster()
	if c.Context == "" {
		m.say(1, "there is no cluster to look into")
		return
	}
	list := append([]string{allNamespaces}, c.Namespaces...)
	const other = "another: type its name"
	list = append(list, other)
	b := box{title: "Namespace", choices: list, cursor: max(slices.Index(list, c.Namespace), 0)}
	b.pick = func(i int) tea.Cmd {
		switch list[i] {
		case allNamespaces:
			return m.use(c.Context, "")
		case other:
			m.prompt(prompt{label: "namespace", check: checkName, done: func(s string) tea.Cmd { return m.use(c.Context, s) }}, "")
			return nil
		}
		return m.use(c.Context, list[i])
	}
	m.open(b)
}

// checkName accepts what can be a namespace (RFC 1123 label).
func checkName(s string) error {
	if s == "" || len(s) > 63 {
		return fmt.Errorf("1 to 63 characters")
	}
	for i, r := range s {
		ok := r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' && i > 0 && i < len(s)-1
		if !ok {
			return fmt.Errorf("lower-case letters, digits and dashes inside")
		}
	}
	return nil
}

func (m *model) askContext() {
	c := m.picker.Cluster()
	if len(c.Contexts) == 0 {
		m.say(1, "the kubeconfig names no context")
		return
	}
	contexts := c.Contexts
	m.open(box{title: "Cluster (kube context)", choices: contexts, cursor: max(slices.Index(contexts, c.Context), 0),
		pick: func(i int) tea.Cmd { return m.use(contexts[i], "") }})
}

// waitFor shows what keeps a workspace from serving, until it serves or the person leaves.
func (m *model) waitFor(key string) {
	w := m.picker.Workspace(key)
	if w == nil {
		return
	}
	m.waiting = key
	title := " cannot be benchmarked yet"
	if w.Never() {
		title = " cannot be benchmarked"
	}
	b := box{title: w.Name + title, wide: true, body: func() string { return m.waitText(key) }}
	if sel := m.picker.Selected(); len(sel) > 0 {
		b.answers = []answer{{"s", "go on with the marked ones", func() tea.Cmd { return m.setUp(sel) }}}
	}
	m.open(b)
}

func (m *model) waitText(key string) string {
	w := m.picker.Workspace(key)
	if w == nil {
		return "It is gone from the cluster."
	}
	g := m.theme.Glyph
	lines := []string{reasonOf(w), ""}
	for _, c := range w.Conditions {
		mark := g.Dot
		switch c.Status {
		case "True":
			mark = g.Check
		case "False":
			mark = g.Cross
		}
		line := mark + " " + c.Type
		if c.Message != "" && c.Status != "True" {
			line += ": " + c.Message
		} else if c.Reason != "" && c.Status != "True" {
			line += ": " + c.Reason
		}
		lines = append(lines, line)
	}
	if w.Note != "" {
		lines = append(lines, "", w.Note)
	}
	if !w.Never() {
		lines = append(lines, "", "This is watched: when it is ready, the set-up opens by itself.")
	}
	return strings.Join(lines, "\n")
}

func reasonOf(w *inventory.Workspace) string {
	if w.Reason != "" {
		return w.Reason
	}
	return "State: " + w.State
}

// pollWaiting opens the set-up when the workspace that is waited for has become ready.
func (m *model) pollWaiting() tea.Cmd {
	if m.waiting == "" {
		return nil
	}
	w := m.picker.Workspace(m.waiting)
	if w == nil || !w.Benchmarkable {
		return nil
	}
	sel := m.picker.Select(m.waiting)
	m.close()
	m.say(0, w.Name+" is ready")
	return m.setUp(sel)
}

// showLog is all events of the sweep, the last at the end.
func (m *model) showLog() {
	lines := m.live.Log()
	if len(lines) == 0 {
		m.say(0, "no events yet")
		return
	}
	m.open(box{title: "Events", wide: true, offset: 1 << 20, text: strings.Join(lines, "\n")})
}

// copy puts text on the clipboard through the terminal (OSC 52), beside the next picture: only the
// canvas writes to the terminal.
func (m *model) copy(a screen.Copy) {
	if len(a.Text) > clipLimit {
		m.say(1, a.What+" is too long for the clipboard of a terminal; e writes it to a file")
		return
	}
	m.clip = a.Text
	m.say(0, "copied "+a.What)
}

// copyRole puts the YAML of the rights that benchtop needs on the clipboard.
func (m *model) copyRole() {
	if m.opt.Role == nil {
		m.say(0, "benchtop rbac prints the Role that an admin can apply")
		return
	}
	m.copy(screen.Copy{What: "the Role: an admin applies it with kubectl apply -f -", Text: m.opt.Role(m.picker.Cluster().Namespace)})
}

// clipLimit is what common terminals take in one OSC 52: xterm cuts at 100,000 bytes of base64.
const clipLimit = 70_000
