package ui

import (
	"fmt"
	"runtime/debug"
	"strings"

	"benchtop/engine"
	"benchtop/ui/screen"
	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

// The smallest terminal in which the screens make sense.
const (
	minWidth  = 60
	minHeight = 18
)

// View is the picture: exactly h lines of at most w cells, nothing before the first size is known.
// It is made anew only when something on it changed, since Bubble Tea asks after every message.
func (m *model) View() (view string) {
	defer func() {
		if p := recover(); p != nil {
			m.crash = fmt.Sprintf("the interface broke: %v\n%s", p, debug.Stack())
			view = widget.Block("benchtop: this screen cannot be drawn; any key leaves", m.w, m.h)
		}
	}()
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	if size := [2]int{m.w, m.h}; m.dirty || size != m.pictureSize {
		m.picture, m.pictureSize, m.dirty = m.draw(m.w, m.h), size, false
		if m.theme.ASCII {
			m.picture = asciiText.Replace(m.picture)
		}
	}
	return m.picture
}

// asciiText replaces what running text has beyond ASCII; the glyphs of the theme are ASCII already.
var asciiText = strings.NewReplacer("·", ".", "…", "~", "×", "x", "–", "-", "µ", "u", "↑", "^", "↓", "v", "←", "<", "→", ">")

func (m *model) draw(w, h int) string {
	if w < minWidth || h < minHeight {
		return m.drawSmall(w, h)
	}
	top := m.drawEnd(w, h)
	body := widget.Stack(top, m.page().Render(w, h-2-height(top)))
	if len(m.boxes) > 0 {
		body = widget.Over(body, m.drawBox(w-4, h-4), w, h-2)
	}
	return m.drawHead(w) + "\n" + body + "\n" + m.drawFoot(w)
}

// drawEnd says why the sweep that is shown came to nothing or ended early, "" if it did not.
func (m *model) drawEnd(w, h int) string {
	onRun := m.shown() == screen.Live || m.shown() == screen.Compare
	if !onRun || m.latest == nil || !m.latest.Done || m.latest.Err == "" {
		return ""
	}
	text := widget.Wrap(m.latest.Err, max(w-4, 1), m.theme.Bad)
	n := min(height(text), h/4)
	lines := strings.Split(text, "\n")[:n]
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	return widget.Panel{Theme: m.theme, Title: "Ended early", Focused: true, Body: strings.Join(lines, "\n")}.Render(w, n+2)
}

func height(s string) int {
	if s == "" {
		return 0
	}
	return strings.Count(s, "\n") + 1
}

// drawHead is the first line: where one is, and how things stand.
func (m *model) drawHead(w int) string {
	where, state := m.page().Head()
	left := m.theme.Title.Render("benchtop")
	if where != "" {
		left += " " + m.theme.Dim.Render(m.theme.Glyph.Sep) + " " + widget.Clean(where)
	}
	if run := m.runState(); run != "" {
		state = run
	}
	return widget.Header(m.theme, left, state, w)
}

// runState says how the sweep stands, "" without one or on the screen of another run.
func (m *model) runState() string {
	if m.run == nil || m.latest == nil || m.ended && m.shown() != screen.Live && m.shown() != screen.Compare {
		return ""
	}
	th, s := m.theme, m.latest
	sim := ""
	if s.Simulated {
		sim = th.Dim.Render("simulated · ")
	}
	switch {
	case s.Done && s.Err != "":
		return sim + th.Bad.Render(th.Glyph.Cross+" ended early") + " " + screen.Clock(s.At)
	case s.Done:
		return sim + th.Good.Render(th.Glyph.Check+" done") + " " + screen.Clock(s.At)
	case m.stopping || s.Phase == "stopping":
		return sim + th.Warn.Render(th.Glyph.Warn+" stopping") + " " + m.runLine()
	case screen.Preparing(s):
		return sim + th.Accent.Render(th.Glyph.Running+" starting") + ": asking the targets"
	case m.frozen:
		return sim + th.Warn.Render("FROZEN "+screen.Age(m.now().Sub(m.frozenAt))) + " · running " + m.runLine()
	case pausedTarget(s) != "":
		return sim + th.Bad.Render(th.Glyph.Warn+" PAUSED "+pausedTarget(s)) + " " + m.runLine()
	}
	return sim + th.Good.Render(th.Target(0).Marker+" running") + " " + m.runLine()
}

func pausedTarget(s *engine.Snapshot) string {
	for i := range s.Targets {
		if s.Targets[i].State == engine.StatePaused {
			return s.Targets[i].Info.Name
		}
	}
	return ""
}

// drawFoot is the last line: what is typed, what was said, or the keys.
func (m *model) drawFoot(w int) string {
	switch {
	case m.ask != nil:
		return m.drawPrompt(w)
	case m.flash.text != "":
		st := []*theme.Style{m.theme.Accent, m.theme.Warn, m.theme.Bad}[min(max(m.flash.level, 0), 2)]
		glyph := []string{m.theme.Glyph.Sep, m.theme.Glyph.Warn, m.theme.Glyph.Cross}[min(max(m.flash.level, 0), 2)]
		line := widget.Fit(glyph+" "+widget.Clean(m.flash.text), w, m.theme.Glyph.Ellipsis)
		return st.Render(line)
	case len(m.boxes) > 0:
		return widget.Footer(m.theme, m.boxKeys(), w)
	}
	list, always := m.footer()
	keys := make([]widget.Key, 0, footerKeys)
	for _, b := range list {
		keys = append(keys, widget.Key{Key: b.Help().Key, Label: b.Help().Desc})
	}
	for _, b := range always {
		keys = append(keys, widget.Key{Key: b.Help().Key, Label: b.Help().Desc, Keep: true})
	}
	return widget.Footer(m.theme, keys, w)
}

// drawSmall is for a terminal in which no screen makes sense. A sweep goes on, and it says so.
func (m *model) drawSmall(w, h int) string {
	lines := []string{
		fmt.Sprintf("Terminal is %d×%d;", w, h),
		fmt.Sprintf("benchtop needs %d×%d.", minWidth, minHeight),
	}
	if m.active() {
		lines = append(lines, "The sweep goes on "+m.runLine()+".")
	}
	switch {
	case m.quitAsked():
		lines = append(lines, "Quit? y stops and saves, n goes on.")
	case m.active():
		lines = append(lines, "Enlarge it; q quits (asks).")
	default:
		lines = append(lines, "Enlarge it, or q quits.")
	}
	text := widget.Wrap(strings.Join(lines, "\n"), w, nil)
	return widget.Center(text, w, h)
}
