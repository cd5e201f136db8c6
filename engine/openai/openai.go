// Package openai speaks the OpenAI-compatible dialect of a vLLM server: request bodies, the
// server-sent events of a streamed reply, token accounting and error classes.
//
// A Stream turns the bytes of one reply into token events, as soon as their last byte is there:
//
//	s.Reset(openai.Completions, gaps, sink)
//	s.Head(status, contentType)
//	s.Feed(bytes, stampNS)                // any split of the body, stamped by the caller
//	s.Finish("", openai.Want{Output: 200})
//	if s.Err != "" { … }                  // one Class; never a latency
//
// Token event: an event with a choice in which the server's own running count
// (usage.completion_tokens) grows; its size is the growth. A reply whose first event with a choice
// carries no usage is counted by events instead: on completions every event with a choice (vLLM
// sends tokens with empty text), on chat every event whose content, reasoning or tool-call delta is
// not empty (the role-only event is none); each of size 1.
//
// Invariants: no clock, no network, no goroutine; no allocation per event; memory is bounded
// whatever the server sends; text in a reply can never pass for structure, because events are
// walked as JSON and not searched.
//
// It imports benchtop/escape and the standard library only.
package openai

import (
	"strconv"
	"unicode/utf8"
)

// Endpoint is one of the two streaming routes.
type Endpoint string

// The endpoints.
const (
	Completions Endpoint = "completions"
	Chat        Endpoint = "chat"
)

// Path is the route below the base URL.
func (e Endpoint) Path() string {
	if e == Chat {
		return "/v1/chat/completions"
	}
	return "/v1/completions"
}

// StreamOptions says how much usage a request asks the server to report.
type StreamOptions int

// From the least to the most that can be asked for.
const (
	NoUsage         StreamOptions = iota // no stream_options at all
	IncludeUsage                         // usage in a last event without a choice
	ContinuousUsage                      // the running count in every event; vLLM's own
)

// Less is the next form to try when a server answers 400 or 422 to o; ok is false after the last.
func (o StreamOptions) Less() (less StreamOptions, ok bool) {
	if o <= NoUsage {
		return NoUsage, false
	}
	return o - 1, true
}

// Request is one generation request. Exactly one of PromptIDs (completions only) and PromptText is
// used: the ids if there are any.
type Request struct {
	Model      string // left out when empty
	Endpoint   Endpoint
	PromptIDs  []int
	PromptText string
	MaxTokens  int
	Options    StreamOptions // only sent with Stream
	IgnoreEOS  bool
	Stream     bool
}

// AppendBody appends the request as JSON to dst. Invalid UTF-8 becomes U+FFFD.
func (r *Request) AppendBody(dst []byte) []byte {
	dst = append(dst, '{')
	if r.Model != "" {
		dst = append(dst, `"model":`...)
		dst = appendString(dst, r.Model)
		dst = append(dst, ',')
	}
	dst = r.appendPrompt(dst)
	dst = append(dst, `,"max_tokens":`...)
	dst = strconv.AppendInt(dst, int64(r.MaxTokens), 10)
	if r.IgnoreEOS {
		dst = append(dst, `,"ignore_eos":true`...)
	}
	if r.Stream {
		dst = append(dst, `,"stream":true`...)
		switch r.Options {
		case IncludeUsage:
			dst = append(dst, `,"stream_options":{"include_usage":true}`...)
		case ContinuousUsage:
			dst = append(dst, `,"stream_options":{"include_usage":true,"continuous_usage_stats":true}`...)
		}
	}
	return append(dst, '}')
}

func (r *Request) appendPrompt(dst []byte) []byte {
	if r.Endpoint == Chat {
		dst = append(dst, `"messages":[{"role":"user","content":`...)
		dst = appendString(dst, r.PromptText)
		return append(dst, `}]`...)
	}
	dst = append(dst, `"prompt":`...)
	if len(r.PromptIDs) == 0 {
		return appendString(dst, r.PromptText)
	}
	dst = append(dst, '[')
	for i, id := range r.PromptIDs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(id), 10)
	}
	return append(dst, ']')
}

// AppendTokenize appends the body of a vLLM /tokenize request. Without special tokens the count is
// that of the text alone, which is what prompts are cut to.
func AppendTokenize(dst []byte, model, text string, specialTokens bool) []byte {
	dst = append(dst, '{')
	if model != "" {
		dst = append(dst, `"model":`...)
		dst = appendString(dst, model)
		dst = append(dst, ',')
	}
	dst = append(dst, `"prompt":`...)
	dst = appendString(dst, text)
	dst = append(dst, `,"add_special_tokens":`...)
	dst = strconv.AppendBool(dst, specialTokens)
	return append(dst, '}')
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return append(dst, '"')
}
