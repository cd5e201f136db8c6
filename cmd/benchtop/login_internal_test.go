package main

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

func TestLoginHoldsTheNextStep(t *testing.T) {
	answers := make(chan error)
	var asked atomic.Int32
	var w loginWatch
	w.open(func() []func(context.Context) error {
		return []func(context.Context) error{func(ctx context.Context) error {
			asked.Add(1)
			select {
			case err := <-answers:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
	})
	defer w.close()
	w.hold(t.Context(), func(string) { t.Error("holds a step although nothing was asked") })

	var told []string
	w.to(func(s string) { told = append(told, s) })
	w.said("open https://login.example and enter ABC-123")
	if line, over := w.asking(); line == "" || over == nil {
		t.Fatalf("asking %q", line)
	}
	said, held := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(held)
		w.hold(context.Background(), func(s string) { said <- s })
	}()
	if s := <-said; !strings.Contains(s, "ABC-123") {
		t.Errorf("says %q", s)
	}
	answers <- errors.New("getting credentials: exec failed")
	select {
	case <-held:
		t.Fatal("the step began while the log-in fails")
	default:
	}
	answers <- nil
	<-held
	if line, over := w.asking(); line != "" || over != nil {
		t.Errorf("still asking %q", line)
	}
	if len(told) != 1 || told[0] != "log-in: open https://login.example and enter ABC-123" || asked.Load() != 2 {
		t.Errorf("told %q, asked %d times", told, asked.Load())
	}
}

func TestLoginEndsWithTheProgram(t *testing.T) {
	var w loginWatch
	w.open(func() []func(context.Context) error {
		return []func(context.Context) error{func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	})
	w.said("a code, please")
	_, over := w.asking()
	w.close()
	<-over
	w.said("too late")
	if _, over := w.asking(); over != nil {
		t.Error("a log-in is waited for after the end")
	}
}
