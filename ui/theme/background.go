package theme

import (
	"bytes"
	"context"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/muesli/cancelreader"
	"golang.org/x/term"
)

// askBackground asks for the background colour (xterm: OSC 11) and then for the device attributes
// (DA1), which every terminal and multiplexer answers: when only the second answer comes, the
// terminal does not tell its colour and there is nothing to wait for.
const askBackground = "\x1b]11;?\x1b\\\x1b[c"

// Background says whether the terminal's background is dark, from COLORFGBG or else by asking the
// terminal; known is false when it does not tell. Give ctx a deadline of about a second, which only
// a terminal that answers nothing at all takes.
//
// Call it before the Bubble Tea program starts: it puts the terminal into raw mode and reads from in
// until the answer is there. What is typed meanwhile is lost.
func Background(ctx context.Context, in, out *os.File) (dark, known bool) {
	if dark, known = fromColorFGBG(os.Getenv("COLORFGBG")); known {
		return dark, true
	}
	// The console of Windows mixes the answer with key events.
	if runtime.GOOS == "windows" || os.Getenv("TERM") == "dumb" ||
		!term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return false, false
	}
	old, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return false, false
	}
	defer func() { _ = term.Restore(int(in.Fd()), old) }()
	r, err := cancelreader.NewReader(in)
	if err != nil {
		return false, false
	}
	defer func() { _ = r.Close() }()
	if _, err := io.WriteString(out, askBackground); err != nil {
		return false, false
	}
	return parseColor(readAnswer(ctx, r))
}

// readAnswer reads until the answer to the device attributes has come, or ctx ends.
func readAnswer(ctx context.Context, r cancelreader.CancelReader) string {
	stop := context.AfterFunc(ctx, func() { r.Cancel() })
	defer stop()
	var got []byte
	buf := make([]byte, 256)
	for len(got) < 4096 {
		n, err := r.Read(buf)
		got = append(got, buf[:n]...)
		if i := bytes.Index(got, []byte("\x1b[?")); i >= 0 && bytes.IndexByte(got[i:], 'c') > 0 || err != nil {
			break
		}
	}
	return string(got)
}

// parseColor finds "]11;rgb:RRRR/GGGG/BBBB" (or rgba, 1 to 4 digits each) and says whether the
// colour is dark: relative luminance under one half.
func parseColor(s string) (dark, known bool) {
	_, s, ok := strings.Cut(s, "]11;rgb")
	if !ok {
		return false, false
	}
	_, s, ok = strings.Cut(s, ":")
	if !ok {
		return false, false
	}
	if end := strings.IndexAny(s, "\x07\x1b"); end >= 0 {
		s = s[:end]
	}
	parts := strings.Split(s, "/")
	if len(parts) < 3 {
		return false, false
	}
	var lum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		d := parts[i]
		v, err := strconv.ParseUint(d, 16, 16)
		if err != nil {
			return false, false
		}
		lum += weight * float64(v) / float64(uint(1)<<(4*len(d))-1)
	}
	return lum < 0.5, true
}

// fromColorFGBG reads "15;0" or "0;default;15", which some terminals set: the last field is the
// background, one of the 16 colours, of which 7 and 9…15 are light.
func fromColorFGBG(v string) (dark, known bool) {
	i := strings.LastIndexByte(v, ';')
	if i < 0 {
		return false, false
	}
	n, err := strconv.Atoi(v[i+1:])
	if err != nil || n < 0 || n > 15 {
		return false, false
	}
	return n < 7 || n == 8, true
}
