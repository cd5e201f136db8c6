package openai_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/openai"
)

// outcome is what tests compare of a Stream.
type outcome struct {
	Events, Output, Prompt int
	Mode, Finish           string
	Done                   bool
	Err                    openai.Class
}

func outcomeOf(s *openai.Stream) outcome {
	return outcome{s.Events, s.OutputTokens, s.PromptTokens, s.UsageMode, s.FinishReason, s.DoneMark, s.Err}
}

const (
	completions = openai.Completions
	chat        = openai.Chat
	byUsage     = openai.UsageCount
	byEvents    = openai.EventsCount
)

var streams = []struct {
	name     string
	endpoint openai.Endpoint
	body     string
	want     outcome
}{
	{"a running count in every event", completions, stream(3),
		outcome{3, 3, 7, byUsage, "length", true, ""}},
	{"tokens with empty text count", completions,
		text("", 1, "") + text("", 2, "") + text("", 3, "stop") + last(3) + done,
		outcome{3, 3, 7, byUsage, "stop", true, ""}},
	{"several tokens in an event", completions,
		text(" a b c", 3, "") + text(" d", 4, "") + text(" e f", 6, "length") + last(6) + done,
		outcome{3, 6, 7, byUsage, "length", true, ""}},
	{"an event in which the count stands still is none", completions,
		text("a", 1, "") + text("", 1, "") + text("b", 2, "length") + done,
		outcome{2, 2, 7, byUsage, "length", true, ""}},
	{"usage at the end only", completions,
		text("a", -1, "") + text("", -1, "") + text("c", -1, "length") + last(3) + done,
		outcome{3, 3, 7, byEvents, "length", true, ""}},
	{"usage at the end only, events of several tokens", completions,
		text("a b", -1, "") + text("c d", -1, "length") + last(4) + done,
		outcome{2, 4, 7, byEvents, "length", true, ""}},
	{"no usage at all", completions, text("a", -1, "") + text("b", -1, "length") + done,
		outcome{2, 2, 0, byEvents, "length", true, ""}},
	{"null usage is none", completions,
		strings.ReplaceAll(text("a", -1, ""), `]}`, `],"usage":null}`) + text("b", -1, "stop") + last(2) + done,
		outcome{2, 2, 7, byEvents, "stop", true, ""}},
	{"the mode is that of the first event with a choice", completions,
		last(0) + text("a", -1, "") + text("b", 2, "length") + done,
		outcome{2, 2, 7, byEvents, "length", true, ""}},
	{"chat: the role-only event is none", chat,
		delta(roleOnly, 0, "") + delta(`"content":"Hi"`, 1, "") + delta(`"content":""`, 2, "stop") + last(2) + done,
		outcome{2, 2, 7, byUsage, "stop", true, ""}},
	{"chat without usage: empty deltas are none", chat,
		delta(roleOnly, -1, "") + delta(`"content":"Hi"`, -1, "") + delta(`"content":""`, -1, "stop") + done,
		outcome{1, 1, 0, byEvents, "stop", true, ""}},
	{"chat: reasoning and tool calls are output", chat,
		delta(`"reasoning":"hm"`, -1, "") + delta(`"reasoning_content":"hm","content":null`, -1, "") +
			delta(`"tool_calls":[{"index":0,"function":{"arguments":"{"}}]`, -1, "") +
			delta(`"tool_calls":[],"content":""`, -1, "tool_calls") + done,
		outcome{3, 3, 0, byEvents, "tool_calls", true, ""}},
	{"text that spells out structure is text", completions,
		text(`"usage":{"completion_tokens":99},"error":{"message":"no"}`, 1, "") + text("\"}]}\n\ndata: [DONE]", 2, "length") + done,
		outcome{2, 2, 7, byUsage, "length", true, ""}},
	{"the count of a nested object is not the count", completions,
		`data: {"x":{"usage":{"completion_tokens":9}},"choices":[{"text":"a","usage":{"completion_tokens":8}}]}` + "\n\n" + done,
		outcome{1, 1, 0, byEvents, "", true, ""}},
	{"escaped keys are keys", completions,
		`data: {"choi\u0063es":[{"text":"a"}],"us\u0061ge":{"completion\u005ftokens":1,"prompt_tokens":7}}` + "\n\n" + done,
		outcome{1, 1, 7, byUsage, "", true, ""}},
	{"keep-alive comments", completions,
		": ping\n\n:\n\n" + text("a", 1, "") + ": ping\n\n" + text("b", 2, "length") + done,
		outcome{2, 2, 7, byUsage, "length", true, ""}},
	{"CRLF", completions, strings.ReplaceAll(stream(2), "\n", "\r\n"),
		outcome{2, 2, 7, byUsage, "length", true, ""}},
	{"CR alone", completions, strings.ReplaceAll(stream(2), "\n", "\r"),
		outcome{2, 2, 7, byUsage, "length", true, ""}},
	{"a byte-order mark", completions, "\xef\xbb\xbf" + stream(2),
		outcome{2, 2, 7, byUsage, "length", true, ""}},
	{"data without a space", completions, strings.ReplaceAll(stream(2), "data: ", "data:"),
		outcome{2, 2, 7, byUsage, "length", true, ""}},
	{"id, event and retry fields", completions,
		"event: message\nid: 4\nretry: 10\n" + text("a", 1, "length") + "event: end\n" + done,
		outcome{1, 1, 7, byUsage, "length", true, ""}},
	{"data over several lines", completions,
		"data: {\"choices\":\ndata: [{\"text\":\"a\"}],\ndata:  \"usage\":{\"completion_tokens\":1}}\n\n" + done,
		outcome{1, 1, 0, byUsage, "", true, ""}},
	{"empty data is no event", completions, "data:\n\ndata: \n\n" + text("a", 1, "length") + done,
		outcome{1, 1, 7, byUsage, "length", true, ""}},
	{"the end mark without its blank line", completions, text("a", 1, "length") + "data: [DONE]\n",
		outcome{1, 1, 7, byUsage, "length", true, ""}},
	{"the end mark without any line end", completions, text("a", 1, "length") + "data: [DONE]",
		outcome{1, 1, 7, byUsage, "length", true, ""}},
	{"the end mark twice", completions, text("a", 1, "length") + done + done,
		outcome{1, 1, 7, byUsage, "length", true, ""}},
	{"events of other kinds", completions, "data: {}\n\ndata: {\"type\":\"ping\"}\n\n" + text("a", 1, "length") + done,
		outcome{1, 1, 7, byUsage, "length", true, ""}},

	{"an error event inside a 200", completions,
		text("a", 1, "") + `data: {"error": {"message": "Engine is dead", "type": "InternalServerError", "param": null, "code": 500}}` + "\n\n" + done,
		outcome{1, 1, 7, byUsage, "", true, openai.ErrorEvent}},
	{"an error event of an older vLLM", completions,
		`data: {"object":"error","message":"Engine is dead","type":"InternalServerError","code":500}` + "\n\n" + done,
		outcome{0, 0, 0, "", "", true, openai.ErrorEvent}},
	{"an event named error", completions, "event: error\ndata: out of memory\n\n",
		outcome{0, 0, 0, "", "", false, openai.ErrorEvent}},
	{"an error field", completions, text("a", -1, "") + "error: {\"message\":\"slot unavailable\"}\n\n",
		outcome{1, 1, 0, byEvents, "", false, openai.ErrorEvent}},
	{"a null error is none", completions, `data: {"error":null,"choices":[{"text":"a"}]}` + "\n\n" + done,
		outcome{1, 1, 0, byEvents, "", true, ""}},
	{"cut between events", completions, text("a", 1, "") + text("b", 2, ""),
		outcome{2, 2, 7, byUsage, "", false, openai.Cut}},
	{"cut inside an event", completions, text("a", 1, "") + text("b", 2, "")[:90],
		outcome{1, 1, 7, byUsage, "", false, openai.Cut}},
	{"cut inside the first event", completions, text("a", 1, "")[:40],
		outcome{0, 0, 0, "", "", false, openai.Cut}},
	{"cut before the blank line", completions, text("a", 1, "") + strings.TrimSuffix(text("b", 2, ""), "\n"),
		outcome{2, 2, 7, byUsage, "", false, openai.Cut}},
	{"nothing", completions, "", outcome{0, 0, 0, "", "", false, openai.Cut}},
	{"an end mark and nothing else", completions, done, outcome{0, 0, 0, "", "", true, openai.NoTokens}},
	{"data that is no JSON", completions, text("a", 1, "") + "data: {\"choices\":[}\n\n" + done,
		outcome{1, 1, 7, byUsage, "", false, openai.Garbage}},
	{"data that is no object", completions, "data: 12\n\n" + done,
		outcome{0, 0, 0, "", "", false, openai.Garbage}},
	{"a line that is no event", completions, "<html>\n<body>busy</body>\n", outcome{0, 0, 0, "", "", false, openai.Garbage}},
	{"garbage behind the end mark", completions, text("a", 1, "length") + done + "data: {\"choices\":[{}]}\n\n",
		outcome{1, 1, 7, byUsage, "length", true, openai.Garbage}},
	{"a line behind the end mark", completions, text("a", 1, "length") + done + "0\n",
		outcome{1, 1, 7, byUsage, "length", true, openai.Garbage}},
	{"a count that goes down", completions, text("a", 2, "") + text("b", 1, ""),
		outcome{1, 2, 7, byUsage, "", false, openai.BadUsage}},
	{"a last count below the running one", completions, text("a", 1, "") + text("b", 2, "") + last(1) + done,
		outcome{2, 2, 7, byUsage, "", false, openai.BadUsage}},
	{"a count that is no whole number", completions,
		`data: {"choices":[{"text":"a"}],"usage":{"completion_tokens":1.5}}` + "\n\n",
		outcome{0, 0, 0, "", "", false, openai.BadUsage}},
	{"a count that is negative", completions, `data: {"choices":[{}],"usage":{"completion_tokens":-1}}` + "\n\n",
		outcome{0, 0, 0, "", "", false, openai.BadUsage}},
	{"a count beyond reason", completions, `data: {"choices":[{}],"usage":{"completion_tokens":9999999999}}` + "\n\n",
		outcome{0, 0, 0, "", "", false, openai.BadUsage}},
	{"a line of 1 MiB", completions, text("a", 1, "") + "data: {\"x\":\"" + strings.Repeat("y", 1<<20) + "\"}\n\n",
		outcome{1, 1, 7, byUsage, "", false, openai.Oversized}},
	{"lines of 1 MiB together", completions, strings.Repeat("data: "+strings.Repeat(" ", 64<<10)+"\n", 16) + "\n",
		outcome{0, 0, 0, "", "", false, openai.Oversized}},
	{"a comment of 1 MiB", completions, ":" + strings.Repeat("z", 1<<20) + "\n\n" + stream(2),
		outcome{2, 2, 7, byUsage, "length", true, ""}},
	{"nesting without end", completions, "data: {\"a\":" + strings.Repeat("[", 5000) + "\n\n",
		outcome{0, 0, 0, "", "", false, openai.Garbage}},
}

func TestStream(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{4096, 1, 2, 7, 300} {
				got := read(tt.endpoint, tt.body, size)
				if diff := cmp.Diff(tt.want, outcomeOf(got)); diff != "" {
					t.Errorf("in pieces of %d (-want +got):\n%s", size, diff)
				}
				if (got.Err == "") != (got.Sample == "") {
					t.Errorf("in pieces of %d: class %q has the sample %q", size, got.Err, got.Sample)
				}
			}
		})
	}
}

func TestStreamSplitAtEveryByte(t *testing.T) {
	for _, tt := range streams {
		if len(tt.body) > 8<<10 {
			continue
		}
		for at := range tt.body {
			s := &openai.Stream{}
			s.Reset(tt.endpoint, nil, nil)
			s.Feed([]byte(tt.body[:at]), 1)
			s.Feed([]byte(tt.body[at:]), 2)
			s.Finish("", openai.Want{})
			if diff := cmp.Diff(tt.want, outcomeOf(s)); diff != "" {
				t.Fatalf("%s, split at %d (-want +got):\n%s", tt.name, at, diff)
			}
		}
	}
}

type sinkLog []string

func (l *sinkLog) Token(stampNS int64, tokens int, gapUS int64) {
	*l = append(*l, fmt.Sprint(stampNS, tokens, gapUS))
}

func TestStreamStampsAndGaps(t *testing.T) {
	var log sinkLog
	var s openai.Stream
	s.Reset(completions, make([]uint32, 0, 8), &log)
	s.Feed([]byte(text("a", 1, "")), 10_000_000)
	s.Feed([]byte(text("b", 3, "")), 10_001_499)                  // 1.499 µs later
	s.Feed([]byte(text("c", 4, "")), 10_002_999)                  // 1.5 µs later
	s.Feed([]byte(text("d", 5, "")+text("e", 6, "")), 30_000_000) // one read
	s.Feed([]byte(text("f", 7, "")), 29_000_000)                  // the clock was stepped back
	s.Feed([]byte(text("g", 8, "")[:100]), 40_000_000)            // half an event
	s.Feed([]byte(text("g", 8, "")[100:]), 50_000_000)            // has the stamp of its end
	s.Feed([]byte(text("h", 9, "length")+last(9)+done), 3600*4e9) // hours later
	s.Finish("", openai.Want{Prompt: 7, Output: 9})
	want := sinkLog{"10000000 1 -1", "10001499 2 1", "10002999 1 2", "30000000 1 19997", "30000000 1 0",
		"29000000 1 0", "50000000 1 21000", "14400000000000 1 4294967295"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("sink (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint32{1, 2, 19997, 0, 0, 21000, 4294967295}, s.Gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if s.FirstTokenNS != 10_000_000 || s.LastTokenNS != 14_400_000_000_000 || s.DoneNS != 14_400_000_000_000 ||
		s.Coalesced != 1 || s.Err != "" {
		t.Errorf("first %d, last %d, done %d, coalesced %d, err %q", s.FirstTokenNS, s.LastTokenNS, s.DoneNS, s.Coalesced, s.Err)
	}
}

func TestFinishChecksWhatWasAskedFor(t *testing.T) {
	tests := []struct {
		name      string
		body      string
		transport openai.Class
		want      openai.Want
		class     openai.Class
		sample    string
	}{
		{"as asked", stream(3), "", openai.Want{Prompt: 7, Output: 3}, "", ""},
		{"not checked", stream(3), "", openai.Want{}, "", ""},
		{"too few", stream(3), "", openai.Want{Output: 4}, openai.WrongTokens,
			`asked for 4 output tokens, got 3 (finish_reason "length")`},
		{"another prompt", stream(3), "", openai.Want{Prompt: 8, Output: 3}, openai.WrongTokens,
			"sent 8 prompt tokens, the server counted 7"},
		{"no count to check", text("a", -1, "stop") + done, "", openai.Want{Prompt: 7, Output: 3}, "", ""},
		{"the transport broke", text("a", 1, ""), openai.Reset, openai.Want{Output: 3}, openai.Reset, ""},
		{"the transport broke behind the end mark", stream(3), openai.Cut, openai.Want{Output: 3}, "", ""},
		{"the fault in the bytes comes first", "data: x\n\n", openai.Reset, openai.Want{}, openai.Garbage, "x"},
		{"cut", text("a", 1, ""), "", openai.Want{}, openai.Cut, "the stream ended without [DONE] after 1 token events"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s openai.Stream
			s.Reset(completions, nil, nil)
			feed(&s, tt.body, 64)
			s.Finish(tt.transport, tt.want)
			if s.Err != tt.class || s.Sample != tt.sample {
				t.Errorf("got %q, %q, want %q, %q", s.Err, s.Sample, tt.class, tt.sample)
			}
		})
	}
}

func TestHeadOfAnotherKindMakesAnError(t *testing.T) {
	s := &openai.Stream{Secrets: []string{"sk-canary-1"}}
	for _, split := range []int{5, 1000} {
		s.Reset(chat, nil, nil)
		s.Head(401, "application/json")
		feed(s, `{"error":{"message":"key sk-canary-1 is not known"}}`, split)
		s.Finish("", openai.Want{Output: 5})
		if s.Err != openai.Unauthorized || s.Sample != "401: key *** is not known" {
			t.Errorf("got %q, %q", s.Err, s.Sample)
		}
	}
	s.Reset(chat, nil, nil)
	s.Head(200, "text/event-stream;charset=UTF-8")
	feed(s, delta(`"content":"x"`, 1, "stop")+done, 10)
	s.Finish("", openai.Want{})
	if s.Err != "" || s.Events != 1 {
		t.Errorf("event stream: %q, %d events", s.Err, s.Events)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	piece := []byte(strings.Repeat("q", 4096))
	starts := []string{"data: ", "", "x", ": ", "data: {}\ndata: ", "data: \r"}
	for _, start := range starts {
		var s openai.Stream
		s.Reset(completions, nil, nil)
		s.Head(200, "text/event-stream")
		s.Feed([]byte(start), 1)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range 4096 { // 16 MiB
			s.Feed(piece, 1)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 2<<20 {
			t.Errorf("16 MiB after %q keep %d kB", start, grown>>10)
		}
		runtime.KeepAlive(&s)
	}
	var s openai.Stream
	s.Reset(completions, nil, nil)
	s.Head(500, "text/plain")
	more := true
	for n := 0; more; n++ {
		if more = s.Feed(piece, 1); n > 10 {
			t.Fatal("an error body of any length is wanted")
		}
	}
	s.Finish("", openai.Want{})
	if s.Err != openai.HTTP5xx || len(s.Sample) > 300 {
		t.Errorf("got %q with a sample of %d bytes", s.Err, len(s.Sample))
	}
}
