package record

import (
	"cmp"
	"slices"
	"strings"
)

// didYouMean is ` (did you mean "x"?)` for the nearest of words, or nothing if none is near.
func didYouMean(got string, words []string) string {
	if n := nearest(got, words, 1); len(n) > 0 {
		return ` (did you mean "` + n[0] + `"?)`
	}
	return ""
}

// nearest returns at most n of words that resemble got, best first: those within an edit distance
// of a third of the longer word (at least 2), or that contain it.
func nearest(got string, words []string, n int) []string {
	type scored struct {
		word string
		d    int
	}
	var hits []scored
	low := strings.ToLower(got)
	for _, w := range words {
		if w == "" || got == "" {
			continue
		}
		d := editDistance(low, strings.ToLower(w))
		if d > max(2, max(len(got), len(w))/3) {
			if !strings.Contains(strings.ToLower(w), low) {
				continue
			}
			d = len(w)
		}
		hits = append(hits, scored{w, d})
	}
	slices.SortStableFunc(hits, func(a, b scored) int {
		return cmp.Or(a.d-b.d, commonPrefix(low, b.word)-commonPrefix(low, a.word))
	})
	var out []string
	for _, h := range hits[:min(n, len(hits))] {
		out = append(out, h.word)
	}
	return out
}

// editDistance is Levenshtein's, over bytes, of at most the first 64 of each.
func editDistance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
