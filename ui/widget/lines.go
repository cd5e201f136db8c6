package widget

import (
	"math"
	"strings"

	"benchtop/ui/theme"
)

// Header is the first line of a screen: left says where the user is, right how things stand. The
// left part is cut first. Both may hold SGR of the theme's styles; clean what is from outside.
func Header(th *theme.Theme, left, right string, w int) string {
	rw := Width(right)
	if rw >= w {
		return Fit(right, w, th.Glyph.Ellipsis)
	}
	if rw == 0 {
		return Fit(left, w, th.Glyph.Ellipsis)
	}
	if Width(left)+1+rw > w {
		return Fit(left, w-rw-1, th.Glyph.Ellipsis) + " " + right
	}
	return Fit(left, w-rw, "") + right
}

// Key is one entry of a footer.
type Key struct {
	Key   string // "ctrl+s"
	Label string // "start"
	Keep  bool   // dropped last: help and quit
}

// Footer is the last line of a screen. What does not fit is dropped from the right, entries with
// Keep last.
func Footer(th *theme.Theme, keys []Key, w int) string {
	const gap = 2
	size := func(k Key) int { return Width(Clean(k.Key)) + 1 + Width(Clean(k.Label)) }
	in := make([]bool, len(keys))
	used := 0
	for _, keep := range []bool{true, false} {
		for i, k := range keys {
			if k.Keep != keep {
				continue
			}
			n := size(k)
			if used > 0 {
				n += gap
			}
			if used+n > w {
				break
			}
			used += n
			in[i] = true
		}
	}
	var b strings.Builder
	for i, k := range keys {
		if !in[i] {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(spaces(gap))
		}
		b.WriteString(th.Key.Render(Clean(k.Key)))
		b.WriteByte(' ')
		b.WriteString(Clean(k.Label))
	}
	return Fit(b.String(), w, "")
}

// Progress is a bar of w cells, full at fraction 1; fractions outside 0…1 are clamped and NaN is 0.
func Progress(th *theme.Theme, fraction float64, w int) string {
	if w <= 0 {
		return ""
	}
	if !(fraction > 0) {
		fraction = 0
	}
	n := int(math.Round(math.Min(fraction, 1) * float64(w)))
	return th.Accent.Render(strings.Repeat(th.Glyph.BarFull, n)) +
		th.Dim.Render(strings.Repeat(th.Glyph.BarEmpty, w-n))
}

// StepState is the state of one step in a strip.
type StepState uint8

// The states of a step.
const (
	StepPending StepState = iota
	StepRunning
	StepDone
	StepSaturated // done, and the rate was not held
	StepInvalid   // done, and the numbers cannot be trusted
	StepFailed
	StepSkipped
)

// Step is one rate of a step strip.
type Step struct {
	Label string
	State StepState
}

// StepStrip shows the rates of a sweep with a glyph for each state, in exactly w cells. When they
// do not all fit, steps far before the running one are dropped first, then those after it.
func StepStrip(th *theme.Theme, steps []Step, w int) string {
	const gap = 2
	parts := make([]string, len(steps))
	sizes := make([]int, len(steps))
	cur, total := len(steps)-1, 0
	for i, s := range steps {
		glyph, st := s.State.look(th)
		label := Clean(s.Label)
		parts[i] = st.Render(label + " " + glyph)
		sizes[i] = Width(label) + 1 + Width(glyph) + gap
		total += sizes[i]
		if s.State == StepRunning && cur == len(steps)-1 {
			cur = i
		}
	}
	from, to := 0, len(steps)
	more := Width(th.Glyph.Ellipsis) + gap
	for total-gap > w && from < cur {
		if from == 0 {
			total += more
		}
		total -= sizes[from]
		from++
	}
	for total-gap > w && to > from+1 {
		to--
		total -= sizes[to]
	}
	line := strings.Join(parts[from:to], spaces(gap))
	if from > 0 {
		line = th.Glyph.Ellipsis + spaces(gap) + line
	}
	return Fit(line, w, th.Glyph.Ellipsis)
}

func (s StepState) look(th *theme.Theme) (string, *theme.Style) {
	switch s {
	case StepRunning:
		return th.Glyph.Running, th.Accent
	case StepDone:
		return th.Glyph.Check, th.Good
	case StepSaturated:
		return th.Glyph.AtLeast, th.Warn
	case StepInvalid:
		return th.Glyph.Warn, th.Warn
	case StepFailed:
		return th.Glyph.Cross, th.Bad
	case StepSkipped:
		return th.Glyph.Skipped, th.Dim
	default:
		return th.Glyph.Dot, th.Dim
	}
}
