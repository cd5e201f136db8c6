package picker

import (
	"fmt"
	"strings"

	"benchtop/kube/inventory"
	"benchtop/ui/screen"
	"benchtop/ui/widget"
)

// drawDetail is all that is known of the workspace under the cursor.
func (m *Model) drawDetail(w, h int) string {
	iw, ih := widget.Inside(w, h)
	r, ok := m.current()
	title := "Details"
	var lines []string
	switch {
	case !ok:
	case r.ws == nil:
		title = r.url
		lines = []string{"", "A server outside the cluster.", "", "model     asked before the run", "price     unknown: --price NAME=USD/h"}
	default:
		title = r.ws.Name
		lines = m.workspaceLines(r.ws)
	}
	var out []string
	for _, l := range lines {
		for _, part := range strings.Split(widget.Wrap(l, max(iw-2, 1), nil), "\n") {
			out = append(out, " "+part)
		}
	}
	return widget.Panel{Theme: m.theme, Title: title, Focused: m.detail && !m.beside, Body: widget.Block(strings.Join(out, "\n"), iw, ih)}.Render(w, h)
}

func (m *Model) workspaceLines(w *inventory.Workspace) []string {
	g := m.theme.Glyph
	var lines []string
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, fmt.Sprintf("%-9s %s", name, text))
		}
	}
	if w.Benchmarkable {
		lines = append(lines, g.Check+" can be benchmarked", "")
	} else {
		lines = append(lines, g.Warn+" not now: "+reason(w), "")
	}
	add("model", first(w.Model, w.Preset))
	add("runtime", join(w.Runtime, w.Parallelism, replicas(w)))
	add("instance", w.InstanceType)
	add("GPU", gpuLine(w))
	add("price", priceLine(&w.Price))
	if w.PeakTokensPerMinute != nil {
		add("peak", screen.Count(*w.PeakTokensPerMinute)+" tokens/min (Kaito's own start-up benchmark)")
	}
	add("busy", busy(w))
	if w.Restarts > 0 {
		add("restarts", fmt.Sprint(w.Restarts))
	}
	add("scaler", w.Autoscaler)
	add("note", w.Note)
	add("last run", m.last[rowKey(w)])
	for i, n := range w.Nodes {
		label := ""
		if i == 0 {
			label = "node"
		}
		add(label, join(n.Name, n.Region, ready(n.Ready), n.Driver))
	}
	if len(w.Conditions) > 0 {
		lines = append(lines, "", "Conditions")
	}
	for _, c := range w.Conditions {
		lines = append(lines, m.conditionLine(c))
	}
	lines = append(lines, "", "Way")
	way := "pod " + w.Pod
	if w.Pod == "" {
		way = "service " + w.Name
	}
	if w.ServicePort > 0 {
		way += fmt.Sprintf(", port %d", w.ServicePort)
	}
	lines = append(lines, " "+way)
	if w.LoadBalancer != "" {
		lines = append(lines, " "+w.LoadBalancer)
	}
	return lines
}

func (m *Model) conditionLine(c inventory.Condition) string {
	g := m.theme.Glyph
	mark := g.Dot
	switch c.Status {
	case "True":
		mark = g.Check
	case "False":
		mark = g.Cross
	}
	line := " " + mark + " " + c.Type
	if !c.Since.IsZero() {
		line += "  " + screen.Age(m.now().Sub(c.Since))
	}
	if c.Status != "True" && first(c.Message, c.Reason) != "" {
		line += ": " + first(c.Message, c.Reason)
	}
	return line
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// join puts what is known together.
func join(words ...string) string {
	var known []string
	for _, w := range words {
		if w != "" {
			known = append(known, w)
		}
	}
	return strings.Join(known, " · ")
}

func ready(ok bool) string {
	if ok {
		return "Ready"
	}
	return "not ready"
}

func replicas(w *inventory.Workspace) string {
	if w.Replicas < 2 {
		return ""
	}
	return fmt.Sprintf("%d of %d replicas", w.ReadyReplicas, w.Replicas)
}

func gpuLine(w *inventory.Workspace) string {
	text := gpu(w)
	if w.SKU.Product != "" && w.SKU.Product != w.SKU.GPU {
		text = w.SKU.Product
	}
	if w.SKU.MemoryGiB > 0 {
		text = join(text, fmt.Sprintf("%.0f GiB", w.SKU.MemoryGiB))
	}
	if w.SKU.Source != "" {
		text += " (by " + w.SKU.Source + ")"
	}
	return text
}

func priceLine(p *inventory.Price) string {
	if p.USDPerHour == nil {
		return join("unknown", p.Why)
	}
	spot := ""
	if p.Spot != nil && *p.Spot {
		spot = "spot"
	}
	return join(screen.USD(*p.USDPerHour)+"/h", spot, join(p.Source, p.Date, p.Region))
}
