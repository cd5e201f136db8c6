// Package termbg keeps Bubble Tea from asking the terminal for its background colour at start-up.
//
// Bubble Tea v1 asks in its init, in every run of the program, even for "version": on a terminal
// that does not answer it waits 5 s and leaves junk on the screen. It does not ask if lipgloss was
// told the background before. This package's init tells it: dark. Nothing of ours reads that answer;
// theme.Background asks the terminal when the interface starts, and not for 5 s.
//
// It works because Go initialises packages that are ready in the order of their import paths (since
// Go 1.21): this package and Bubble Tea become ready together, after lipgloss, and "benchtop/…"
// sorts before "github.com/charmbracelet/…". So the module path must keep sorting before it, this
// package must import lipgloss alone, and main must import this package. Tests hold the first two.
package termbg

import "github.com/charmbracelet/lipgloss"

func init() { lipgloss.SetHasDarkBackground(true) }
