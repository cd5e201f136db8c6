package uitest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/google/go-cmp/cmp"
)

// teatest links x/exp/golden, which defines -update; a second definition would panic. So ours is
// that one, and the reference makes sure that it is there first.
var _ = golden.RequireEqual[string]

func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// Golden compares a text with testdata/NAME.golden; with -update it writes the file.
func Golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if updating() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read the golden file: %v: write it with go test -update", err)
	}
	if diff := cmp.Diff(quoted(string(want)), quoted(got)); diff != "" {
		t.Errorf("%s differs (-want +got); if it should, go test -update:\n%s", path, diff)
	}
}

// quoted makes escape sequences readable in a diff; glyphs stay as they are.
func quoted(s string) []string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		if strings.ContainsRune(l, '\x1b') {
			lines[i] = strings.Trim(strconv.QuoteToGraphic(l), `"`)
		}
	}
	return lines
}

// CheckSize fails the test unless view has exactly h lines of at most w cells.
func CheckSize(t testing.TB, view string, w, h int) {
	t.Helper()
	if err := sizeError(view, w, h); err != nil {
		t.Fatalf("view at %d×%d: %v:\n%s", w, h, err, view)
	}
}

func sizeError(view string, w, h int) error {
	lines := strings.Split(view, "\n")
	if len(lines) != h {
		return fmt.Errorf("%d lines, want %d", len(lines), h)
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n > w {
			return fmt.Errorf("line %d has %d cells, want at most %d: %q", i, n, w, l)
		}
	}
	return nil
}

// MaxWidth and MaxHeight are the largest size of AllSizes.
const (
	MaxWidth  = 200
	MaxHeight = 60
)

// AllSizes checks the size of view(w, h) for all of 1…200 × 1…60, and that it does not panic. With
// -short it takes every size up to 24×12, and one in seven of the others in a pattern that meets
// every width and every height.
func AllSizes(t testing.TB, view func(w, h int) string) {
	t.Helper()
	for w := 1; w <= MaxWidth; w++ {
		for h := 1; h <= MaxHeight; h++ {
			if testing.Short() && (w > 24 || h > 12) && (w+3*h)%7 != 0 {
				continue
			}
			checkOne(t, view, w, h)
		}
	}
}

func checkOne(t testing.TB, view func(w, h int) string, w, h int) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("view at %d×%d panics: %v", w, h, r)
			panic(r)
		}
	}()
	CheckSize(t, view(w, h), w, h)
}
