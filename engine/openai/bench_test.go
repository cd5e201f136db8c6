package openai_test

import (
	"strings"
	"testing"

	"benchtop/engine/openai"
)

type sinkCount int

func (n *sinkCount) Token(_ int64, tokens int, _ int64) { *n += sinkCount(tokens) }

// eventCost feeds the events of one long reply over and over, one a read as vLLM sends them.
func eventCost(b *testing.B, e openai.Endpoint, events []string, cut int) {
	var pieces [][]byte
	size := 0
	for _, ev := range events {
		size += len(ev)
		pieces = append(pieces, []byte(ev[:cut]), []byte(ev[cut:]))
	}
	var sink sinkCount
	var s openai.Stream
	gaps := make([]uint32, 0, len(events))
	s.Reset(e, gaps, &sink)
	b.ReportAllocs()
	b.SetBytes(int64(size / len(events)))
	for i, k := 0, 0; b.Loop(); i++ {
		if k == len(pieces) {
			k = 0
			s.Reset(e, gaps, &sink)
		}
		s.Feed(pieces[k], int64(i)*20e6)
		s.Feed(pieces[k+1], int64(i)*20e6)
		k += 2
	}
	if sink == 0 || s.Err != "" {
		b.Fatal("no token was seen: ", s.Err, s.Sample)
	}
}

// One event must cost well under 1 µs and no allocation.
func BenchmarkEvent(b *testing.B) {
	var withUsage, without, chatEvents []string
	for k := 1; k <= 200; k++ {
		withUsage = append(withUsage, text(" word", k, ""))
		without = append(without, text(" word", -1, ""))
		chatEvents = append(chatEvents, delta(`"content":" word"`, k, ""))
	}
	b.Run("completions_usage", func(b *testing.B) { eventCost(b, completions, withUsage, 0) })
	b.Run("completions_events", func(b *testing.B) { eventCost(b, completions, without, 0) })
	b.Run("chat_usage", func(b *testing.B) { eventCost(b, chat, chatEvents, 0) })
	b.Run("in_two_reads", func(b *testing.B) { eventCost(b, completions, withUsage, 150) })
}

func BenchmarkAppendBody(b *testing.B) {
	r := openai.Request{Model: "phi-4-mini-instruct", Endpoint: completions, PromptIDs: make([]int, 200), MaxTokens: 200, Stream: true}
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = r.AppendBody(buf[:0])
	}
}

func TestNoAllocationPerEvent(t *testing.T) {
	for name, body := range map[string]string{
		"usage": stream(300), "events": strings.Repeat(text("x", -1, ""), 300), "CRLF": strings.ReplaceAll(stream(300), "\n", "\r\n"),
		"comments": strings.Repeat(": ping\n\n"+text("x", -1, "stop"), 300),
	} {
		for _, size := range []int{1 << 20, 1000, 100, 1} {
			var sink sinkCount
			var s openai.Stream
			gaps := make([]uint32, 0, 400)
			b := []byte(body)
			run := func() {
				s.Reset(completions, gaps, &sink)
				for rest := b; len(rest) > 0; {
					n := min(size, len(rest))
					s.Feed(rest[:n], 1)
					rest = rest[n:]
				}
			}
			run() // the first reply grows the buffers
			if n := testing.AllocsPerRun(10, run); n > 0 {
				t.Errorf("%s in pieces of %d: %.0f allocations in a reply of 300 events", name, size, n)
			}
		}
	}
}
