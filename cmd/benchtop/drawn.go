package main

import (
	"io"
	"os"

	"benchtop/engine/report"
	"benchtop/ui/theme"

	"github.com/muesli/termenv"
	"golang.org/x/term"
)

// drawn is w for what people read: with --ascii, and on a terminal that is known to lack more, every
// character of ours beyond ASCII is replaced. What programs read is never drawn.
func (c *cli) drawn(w io.Writer) io.Writer {
	if c.ascii || width(w) > 0 && theme.NeedsASCII(c.env) {
		return asciiWriter{w}
	}
	return w
}

// tableOptions are those of a table on stdout: as wide as the terminal, and with the
// characters and colours that it can show.
func (c *cli) tableOptions() report.TableOptions {
	_, ascii := c.drawn(c.out).(asciiWriter)
	w := width(c.out)
	return report.TableOptions{Width: w, ASCII: ascii, Color: w > 0 && theme.Detect(c.out) != termenv.Ascii}
}

// asciiWriter replaces in each Write, which must hold whole characters.
type asciiWriter struct{ io.Writer }

func (w asciiWriter) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, report.ASCII(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// width is that of the terminal behind w, 0 if there is none.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	cols, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return cols
}
