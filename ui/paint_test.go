package ui

import (
	"bytes"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"benchtop/ui/screen"
)

// glass is a terminal that shows what a canvas paints.
type glass struct {
	raw bytes.Buffer // what was written since the last Reset
	emu *vt.Emulator
}

func (g *glass) Write(b []byte) (int, error) {
	g.raw.Write(b)
	return g.emu.Write(b)
}

// shown compares the glass with the model's picture, line by line.
func (g *glass) shown(t *testing.T, what string, c *canvas) {
	t.Helper()
	got := strings.Split(g.emu.String(), "\n")
	for i, want := range strings.Split(ansi.Strip(c.model.View()), "\n") {
		if want = strings.TrimRight(want, " "); i >= len(got) || strings.TrimRight(got[i], " ") != want {
			t.Errorf("%s: line %d is not %q on\n%s", what, i, want, g.emu.String())
			return
		}
	}
}

func TestCanvasPaintsWhatChanged(t *testing.T) {
	x := newBench(t)
	g := &glass{emu: vt.NewEmulator(120, 40)}
	c := &canvas{model: x.model, out: g}
	c.Update(tickMsg(x.time))
	if g.raw.Len() > 0 {
		t.Errorf("painted before the size is known: %q", g.raw.String())
	}
	c.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	g.shown(t, "at first", c)
	whole := g.raw.Len()

	g.raw.Reset()
	c.Update(tickMsg(x.time))
	if g.raw.Len() > 0 {
		t.Errorf("painted although nothing changed: %q", g.raw.String())
	}
	for _, k := range []string{"j", "/", "a", "x", "?"} {
		g.raw.Reset()
		c.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)})
		g.shown(t, "after "+k, c)
		if k == "j" && g.raw.Len() > whole/2 {
			t.Errorf("a move of the cursor writes %d bytes, the whole picture %d", g.raw.Len(), whole)
		}
	}

	x.model.copy(screen.Copy{What: "the answer", Text: "A100"})
	g.raw.Reset()
	for range 3 {
		c.Update(tickMsg(x.time))
	}
	if n := bytes.Count(g.raw.Bytes(), []byte(ansi.SetSystemClipboard("A100"))); n != 1 {
		t.Errorf("a copied text is written %d times", n)
	}

	// Another program has scribbled on it, or it was resized: nothing that stands there is trusted.
	_, _ = g.emu.Write([]byte("\x1b[5;1Hscribble\x1b[20;30Hscribble"))
	_, cmd := c.Update(tea.KeyMsg{Type: tea.KeyCtrlL})
	if cmd == nil {
		t.Fatal("ctrl+l asks for nothing")
	}
	c.Update(cmd())
	g.shown(t, "after ctrl+l", c)
	for _, size := range [][2]int{{80, 24}, {20, 5}, {160, 45}} {
		g.emu.Resize(size[0], size[1])
		c.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		g.shown(t, "resized", c)
	}
}
