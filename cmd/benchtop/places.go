package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// places remembers in which namespaces of which context workspaces were used: a user who may not
// list all namespaces finds them again without naming them. They are a convenience, so a file that
// cannot be read or written is no error.
type places struct {
	mu   sync.Mutex // guards the file
	path string
}

// Bounds of what is remembered and read.
const (
	maxPlaces     = 20 // namespaces a context
	maxContexts   = 50
	maxPlacesFile = 1 << 20
)

// newPlaces keeps them where the XDG specification says; nil without a home.
func newPlaces(env func(string) string) *places {
	state := env("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // a relative one is to be ignored
		home := env("HOME")
		if home == "" {
			return nil
		}
		state = filepath.Join(home, ".local", "state")
	}
	return &places{path: filepath.Join(state, "benchtop", "namespaces.json")}
}

// of returns the namespaces of a context, the last used first.
func (p *places) of(kubeContext string) []string {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read()[kubeContext]
}

// add remembers a namespace that was used.
func (p *places) add(kubeContext, namespace string) {
	if p == nil || !dnsLabel.MatchString(namespace) || kubeContext == demoContext {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.read()
	known := all[kubeContext]
	if len(known) > 0 && known[0] == namespace || known == nil && len(all) >= maxContexts {
		return
	}
	known = slices.DeleteFunc(known, func(ns string) bool { return ns == namespace })
	known = slices.Insert(known, 0, namespace)
	all[kubeContext] = known[:min(len(known), maxPlaces)]
	p.write(all)
}

func (p *places) read() map[string][]string {
	all := map[string][]string{}
	text, err := readBounded(p.path, maxPlacesFile)
	if err != nil || json.Unmarshal(text, &all) != nil || all == nil {
		return map[string][]string{}
	}
	for name, list := range all {
		list = slices.DeleteFunc(list, func(ns string) bool { return !dnsLabel.MatchString(ns) })
		all[name] = list[:min(len(list), maxPlaces)]
	}
	return all
}

// write replaces the file as a whole: two programs may write at a time.
func (p *places) write(all map[string][]string) {
	text, err := json.MarshalIndent(all, "", "  ")
	dir := filepath.Dir(p.path)
	if err != nil || os.MkdirAll(dir, 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(dir, "namespaces-*")
	if err != nil {
		return
	}
	_, err = f.Write(append(text, '\n'))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), p.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
}
