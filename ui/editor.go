package ui

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"sigs.k8s.io/yaml"

	"benchtop/engine/record"
)

// editedMsg is the plan as it came back from the editor.
type editedMsg struct {
	plan record.Plan
	err  error
}

// planLimit is the largest plan file that is read back: many times the longest sensible one.
const planLimit = 1 << 20

// editPlan opens the plan as YAML in $VISUAL or $EDITOR. The terminal is the editor's meanwhile; no
// sweep is running on the set-up screen.
func (m *model) editPlan(plan record.Plan) tea.Cmd {
	editor := firstOf(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	args := strings.Fields(editor)
	path, err := writePlan(plan)
	if err != nil {
		m.say(2, "write the plan for the editor: "+err.Error())
		return nil
	}
	c := exec.CommandContext(m.ctx, args[0], append(args[1:], path)...)
	return tea.ExecProcess(c, func(err error) tea.Msg {
		defer os.Remove(path)
		if err != nil {
			return editedMsg{err: fmt.Errorf("editor %q: %w; set EDITOR to one that is installed", editor, err)}
		}
		p, err := readPlan(path)
		return editedMsg{p, err}
	})
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
	b, err := yaml.Marshal(plan)
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

// readPlan reads a plan back; a field it does not know is an error, as it is a typing mistake.
func readPlan(path string) (record.Plan, error) {
	var p record.Plan
	info, err := os.Stat(path)
	if err != nil {
		return p, err
	}
	if info.Size() > planLimit {
		return p, fmt.Errorf("the plan is %d bytes long; at most %d", info.Size(), planLimit)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return p, err
	}
	if err := yaml.UnmarshalStrict(b, &p); err != nil {
		return p, fmt.Errorf("the plan is not kept: %w", err)
	}
	return p, nil
}

// edited fills the form from the edited plan; what is wrong in it is marked there.
func (m *model) edited(msg editedMsg) tea.Cmd {
	if msg.err != nil {
		m.say(2, msg.err.Error())
		return nil
	}
	m.setup.SetPlan(msg.plan)
	return m.preflight()
}
