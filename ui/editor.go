package ui

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine/record"
)

// editedMsg is the plan as it came back from the editor. With keep, the file is still there: what
// was typed into it can be corrected.
type editedMsg struct {
	plan record.Plan
	err  error
	keep string
}

// editPlan opens the plan as YAML in $VISUAL or $EDITOR. The terminal is the editor's meanwhile; no
// sweep is running on the set-up screen.
func (m *model) editPlan(plan record.Plan) tea.Cmd {
	if m.active() {
		m.say(1, "the terminal stays here while a sweep runs")
		return nil
	}
	editor := firstOf(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	args := []string{editor} // whose path may have a space in it
	if _, err := exec.LookPath(editor); err != nil {
		args = strings.Fields(editor)
	}
	path := m.editing
	if path == "" {
		var err error
		if path, err = writePlan(plan); err != nil {
			m.say(2, "write the plan for the editor: "+err.Error())
			return nil
		}
	}
	c := exec.CommandContext(m.ctx, args[0], append(args[1:], path)...)
	c.Stdout = m.opt.Output // the file itself: through Show's wrapper of it an editor would write into a pipe
	return tea.ExecProcess(c, func(err error) tea.Msg { return takePlan(path, editor, err) })
}

// takePlan reads what the editor left. A plan that cannot be read keeps its file.
func takePlan(path, editor string, err error) tea.Msg {
	if err != nil {
		os.Remove(path)
		return editedMsg{err: fmt.Errorf("editor %q: %w; set EDITOR to one that is installed", editor, err)}
	}
	p, err := readPlan(path)
	if err != nil {
		return editedMsg{err: err, keep: path}
	}
	os.Remove(path)
	return editedMsg{plan: p}
}

func firstOf(words ...string) string {
	for _, w := range words {
		if strings.TrimSpace(w) != "" {
			return w
		}
	}
	return ""
}

func writePlan(plan record.Plan) (string, error) {
	b, err := record.MarshalPlan(plan)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "benchtop-plan-*.yaml")
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	return f.Name(), errors.Join(err, f.Close())
}

// readPlan reads a plan back as run -f does.
func readPlan(path string) (record.Plan, error) {
	f, err := os.Open(path)
	if err != nil {
		return record.Plan{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, record.MaxPlanFile+1)) // one more is what ParsePlan refuses
	if err != nil {
		return record.Plan{}, err
	}
	p, err := record.ParsePlan(b)
	if err != nil {
		return p, fmt.Errorf("not taken over; ctrl+e corrects it: %w", err)
	}
	return p, nil
}

// edited fills the form from the edited plan; what is wrong in it is marked there.
func (m *model) edited(msg editedMsg) tea.Cmd {
	m.editing = msg.keep
	if msg.err != nil {
		m.say(2, msg.err.Error())
		return nil
	}
	m.setup.SetPlan(msg.plan)
	return m.preflight()
}
