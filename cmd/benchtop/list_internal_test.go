package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"benchtop/kube/inventory"
)

// What comes later stands below the titles of the first table; a column grows when a cell does not
// fit, and stays so.
func TestAWatchedListKeepsItsColumns(t *testing.T) {
	var out bytes.Buffer
	w := listWatch{cli: &cli{out: &out, errw: io.Discard}, format: "table", told: map[string]listed{}}
	cl := &inventory.Cluster{}
	for _, ws := range []struct{ name, model string }{
		{"first", "phi-4-mini-instruct"}, {"a", "m"}, {"much-longer-than-before", "m"}, {"b", "m"},
	} {
		cl.Workspaces = append(cl.Workspaces, inventory.Workspace{Namespace: "default", Name: ws.name, Kind: inventory.KindWorkspace, Model: ws.model, State: "Ready"})
		if err := w.changes(cl); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "NAMESPACE  NAME ") {
		t.Fatalf("want titles and four rows:\n%s", out.String())
	}
	kind := func(line int) int {
		return max(strings.Index(lines[line], "Workspace"), strings.Index(lines[line], "KIND"))
	}
	state := func(line int) int {
		return max(strings.Index(lines[line], "Ready"), strings.Index(lines[line], "STATE"))
	}
	if kind(1) != kind(0) || kind(2) != kind(0) || state(2) != state(1) {
		t.Errorf("a short row does not keep to the first table:\n%s", out.String())
	}
	if kind(3) <= kind(0) || kind(4) != kind(3) || state(4) != state(3) {
		t.Errorf("a long cell does not widen its column for good:\n%s", out.String())
	}
}
