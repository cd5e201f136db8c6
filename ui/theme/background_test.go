package theme_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"benchtop/ui/theme"
)

// answering is a terminal that answers with reply when it was asked everything. asked closes it and
// returns what was written to it.
func answering(t *testing.T, reply string) (tty *os.File, asked func() string) {
	t.Helper()
	ptm, tty, err := pty.Open()
	if err != nil {
		t.Fatalf("open a pty: %v", err)
	}
	var s strings.Builder
	done := make(chan struct{})
	go func() { // ends when the terminal is closed
		defer close(done)
		buf := make([]byte, 256)
		for err := error(nil); err == nil; {
			var n int
			n, err = ptm.Read(buf)
			s.Write(buf[:n])
			if reply != "" && strings.HasSuffix(s.String(), "\x1b[c") {
				_, err = io.WriteString(ptm, reply)
				reply = ""
			}
		}
	}()
	asked = func() string {
		tty.Close()
		<-done
		return s.String()
	}
	t.Cleanup(func() { asked(); ptm.Close() })
	return tty, asked
}

func TestBackground(t *testing.T) {
	const da1 = "\x1b[?62;22c"
	for _, c := range []struct {
		name, reply, fgbg string
		dark, known       bool
	}{
		{"a white terminal", "\x1b]11;rgb:ffff/ffff/ffff\x1b\\" + da1, "", false, true},
		{"a black terminal", "\x1b]11;rgb:0000/0000/0000\x07" + da1, "", true, true},
		{"two digits", "\x1b]11;rgb:1e/1e/1e\x07" + da1, "", true, true},
		{"with alpha", "\x1b]11;rgba:fdfd/f6f6/e3e3/ffff\x07" + da1, "", false, true},
		{"saturated blue is dark", "\x1b]11;rgb:0000/0000/ffff\x07" + da1, "", true, true},
		{"keys typed meanwhile", "jk\x1b]11;rgb:ffff/ffff/ffff\x07q" + da1, "", false, true},
		{"does not tell", da1, "", false, false},
		{"garbage", "\x1b]11;rgb:xx/yy/zz\x07" + da1, "", false, false},
		{"half an answer", "\x1b]11;rgb:ff/ff" + da1, "", false, false},
		{"too long a number", "\x1b]11;rgb:fffff/0/0\x07" + da1, "", false, false},
		{"environment says light", da1, "0;default;15", false, true},
		{"environment says dark", da1, "15;0", true, true},
		{"environment makes no sense", da1, "15;x", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("COLORFGBG", c.fgbg)
			t.Setenv("TERM", "xterm-256color")
			tty, asked := answering(t, c.reply)
			before, err := term.GetState(int(tty.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			dark, known := theme.Background(ctx, tty, tty)
			if dark != c.dark || known != c.known {
				t.Errorf("Background = dark %v, known %v; want %v, %v", dark, known, c.dark, c.known)
			}
			if ctx.Err() != nil {
				t.Error("waited for the deadline although the terminal had answered")
			}
			if after, err := term.GetState(int(tty.Fd())); err != nil || *after != *before {
				t.Errorf("terminal modes are not restored (%v)", err)
			}
			if s := asked(); c.fgbg != "" && c.known && s != "" {
				t.Errorf("asked %q although the environment told", s)
			}
		})
	}
}

func TestBackgroundGivesUpOnASilentTerminal(t *testing.T) {
	t.Setenv("COLORFGBG", "")
	t.Setenv("TERM", "xterm-256color")
	tty, _ := answering(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, known := theme.Background(ctx, tty, tty); known {
		t.Error("known without an answer")
	}
}

func TestBackgroundOfAFile(t *testing.T) {
	t.Setenv("COLORFGBG", "")
	f, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, known := theme.Background(t.Context(), f, f); known {
		t.Error("a file has a known background")
	}
	if b, _ := os.ReadFile(f.Name()); len(b) > 0 {
		t.Errorf("%q was written to a file", b)
	}
}
