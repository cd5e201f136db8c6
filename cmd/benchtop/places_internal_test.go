package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	env := func(k string) string { return map[string]string{"XDG_STATE_HOME": dir}[k] }
	p := newPlaces(env)
	if got := p.of("prod"); got != nil {
		t.Errorf("before anything: %v", got)
	}
	for _, ns := range []string{"a", "b", "../x", "", "a"} {
		p.add("prod", ns)
	}
	p.add(demoContext, "default")
	again := newPlaces(env)
	if diff := cmp.Diff([]string{"a", "b"}, again.of("prod")); diff != "" {
		t.Error(diff)
	}
	if got := again.of(demoContext); got != nil {
		t.Errorf("the demo is remembered: %v", got)
	}
	for i := range 2 * maxPlaces {
		p.add("big", fmt.Sprintf("ns%d", i))
	}
	if got := p.of("big"); len(got) != maxPlaces || got[0] != "ns39" {
		t.Errorf("%d namespaces, first %s", len(got), got[0])
	}
	st, err := os.Stat(p.path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}

func TestPlacesThatCannotBeRead(t *testing.T) {
	for _, text := range []string{"", "null", "[]", `{"prod":["\u001b[31m","ok"]}`, "{"} {
		p := &places{path: filepath.Join(t.TempDir(), "namespaces.json")}
		if err := os.WriteFile(p.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, ns := range p.of("prod") {
			if ns != "ok" {
				t.Errorf("%q gives namespace %q", text, ns)
			}
		}
		p.add("prod", "new")
		if got := p.of("prod"); len(got) == 0 || got[0] != "new" {
			t.Errorf("%q: then %v", text, got)
		}
	}
	var none *places
	none.add("prod", "a")
	if got := append(none.of("prod"), newPlaces(func(string) string { return "" }).of("x")...); got != nil {
		t.Error(got)
	}
}
