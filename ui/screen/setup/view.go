package setup

import (
	"fmt"
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

// Render draws the form, the plan line and the start button.
func (m *Model) Render(w, h int) string {
	fw := min(w, formWidth)
	plan := m.drawPlan(fw)
	planH := min(strings.Count(plan, "\n")+1, max(h-5, 0))
	form := m.drawForm(fw, h-planH)
	formH := strings.Count(form, "\n") + 1
	body := widget.Block(widget.Stack(form, widget.Block(plan, fw, planH)), fw, min(formH+planH, h))
	x := (w - fw) / 2
	return widget.Block(widget.Beside(widget.Block("", x, h), body), w, h)
}

// drawForm is the targets and fields in at most h lines; it scrolls so that the focus is visible.
func (m *Model) drawForm(w, h int) string {
	iw, _ := widget.Inside(w, h)
	lines := m.targetLines(iw)
	at := 0
	for i := range m.fields {
		if i == m.focus {
			at = len(lines)
		}
		lines = append(lines, m.fieldLine(i, iw))
	}
	if m.focus == len(m.fields) {
		at = len(lines)
	}
	lines = append(lines, m.buttonLine(iw))
	rows := min(len(lines), max(h-2, 0))
	m.offset = widget.Scroll(m.offset, at, len(lines), rows)
	note := "tab next field"
	if rows < len(lines) {
		note = fmt.Sprintf("%s %d more lines", m.theme.Glyph.Down, len(lines)-rows)
	}
	return widget.Panel{Theme: m.theme, Title: "Sweep", Note: note, Focused: true, Body: strings.Join(lines[m.offset:], "\n")}.Render(w, min(rows+2, h))
}

func (m *Model) targetLines(w int) []string {
	var lines []string
	for i, t := range m.targets {
		label := ""
		if i == 0 {
			label = "Targets"
		}
		look := m.theme.Target(i)
		text := widget.Clean(t.URL)
		if ws := t.Workspace; ws != nil {
			text = widget.Clean(ws.Namespace + "/" + ws.Name + "  " + ws.InstanceType)
			if ws.Price.USDPerHour != nil {
				text += "  " + screen.USD(*ws.Price.USDPerHour) + "/h"
			}
		}
		lines = append(lines, fmt.Sprintf("  %-12s", label)+look.Style.Render(look.Marker+" "+widget.Fit(widget.Clean(t.Name), 10, m.theme.Glyph.Ellipsis))+" "+text)
	}
	if len(lines) == 0 {
		lines = append(lines, "  Targets     "+m.theme.Bad.Render("none: esc goes back to mark some"))
	}
	return append(lines, "")
}

// valueWidth is the room for what is typed.
const valueWidth = 24

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
		value = f.text.Render(th, valueWidth)
	} else {
		value = m.choiceText(f)
	}
	hint := th.Dim.Render(f.hint)
	if f.err != "" {
		hint = th.Bad.Render(th.Glyph.Cross + " " + widget.Clean(f.err))
	} else if f.text == nil && focus {
		hint = th.Dim.Render("space changes")
	}
	return widget.Fit(cursor+label+value+" "+hint, w, th.Glyph.Ellipsis)
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

func (m *Model) buttonLine(w int) string {
	th := m.theme
	cursor, button := "  ", "[ Start ]"
	switch {
	case m.starting:
		return widget.Fit("  "+th.Accent.Render("Starting … ")+th.Dim.Render("connecting and probing; esc cancels"), w, th.Glyph.Ellipsis)
	case m.focus == len(m.fields):
		cursor = th.Accent.Render(th.Glyph.Cursor) + " "
		button = th.Cursor.Render(button)
	default:
		button = th.Bold.Render(button)
	}
	return widget.Fit(fmt.Sprintf("%s%-12s%s  %s", cursor, "", button, th.Key.Render("ctrl+s")+th.Dim.Render(" from any field")), w, th.Glyph.Ellipsis)
}

// drawPlan is what the sweep will come to and what stands against it.
func (m *Model) drawPlan(w int) string {
	iw, _ := widget.Inside(w, 3)
	var lines []string
	for _, l := range append([]string{m.planLine()}, m.checkLines()...) {
		lines = append(lines, " "+widget.Fit(l, max(iw-2, 0), m.theme.Glyph.Ellipsis))
	}
	return widget.Panel{Theme: m.theme, Title: "Plan", Body: strings.Join(lines, "\n")}.Render(w, len(lines)+2)
}

func (m *Model) planLine() string {
	plan, errs := build(m.base, m.fields)
	if msg := errs[planField]; msg != "" {
		return m.theme.Bad.Render(m.theme.Glyph.Cross + " " + widget.Clean(msg))
	}
	if len(errs) > 0 {
		return m.theme.Bad.Render(m.theme.Glyph.Cross + " " + screen.Plural(len(errs), "field") + " to correct")
	}
	e := EstimateOf(plan, m.targets)
	cost := "cost unknown"
	if e.USD != nil {
		cost = "about " + screen.USD(*e.USD)
	}
	return fmt.Sprintf("%s × %s · about %s requests · %s tokens · about %s · %s",
		screen.Plural(e.Steps, "step"), screen.Plural(max(len(m.targets), 1), "target"), screen.Count(e.Requests), screen.Count(e.Tokens),
		screen.Minutes(e.Time), cost)
}

// checkLines are what the preflight found; the worst first.
func (m *Model) checkLines() []string {
	th := m.theme
	switch {
	case m.checking:
		return []string{th.Dim.Render("looking at the targets …")}
	case m.checkErr != "":
		return []string{th.Bad.Render(th.Glyph.Cross + " " + widget.Clean(m.checkErr))}
	}
	var lines []string
	for level := screen.CheckRefused; level >= screen.CheckFine; level-- {
		for _, c := range m.checks {
			if c.Level == level {
				lines = append(lines, m.checkLine(c))
			}
		}
	}
	if m.stale && len(lines) > 0 {
		lines = append(lines, th.Dim.Render("checked before the last change; start checks again"))
	}
	return lines
}

func (m *Model) checkLine(c screen.Check) string {
	th := m.theme
	text := c.Text
	if c.Target != "" {
		text = c.Target + ": " + text
	}
	text = widget.Clean(text)
	switch c.Level {
	case screen.CheckFine:
		return th.Good.Render(th.Glyph.Check) + " " + text
	case screen.CheckWarning:
		return th.Warn.Render(th.Glyph.Warn) + " " + text
	case screen.CheckConfirm:
		return th.Warn.Render(th.Glyph.Warn+" asks: ") + text
	}
	return th.Bad.Render(th.Glyph.Cross + " " + text)
}
