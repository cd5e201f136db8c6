package sim

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const fingerprint = "benchtop-sim"

// generate answers a request for tokens.
func (s *Server) generate(w http.ResponseWriter, r *http.Request, chat bool) {
	var body completionBody
	err := readJSON(w, r, &body)
	read := s.now()
	g := &generation{chat: chat, fault: s.nextFault()}
	s.mu.Lock()
	s.serial++
	g.seed = mix(s.cfg.Seed, s.serial)
	s.mu.Unlock()
	if g.id = cleanID(r.Header.Get("X-Request-Id")); g.id == "" {
		g.id = fmt.Sprintf("%016x", g.seed)
	}
	if s.cfg.Observer != nil {
		s.cfg.Observer(g.id, -1, read)
	}
	switch {
	case g.fault.Kind == FaultStatus:
		e := *errFault
		e.status = g.fault.status(e.status)
		err = &e
	case g.fault.Kind == FaultHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(g.fault.status(http.StatusOK))
		_, _ = w.Write([]byte("<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to go on</h1></body></html>\n"))
		return
	case err == nil:
		err = s.parse(&body, g)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	if g.fault.Kind == FaultNoUsage {
		g.usage = usageNone
	}
	if g.badToken != nil { // found by the real engine, after the head of a stream has been sent
		s.refuse(w, r, g, badRequest("", "Token id %d is out of vocabulary", *g.badToken))
		return
	}
	j, serr := s.submit(g)
	if serr != nil {
		writeError(w, badRequest("", "%v", serr))
		return
	}
	defer s.abort(j)
	if g.stream {
		s.serveStream(w, r, g, j)
	} else {
		s.servePlain(w, r, g, j)
	}
}

// refuse answers with an error where vLLM finds it late: in a stream it is an event.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, g *generation, e *apiError) {
	if !g.stream {
		writeError(w, e)
		return
	}
	c, err := s.openStream(w, r)
	if err != nil {
		return // the client left, or the server closes
	}
	ev := newEvents(g, s.cfg.Model)
	c.finish(c.write(ev.failure(e)) == nil && c.end(ev.done()) == nil)
}

var errFault = &apiError{http.StatusInternalServerError, "the simulated fault of this request", "InternalServerError", ""}

// cleanID keeps what is printable and harmless in JSON of an id that a client chose.
func cleanID(id string) string {
	id = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"\<>&`, r) {
			return -1
		}
		return r
	}, id)
	return id[:min(len(id), 128)]
}

// usageTokens are the counts that g reports after n output tokens.
func (g *generation) usageTokens(n int) (prompt, output int) {
	if g.fault.Kind == FaultWrongUsage {
		return 2 * g.prompt, 2 * n
	}
	return g.prompt, n
}

// word is the k-th word of g's reply; the end of sentence has none.
func (g *generation) word(k int) int {
	if k == g.max-1 && g.finish == "stop" {
		return 0
	}
	return wordAt(g.seed, k)
}

func (g *generation) prefix() string {
	if g.chat {
		return "chatcmpl-"
	}
	return "cmpl-"
}

// servePlain answers in one piece, when the last token is there.
func (s *Server) servePlain(w http.ResponseWriter, r *http.Request, g *generation, j *job) {
	for int(j.tokens.Load()) < g.max {
		select {
		case <-j.more:
		case <-r.Context().Done():
			return
		case <-s.closed:
			return
		}
	}
	b := g.plainBody(s.cfg.Model)
	switch g.fault.Kind {
	case FaultErrorEvent:
		writeError(w, errFault)
		return
	case FaultCut:
		panic(http.ErrAbortHandler) // net/http closes the connection without a reply
	case FaultGarbage:
		b = b[:len(b)/2]
	case FaultStall:
		s.pause(r.Context(), math.MaxInt64)
		return
	case FaultSlow:
		if !s.pause(r.Context(), g.fault.Delay) {
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}

func (g *generation) plainBody(model string) []byte {
	var text strings.Builder
	for k := range g.max {
		text.WriteString(words[g.word(k)])
	}
	prompt, output := g.usageTokens(g.max)
	usage := fmt.Sprintf(`"usage":{"prompt_tokens":%d,"total_tokens":%d,"completion_tokens":%d,"prompt_tokens_details":null,"completion_tokens_details":null}`,
		prompt, prompt+output, output)
	if g.chat {
		return fmt.Appendf(nil, `{"id":"chatcmpl-%s","object":"chat.completion","created":%d,"model":%s,"choices":[{"index":0,"message":{"role":"assistant","content":%q,"refusal":null,"annotations":null,"audio":null,"function_call":null,"reasoning":null},"logprobs":null,"finish_reason":%q,"stop_reason":null,"token_ids":null}],"service_tier":null,"system_fingerprint":%q,%s,"prompt_logprobs":null,"prompt_token_ids":null,"kv_transfer_params":null}`,
			g.id, time.Now().Unix(), quote(model), text.String(), g.finish, fingerprint, usage)
	}
	return fmt.Appendf(nil, `{"id":"cmpl-%s","object":"text_completion","created":%d,"model":%s,"choices":[{"index":0,"text":%q,"logprobs":null,"finish_reason":%q,"stop_reason":null,"token_ids":null,"prompt_logprobs":null,"prompt_token_ids":null}],"service_tier":null,"system_fingerprint":%q,%s,"kv_transfer_params":null}`,
		g.id, time.Now().Unix(), quote(model), text.String(), g.finish, fingerprint, usage)
}
