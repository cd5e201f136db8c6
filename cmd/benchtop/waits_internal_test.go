package main

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatTakesLongIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		w := newWaits(func() time.Time { return time.Now().UTC() })
		done := w.telling(t.Context(), &out)
		w.doing("a10", "connecting")
		time.Sleep(1500 * time.Millisecond) // a moment: not worth a word
		w.doing("a10", "asking what it serves")
		w.doing("a100", "asking what it serves")
		if got, want := w.text("a10"), "asking what it serves"; got != want {
			t.Errorf("at first %q, want %q", got, want)
		}
		time.Sleep(2600 * time.Millisecond)
		w.doing("a100", "waiting for one reply of 200 tokens")
		time.Sleep(4 * time.Second)
		if got, want := w.text("a10"), "asking what it serves … 6 s"; got != want {
			t.Errorf("later %q, want %q", got, want)
		}
		done()
		const want = `00:00:04 a10: asking what it serves … 2 s
00:00:04 a100: asking what it serves … 2 s
00:00:07 a10: asking what it serves … 5 s
00:00:07 a100: waiting for one reply of 200 tokens … 2 s
`
		if out.String() != want {
			t.Errorf("told\n%swant\n%s", out.String(), want)
		}
		if w.text("a10") != "" {
			t.Error("what is over is still told")
		}
	})
}

func TestTellingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := newWaits(time.Now).telling(ctx, new(bytes.Buffer))
	cancel()
	done()
	done() // again, without effect
}
