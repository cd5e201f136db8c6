package sim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// serveStream answers with one event for each token, as the engine hands them out.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request, g *generation) {
	c, err := s.openStream(w, r)
	if err != nil {
		return // the client left, or the server closes
	}
	keep := false
	defer func() { c.finish(keep) }()
	e := newEvents(g, s.cfg.Model)
	if g.badToken != -1 {
		keep = c.write(e.failure(badToken(g.badToken))) == nil && c.end(e.done()) == nil
		return
	}
	j, err := s.submit(g)
	if err != nil {
		keep = c.write(e.failure(badRequest("", "%v", err))) == nil && c.end(e.done()) == nil
		return
	}
	defer s.abort(j)
	for sent := 0; sent < g.max; {
		select {
		case <-j.more:
		case <-c.gone:
			return
		case <-s.closed:
			return
		}
		for n := int(j.tokens.Load()); sent < n; sent++ {
			if sent == g.fault.After && g.fault.Kind != "" {
				if over, ok := s.strike(c, e, g); over {
					keep = ok
					return
				}
			}
			if sent == 0 && g.chat && c.write(e.role()) != nil {
				return
			}
			if g.fault.Kind == FaultSlow && !s.pauseStream(c, g.fault.Delay) {
				return
			}
			event := e.token(sent)
			if s.cfg.Observer != nil {
				s.cfg.Observer(g.id, sent, s.now())
			}
			if c.write(event) != nil {
				return
			}
		}
	}
	if g.usage != usageNone && c.queue(e.total()) != nil {
		return
	}
	keep = c.end(e.done()) == nil
}

// pauseStream waits for d; false means that the client left or the server closes.
func (s *Server) pauseStream(c *conn, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.gone:
	case <-s.closed:
	}
	return false
}

// strike makes a fault that comes after some tokens. over says that the stream has ended, ok that it
// has ended well.
func (s *Server) strike(c *conn, e *events, g *generation) (over, ok bool) {
	switch g.fault.Kind {
	case FaultCut:
		return true, false
	case FaultStall:
		select {
		case <-c.gone:
		case <-s.closed:
		}
		return true, false
	case FaultGarbage:
		return c.write(e.finish(append(e.begin(), "data: {\"id\":\"cmpl-\xff\x00,,]}"...))) != nil, false
	case FaultErrorEvent:
		fail := &apiError{http.StatusInternalServerError, "the simulated fault of this request", "InternalServerError", ""}
		return true, c.write(e.failure(fail)) == nil && c.end(e.done()) == nil
	}
	return false, false
}

// events renders the SSE events of one stream into one buffer, which is reused: a result is valid until
// the next call. Each begins with room for the length of an HTTP chunk.
type events struct {
	g    *generation
	head string // up to the choices
	buf  []byte
}

func newEvents(g *generation, model string) *events {
	object := `","object":"text_completion","created":`
	if g.chat {
		object = `","object":"chat.completion.chunk","created":`
	}
	return &events{g: g, buf: make([]byte, 0, 512), head: `data: {"id":"` + g.prefix() + g.id + object +
		strconv.FormatInt(time.Now().Unix(), 10) + `,"model":` + quote(model) + `,"choices":[`}
}

func (e *events) begin() []byte { return e.buf[:chunkRoom] }

// finish ends an event and its chunk, and holds on to the buffer, which may have grown.
func (e *events) finish(b []byte) []byte {
	e.buf = append(b, "\n\n\r\n"...)
	return e.buf
}

// role is the first event of a chat: a role and no token.
func (e *events) role() []byte {
	b := append(e.begin(), e.head...)
	b = append(b, `{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]`...)
	if e.g.usage == usageEvery {
		b = e.appendUsage(b, 0, e.g.chat)
	}
	return e.finish(append(b, `,"prompt_token_ids":null,"prompt_text":null}`...))
}

// token is the event of the k-th token, from 0.
func (e *events) token(k int) []byte {
	g := e.g
	last := k == g.max-1
	b := append(e.begin(), e.head...)
	if g.chat {
		b = append(b, `{"index":0,"delta":{"content":`...)
		b = append(b, quoted[g.word(k)]...)
		b = append(b, `},"logprobs":null,"finish_reason":`...)
	} else {
		b = append(b, `{"index":0,"text":`...)
		b = append(b, quoted[g.word(k)]...)
		b = append(b, `,"logprobs":null,"finish_reason":`...)
	}
	if last {
		b = append(b, '"')
		b = append(b, g.finish...)
		b = append(b, '"')
	} else {
		b = append(b, "null"...)
	}
	if !g.chat || last {
		b = append(b, `,"stop_reason":null`...)
	}
	if !g.chat {
		b = append(b, `,"prompt_token_ids":null`...)
	}
	b = append(b, `,"token_ids":null}]`...)
	if g.usage == usageEvery {
		b = e.appendUsage(b, k+1, g.chat)
	}
	if last && g.usage == usageNone {
		b = append(b, `,"system_fingerprint":"`+fingerprint+`"`...)
	}
	return e.finish(append(b, '}'))
}

// total is the event after the last token: no choice, the usage.
func (e *events) total() []byte {
	b := append(e.begin(), e.head...)
	b = e.appendUsage(append(b, ']'), e.g.max, false)
	return e.finish(append(b, `,"system_fingerprint":"`+fingerprint+`"}`...))
}

func (e *events) appendUsage(b []byte, n int, details bool) []byte {
	prompt, output := e.g.usageTokens(n)
	b = strconv.AppendInt(append(b, `,"usage":{"prompt_tokens":`...), int64(prompt), 10)
	b = strconv.AppendInt(append(b, `,"total_tokens":`...), int64(prompt+output), 10)
	b = strconv.AppendInt(append(b, `,"completion_tokens":`...), int64(output), 10)
	if details {
		b = append(b, `,"completion_tokens_details":null`...)
	}
	return append(b, '}')
}

func (e *events) failure(err *apiError) []byte {
	b, _ := json.Marshal(err.body()) // strings and numbers always encode
	return e.finish(append(append(e.begin(), "data: "...), b...))
}

func (e *events) done() []byte { return e.finish(append(e.begin(), "data: [DONE]"...)) }
