package ui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
)

// What is typed after ":" on the first screen, and what follows.
func TestCommands(t *testing.T) {
	tests := []struct {
		typed  string
		called string // what the backend is asked
		shows  string
		on     screen.ID
	}{
		{"ns bench", "use aks-eastus/bench", "looking at bench of aks-eastus", screen.Picker},
		{"ns all", "use aks-eastus/", "looking at all namespaces", screen.Picker},
		{"ns Not_A_Name", "", "lower-case letters, digits and dashes", screen.Picker},
		{"ctx aks-westeurope", "use aks-westeurope/", "looking at all namespaces of aks-westeurope", screen.Picker},
		{"open " + fixture.Dir, "load " + fixture.Dir, "A100 meets the SLO", screen.Results},
		{"open latest", "load latest", "A100 meets the SLO", screen.Results},
		{"url https://gpu.example:8000/v1", "", "https://gpu.example:8000", screen.Picker},
		{"url https://me:hunter2@gpu.example", "", "URL: no user or password in it", screen.Picker},
		{"url ftp://gpu.example", "", "must begin with http:// or https://", screen.Picker},
		{"note hello", "", "notes are made while a sweep runs", screen.Picker},
		{"export csv", "", "nothing to export yet", screen.Picker},
		{"runs", "runs", "saved runs", screen.Runs},
		{"demo", "", "this is the demo", screen.Picker},
		{"help", "", "help for workspaces", screen.Help},
	}
	for _, tt := range tests {
		t.Run(tt.typed, func(t *testing.T) {
			x, d := drive(t)
			d.Press(":")
			d.Type(tt.typed)
			d.Press("enter")
			d.Await(tt.shows)
			if x.shown() != tt.on {
				t.Errorf("%v is shown, want %v", x.shown(), tt.on)
			}
			if tt.called != "" {
				d.AwaitFunc(tt.called, func() bool { return slices.Contains(x.back.log(), tt.called) })
			} else if got := x.back.log(); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "use") }) {
				t.Errorf("the backend was asked %q", got)
			}
		})
	}
}

func TestCommandsDuringASweep(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	say := func(s string) {
		d.Press(":")
		d.Type(s)
		d.Press("enter")
	}
	say("note cache is warm")
	d.ExpectContains("noted")
	if got := x.run.log(); !slices.Equal(got, []string{"note cache is warm"}) {
		t.Errorf("the sweep was told %q", got)
	}
	say("open " + fixture.Dir)
	d.ExpectContains("saved runs open when it has ended")
	say("export csv")
	d.Await("written: " + fixture.Dir + "/out.csv")
	say("q")
	d.ExpectContains("Quit while a sweep runs?")
	if d.Quit() {
		t.Error("it quit without asking")
	}
}

// While a command is typed it says what it still needs; a wrong one does not go.
func TestCommandsSayWhatTheyNeed(t *testing.T) {
	x, d := drive(t)
	d.Press(":")
	for typed, want := range map[string]string{"o": "open", "ns": "ns NAME or all", "zzz": "ns, ctx, open, url"} {
		d.Press("ctrl+u")
		d.Type(typed)
		d.ExpectContains("✗ " + want)
		d.Press("enter")
		if x.mode() != modePrompt {
			t.Errorf("%q was taken", typed)
		}
	}
	d.Press("ctrl+u")
	d.Type("q")
	d.Press("enter")
	d.AwaitFunc("quit", d.Quit)
}

// Export means the run that is shown: the sweep under way, the one that has ended, or a saved one.
func TestExportFromAnyScreen(t *testing.T) {
	for _, id := range []screen.ID{screen.Live, screen.Compare, screen.Results, screen.Help, screen.Picker, screen.Runs} {
		for _, over := range []bool{false, true} {
			x, d := drive(t)
			toLive(t, x, d)
			x.tick(d, 200)
			if over {
				x.tick(d, fixture.Length)
				d.AwaitFunc("the end", func() bool { return x.ended })
			}
			x.show(id)
			d.Press("e")
			d.ExpectContains("Export 20260309T140500Z-phi4")
			d.Press("j", "enter")
			d.AwaitFunc("an export", func() bool { return slices.Contains(x.back.log(), "export md") })
			d.Await("written: " + fixture.Dir + "/out.md")
			if x.shown() != id {
				t.Errorf("after an export from %v %v is shown", id, x.shown())
			}
		}
	}
}

// The picture of any screen is what is on it, dialogs too, and names the screen.
func TestPictureFromAnyScreen(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	for id, want := range map[screen.ID]string{screen.Live: "live", screen.Compare: "compare", screen.Results: "results",
		screen.Help: "help", screen.Picker: "workspaces", screen.Setup: "set-up", screen.Runs: "saved-runs"} {
		x.show(id)
		if id == screen.Setup {
			d.Press("shift+tab") // away from the text field
		}
		d.Press("S")
		name := "benchtop-" + want + "-20260309-141200.svg"
		d.Await("saved /home/user/" + name)
		if svg := string(x.back.saved[name]); !strings.HasPrefix(svg, "<svg") || !strings.Contains(svg, "</svg>") {
			t.Errorf("%v: no SVG under %s among %d files", id, name, len(x.back.saved))
		}
	}
}

// Copying goes through the terminal, once, and says so.
func TestCopy(t *testing.T) {
	role := "kind: Role"
	tests := []struct {
		name string
		key  string
		to   func(*bench)
		want string
	}{
		{"a target", "Y", func(*bench) {}, "copied the target"},
		{"the path of a run", "Y", func(x *bench) { x.show(screen.Runs); x.runs.Set(fixture.Runs(), nil) }, "copied the path"},
		{"the Role", "Y", func(x *bench) { x.back.cluster = forbidden(); x.poll() }, "copied the Role"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, d := drive(t, func(_ *fakeBackend, o *Options) { o.Role = func(string) string { return role } })
			tt.to(x)
			d.Press(tt.key)
			if x.clip == "" {
				t.Error("nothing for the clipboard")
			}
			d.ExpectContains(tt.want)
		})
	}
	x, _ := drive(t)
	x.copy(screen.Copy{What: "the table", Text: strings.Repeat("x", clipLimit+1)})
	if x.clip != "" || !strings.Contains(x.flash.text, "too long") {
		t.Errorf("a text that no terminal takes: clip of %d bytes, said %q", len(x.clip), x.flash.text)
	}
	x.do(screen.CopyRole{})
	if !strings.Contains(x.flash.text, "benchtop rbac") {
		t.Errorf("without a Role it says %q", x.flash.text)
	}
}

// The first screen leads on whatever is missing.
func TestWaysOnWithoutACluster(t *testing.T) {
	x, d := drive(t, func(b *fakeBackend, _ *Options) { b.cluster = unreachable() })
	d.ExpectContains("Can't reach the cluster", "i/o timeout", "D demo", "u URL", "o saved runs", "c cluster", "r try again")
	d.Press("r")
	d.AwaitFunc("a retry", func() bool { return slices.Contains(x.back.log(), "retry") })
	d.Press("c", "j", "enter")
	d.AwaitFunc("another context", func() bool { return slices.Contains(x.back.log(), "use aks-westeurope/") })
	d.Press("u", "ctrl+u")
	d.Type("http://gpu:8000")
	d.Press("enter")
	d.ExpectContains("marked; enter sets up the sweep", "http://gpu:8000")
	d.Press("enter")
	d.Await("set up a sweep")
	d.ExpectContains("gpu-8000")
	d.Press("esc", "D")
	d.Await("this is the demo")
	d.ExpectContains("phi4-mini-a10")
	x.opt.Demo = func(context.Context) (Backend, error) { return nil, errors.New("no free port") }
	d.Press("D")
	d.Await("no free port")
}

// A run that another tool made is shown, and not offered to be made again.
func TestImportedRunIsNotRunAgain(t *testing.T) {
	old := fixture.Run(2)
	old.Imported = "guidellm"
	x, d := drive(t, func(b *fakeBackend, _ *Options) { b.record = old })
	d.Press("o")
	d.Await("unreadable")
	d.Press("enter")
	d.Await("A100 meets the SLO")
	d.ExpectNot("run again")
	d.Press("b")
	d.ExpectContains("imported from guidellm")
	if x.shown() != screen.Results {
		t.Errorf("%v is shown", x.shown())
	}
}

// Saved runs that are shown beside a sweep stay beside its results, and those of the next one.
func TestGhostsStayFromSweepToSweep(t *testing.T) {
	ghost := fixture.Run(1)
	ghost.Name = "old"
	x, d := drive(t, func(_ *fakeBackend, o *Options) { o.Against = []*record.Run{ghost} })
	d.Press("enter")
	d.Await("answers through port-forward")
	for range 2 {
		d.Press("ctrl+s")
		d.Await("a10 against a10@old")
		x.run = x.back.run
		x.tick(d, 140)
		d.ExpectContains("against a10@old")
		x.tick(d, fixture.Length)
		d.AwaitFunc("the end", func() bool { return x.ended })
		d.Press("3")
		d.ExpectLine("a10@old", "12.3 s")
		d.Press("b")
		d.Await("answers through port-forward")
	}
}
