package report

import (
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// State is what is to be said of a step in a word or two; the worst first. "ok" if nothing is.
func State(s *record.Step) string {
	var words []string
	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	add(s.Verdict.Void, "void")
	add(!s.Verdict.Valid && !s.Verdict.Void, "invalid")
	add(s.Verdict.Saturated, "saturated")
	add(s.Partial, "partial")
	add(s.Verdict.Valid && !s.Verdict.Saturated && verdict.TooShort(s), "too short")
	add(s.Rejected+s.Failed > 0, "errors")
	add(s.SLOMet != nil && !*s.SLOMet, "SLO missed")
	if len(words) == 0 {
		return "ok"
	}
	return strings.Join(words, ", ")
}

// state of a row: that of its evidence, each kind once.
func (r Row) state() string {
	var words []string
	for _, s := range r.usable() {
		for w := range strings.SplitSeq(State(s), ", ") {
			if !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	if i := slices.Index(words, "ok"); i >= 0 && len(words) > 1 {
		words = append(slices.Delete(words, i, i+1), "at times")
	}
	return strings.Join(words, ", ")
}

// Explain says in sentences what State says in words; nothing of a step that is ok.
func Explain(s *record.Step) []string {
	var out []string
	if len(s.Verdict.Reasons) > 0 {
		word := "invalid"
		if s.Verdict.Void {
			word = "void"
		}
		out = append(out, word+": "+strings.Join(s.Verdict.Reasons, "; "))
	}
	if s.SLOMet != nil && !*s.SLOMet {
		for _, r := range s.SLOs {
			if r.Met != nil && !*r.Met {
				out = append(out, "SLO "+r.SLO+" missed: "+r.Why)
			}
		}
	}
	return append(out, s.Verdict.Notes...)
}
