package openai

import (
	"bytes"
	"fmt"
)

// Want is what the request asked for, in tokens by the server's count. 0 is not checked.
type Want struct{ Prompt, Output int }

// Finish ends the reply and decides Err. transport is the class of what ended the body early, ""
// if it ended in good order. The first fault found counts: a fault in the bytes, then the transport,
// then a missing end mark, then wrong counts. A reply that brought its end mark is whole, whatever
// the transport did after it. With a transport class Sample stays empty: the transport's own error
// says it better. Finish is to be called once.
func (s *Stream) Finish(transport Class, want Want) {
	if s.status != 0 {
		s.Err, s.Sample = ClassifyHTTP(s.status, s.contentType, s.data, s.Secrets...)
		return
	}
	if s.Err == "" {
		s.flush()
	}
	if s.total >= 0 {
		s.OutputTokens = s.total
	}
	switch {
	case s.Err != "":
	case !s.DoneMark && transport != "":
		s.failText(transport, "")
	case !s.DoneMark:
		s.failText(Cut, fmt.Sprintf("the stream ended without [DONE] after %d token events", s.Events))
	case s.Events == 0:
		s.failText(NoTokens, fmt.Sprintf("the stream brought no token event, the server counted %d tokens", max(s.total, 0)))
	case s.total >= 0 && want.Output > 0 && s.OutputTokens != want.Output:
		s.failText(WrongTokens, fmt.Sprintf("asked for %d output tokens, got %d (finish_reason %q)",
			want.Output, s.OutputTokens, s.FinishReason))
	case s.PromptTokens > 0 && want.Prompt > 0 && s.PromptTokens != want.Prompt:
		s.failText(WrongTokens, fmt.Sprintf("sent %d prompt tokens, the server counted %d",
			want.Prompt, s.PromptTokens))
	}
}

// flush takes what stands at the end without its blank line, as some servers send their [DONE]. A
// piece of an event is no complaint of its own: the stream was cut.
func (s *Stream) flush() {
	done, piece := s.DoneMark, s.hasData
	if line := s.line; len(line) > 0 {
		piece = piece || len(line) <= len("event:") || bytes.HasPrefix(line, fieldData)
		s.line = nil
		s.takeLine(line)
	}
	s.dispatch()
	if s.Err != "" && s.Err != ErrorEvent && piece && !done {
		s.Err, s.Sample = "", ""
	}
}

// fail notes the first fault, with the bytes at fault.
func (s *Stream) fail(c Class, sample []byte) { s.failText(c, CleanSample(sample, s.Secrets...)) }

func (s *Stream) failText(c Class, sample string) {
	if s.Err == "" {
		s.Err, s.Sample = c, sample
	}
}
