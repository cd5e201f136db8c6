package openai

import (
	"bytes"
	"math"
)

// The bounds of what is kept of a reply.
const (
	maxEvent     = 256 << 10 // bytes of one event; vLLM's are 0.3 kB, 60 kB with a long prompt's ids
	maxErrorBody = 8 << 10   // bytes kept of a reply that is no event stream
)

// TokenSink is told of every token event as it is found.
type TokenSink interface {
	// Token gets the stamp of the event, its size in tokens and the gap to the token event before
	// it in µs, -1 for the first.
	Token(stampNS int64, tokens int, gapUS int64)
}

// The values of Stream.UsageMode.
const (
	UsageCount  = "usage"  // the server's running count
	EventsCount = "events" // events are counted, the server gives no running count
)

// Stream reads one streamed reply. It is reusable by Reset, and not safe for concurrent use. The
// exported fields are results: read them, do not set them. Stamps are whatever base the caller
// stamps with, 0 = did not happen.
type Stream struct {
	FirstTokenNS, LastTokenNS int64
	Events                    int // token events
	// OutputTokens is the server's last count, else the sum of the token events. Only a reply
	// counted by events whose last event brings usage has another sum.
	OutputTokens int
	PromptTokens int      // the server's count, 0 = unknown
	Gaps         []uint32 // µs between consecutive token events, each rounded once
	// Coalesced counts token events with the stamp of the one before: they came in one read, so
	// their true gap is lost.
	Coalesced    int
	DoneMark     bool   // data: [DONE] was seen
	DoneNS       int64  // when; the reply is whole from then on, whatever the connection does
	FinishReason string // as the server says, cleaned
	UsageMode    string // UsageCount, EventsCount, "" before the first event with a choice
	Err          Class  // "" = nothing wrong
	Sample       string // what was wrong, cleaned and bounded

	// Secrets are replaced by *** in Sample. They survive Reset.
	Secrets []string

	endpoint    Endpoint
	sink        TokenSink
	status      int // of a reply that is no event stream, else 0
	contentType string
	stampNS     int64
	total       int  // server's last count, -1 = none
	running     int  // count at the last token event, in UsageCount mode
	started     bool // the first bytes were looked at (for a byte-order mark)
	skipLF      bool // the line before ended with CR: a LF belongs to it
	skipLine    bool // inside a comment that need not be kept
	errorField  bool // this event is named error
	hasData     bool
	line        []byte // an unfinished line from the feeds before
	held        []byte // data of the event so far; aliases the fed bytes, line or data
	data        []byte
	ev          event
}

// Reset prepares s for the next reply. gaps is storage to append to; it becomes s.Gaps. sink may be
// nil.
func (s *Stream) Reset(e Endpoint, gaps []uint32, sink TokenSink) {
	*s = Stream{
		Gaps: gaps, Secrets: s.Secrets,
		endpoint: e, sink: sink, total: -1,
		line: recycled(s.line), data: recycled(s.data),
	}
}

// recycled empties a buffer; one that a hostile reply blew up is left to the collector.
func recycled(b []byte) []byte {
	if cap(b) > maxErrorBody {
		return nil
	}
	return b[:0]
}

// Head tells s the reply's status and content type. With anything but a 200 event stream, what is
// fed is kept as the body of an error, and Finish classifies it. Without Head an event stream is
// assumed.
func (s *Stream) Head(status int, contentType string) {
	if status != 200 || !isEventStream(contentType) {
		s.status, s.contentType = status, contentType
	}
}

// Feed takes the next bytes of the body, chunk framing removed, and the stamp of the read that
// brought them. An event has the stamp of the bytes that complete it. It is false when nothing that
// follows can matter: the reply is broken, and the connection better closed. b is not kept.
func (s *Stream) Feed(b []byte, stampNS int64) bool {
	if s.status != 0 {
		s.data = append(s.data, b[:min(len(b), maxErrorBody-len(s.data))]...)
		return len(s.data) < maxErrorBody
	}
	s.stampNS = stampNS
	for len(b) > 0 && !s.broken() {
		if s.skipLF {
			s.skipLF = false
			if b[0] == '\n' {
				b = b[1:]
				continue
			}
		}
		end := lineEnd(b)
		if end < 0 {
			break
		}
		line := b[:end]
		s.skipLF = b[end] == '\r'
		b = b[end+1:]
		if len(s.line) > 0 {
			s.line = append(s.line, line...)
			line, s.line = s.line, s.line[:0]
		}
		if s.skipLine {
			s.skipLine = false
			continue
		}
		s.takeLine(line)
	}
	s.settle()
	if !s.broken() {
		s.keep(b)
	}
	return !s.broken()
}

// broken says whether the reply is beyond reading; after an error event the rest is still read, so
// that the connection can be used again.
func (s *Stream) broken() bool { return s.Err != "" && s.Err != ErrorEvent }

func lineEnd(b []byte) int {
	end := bytes.IndexByte(b, '\n')
	head := b
	if end >= 0 {
		head = b[:end]
	}
	if cr := bytes.IndexByte(head, '\r'); cr >= 0 {
		return cr
	}
	return end
}

// keep stores an unfinished line for the next Feed.
func (s *Stream) keep(b []byte) {
	if s.skipLine || len(b) == 0 {
		return
	}
	if len(s.line) == 0 && b[0] == ':' {
		s.skipLine, s.started = true, true // a comment, however long
		return
	}
	if len(s.line)+len(b)+len(s.data) > maxEvent {
		s.failText(Oversized, oversized)
		return
	}
	s.line = append(s.line, b...)
}

// settle moves held data into own storage, before the bytes it aliases change.
func (s *Stream) settle() {
	if s.hasData && len(s.data) == 0 {
		s.data = append(s.data, s.held...)
		s.held = s.data
	}
}

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	fieldData     = []byte("data")
	fieldEvent    = []byte("event")
	fieldError    = []byte("error")
	doneMark      = []byte("[DONE]")
)

const oversized = "an event is longer than 256 KiB"

// takeLine handles one line without its end: a field, a comment, or the blank line that ends an
// event.
func (s *Stream) takeLine(line []byte) {
	if !s.started {
		s.started = true
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	if len(line) == 0 {
		s.dispatch()
		return
	}
	field, value, _ := bytes.Cut(line, []byte{':'})
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch {
	case len(field) == 0: // a comment
	case bytes.Equal(field, fieldData):
		s.takeData(value)
	case bytes.Equal(field, fieldEvent):
		s.errorField = bytes.Equal(value, fieldError)
	case bytes.Equal(field, fieldError): // llama.cpp ends a failed stream with "error: {…}"
		s.failText(ErrorEvent, message(value, s.Secrets))
	case string(field) == "id" || string(field) == "retry":
	default:
		s.fail(Garbage, line)
	}
}

func (s *Stream) takeData(value []byte) {
	if !s.hasData {
		s.hasData, s.held = true, value
		return
	}
	s.settle()
	if len(s.data)+len(value) >= maxEvent {
		s.failText(Oversized, oversized)
		return
	}
	s.data = append(append(s.data, '\n'), value...)
	s.held = s.data
}

// dispatch ends the event that the lines before made up.
func (s *Stream) dispatch() {
	payload, errorField := s.held, s.errorField
	had := s.hasData
	s.hasData, s.held, s.data, s.errorField = false, nil, s.data[:0], false
	switch payload = bytes.TrimSpace(payload); {
	case !had || len(payload) == 0:
	case bytes.Equal(payload, doneMark):
		if !s.DoneMark {
			s.DoneMark, s.DoneNS = true, s.stampNS
		}
	case errorField:
		s.failText(ErrorEvent, message(payload, s.Secrets))
	case s.DoneMark:
		s.fail(Garbage, payload)
	case !parseEvent(payload, &s.ev):
		s.fail(Garbage, payload)
	case s.ev.failed:
		s.failText(ErrorEvent, message(s.ev.failure, s.Secrets))
	default:
		s.account(&s.ev)
	}
}

// account applies the definition of a token event.
func (s *Stream) account(ev *event) {
	if ev.usage == usageBad {
		s.fail(BadUsage, []byte("usage.completion_tokens is not a whole number in range"))
		return
	}
	if ev.usage == usageGood {
		if ev.completion < s.total {
			s.fail(BadUsage, []byte("usage.completion_tokens went down"))
			return
		}
		s.total = ev.completion
		if ev.prompt >= 0 {
			s.PromptTokens = ev.prompt
		}
	}
	if len(ev.finish) > 0 {
		s.FinishReason = finishReason(ev.finish)
	}
	if ev.choices == 0 {
		return
	}
	if s.UsageMode == "" {
		s.UsageMode = EventsCount
		if ev.usage == usageGood {
			s.UsageMode = UsageCount
		}
	}
	switch {
	case s.UsageMode == UsageCount:
		if grown := s.total - s.running; grown > 0 {
			s.running = s.total
			s.token(grown)
		}
	case s.endpoint != Chat || ev.content:
		s.token(1)
	}
}

func (s *Stream) token(size int) {
	gapUS := int64(-1)
	if s.Events == 0 {
		s.FirstTokenNS = s.stampNS
	} else {
		// A stamp before the last one can only come from a clock step, which is reported elsewhere.
		gapUS = min(max(s.stampNS-s.LastTokenNS+500, 0)/1000, math.MaxUint32)
		s.Gaps = append(s.Gaps, uint32(gapUS))
		if s.stampNS == s.LastTokenNS {
			s.Coalesced++
		}
	}
	s.Events++
	s.OutputTokens += size
	s.LastTokenNS = s.stampNS
	if s.sink != nil {
		s.sink.Token(s.stampNS, size, gapUS)
	}
}

// finishReason gives the usual reasons without allocating.
func finishReason(raw []byte) string {
	for _, known := range [...]string{"length", "stop", "abort", "error", "tool_calls", "content_filter"} {
		if string(raw) == known {
			return known
		}
	}
	return CleanSample(raw[:min(len(raw), 40)])
}
