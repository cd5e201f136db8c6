package screen

import (
	tea "github.com/charmbracelet/bubbletea"

	"benchtop/ui/widget"
)

// Type gives a key to a line of text and says whether it was one for it: printable characters, a
// paste, and the editing keys.
func Type(in *widget.Input, k tea.KeyMsg) bool {
	switch k.Type {
	case tea.KeyRunes, tea.KeySpace:
		if k.Alt {
			return false
		}
		in.Insert(string(k.Runes))
		return true
	}
	return in.Key(k.String())
}
