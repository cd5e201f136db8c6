package ui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/screen"
)

// commands are what can be typed after ":", with what they take.
var commands = []struct{ name, args string }{
	{"ns", "NAME or all"},
	{"ctx", "NAME"},
	{"open", "RUN"},
	{"url", "URL"},
	{"note", "TEXT"},
	{"export", "FORMAT"},
	{"runs", ""},
	{"demo", ""},
	{"help", ""},
	{"q", ""},
}

func (m *model) askCommand() {
	m.prompt(prompt{label: ":", check: checkCommand, done: m.runCommand}, "")
}

// checkCommand says while it is typed what a command still needs.
func checkCommand(s string) error {
	name, arg, _ := strings.Cut(s, " ")
	var like []string
	for _, c := range commands {
		if c.name == name {
			if c.args != "" && strings.TrimSpace(arg) == "" {
				return fmt.Errorf("%s %s", c.name, c.args)
			}
			return nil
		}
		if strings.HasPrefix(c.name, name) {
			like = append(like, c.name)
		}
	}
	if len(like) == 0 {
		for _, c := range commands {
			like = append(like, c.name)
		}
	}
	return fmt.Errorf("%s", strings.Join(like, ", "))
}

func (m *model) runCommand(s string) tea.Cmd {
	name, arg, _ := strings.Cut(s, " ")
	arg = strings.TrimSpace(arg)
	c := m.picker.Cluster()
	switch name {
	case "ns":
		if arg == "all" {
			return m.use(c.Context, "")
		}
		if err := checkName(arg); err != nil {
			m.say(2, "namespace "+arg+": "+err.Error())
			return nil
		}
		return m.use(c.Context, arg)
	case "ctx":
		return m.use(arg, "")
	case "open":
		return m.load(arg)
	case "url":
		if err := checkURL(arg); err != nil {
			m.say(2, "URL: "+err.Error()) // which may hold a password
			return nil
		}
		m.addURL(arg)
		m.show(screen.Picker)
	case "note":
		if !m.active() {
			m.say(0, "notes are made while a sweep runs")
			return nil
		}
		m.run.Note(arg)
		m.say(0, "noted")
	case "export":
		if dir := m.runDir(); dir != "" {
			return m.export(dir, arg)
		}
		m.say(0, "nothing to export yet")
	case "runs":
		return m.openRuns()
	case "demo":
		return m.openDemo()
	case "help":
		m.help.For(m.shown(), m.page().Bindings())
		m.show(screen.Help)
	case "q":
		return m.quit()
	}
	return nil
}
