package openai_test

import (
	"fmt"
	"strings"

	"benchtop/engine/openai"
)

// The forms of vLLM's replies, as its server sends them: one event a line, members in this order.

const (
	idText = `"id":"cmpl-4be1c07d92aa6f15","object":"text_completion","created":1790100200,"model":"phi-4-mini-instruct"`
	idChat = `"id":"chatcmpl-9d20a5c3e81b7f46","object":"chat.completion.chunk","created":1790100200,"model":"phi-4-mini-instruct"`
	done   = "data: [DONE]\n\n"
)

// usage is the usage member with a leading comma; a negative count leaves it out.
func usage(prompt, completion int) string {
	if completion < 0 {
		return ""
	}
	return fmt.Sprintf(`,"usage":{"prompt_tokens":%d,"total_tokens":%d,"completion_tokens":%d}`,
		prompt, prompt+completion, completion)
}

// text is an event of /v1/completions.
func text(s string, completion int, finish string) string {
	reason := "null"
	if finish != "" {
		reason = `"` + finish + `"`
	}
	return fmt.Sprintf(`data: {%s,"choices":[{"index":0,"text":%q,"logprobs":null,"finish_reason":%s,`+
		`"stop_reason":null,"prompt_token_ids":null,"token_ids":null}]%s}`+"\n\n", idText, s, reason, usage(7, completion))
}

// delta is an event of /v1/chat/completions; d is the inside of the delta.
func delta(d string, completion int, finish string) string {
	reason := "null"
	if finish != "" {
		reason = `"` + finish + `"`
	}
	return fmt.Sprintf(`data: {%s,"choices":[{"index":0,"delta":{%s},"logprobs":null,"finish_reason":%s,`+
		`"token_ids":null}]%s}`+"\n\n", idChat, d, reason, usage(7, completion))
}

// last is the event without a choice that ends a stream with usage.
func last(completion int) string {
	return fmt.Sprintf(`data: {%s,"choices":[]%s,"system_fingerprint":"vllm-0.32.0-11aa22bb"}`+"\n\n",
		idText, usage(7, completion))
}

const roleOnly = `"role":"assistant","content":""`

// stream counts upwards for n events with a running count and a proper end.
func stream(n int) string {
	var b strings.Builder
	for k := 1; k <= n; k++ {
		finish := ""
		if k == n {
			finish = "length"
		}
		b.WriteString(text(fmt.Sprintf(" w%d", k), k, finish))
	}
	return b.String() + last(n) + done
}

// read feeds body in pieces of size bytes, the k-th (from 1) stamped k ms, and finishes.
func read(e openai.Endpoint, body string, size int) *openai.Stream {
	s := &openai.Stream{}
	s.Reset(e, nil, nil)
	feed(s, body, size)
	s.Finish("", openai.Want{})
	return s
}

func feed(s *openai.Stream, body string, size int) {
	for k := 1; len(body) > 0; k++ {
		n := min(size, len(body))
		s.Feed([]byte(body[:n]), int64(k)*1e6)
		body = body[n:]
	}
}
