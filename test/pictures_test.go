package test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"benchtop/ui/shot"
)

var update = flag.Bool("update", false, "write docs/*.svg anew")

// TestPictures holds the README's pictures to the interface as it is: each is drawn from a golden
// view in colour. `make screenshots` writes them.
func TestPictures(t *testing.T) {
	views, err := filepath.Glob("../ui/testdata/*-ansi256.golden")
	if err != nil || len(views) == 0 {
		t.Fatalf("no golden views in colour: %v", err)
	}
	for _, path := range views {
		view, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), "-ansi256.golden")
		got := shot.SVG(strings.TrimSuffix(string(view), "\n"), shot.Options{Title: "benchtop: " + name, Dark: true})
		picture := filepath.Join("..", "docs", name+".svg")
		if *update {
			if err := os.WriteFile(picture, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(picture)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the interface shows now; draw it with: make screenshots", picture)
		}
	}
}
