package picker

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/kube/inventory"
	"benchtop/ui/screen"
)

// Selected is the marked rows in the order they were marked, whatever the filter.
func (m *Model) Selected() []screen.Selection {
	var rows []row
	for _, k := range m.marks {
		if r, ok := m.find(k); ok {
			rows = append(rows, r)
		}
	}
	return selections(rows)
}

// Workspace finds a workspace by the key a WaitFor carries.
func (m *Model) Workspace(key string) *inventory.Workspace {
	if r, ok := m.find(key); ok {
		return r.ws
	}
	return nil
}

// Select is the selection for one row.
func (m *Model) Select(key string) []screen.Selection {
	if r, ok := m.find(key); ok {
		return selections([]row{r})
	}
	return nil
}

// Find is the selection for the targets of a run, under their names there; missing names those that
// this cluster does not have, or not ready. A URL is never missing.
func (m *Model) Find(targets []record.Target) (sel []screen.Selection, missing []string) {
	for _, t := range targets {
		if t.Workspace == "" {
			sel = append(sel, screen.Selection{Name: t.Name, URL: t.URL})
			continue
		}
		i := slices.IndexFunc(m.cluster.Workspaces, func(w inventory.Workspace) bool {
			return w.Name == t.Workspace && w.Namespace == t.Namespace && w.Benchmarkable
		})
		if i < 0 {
			missing = append(missing, t.Name)
			continue
		}
		ws := m.cluster.Workspaces[i]
		sel = append(sel, screen.Selection{Name: t.Name, Workspace: &ws})
	}
	return sel, missing
}

// selections gives every row a short unique name: the GPU where that tells them apart, else the
// workspace, else its namespace too.
func selections(rows []row) []screen.Selection {
	short := make([]string, len(rows))
	for i, r := range rows {
		short[i] = gpuName(r)
	}
	unique(short, func(i int) string { return rows[i].name() })
	unique(short, func(i int) string {
		if w := rows[i].ws; w != nil {
			return w.Namespace + "-" + w.Name
		}
		return rows[i].url
	})
	sel := make([]screen.Selection, len(rows))
	for i, r := range rows {
		sel[i] = screen.Selection{Name: short[i], URL: r.url}
		if r.ws != nil {
			ws := *r.ws
			sel[i].Workspace = &ws
		}
	}
	return sel
}

// unique replaces every name that occurs twice.
func unique(names []string, by func(i int) string) {
	count := map[string]int{}
	for _, n := range names {
		count[n]++
	}
	for i, n := range names {
		if count[n] > 1 {
			names[i] = by(i)
		}
	}
}

func gpuName(r row) string {
	if r.ws == nil {
		if u, err := url.Parse(r.url); err == nil && u.Host != "" {
			return nameOf(u.Host)
		}
		return r.url
	}
	return cmp.Or(nameOf(r.ws.SKU.GPU), r.ws.Name)
}

// nameOf makes a target name of a GPU or a host, as the command line does: sweeps made here and
// there are compared by these names.
func nameOf(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, s), ".-_")
}
