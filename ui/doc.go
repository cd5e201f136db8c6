// Package ui is the interface on a terminal: picker, set-up, live, compare, results, past runs, help.
//
// It is a Bubble Tea program that polls an immutable engine.Snapshot ten times a second; nothing in
// the load path ever waits for it. The root model routes keys to one screen and keeps the dialogs.
// Bubble Tea sets the modes of the terminal; its pictures are written by the canvas, and nothing else
// writes a byte. Every view is exactly h lines of at most w cells for every size, and no state is
// shown by colour alone.
//
// It may import ui/*, engine, engine/record, engine/report, engine/verdict and kube/inventory.
package ui
