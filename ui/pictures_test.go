package ui

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/muesli/termenv"

	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/shot"
	"benchtop/ui/theme"
)

// picturesIn is where the documentation's pictures lie. `make screenshots` draws them anew.
const picturesIn = "../docs"

// inColor is a bench as a person with a dark terminal sees it.
func inColor(t *testing.T) *bench {
	return newBench(t, func(_ *fakeBackend, o *Options) {
		o.Theme = theme.New(theme.Options{Profile: termenv.ANSI256, Dark: true})
	})
}

// sceneries are the pictures of one screen each.
var sceneries = map[string]struct {
	title string
	show  func(x *bench)
}{
	"picker":  {"The workspaces of a cluster and the GPUs under them", func(x *bench) { x.press("space", "j", "space") }},
	"setup":   {"The set-up of a sweep over two targets", setUpTwo},
	"compare": {"Two GPUs side by side during a sweep", func(x *bench) { x.watchTwo(300) }},
	"results": {"What the sweep came to: rate curves and table", resultsOfTwo},
}

func setUpTwo(x *bench) {
	x.press("space", "j", "space", "enter")
	x.setup.Checked(x.back.checks, nil)
}

func (x *bench) watchTwo(seconds int) {
	x.sweep(2, seconds)
	x.events()
	x.press("2")
}

func resultsOfTwo(x *bench) {
	x.results.Set(fixture.Run(2), fixture.Dir)
	x.show(screen.Results)
}

// TestPictures holds the documentation's pictures to the interface as it is.
func TestPictures(t *testing.T) {
	for name, s := range sceneries {
		x := inColor(t)
		s.show(x)
		got := shot.SVG(view(x, 120, 40), shot.Options{Title: s.title, Dark: true})
		checkPicture(t, name, got, 80_000)
	}
}

// TestAnimation does so with the one that moves: from the picker to the results.
func TestAnimation(t *testing.T) {
	var frames []shot.Frame
	add := func(d time.Duration, show func(*bench)) {
		x := inColor(t)
		show(x)
		frames = append(frames, shot.Frame{View: view(x, 100, 30), For: d})
	}
	add(2*time.Second, sceneries["picker"].show)
	add(3*time.Second, setUpTwo)
	for _, s := range []int{30, 65, 95, 145, 180, 225, 265, 305, 345, 370, 395} {
		add(time.Second, func(x *bench) { x.watchTwo(s) })
	}
	add(6*time.Second, resultsOfTwo)
	got := shot.Animate(frames, shot.Options{Title: "A sweep over two GPUs, from the list of workspaces to the results", Dark: true})
	checkPicture(t, "sweep", got, 400_000)
}

func checkPicture(t *testing.T, name string, got []byte, limit int) {
	t.Helper()
	path := filepath.Join(picturesIn, name+".svg")
	if len(got) > limit {
		t.Errorf("%s takes %d bytes; the limit is %d", path, len(got), limit)
	}
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the interface shows now; draw it with: make screenshots", path)
	}
}
