package report

import (
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// word is one thing to be said of a step; n above 0 counts requests.
type word struct {
	text string
	n    int
}

func (w word) String() string {
	switch {
	case w.n == 0:
		return w.text
	case w.text == "error":
		return plural(w.n, w.text)
	}
	return thousands(strconv.Itoa(w.n)) + " " + w.text
}

// words are what is to be said of a step, the worst first; none of one that is ok.
func words(s *record.Step) []word {
	var out []word
	add := func(is bool, text string) {
		if is {
			out = append(out, word{text: text})
		}
	}
	add(s.Verdict.Void, "void")
	add(!s.Verdict.Valid && !s.Verdict.Void, "invalid")
	add(s.Verdict.Saturated, "saturated")
	add(s.Partial, "partial")
	add(s.Verdict.Valid && !s.Verdict.Saturated && verdict.TooShort(s), "too short")
	if n := s.Rejected + s.Failed; n > 0 {
		out = append(out, word{"error", n})
	}
	if s.Incomplete > 0 {
		out = append(out, word{"cut", s.Incomplete})
	}
	add(s.SLOMet != nil && !*s.SLOMet, "SLO missed")
	return out
}

// State is what is to be said of a step in a few words; the worst first. "ok" if nothing is.
func State(s *record.Step) string { return stateText(words(s)) }

func stateText(ws []word) string {
	if len(ws) == 0 {
		return "ok"
	}
	texts := make([]string, len(ws))
	for i, w := range ws {
		texts[i] = w.String()
	}
	return strings.Join(texts, ", ")
}

// State of a row: that of its evidence, each kind once, requests of all repetitions added up.
func (r Row) State() string {
	var all []word
	ok := false
	for _, s := range r.Usable() {
		ws := words(s)
		ok = ok || len(ws) == 0
		for _, w := range ws {
			i := slices.IndexFunc(all, func(o word) bool { return o.text == w.text })
			if i < 0 {
				all = append(all, w)
			} else {
				all[i].n += w.n
			}
		}
	}
	text := stateText(all)
	if ok && len(all) > 0 {
		text += " at times"
	}
	return text
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
