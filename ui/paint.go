package ui

import (
	"bytes"
	"io"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// canvas is the model with its picture on the terminal. Bubble Tea's renderer wakes up many times a
// second whether or not there is something to draw, which was most of what an idle interface costs, and
// lets a key wait for its next frame. It is left the modes of the terminal (alternate screen, cursor,
// mouse, paste); a picture is written here, as soon as a message has changed it.
type canvas struct {
	*model
	out   io.Writer
	lines []string // what the terminal shows, nil if that is not known
}

// redrawMsg asks for the whole picture anew.
type redrawMsg struct{}

// Update lets the model take a message and draws what came of it.
func (c *canvas) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	_, cmd := c.model.Update(msg)
	switch msg.(type) {
	case tea.WindowSizeMsg, redrawMsg: // the size is also told after another program had the terminal
		c.lines = nil
	}
	c.paint(c.model.View())
	if c.clip != "" {
		_, _ = io.WriteString(c.out, ansi.SetSystemClipboard(c.clip))
		c.clip = ""
	}
	return c, cmd
}

// notDrawn is the picture that Bubble Tea's renderer gets: a string for applications, which terminals
// pass over. Frames with it are dropped on their way.
const notDrawn = "\x1b_benchtop draws by itself\x1b\\"

// View keeps Bubble Tea's renderer from drawing.
func (c *canvas) View() string { return notDrawn }

// paint writes the lines that differ from those on the terminal.
func (c *canvas) paint(picture string) {
	if picture == "" {
		return // the size is not known yet
	}
	lines := strings.Split(picture, "\n")
	var b bytes.Buffer
	for i, l := range lines {
		if i < len(c.lines) && c.lines[i] == l {
			continue
		}
		b.WriteString(ansi.CursorPosition(1, i+1))
		b.WriteString(l)
		if ansi.StringWidth(l) < c.w { // else the cursor is on the last cell, which would go
			b.WriteString(ansi.EraseLineRight)
		}
	}
	c.lines = lines
	if b.Len() > 0 {
		b.WriteString(ansi.CursorPosition(1, len(lines)))
		_, _ = c.out.Write(b.Bytes()) // screenFile notes a terminal that has gone
	}
}
