package kube

import (
	"io"
	"strings"
	"testing"
)

// A plugin that writes much without a line break must not be left alone with a full pipe.
func TestALongLineOfALoginIsPassedOver(t *testing.T) {
	r, w := io.Pipe()
	var out strings.Builder
	done := make(chan struct{})
	go func() { defer close(done); relayLogin(r, &out) }()
	for _, text := range []string{"first\n", strings.Repeat("x", 200<<10), "\nenter the code 1234\n"} {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	<-done
	if lines := strings.Split(out.String(), "\n"); lines[0] != "first" || !strings.HasSuffix(out.String(), "\nenter the code 1234\n") {
		t.Errorf("said %.200q", out.String())
	}
}
