package kube

import (
	"sort"
	"strings"
)

// nearest returns up to n of names, the most similar to want first: names that hold it or that it
// holds, then by edit distance.
func nearest(want string, names []string, n int) []string {
	type scored struct {
		name  string
		score int
	}
	w := strings.ToLower(want)
	var all []scored
	for _, name := range names {
		l := strings.ToLower(name)
		s := editDistance(w, l)
		if w != "" && (strings.Contains(l, w) || strings.Contains(w, l)) {
			s = min(s, 1)
		}
		all = append(all, scored{name, s})
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].score < all[j].score })
	var out []string
	for _, s := range all[:min(n, len(all))] {
		out = append(out, s.name)
	}
	return out
}

// editDistance is Levenshtein's, over bytes: Kubernetes names are ASCII.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost = 1 + min(prev, row[j], row[j+1])
			}
			prev, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
