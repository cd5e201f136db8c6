package ui

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/shot"
)

// savePicture writes the screen as it is as SVG, next to the runs.
func (m *model) savePicture() tea.Cmd {
	b, view := m.backend, m.draw(m.w, m.h)
	name := fmt.Sprintf("benchtop-%s-%s.svg", m.shown().Slug(), m.now().Format("20060102-150405"))
	opt := shot.Options{Title: "benchtop: " + m.shown().String(), Dark: m.theme.Dark}
	return command(func() tea.Msg {
		path, err := b.SaveFile(name, shot.SVG(view, opt))
		if err != nil {
			return doneMsg{err: fmt.Errorf("save this screen: %w", err)}
		}
		return doneMsg{text: "saved " + path}
	})
}
