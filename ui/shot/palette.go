package shot

import "fmt"

// palette is the colours of a terminal.
type palette struct {
	fg, bg string
	ansi   [16]string
}

var darkPalette = palette{
	fg: "#d4d8de", bg: "#15181e",
	ansi: [16]string{"#2b303b", "#e5626b", "#8cc265", "#d9a35c", "#5aa5f0", "#c079d9", "#46b8b8", "#c4c9d2",
		"#6b7385", "#ff7a80", "#a5e075", "#f0c34f", "#6fb7ff", "#da96ee", "#5fd7d7", "#ffffff"},
}

var lightPalette = palette{
	fg: "#24292f", bg: "#ffffff",
	ansi: [16]string{"#24292f", "#b8252f", "#1f7a34", "#8a5a00", "#0a56b3", "#8537a6", "#0f6e74", "#8c959f",
		"#57606a", "#a0111f", "#176b2c", "#724800", "#0446a0", "#6f2a8f", "#0b5c61", "#6e7781"},
}

func newPalette(dark bool) *palette {
	if dark {
		return &darkPalette
	}
	return &lightPalette
}

// index is one of the 256 colours: 16 of the palette, a cube of 6×6×6, 24 greys (xterm's).
func (p *palette) index(i int) string {
	switch {
	case i < 0 || i > 255:
		return ""
	case i < 16:
		return p.ansi[i]
	case i >= 232:
		g := 8 + (i-232)*10
		return fmt.Sprintf("#%02x%02x%02x", g, g, g)
	}
	i -= 16
	level := func(n int) int {
		if n == 0 {
			return 0
		}
		return 55 + 40*n
	}
	return fmt.Sprintf("#%02x%02x%02x", level(i/36), level(i/6%6), level(i%6))
}
