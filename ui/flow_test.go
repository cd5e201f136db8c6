package ui

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/uitest"
)

func drive(t *testing.T, change ...func(*fakeBackend, *Options)) (*bench, *uitest.Driver) {
	t.Helper()
	x := newBench(t, change...)
	return x, uitest.New(t, x.model, 120, 40)
}

// toLive takes a driver from the picker to a sweep over two targets.
func toLive(t *testing.T, x *bench, d *uitest.Driver) {
	t.Helper()
	d.Press("space", "j", "space", "enter")
	d.Await("answers through port-forward")
	d.Press("ctrl+s")
	d.Await("2 targets side by side")
	x.run = x.back.run
}

// tick turns the clock of the sweep and lets the root look.
func (x *bench) tick(d *uitest.Driver, seconds int) {
	x.run.at(seconds)
	d.Send(tickMsg(x.time))
}

func TestFromPickerToResults(t *testing.T) {
	x, d := drive(t)
	d.ExpectContains("phi4-mini-a10", "5 workspaces", "enter set up sweep")
	toLive(t, x, d)
	x.tick(d, 100)
	d.ExpectContains("a10  TTFT", "a100  TTFT", "running 01:40 of ~06:50")
	d.Press("1")
	d.ExpectContains("a10 · default/phi4-mini-a10", "Last 10 s", "send lag", "path")
	d.Press("tab")
	d.ExpectContains("a100 · default/phi4-mini-a100")
	d.Press("2", "tab", "1") // the one that has the focus side by side
	d.ExpectContains("a100 · default/phi4-mini-a100")
	x.time = x.time.Add(time.Minute)
	x.tick(d, fixture.Length)
	d.Await("✓ complete")
	d.ExpectContains("A100 meets the SLO at 16+ req/s", "steps.csv", "saturated")
	d.Press("esc")
	d.ExpectContains("5 workspaces")
	d.Press("q")
	d.AwaitFunc("quit", d.Quit)
	asked := slices.DeleteFunc(x.back.log(), func(s string) bool { return s == "runs" }) // read at the start and after the sweep
	if got, want := asked, []string{"preflight", "preflight", "start"}; !slices.Equal(got, want) {
		t.Errorf("the backend was asked %q, want %q", got, want)
	}
}

func TestResultsDoNotTakeTheScreenFromWhoTypes(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 300)
	d.Press("m")
	x.tick(d, fixture.Length)
	d.Await("the sweep is complete")
	if x.shown() != screen.Compare {
		t.Errorf("the results came up within %v of a key", quietFor)
	}
}

func TestBusyTargetIsAskedAbout(t *testing.T) {
	x, d := drive(t, func(b *fakeBackend, _ *Options) {
		b.checks = []Check{{Target: "a10", Level: screen.CheckConfirm, Text: "3 requests are running"}}
	})
	d.Press("enter")
	d.Await("asks: a10: 3 requests are running")
	d.Press("ctrl+s")
	d.Await("Start all the same?")
	d.Press("y") // typed for what the box came over
	x.time = x.time.Add(time.Second)
	d.Press("enter") // the default is no
	d.ExpectContains("Start all the same?")
	d.Press("n")
	d.ExpectNot("Start all the same?")
	if slices.Contains(x.back.log(), "start yes") {
		t.Error("it started without a yes")
	}
	d.Press("ctrl+s")
	d.Await("Start all the same?")
	x.time = x.time.Add(time.Second)
	d.Press("y")
	d.Await("Last 10 s")
	if !slices.Contains(x.back.log(), "start yes") {
		t.Errorf("the backend was asked %q, want a start with yes", x.back.log())
	}
}

func TestWhatStandsAgainstARun(t *testing.T) {
	x, d := drive(t, func(b *fakeBackend, _ *Options) {
		b.checks = []Check{{Target: "a10", Level: screen.CheckRefused, Text: "no endpoint answers"}}
	})
	d.Press("enter")
	d.Await("no endpoint answers")
	d.Press("ctrl+s")
	d.Await("cannot start: a10: no endpoint answers")
	x.back.checks, x.back.startErr = nil, errors.New("dial pod: connection refused")
	d.Press("ctrl+s")
	d.Await("dial pod: connection refused")
	if x.run = x.back.run; x.run != nil || x.shown() != screen.Setup {
		t.Error("it left the set-up although nothing started")
	}
}

func TestWrongFieldIsNamedAndFocused(t *testing.T) {
	_, d := drive(t)
	d.Press("enter")
	d.Await("answers through port-forward")
	d.Press("ctrl+u")
	d.Type("1,abc")
	d.ExpectLine("Rates", "[1,abc", "✗", "not a number")
	d.Press("tab", "tab", "ctrl+s")
	d.ExpectContains("Rates: rate \"abc\" is not a number")
	d.ExpectLine("▸ Rates")
	d.Press("ctrl+u")
	d.Paste("2 4\n")
	d.ExpectLine("Rates", "[2 4")
	d.ExpectContains("2 steps on 1 target")
}

func TestFreezeStopsOnlyThePicture(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	d.Press("1", "space")
	before := section(d.Text(), "Last 10 s")
	x.time = x.time.Add(20 * time.Second)
	x.tick(d, 270)
	d.ExpectContains("FROZEN 20s", "running 04:30")
	if after := section(d.Text(), "Last 10 s"); after != before {
		t.Errorf("the frozen picture moved:\n%s\nwas\n%s", after, before)
	}
	d.Press("space")
	d.ExpectNot("FROZEN")
	if after := section(d.Text(), "Last 10 s"); after == before {
		t.Error("the picture still stands")
	}
}

// section is the lines of a view around a heading.
func section(view, heading string) string {
	lines := strings.Split(view, "\n")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, heading) })
	if i < 0 {
		return ""
	}
	return strings.Join(lines[i:min(i+8, len(lines))], "\n")
}

func TestSteering(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	d.Press("a")
	d.Type("warm cache?")
	d.Press("enter")
	d.Press("s", "y")      // on the side-by-side screen: all targets
	d.Press("1", "s", "y") // on the screen of one target: that one
	if diff := cmp.Diff([]string{"note warm cache?", "skip ", "skip a10"}, x.run.log()); diff != "" {
		t.Errorf("the run was told (-want +got):\n%s", diff)
	}
	d.Press("ctrl+z")
	d.ExpectContains("not while a sweep runs")
}

func TestEventsAreSaidAndKept(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	x.run.events <- engine.Event{At: time.Minute, Target: "a10", Text: "step done"}
	x.run.events <- engine.Event{At: 2 * time.Minute, Target: "a10", Level: 2, Text: "pod restarted: OOMKilled"}
	d.Send(tickMsg(x.time))
	d.ExpectContains("✗ a10: pod restarted: OOMKilled")
	d.Press("L")
	d.ExpectLine("14:06:00", "a10: step done")
	d.ExpectLine("14:07:00", "✗ a10: pod restarted")
}

func TestSavedRuns(t *testing.T) {
	x, d := drive(t)
	d.Press("o")
	d.Await("unreadable")
	d.Press("G", "enter")
	d.ExpectContains("cannot be opened: run.json")
	d.Press("/")
	d.Type("phi4")
	d.Press("enter", "enter")
	d.Await("A100 meets the SLO")
	d.Press("e")
	d.ExpectContains("Export", "csv")
	d.Press("enter")
	d.Await("written: " + fixture.Dir + "/out.csv")
	d.Press("e", "G", "enter")
	d.Await("export html: disk full")
	d.Press("S")
	d.Await("saved /home/user/benchtop-results-20260309-141200.svg")
	if svg := string(x.back.saved["benchtop-results-20260309-141200.svg"]); !strings.Contains(svg, "<svg") {
		t.Errorf("the picture is no SVG: %.80q", svg)
	}
	d.Press("Y")
	if !strings.Contains(x.clip, "A100 meets the SLO") {
		t.Errorf("copied %q", x.clip)
	}
	d.Press("esc", "esc", "esc") // results, filter, list
	d.ExpectContains("5 workspaces")
}

func TestSavedRunsSideBySide(t *testing.T) {
	x, d := drive(t)
	d.Press("o")
	d.Await("unreadable")
	d.Press("space", "j", "space")
	d.ExpectContains("2 marked", "open 2 side by side")
	d.Press("enter")
	d.Await("results · phi4 beside phi4")
	d.ExpectContains("a10@phi4", "a100@")
	if got := x.back.log(); !slices.Contains(got, "load "+fixture.Dir) || !slices.Contains(got, "load "+x.back.runs[1].Dir) {
		t.Errorf("the backend was asked %q", got)
	}
	d.Press("i")
	d.ExpectContains("price of a10@phi4")
	d.Press("esc", "esc", "space", "k", "space", "enter")
	d.AwaitFunc("one run alone", func() bool {
		return strings.Contains(d.Text(), "results · phi4 ") && !strings.Contains(d.Text(), "beside")
	})
	x.back.loadErr = errors.New("the disk is gone")
	d.Press("esc", "space", "j", "space", "enter")
	d.Await("the disk is gone")
	d.ExpectContains("saved runs")
}

func TestKeysReadAtOnceAreKeysOfTheirOwn(t *testing.T) {
	x, d := drive(t)
	d.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(" j ")})
	d.ExpectContains("2 marked")
	d.Paste("qqq") // a paste is no command
	if d.Quit() || x.shown() != screen.Picker {
		t.Error("a paste was taken for keys")
	}
}

func TestWhatIf(t *testing.T) {
	x, d := drive(t)
	x.results.Set(fixture.Run(2), fixture.Dir)
	x.show(screen.Results)
	d.Press("i", "j", "enter")
	d.Type("20")
	d.Press("enter")
	// A100 holds 16 and was not broken: 20 / (16 × 0.8) → 2; A10 holds 4 within the objective: 7.
	d.ExpectContains("20.0 req/s at 80% load needs at most 2 × a100 ($5,358/month, 38% spare); 7 × a10 ($16,352/month, 29% spare)")
	d.Press("i", "enter")
	d.Press("ctrl+u")
	d.Type("itl.p50<100ms")
	d.Press("enter")
	d.ExpectContains("What if: SLO itl.p50<100ms", "A10 meets the SLO at 8", "4 × a10")
	d.Press("$", "ctrl+u", "1", "enter")
	d.ExpectContains("a10 at $1.00/h")
	d.Press("i", "G", "enter")
	d.ExpectNot("What if", "needs")
	d.ExpectContains("A10 meets the SLO at 4 for $1.12/M")
	if *x.results.Run().Targets[0].USDPerHour != 3.20 {
		t.Error("what was only assumed went into the record")
	}
}

func TestAgainstASavedRun(t *testing.T) {
	ghost := fixture.Run(1)
	ghost.Name = "old"
	x, d := drive(t, func(_ *fakeBackend, o *Options) { o.Against = []*record.Run{ghost} })
	x.run = newRun(1)
	x.adopt(x.run)
	x.show(x.runScreen())
	x.tick(d, 140)
	d.ExpectContains("against a10@old")
	d.ExpectLine("· a10@old", "393", "419", "470")
	d.ExpectLine("Δ", "n.s.")
	x.tick(d, fixture.Length)
	d.Press("3")
	d.ExpectLine("a10@old", "12.3 s")
}

func TestRunAgain(t *testing.T) {
	old := fixture.Run(4)
	old.Plan.Rates = []float64{3, 6}
	x, d := drive(t, func(b *fakeBackend, _ *Options) { b.record = old })
	d.Press("b")
	d.ExpectContains("no run to make again")
	d.Press("o")
	d.Await("unreadable")
	d.Press("enter")
	d.Await("A100 meets the SLO")
	d.Press("b")
	d.ExpectLine("Rates", "[3,6")
	d.ExpectContains("default/phi4-mini-a10", "default/phi4-mini-a100", "not ready here, so left out: h100, h200")
	if plan, ok := x.setup.Plan(); !ok || plan.Schedules != nil || plan.Seed != old.Plan.Seed {
		t.Errorf("plan %+v, ok %v", plan, ok)
	}
}

func TestHelpOpensAndCloses(t *testing.T) {
	x, d := drive(t)
	d.Press("?")
	d.ExpectContains("help for workspaces", "mark, choose, freeze")
	d.Press("?")
	if x.shown() != screen.Picker {
		t.Error("? does not close the help")
	}
}

func TestOtherTargets(t *testing.T) {
	x, d := drive(t)
	d.Press("u")
	d.Press("ctrl+u")
	d.Type("ftp://x")
	d.Press("enter")
	d.ExpectContains("must begin with http:// or https://")
	d.Press("ctrl+u")
	d.Type("https://gpu.example:8000/v1/") // as other clients want it
	d.Press("enter")
	d.ExpectLine("✓", "https://gpu.example:8000", "URL")
	d.ExpectNot("/v1")
	d.Press("n", "j", "enter")
	d.AwaitFunc("use", func() bool { return slices.Contains(x.back.log(), "use aks-eastus/bench") })
	d.Press("c", "j", "enter")
	d.AwaitFunc("use", func() bool { return slices.Contains(x.back.log(), "use aks-westeurope/") })
	d.Press(":")
	d.Type("nx")
	d.ExpectContains("ns, ctx, open")
	d.Press("ctrl+u")
	d.Type("ns team-a")
	d.Press("enter")
	d.AwaitFunc("use", func() bool { return slices.Contains(x.back.log(), "use aks-eastus/team-a") })
	d.Press("D")
	d.Await("this is the demo")
}

func TestWaitingForAWorkspaceOpensTheSetUp(t *testing.T) {
	x, d := drive(t)
	d.Press("j", "j", "j", "space")
	d.ExpectContains("cannot be benchmarked: the image is being pulled")
	d.Press("enter")
	d.ExpectContains("pulling image", "the set-up opens by itself")
	ready := *x.back.cluster
	ready.Seq++
	ready.Workspaces = slices.Clone(ready.Workspaces)
	ready.Workspaces[3] = fixture.Workspace(3)
	ready.Workspaces[3].Namespace = "bench"
	x.back.cluster = &ready
	d.Send(tickMsg(x.time))
	d.ExpectContains("set up a sweep", "bench/phi4-mini-h200")
}

func TestMarkOfAWorkspaceThatFailsIsDropped(t *testing.T) {
	x, d := drive(t)
	d.Press("space", "j", "space")
	gone := *x.back.cluster
	gone.Seq++
	gone.Workspaces = slices.Clone(gone.Workspaces[1:])
	x.back.cluster = &gone
	d.Send(tickMsg(x.time))
	d.ExpectContains("1 marked", "no longer ready")
}

func TestKeysAndDialogsAtEverySize(t *testing.T) {
	x, d := drive(t)
	toLive(t, x, d)
	x.tick(d, 200)
	for _, size := range [][2]int{{1, 1}, {20, 5}, {59, 17}, {200, 60}, {3, 2}, {80, 24}} {
		d.Resize(size[0], size[1])
		d.Press("q", "n", "?", "esc", "a", "esc", "m", "y", "w", "p", "enter", "enter", "1", "2", "3", "2")
		uitest.CheckSize(t, d.View(), size[0], size[1])
	}
	d.ExpectContains("2 targets side by side")
}

// click presses the left button on the first cell that shows text.
func click(t *testing.T, d *uitest.Driver, text string) {
	t.Helper()
	for y, l := range strings.Split(d.Text(), "\n") {
		if i := strings.Index(l, text); i >= 0 {
			d.Send(tea.MouseMsg{X: ansi.StringWidth(l[:i]), Y: y, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
			return
		}
	}
	t.Fatalf("nothing to click: no %q in\n%s", text, d.Text())
}

// The mouse chooses rows where a list is; the keys go on from there.
func TestMouse(t *testing.T) {
	x, d := drive(t)
	d.Press("M")
	d.ExpectContains("mouse on")
	click(t, d, "phi4-mini-a100")
	d.ExpectLine("▸", "phi4-mini-a100")
	d.Send(tea.MouseMsg{Button: tea.MouseButtonWheelUp})
	d.ExpectLine("▸", "phi4-mini-a10 ")
	d.Press("?")
	click(t, d, "filter the list") // no list, no harm
	d.Press("?", "space", "j", "space", "enter")
	d.Await("answers through port-forward")
	click(t, d, "Tokens out")
	d.ExpectLine("▸ Tokens out")
	d.Press("ctrl+s")
	d.Await("2 targets side by side")
	x.run = x.back.run
	x.tick(d, 200)
	click(t, d, "◆ a100")
	d.Press("1")
	d.ExpectContains("a100 · default/phi4-mini-a100")
	d.Press("2", "x")
	click(t, d, "y stop") // a question is answered by keys
	d.ExpectContains("Stop the sweep?")
	d.Press("n")
	x.tick(d, fixture.Length)
	d.AwaitFunc("the end", func() bool { return x.ended })
	d.Press("3", "t")
	click(t, d, "15.9") // completed by the A100 at 16
	d.ExpectLine("▸", "a100", "15.9")
	d.Press("o")
	d.Await("unreadable")
	click(t, d, "h100")
	d.ExpectLine("▸", "h100")
	d.Press("M")
	d.ExpectContains("mouse off")
}
