//go:build unix

package term_test

import (
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"benchtop/test/term"
)

func TestFirstScreenWithoutACluster(t *testing.T) {
	nowhere := `apiVersion: v1
kind: Config
current-context: aks-eastus
contexts: [{name: aks-eastus, context: {cluster: aks, user: ana}}]
clusters: [{name: aks, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: ana, user: {token: t0ken}}]
`
	tests := []struct{ name, config, want string }{
		{"no kubeconfig", "", "kubeconfig"},
		{"a cluster that is away", nowhere, "127.0.0.1:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHome(t)
			h.saveRun()
			if tt.config != "" {
				if err := os.WriteFile(filepath.Join(filepath.Dir(h.runs), "none"), []byte(tt.config), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			x := h.start()
			x.Await(tt.want, "try it on the demo", "benchmark a URL", "open saved runs", "q quit")
			x.Press("o")
			x.Await("phi4", "complete")
			x.Press(enter)
			x.Await("A100 meets the SLO")
			x.Press(esc)
			x.Await("saved runs")
			x.Press(esc)
			x.Await("try it on the demo")
			x.Press("u")
			x.Await("URL of the server")
			escape(x, "URL of the server")
			x.Press("D")
			x.Await("phi4-mini-a100", "simulated")
			x.Press("q")
			if code := x.End(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if strings.Contains(x.Raw(), "t0ken") {
				t.Error("a token was written to the terminal")
			}
		})
	}
}

func TestPasteIsForFields(t *testing.T) {
	h := newHome(t)
	x := h.start("--demo")
	x.Await("phi4-mini-a100")
	x.Press("\x1b[200~q\rq\x1b[201~")
	x.Await("pasted text is for fields only")
	x.Press(enter)
	x.Await("[ Start ]")
	x.Press("\x15\x1b[200~3 6\r\n\x1b[201~") // ctrl+u empties the field
	x.Await("[3 6")
	x.Press(esc)
	x.Await("phi4-mini-a100", "q quit")
	x.Press("q")
	if code := x.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

var (
	sgr     = regexp.MustCompile(`\x1b\[[0-9;:]*m`)
	color24 = regexp.MustCompile(`\x1b\[(?:[0-9]+;)*[34]8;2;`)
	color8  = regexp.MustCompile(`\x1b\[(?:[0-9]+;)*[34]8;5;`)
	color4  = regexp.MustCompile(`\x1b\[(?:[0-9]+;)*(?:3[0-7]|9[0-7])[;m]`)
	braille = regexp.MustCompile(`[\x{2800}-\x{28ff}]`)
	beyond  = regexp.MustCompile(`[^\x00-\x7f]`)
)

// tour shows lists, charts, a table, a dialog, help and a form, and leaves.
func tour(x *term.Terminal) {
	x.Await("phi4-mini-a100")
	x.Press("o")
	x.Await("complete")
	x.Press(enter)
	x.Await("A100 meets the SLO")
	x.Press("t")
	x.Await("send lag")
	x.Press("e")
	x.Await("Export", "csv")
	escape(x, "junit")
	x.Press("?")
	x.Await("Everywhere")
	escape(x, "Everywhere")
	escape(x, "send lag")
	escape(x, "complete")
	x.Await("phi4-mini-a100", "q quit")
	x.Press(enter)
	x.Await("[ Start ]")
	escape(x, "[ Start ]")
	x.Press("q")
}

// escape presses esc to close what shows text and waits until it has gone: a key that comes at once
// would be read as alt and that key.
func escape(x *term.Terminal, text string) {
	x.Await(text)
	x.Press(esc)
	x.AwaitFunc("a screen without "+text, func(s string) bool { return !strings.Contains(s, text) })
}

// What a terminal cannot show is never sent to it.
func TestTerminals(t *testing.T) {
	tests := []struct {
		name       string
		env, args  []string
		with, none []*regexp.Regexp
	}{
		{"256 colours", nil, nil, []*regexp.Regexp{color8, braille}, []*regexp.Regexp{color24}},
		{"true colour", []string{"COLORTERM=truecolor"}, nil, []*regexp.Regexp{sgr, braille}, nil},
		{"16 colours", []string{"TERM=xterm"}, nil, []*regexp.Regexp{color4, braille}, []*regexp.Regexp{color8, color24}},
		{"linux console", []string{"TERM=linux"}, nil, []*regexp.Regexp{color4}, []*regexp.Regexp{color8, color24, beyond}},
		{"dumb terminal", []string{"TERM=dumb"}, nil, nil, []*regexp.Regexp{sgr, beyond}},
		{"NO_COLOR", []string{"NO_COLOR=1"}, nil, []*regexp.Regexp{braille}, []*regexp.Regexp{sgr}},
		{"--ascii", nil, []string{"--ascii"}, []*regexp.Regexp{color8}, []*regexp.Regexp{beyond}},
		{"a locale without UTF-8", []string{"LANG=de_DE.ISO-8859-1"}, nil, []*regexp.Regexp{color8}, []*regexp.Regexp{beyond}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHome(t, tt.env...)
			h.saveRun()
			x := h.start(append(tt.args, "--demo")...)
			tour(x)
			if code := x.End(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			raw := x.Raw()
			for _, re := range tt.with {
				if !re.MatchString(raw) {
					t.Errorf("nothing matches %s", re)
				}
			}
			for _, re := range tt.none {
				if at := re.FindStringIndex(raw); at != nil {
					t.Errorf("%s matches %q in %q", re, raw[at[0]:at[1]], raw[max(at[0]-60, 0):min(at[1]+20, len(raw))])
				}
			}
		})
	}
}

// The colours follow the background that the terminal tells.
func TestBackground(t *testing.T) {
	h := newHome(t)
	look := func(background color.Color, args ...string) string {
		x := term.Start(t, h.command(append(args, "--demo")...), 120, 40, background)
		x.Await("phi4-mini-a100")
		x.Press("?")
		x.Await("Everywhere")
		x.Press("qq")
		if code := x.End(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		seen := map[string]bool{}
		for _, s := range sgr.FindAllString(x.Raw(), -1) {
			seen[strings.TrimPrefix(s, "\x1b")] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(seen)), " ")
	}
	dark, light := look(nil, "--theme", "dark"), look(nil, "--theme", "light")
	if dark == light {
		t.Fatalf("the themes do not differ: %s", dark)
	}
	if got := look(color.Black); got != dark {
		t.Errorf("on black: %s, want %s", got, dark)
	}
	if got := look(color.White); got != light {
		t.Errorf("on white: %s, want %s", got, light)
	}
}
