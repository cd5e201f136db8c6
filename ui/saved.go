package ui

import (
	"fmt"
	"path/filepath"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine/record"
	"benchtop/ui/screen"
)

func (m *model) openRuns() tea.Cmd {
	m.show(screen.Runs)
	m.runs.Loading()
	return m.readRuns()
}

// readRuns reads what is saved, for the list and for the details of the picker; without either on
// the way back it does nothing.
func (m *model) readRuns() tea.Cmd {
	if m.stack[0] != screen.Picker && m.shown() != screen.Runs {
		return nil
	}
	b, ctx := m.backend, m.ctx
	return command(func() tea.Msg {
		list, err := b.Runs(ctx)
		return runsMsg{list, err}
	})
}

func (m *model) load(name string, beside ...string) tea.Cmd {
	if m.active() {
		m.say(1, "a sweep is running: saved runs open when it has ended")
		return nil
	}
	b, ctx := m.backend, m.ctx
	return command(func() tea.Msg {
		var all []*record.Run
		var dirs []string
		for _, n := range append([]string{name}, beside...) {
			dir, run, err := b.Load(ctx, n)
			if err != nil {
				return loadedMsg{err: err}
			}
			all, dirs = append(all, run), append(dirs, dir)
		}
		return loadedMsg{run: all[0], beside: all[1:], dir: dirs[0]}
	})
}

func (m *model) openDemo() tea.Cmd {
	open, ctx := m.opt.Demo, m.ctx
	if open == nil {
		return nil
	}
	m.say(0, "opening the demo …")
	return command(func() tea.Msg {
		b, err := open(ctx)
		return demoMsg{b, err}
	})
}

// export writes the run that is shown.
func (m *model) export(dir, format string) tea.Cmd {
	b, ctx := m.backend, m.ctx
	m.say(0, "writing "+format+" …")
	return command(func() tea.Msg {
		paths, err := b.Export(ctx, dir, format)
		if err != nil {
			return doneMsg{err: fmt.Errorf("export %s: %w", format, err)}
		}
		return doneMsg{text: "written: " + strings.Join(paths, "  ")}
	})
}

// runDir is the run that export and copy mean, "" = none.
func (m *model) runDir() string {
	if m.shown() != screen.Results && m.latest != nil {
		return m.latest.Dir
	}
	return m.results.Dir()
}

func (m *model) askExport() {
	dir := m.runDir()
	if dir == "" {
		m.say(0, "nothing to export yet: start a sweep, or o opens a saved run")
		return
	}
	formats := m.opt.Formats
	m.open(box{title: "Export " + filepath.Base(dir), choices: formats, pick: func(i int) tea.Cmd {
		return m.export(dir, formats[i])
	}})
}
