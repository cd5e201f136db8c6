package ui

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"benchtop/engine"
	"benchtop/kube/inventory"
	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/theme"
	"benchtop/ui/uitest"
)

// bench is a model with its fakes and a clock that stands.
type bench struct {
	*model
	back *fakeBackend
	run  *fakeRun
	time time.Time
}

func newBench(t testing.TB, change ...func(*fakeBackend, *Options)) *bench {
	t.Helper()
	x := &bench{back: newBackend(), time: fixture.Now}
	opt := Options{Plan: fixture.Plan(), Now: func() time.Time { return x.time },
		Demo: func(context.Context) (Backend, error) { return newBackend(), nil }}
	for _, c := range change {
		c(x.back, &opt)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	x.model = newModel(ctx, x.back, opt)
	if opt.Start == StartPicker {
		x.poll() // as Init does, which not every test calls
	}
	return x
}

// press gives keys without running the commands they lead to.
func (x *bench) press(keys ...string) {
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		switch k {
		case "space":
			msg = tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
		case "enter":
			msg = tea.KeyMsg{Type: tea.KeyEnter}
		case "tab":
			msg = tea.KeyMsg{Type: tea.KeyTab}
		}
		x.update(msg)
	}
}

// sweep puts a sweep over n targets on the screen, so many seconds into it.
func (x *bench) sweep(n, seconds int) {
	x.run = newRun(n)
	x.adopt(x.run)
	x.show(screen.Live)
	x.at(seconds)
}

func (x *bench) at(seconds int) {
	x.run.at(seconds)
	x.poll()
}

func (x *bench) events() {
	sec := func(n int) time.Duration { return time.Duration(n) * time.Second }
	for _, e := range []engine.Event{
		{At: sec(82), Target: "a10", Text: "step 1/s done: 60 sent, 60 ok"},
		{At: sec(246), Target: "a10", Text: "step 4/s done: 240 sent, 240 ok"},
		{At: sec(281), Target: "a10", Level: 1, Text: "2 connections were closed before our first byte and dialled again"},
	} {
		x.run.events <- e
	}
	x.poll()
	x.flash = flash{}
}

// cut is a snapshot whose first target has lost its tunnel.
func cut() *engine.Snapshot {
	s := fixture.Snapshot(2, 300)
	s.Seq++
	t := &s.Targets[0]
	t.State, t.Text, t.Try, t.LastError = engine.StatePaused, "the tunnel to phi4-mini-a10-0 was cut; trying again in 4 s", 2, "read: connection reset"
	t.Health = engine.Health{Word: "lost", Level: 2, Why: "nothing has arrived for 10 s"}
	t.Failed, t.Server = 31, engine.ServerNow{}
	return s
}

func unreachable() *inventory.Cluster {
	return &inventory.Cluster{Context: "aks-eastus", Server: "https://aks-eastus.hcp.example:443", Seq: 9, Contexts: []string{"aks-eastus", "aks-westeurope"},
		Problem: &inventory.Problem{What: "Can't reach the cluster", Why: "dial tcp 10.0.0.1:443: i/o timeout after 5 s", Next: []string{"check the VPN, or log in again"}}}
}

func forbidden() *inventory.Cluster {
	c := &inventory.Cluster{Context: "aks-eastus", User: "user@example.com", Seq: 9, Namespaces: []string{"bench"},
		Problem: &inventory.Problem{What: "Not allowed to list workspaces in all namespaces", Why: "this user lacks a right"}}
	c.Access = []inventory.Access{{Verb: "list", Resource: "workspaces.kaito.sh", Without: "namespaces can still be named one by one"},
		{Verb: "list", Resource: "nodes", Allowed: false, Without: "the SKU is taken from the workspace"}}
	return c
}

// states are all screens in the states that look different.
var states = map[string]func(t testing.TB) *bench{
	"picker":        func(t testing.TB) *bench { x := newBench(t); x.press("space", "j", "space"); return x },
	"picker-reason": func(t testing.TB) *bench { x := newBench(t); x.press("G", "k"); return x },
	"picker-detail": func(t testing.TB) *bench { x := newBench(t); x.press("d", "G"); return x },
	"picker-filter": func(t testing.TB) *bench { x := newBench(t); x.press("/", "h", "2"); return x },
	"picker-nothing-matches": func(t testing.TB) *bench {
		x := newBench(t)
		x.press("/", "q", "q", "enter")
		return x
	},
	"picker-loading": func(t testing.TB) *bench {
		return newBench(t, func(b *fakeBackend, _ *Options) {
			b.cluster = &inventory.Cluster{Context: "aks-eastus", Server: "https://x"}
		})
	},
	"picker-empty": func(t testing.TB) *bench {
		return newBench(t, func(b *fakeBackend, _ *Options) {
			b.cluster = &inventory.Cluster{Context: "aks-eastus", Synced: true, Live: true}
		})
	},
	"picker-no-cluster": func(t testing.TB) *bench {
		return newBench(t, func(b *fakeBackend, _ *Options) { b.cluster = unreachable() })
	},
	"picker-forbidden": func(t testing.TB) *bench {
		return newBench(t, func(b *fakeBackend, _ *Options) { b.cluster = forbidden() })
	},
	"setup": func(t testing.TB) *bench {
		x := newBench(t)
		x.press("space", "j", "space", "enter")
		x.setup.Checked(x.back.checks, nil)
		return x
	},
	"setup-wrong": func(t testing.TB) *bench {
		x := newBench(t)
		x.press("enter", ",", "0", "tab", "9", "x", "tab", "tab")
		x.setup.Checked([]Check{{Level: screen.CheckRefused, Target: "a10", Text: "the server has another model: qwen"}, {Level: screen.CheckConfirm, Target: "a10", Text: "3 requests are running"}}, nil)
		return x
	},
	"setup-checking": func(t testing.TB) *bench { x := newBench(t); x.press("enter"); return x },
	"setup-failed": func(t testing.TB) *bench {
		x := newBench(t)
		x.press("enter")
		x.setup.Checked(nil, errors.New("port-forward denied: ask for create on pods/portforward"))
		x.setup.Starting(true)
		return x
	},
	"live-waiting":   func(t testing.TB) *bench { x := newBench(t); x.sweep(1, 0); return x },
	"live":           func(t testing.TB) *bench { x := newBench(t); x.sweep(1, 300); x.events(); return x },
	"live-saturated": func(t testing.TB) *bench { x := newBench(t); x.sweep(2, 395); return x },
	"live-paused": func(t testing.TB) *bench {
		x := newBench(t)
		x.sweep(2, 300)
		x.run.snap = cut()
		x.poll()
		return x
	},
	"live-frozen": func(t testing.TB) *bench {
		x := newBench(t)
		x.sweep(1, 300)
		x.press("space")
		x.flash = flash{}
		x.time = x.time.Add(12 * time.Second)
		x.at(312)
		return x
	},
	"live-note": func(t testing.TB) *bench { x := newBench(t); x.sweep(1, 300); x.press("a", "h", "i"); return x },
	"compare": func(t testing.TB) *bench {
		x := newBench(t)
		x.sweep(2, 300)
		x.events()
		x.press("2")
		return x
	},
	"compare-saturated": func(t testing.TB) *bench { x := newBench(t); x.sweep(2, 395); x.press("2"); return x },
	"compare-four":      func(t testing.TB) *bench { x := newBench(t); x.sweep(4, 300); x.press("2"); return x },
	"compare-full": func(t testing.TB) *bench {
		x := newBench(t)
		x.sweep(3, 300)
		x.press("2", "tab", "enter", "=")
		return x
	},
	"compare-waiting": func(t testing.TB) *bench { x := newBench(t); x.sweep(2, 0); x.press("2"); return x },
	"results": func(t testing.TB) *bench {
		x := newBench(t)
		x.results.Set(fixture.Run(2), fixture.Dir)
		x.show(screen.Results)
		return x
	},
	"results-table": func(t testing.TB) *bench {
		x := newBench(t)
		x.results.Set(fixture.Run(4), fixture.Dir)
		x.show(screen.Results)
		x.press("t", "G")
		return x
	},
	"results-running": func(t testing.TB) *bench { x := newBench(t); x.sweep(2, 200); x.press("3"); return x },
	"results-early":   func(t testing.TB) *bench { x := newBench(t); x.sweep(2, 20); x.press("3"); return x },
	"runs": func(t testing.TB) *bench {
		x := newBench(t)
		x.press("o")
		x.runs.Set(x.back.runs, nil)
		return x
	},
	"runs-empty":   func(t testing.TB) *bench { x := newBench(t); x.press("o"); x.runs.Set(nil, nil); return x },
	"runs-loading": func(t testing.TB) *bench { x := newBench(t); x.press("o"); return x },
	"runs-failed": func(t testing.TB) *bench {
		x := newBench(t)
		x.press("o")
		x.runs.Set(nil, errors.New("read /runs: permission denied"))
		return x
	},
	"help":           func(t testing.TB) *bench { x := newBench(t); x.press("?"); return x },
	"dialog-quit":    func(t testing.TB) *bench { x := newBench(t); x.sweep(2, 300); x.press("q"); x.press("q"); return x },
	"dialog-choices": func(t testing.TB) *bench { x := newBench(t); x.press("n"); return x },
	"dialog-waiting": func(t testing.TB) *bench { x := newBench(t); x.press("j", "j", "j", "enter"); return x },
	"dialog-log":     func(t testing.TB) *bench { x := newBench(t); x.sweep(1, 300); x.events(); x.press("L"); return x },
	"prompt-wrong":   func(t testing.TB) *bench { x := newBench(t); x.press("u", "?"); return x },
	"flash":          func(t testing.TB) *bench { x := newBench(t); x.say(2, strings.Repeat("世界 is wide ", 40)); return x },
}

// hostile is a cluster, a sweep and a record whose every text tries to move the screen.
const hostileText = "x\x1b[2J\x1b]0;t\a\u202eevil\u2066\n\tq\u0301世界🏳️‍🌈" + "\x9b31m" + "looooooooooooooooooooooooooooooooooooooooooooooooooong"

func init() {
	states["hostile-picker"] = func(t testing.TB) *bench {
		return newBench(t, func(b *fakeBackend, _ *Options) {
			for i := range b.cluster.Workspaces {
				w := &b.cluster.Workspaces[i]
				w.Name, w.Namespace, w.State, w.Reason, w.Model, w.InstanceType = hostileText, hostileText, hostileText, hostileText, hostileText, hostileText
				w.Benchmarkable = i == 0
			}
			b.cluster.Context = hostileText
		})
	}
	states["hostile-compare"] = func(t testing.TB) *bench {
		x := newBench(t)
		x.sweep(2, 300)
		s := fixture.Snapshot(2, 300)
		for i := range s.Targets {
			g := &s.Targets[i]
			g.Info.Name, g.LastError, g.Failed, g.Text, g.Health.Why, g.Health.Word = hostileText+fmt.Sprint(i), hostileText, 3, hostileText, hostileText, hostileText
			g.Marks = append(g.Marks, engine.Mark{T: 100, Text: hostileText, Kind: "note"})
		}
		s.Seq++
		x.run.snap = s
		x.run.events <- engine.Event{Target: hostileText, Level: 2, Text: hostileText}
		x.poll()
		x.press("2")
		return x
	}
	states["hostile-results"] = func(t testing.TB) *bench {
		x := newBench(t)
		r := fixture.Run(2)
		for i := range r.Targets {
			for j := range r.Steps {
				if r.Steps[j].Target == r.Targets[i].Name {
					r.Steps[j].Target = hostileText + fmt.Sprint(i)
					r.Steps[j].Verdict.Notes = []string{hostileText}
				}
			}
			r.Targets[i].Name = hostileText + fmt.Sprint(i)
			r.Targets[i].GPU = hostileText
		}
		r.Name = hostileText
		x.results.Set(r, hostileText)
		x.show(screen.Results)
		return x
	}
}

func view(x *bench, w, h int) string {
	x.update(tea.WindowSizeMsg{Width: w, Height: h})
	return x.View()
}

// Every screen in every state is exactly h lines of at most w cells at every size, and does not
// panic.
func TestAllSizes(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(states)) {
		t.Run(name, func(t *testing.T) {
			x := states[name](t)
			if x.View() != "" {
				t.Error("a view without a size is not empty")
			}
			sizes(t, x)
			if x.crash != "" {
				t.Fatal(x.crash)
			}
		})
	}
}

// sizes takes every size when asked with BENCHTOP_ALL_SIZES, else a pattern that meets every width
// and every height: 40 states × 12,000 sizes take minutes.
func sizes(t *testing.T, x *bench) {
	if os.Getenv("BENCHTOP_ALL_SIZES") != "" {
		uitest.AllSizes(t, func(w, h int) string { return view(x, w, h) })
		return
	}
	for w := 1; w <= uitest.MaxWidth; w++ {
		for h := 1 + w%29; h <= uitest.MaxHeight; h += 29 {
			uitest.CheckSize(t, view(x, w, h), w, h)
			if x.crash != "" {
				t.Fatalf("at %d×%d: %s", w, h, x.crash)
			}
		}
	}
}

// screens are the states that have a golden in each size; the others have one at 80×24.
var screens = []string{"picker", "setup", "live", "compare", "compare-four", "results", "runs", "help"}

// Without colour, in the sizes that people have.
func TestGoldens(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(states)) {
		sizes := [][2]int{{80, 24}}
		switch {
		case strings.HasPrefix(name, "hostile"):
			continue
		case slices.Contains(screens, name):
			sizes = append(sizes, [2]int{120, 40}, [2]int{160, 45})
		}
		for _, size := range sizes {
			x := states[name](t)
			got := view(x, size[0], size[1])
			uitest.CheckSize(t, got, size[0], size[1])
			uitest.Golden(t, fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), got)
		}
	}
}

// One golden has colours, so that a change of a style is seen; one has ASCII only.
func TestGoldenStyles(t *testing.T) {
	for name, o := range map[string]theme.Options{
		"compare-ansi256": {Profile: termenv.ANSI256, Dark: true},
		"compare-ascii":   {Profile: termenv.Ascii, ASCII: true},
	} {
		x := newBench(t, func(_ *fakeBackend, opt *Options) { opt.Theme = theme.New(o) })
		x.sweep(2, 300)
		x.press("2")
		got := view(x, 120, 40)
		uitest.Golden(t, name, got)
		for i, r := range got {
			if o.ASCII && r > 0x7e {
				t.Fatalf("ASCII view has %q at byte %d", r, i)
			}
		}
	}
}

func TestTooSmallSaysThatTheSweepGoesOn(t *testing.T) {
	x := newBench(t)
	x.sweep(1, 300)
	for _, size := range [][2]int{{59, 24}, {80, 17}, {30, 8}} {
		if got := view(x, size[0], size[1]); !strings.Contains(strings.Join(strings.Fields(got), " "), "sweep goes on") {
			t.Errorf("%v: the view does not say that the sweep goes on:\n%s", size, got)
		}
	}
}

func TestStartingSaysWhatItWaitsFor(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		x := newBench(t)
		x.sweep(n, 0)
		s := fixture.Snapshot(n, 0)
		s.Seq += 10
		for i := range s.Targets {
			s.Targets[i].State, s.Targets[i].Current, s.Targets[i].Health = engine.StatePreparing, -1, engine.Health{}
		}
		x.run.snap = s
		x.poll()
		for _, id := range []screen.ID{screen.Live, screen.Compare} {
			x.show(id)
			for _, size := range [][2]int{{80, 24}, {120, 40}} {
				x.w, x.h, x.dirty = size[0], size[1], true
				text := ansi.Strip(x.View())
				for _, want := range []string{"starting: asking the targets", "how it counts tokens", "asking the target"} {
					if !strings.Contains(text, want) {
						t.Errorf("%v with %d targets at %v: no %q:\n%s", id, n, size, want, text)
					}
				}
				for _, bad := range []string{"00:00 of", "waiting"} {
					if strings.Contains(text, bad) {
						t.Errorf("%v with %d targets at %v says %q:\n%s", id, n, size, bad, text)
					}
				}
			}
		}
	}
}

// A sweep that refines appends steps while it runs; the targets that have no part in one skip it.
func TestStripGrowsWhileTheSweepRuns(t *testing.T) {
	x := newBench(t)
	x.sweep(2, 300)
	for n := range 10 {
		s := fixture.Snapshot(2, 300)
		s.Seq += uint64(n) + 10
		for i := range s.Targets {
			tg := &s.Targets[i]
			for k := range n {
				st := engine.StepStatus{Rate: 8.5 + float64(k)/4, Phase: []string{"skipped", "pending"}[i]}
				if i == 1 && k == n-1 {
					st.Phase, tg.Current, tg.State = "running", len(tg.Steps), engine.StateMeasuring
				}
				tg.Steps = append(tg.Steps, st)
			}
		}
		x.run.snap = s
		x.poll()
		for _, id := range []screen.ID{screen.Live, screen.Compare, screen.Results} {
			x.show(id)
			if id == screen.Live {
				x.live.Select(1)
			}
			for _, size := range [][2]int{{60, 18}, {80, 24}, {120, 40}, {160, 45}} {
				x.w, x.h, x.dirty = size[0], size[1], true
				lines := strings.Split(ansi.Strip(x.View()), "\n")
				if len(lines) != size[1] {
					t.Fatalf("%v with %d more steps at %v: %d lines", id, n, size, len(lines))
				}
				now := fmt.Sprintf("step %d/%d", 5+n, 5+n)
				if text := strings.Join(lines, "\n"); n > 0 && id != screen.Results && size[0] >= 80 && !strings.Contains(text, now) {
					t.Errorf("%v with %d more steps at %v: no %q:\n%s", id, n, size, now, text)
				}
			}
		}
	}
}
