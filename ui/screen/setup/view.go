package setup

import (
	"fmt"
	"slices"
	"strings"

	"benchtop/ui/screen"
	"benchtop/ui/widget"
)

// formWidth is what the form takes at most: longer lines are hard to read.
const formWidth = 110

// Head says how many targets the sweep has.
func (m *Model) Head() (where, state string) {
	return "set up a sweep", screen.Plural(len(m.targets), "target")
}

// Render draws the form above and the plan with the start button below. Where there is little room
// the form scrolls; plan line and button stay.
func (m *Model) Render(w, h int) string {
	fw := min(w, formWidth)
	form := m.formLines(fw - 2)
	plan := m.planLines(fw - 4)
	room := h - len(form) - 2 - 2
	least := minPlan
	if slices.ContainsFunc(m.checks, func(c screen.Check) bool { return c.Level == screen.CheckRefused }) {
		least += 2 // what stands against the start is read to its end
	}
	planH := max(min(len(plan), max(room, least), h-2), 0)
	if len(plan) > planH && planH >= 2 {
		plan = append(plan[:planH-2:planH-2], m.theme.Dim.Render(fmt.Sprintf("%s %d more", m.theme.Glyph.Down, len(plan)-planH+1)), plan[len(plan)-1])
	}
	for i := range plan {
		plan[i] = " " + plan[i]
	}
	formH := min(len(form)+2, max(h-planH-2, 0))
	if len(form)+2 > formH { // a scroll bar stands beside it
		form = m.formLines(fw - 4)
	}
	body := widget.Stack(m.drawForm(form, fw, formH),
		widget.Panel{Theme: m.theme, Title: "Plan", Focused: m.focus == len(m.fields), Body: strings.Join(plan, "\n")}.Render(fw, planH+2))
	x := (w - fw) / 2
	return widget.Block(widget.Beside(widget.Block("", x, h), widget.Block(body, fw, h)), w, h)
}

// minPlan is the room that the plan keeps in a low terminal: its line in two, the worst checks, the
// button.
const minPlan = 6

// formLines are the targets and the fields, in w cells.
func (m *Model) formLines(w int) []string {
	lines := m.targetLines(w)
	for i := range m.fields {
		lines = append(lines, m.fieldLine(i, w))
	}
	return lines
}

// drawForm is the form in h lines, scrolled so that the field under the cursor is visible.
func (m *Model) drawForm(lines []string, w, h int) string {
	rows := max(h-2, 0)
	at := min(len(lines)-len(m.fields)+m.focus, len(lines)-1)
	if m.focus == 0 {
		m.offset = 0 // the targets above the first field
	}
	m.offset = widget.Scroll(m.offset, at, len(lines), rows)
	m.rows, m.first = rows, len(lines)-len(m.fields)
	shown := lines[m.offset:min(m.offset+rows, len(lines))]
	note := m.more(m.offset, len(lines)-m.offset-len(shown))
	if note != "" {
		shown = slices.Clone(shown)
		for i, l := range shown {
			shown[i] = widget.Fit(l, max(w-4, 0), "") + " " + widget.ScrollBar(m.theme, i, m.offset, rows, len(lines))
		}
	}
	return widget.Panel{Theme: m.theme, Title: "Sweep", Note: note, Focused: m.focus < len(m.fields), Body: strings.Join(shown, "\n")}.Render(w, h)
}

// more says how many lines of the form there are above and below those shown, "" if there are none.
func (m *Model) more(above, below int) string {
	var parts []string
	if above > 0 {
		parts = append(parts, fmt.Sprintf("%s %d more", m.theme.Glyph.Up, above))
	}
	if below > 0 {
		parts = append(parts, fmt.Sprintf("%s %d more", m.theme.Glyph.Down, below))
	}
	return strings.Join(parts, "  ")
}

func (m *Model) targetLines(w int) []string {
	var lines []string
	name := 10
	for _, t := range m.targets {
		name = max(name, min(widget.Width(widget.Clean(t.Name)), w/4))
	}
	for i, t := range m.targets {
		label := ""
		if i == 0 {
			label = "Targets"
		}
		look := m.theme.Target(i)
		text := widget.Clean(t.URL)
		if ws := t.Workspace; ws != nil {
			text = ws.Namespace + "/" + ws.Name
			if ws.Price.USDPerHour != nil {
				text += "  " + screen.USD(*ws.Price.USDPerHour) + "/h"
			}
			text = widget.Clean(text + "  " + ws.InstanceType)
		}
		lines = append(lines, fmt.Sprintf("  %-12s", label)+look.Style.Render(look.Marker+" "+widget.Fit(widget.Clean(t.Name), name, m.theme.Glyph.Ellipsis))+" "+text)
		lines[i] = widget.Fit(lines[i], w, m.theme.Glyph.Ellipsis)
	}
	if len(lines) == 0 {
		lines = append(lines, "  Targets     "+m.theme.Bad.Render("none: esc goes back to mark some"))
	}
	return append(lines, "")
}

const (
	valueWidth = 24 // the room for what is typed
	longWidth  = 44 // for a long value
	hintsFrom  = 90 // width of the form from which every field shows its hint, not only the one in focus
)

func (m *Model) fieldLine(i, w int) string {
	th, f := m.theme, &m.fields[i]
	focus := i == m.focus && !m.starting
	cursor := "  "
	if focus {
		cursor = th.Accent.Render(th.Glyph.Cursor) + " "
	}
	label := fmt.Sprintf("%-12s", f.label)
	var value string
	if f.text != nil {
		f.text.Focused = focus
		value = f.text.Render(th, valueRoom(f, w))
	} else {
		value = m.choiceText(f)
	}
	hint := ""
	switch {
	case f.err != "":
		hint = th.Bad.Render(th.Glyph.Cross + " " + widget.Clean(f.err))
	case f.text == nil && focus:
		hint = th.Dim.Render(strings.TrimPrefix(f.hint+", space changes", ", "))
	case focus || w >= hintsFrom:
		hint = th.Dim.Render(f.hint)
	}
	return widget.Fit(cursor+label+value+" "+hint, w, th.Glyph.Ellipsis)
}

func valueRoom(f *field, w int) int {
	if f.long {
		return max(min(longWidth, w-46), valueWidth)
	}
	return valueWidth
}

func (m *Model) choiceText(f *field) string {
	parts := make([]string, len(f.choices))
	for i, c := range f.choices {
		if i == f.chosen {
			parts[i] = "(" + m.theme.Accent.Render("x") + ") " + m.theme.Bold.Render(widget.Clean(c))
		} else {
			parts[i] = "( ) " + widget.Clean(c)
		}
	}
	return strings.Join(parts, "  ")
}

// buttonLine is the start button with its key; it says why it would not start.
func (m *Model) buttonLine() string {
	th := m.theme
	if m.starting {
		return th.Accent.Render("Starting … ") + th.Dim.Render("connecting and probing; esc cancels")
	}
	cursor, button := "  ", th.Bold.Render("[ Start ]")
	if m.focus == len(m.fields) {
		cursor, button = th.Accent.Render(th.Glyph.Cursor)+" ", th.Cursor.Render("[ Start ]")
	}
	return cursor + button + "  " + th.Key.Render("ctrl+s") + th.Dim.Render(" from any field")
}

// planLines are what the sweep will come to, what stands against it, and the button.
func (m *Model) planLines(w int) []string {
	lines := strings.Split(m.planLine(w), "\n")
	lines = append(lines, m.checkLines(max(w, 0))...)
	return append(lines, m.buttonLine())
}

func (m *Model) planLine(w int) string {
	plan, errs := build(m.base, m.fields)
	if msg := errs[planField]; msg != "" {
		return m.theme.Bad.Render(m.theme.Glyph.Cross + " " + widget.Clean(msg))
	}
	if len(errs) > 0 {
		return m.wrongFields(errs, w)
	}
	e := EstimateOf(plan, m.targets)
	cost := "cost unknown: no price of " + strings.Join(m.unpriced(), ", ") + "; results take one later (" + screen.Keys.Price.Help().Key + ")"
	if e.USD != nil {
		cost = "about " + screen.USD(*e.USD)
	}
	steps := screen.Plural(e.Steps, "step")
	if plan.Refine {
		steps += " and some more to refine"
	}
	return widget.Wrap(fmt.Sprintf("%s on %s · about %s requests · %s tokens · about %s · %s",
		steps, screen.Plural(max(len(m.targets), 1), "target"), screen.Count(e.Requests), screen.Count(e.Tokens),
		screen.Minutes(e.Time), cost), w, m.theme.Bold)
}

// wrongFields says of the first field what is wrong, in full: beside the field it may be cut.
func (m *Model) wrongFields(errs map[string]string, w int) string {
	text := screen.Plural(len(errs), "field") + " to correct"
	for i := range m.fields {
		if err := errs[m.fields[i].id]; err != "" {
			text += ". " + m.fields[i].label + ": " + err
			break
		}
	}
	return m.theme.Bad.Render(strings.Join(widget.Lines(m.theme.Glyph.Cross+" "+text, w, 2, m.theme.Glyph.Ellipsis), "\n"))
}

// unpriced are the targets whose price is not known.
func (m *Model) unpriced() []string {
	var names []string
	for _, t := range m.targets {
		if t.Workspace == nil || t.Workspace.Price.USDPerHour == nil {
			names = append(names, widget.Clean(t.Name))
		}
	}
	return names
}

// checkLines are what the preflight found; the worst first.
func (m *Model) checkLines(w int) []string {
	th := m.theme
	switch {
	case m.checking:
		return []string{th.Dim.Render("looking at the targets …")}
	case m.checkErr != "":
		return m.checkLine(screen.Check{Level: screen.CheckRefused, Text: m.checkErr}, w)
	}
	var lines []string
	for level := screen.CheckRefused; level >= screen.CheckFine; level-- {
		for _, c := range m.checks {
			if c.Level == level {
				lines = append(lines, m.checkLine(c, w)...)
			}
		}
	}
	if m.stale && len(lines) > 0 {
		lines = append(lines, th.Dim.Render("checked before the last change; start checks again"))
	}
	return lines
}

// checkHeight is how many lines one check takes at most.
const checkHeight = 3

// checkLine is a check in lines of w cells: what to do about it stands at its end.
func (m *Model) checkLine(c screen.Check, w int) []string {
	th := m.theme
	text := c.Text
	if c.Target != "" {
		text = c.Target + ": " + text
	}
	mark, st := th.Glyph.Cross, th.Bad
	switch c.Level {
	case screen.CheckFine:
		mark, st = th.Glyph.Check, th.Good
	case screen.CheckWarning:
		mark, st = th.Glyph.Warn, th.Warn
	case screen.CheckConfirm:
		mark, st = th.Glyph.Warn+" asks:", th.Warn
	}
	lines := widget.Lines(mark+" "+text, w, checkHeight, th.Glyph.Ellipsis)
	for i, l := range lines {
		switch rest, marked := strings.CutPrefix(l, mark); {
		case c.Level == screen.CheckRefused:
			lines[i] = st.Render(l)
		case i == 0 && marked:
			lines[i] = st.Render(mark) + rest
		}
	}
	return lines
}
