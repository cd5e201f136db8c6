package sim

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// errGone ends a stream that is not to be finished: the client left, the server closes, or a fault
// says so.
var errGone = errors.New("the stream is cut")

// serveStream answers with one event for each token, as the engine hands them out.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request, g *generation, j *job) {
	c, err := s.openStream(w, r)
	if err != nil {
		return // the client left, or the server closes
	}
	err = s.send(c, newEvents(g, s.cfg.Model), j)
	s.abort(j) // before finish, which waits for the client's next request
	c.finish(err == nil)
}

// send writes all events of a stream.
func (s *Server) send(c *conn, e *events, j *job) error {
	g := e.g
	for sent := 0; sent < g.max; {
		if err := wait(c, j.more); err != nil {
			return err
		}
		for n := int(j.tokens.Load()); sent < n; sent++ {
			if over, err := strike(c, e, sent); over || err != nil {
				return err
			}
			if err := s.sendToken(c, e, sent); err != nil {
				return err
			}
		}
	}
	if g.usage != usageNone {
		if err := c.queue(e.total()); err != nil {
			return err
		}
	}
	return c.end(e.done())
}

func (s *Server) sendToken(c *conn, e *events, k int) error {
	if k == 0 && e.g.chat {
		if err := c.write(e.role()); err != nil {
			return err
		}
	}
	if e.g.fault.Kind == FaultSlow {
		if err := wait(c, time.After(e.g.fault.Delay)); err != nil {
			return err
		}
	}
	event := e.token(k)
	if s.cfg.Observer != nil {
		s.cfg.Observer(e.g.id, k, s.now())
	}
	return c.write(event)
}

// strike makes a fault that comes after some tokens; over says that it has ended the stream well.
func strike(c *conn, e *events, sent int) (over bool, _ error) {
	if sent != e.g.fault.After {
		return false, nil
	}
	switch e.g.fault.Kind {
	case FaultCut:
		return false, errGone
	case FaultStall:
		return false, wait[struct{}](c, nil)
	case FaultGarbage:
		return false, c.write(e.garbage())
	case FaultErrorEvent:
		if err := c.write(e.failure(errFault)); err != nil {
			return false, err
		}
		return true, c.end(e.done())
	}
	return false, nil
}

// wait receives from ch unless the client leaves or the server closes.
func wait[T any](c *conn, ch <-chan T) error {
	select {
	case <-ch:
		return nil
	case <-c.gone:
	case <-c.s.closed:
	}
	return errGone
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

// garbage is an event that is neither JSON nor UTF-8.
func (e *events) garbage() []byte {
	return e.finish(append(e.begin(), "data: {\"id\":\"cmpl-\xff\x00,,]}"...))
}

// failure is an error event; unlike the bodies of errors vLLM writes it with spaces.
func (e *events) failure(err *apiError) []byte {
	param := "null"
	if err.param != "" {
		param = quote(err.param)
	}
	return e.finish(fmt.Appendf(e.begin(), `data: {"error": {"message": %s, "type": %s, "param": %s, "code": %d}}`,
		quote(err.message), quote(err.kind), param, err.status))
}

func (e *events) done() []byte { return e.finish(append(e.begin(), "data: [DONE]"...)) }
