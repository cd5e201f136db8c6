package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxBody bounds a request: a prompt of 131,072 token ids is under 1 MiB.
const maxBody = 8 << 20

// generation is one validated request for tokens.
type generation struct {
	id       string // without the prefix
	chat     bool
	seed     uint64 // of its text
	prompt   int    // tokens
	max      int    // output tokens
	finish   string // finish_reason
	stream   bool
	usage    usageMode
	badToken *int // a token id outside the vocabulary; nil = none
	fault    Fault
}

type usageMode int

const (
	usageNone  usageMode = iota
	usageLast            // one more event at the end
	usageEvery           // that, and in every event
)

// completionBody is what is read of a body of /v1/completions or /v1/chat/completions; other fields
// are ignored.
type completionBody struct {
	Model               *string         `json:"model"`
	Prompt              json.RawMessage `json:"prompt"`
	Messages            []chatMessage   `json:"messages"`
	MaxTokens           *int            `json:"max_tokens"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	MinTokens           int             `json:"min_tokens"`
	N                   *int            `json:"n"`
	IgnoreEOS           bool            `json:"ignore_eos"`
	Stream              bool            `json:"stream"`
	StreamOptions       *struct {
		IncludeUsage         bool `json:"include_usage"`
		ContinuousUsageStats bool `json:"continuous_usage_stats"`
	} `json:"stream_options"`
}

type chatMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"` // a text or a list of parts
}

// apiError is an error reply in vLLM's form.
type apiError struct {
	status  int
	message string
	kind    string
	param   string // "" = null
}

func badRequest(param, format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, fmt.Sprintf(format, args...), "BadRequestError", param}
}

// readJSON reads a request's body into v.
func readJSON(w http.ResponseWriter, r *http.Request, v any) *apiError {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &apiError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBody), "BadRequestError", ""}
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if bad := (*json.UnmarshalTypeError)(nil); errors.As(err, &bad) {
		at := "body." + bad.Field
		return &apiError{http.StatusBadRequest, fmt.Sprintf(
			"1 validation error:\n  {'type': 'type_error', 'loc': '%s', 'msg': 'Input should be a valid %s, but is a %s'}", at, bad.Type, bad.Value),
			"Bad Request", at}
	}
	if err != nil {
		return &apiError{http.StatusBadRequest,
			"1 validation error:\n  {'type': 'json_invalid', 'loc': 'body', 'msg': 'JSON decode error'}", "Bad Request", "body"}
	}
	return nil
}

// checkModel refuses the name of another model; nil is the one that there is.
func (s *Server) checkModel(name *string) *apiError {
	if name == nil || *name == s.cfg.Model {
		return nil
	}
	return &apiError{http.StatusNotFound,
		fmt.Sprintf("The model `%s` does not exist. Valid aliases: %s.", *name, s.cfg.Model), "NotFoundError", "model"}
}

// parse checks a body as vLLM does and completes g from it.
func (s *Server) parse(b *completionBody, g *generation) *apiError {
	if err := s.checkModel(b.Model); err != nil {
		return err
	}
	if b.StreamOptions != nil && !b.Stream {
		return badRequest("stream_options", "Stream options can only be defined when `stream=True`. (parameter=stream_options)")
	}
	if b.N != nil && *b.N != 1 {
		return badRequest("n", "this simulated server makes one reply for each request, but n is %d", *b.N)
	}
	g.stream = b.Stream
	if o := b.StreamOptions; o != nil && o.IncludeUsage {
		g.usage = usageLast
		if o.ContinuousUsageStats {
			g.usage = usageEvery
		}
	}
	var err *apiError
	limit := b.MaxTokens
	if g.chat {
		err = eachMessage(b.Messages, func(int) { g.prompt++ })
		if b.MaxCompletionTokens != nil {
			limit = b.MaxCompletionTokens
		}
	} else {
		g.prompt, g.badToken, err = countPrompt(b.Prompt)
		if limit == nil {
			limit = new(16)
		}
	}
	if err != nil {
		return err
	}
	return s.parseLengths(b, g, limit)
}

// parseLengths sets g.max and g.finish. A limit of nil is the rest of the context.
func (s *Server) parseLengths(b *completionBody, g *generation, limit *int) *apiError {
	if g.prompt >= s.maxLen {
		return badRequest("input_tokens", "This model's maximum context length is %d tokens. However, your prompt contains %d input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=%d)", s.maxLen, g.prompt, g.prompt)
	}
	g.max, g.finish = s.maxLen-g.prompt, "length"
	if limit != nil {
		switch n := *limit; {
		case n < 1:
			return badRequest("max_tokens", "max_tokens must be at least 1, got %d. (parameter=max_tokens, value=%d)", n, n)
		case n > s.maxLen:
			return badRequest("max_tokens", "max_tokens=%d cannot be greater than max_model_len=%d. Please request fewer output tokens. (parameter=max_tokens, value=%d)", n, s.maxLen, n)
		case b.MinTokens > n:
			return badRequest("", "min_tokens must be less than or equal to max_tokens=%d, got %d.", n, b.MinTokens)
		default:
			g.max = min(g.max, n) // the rest of the context cuts it silently
		}
	}
	if !b.IgnoreEOS {
		// The end of sentence falls anywhere in the 512 tokens after min_tokens.
		if end := max(b.MinTokens, 0) + 1 + int(mix(g.seed, 1<<32)%512); end <= g.max {
			g.max, g.finish = end, "stop"
		}
	}
	return nil
}

// countPrompt counts the tokens of a prompt: a text or a list of token ids. badToken is an id outside
// the vocabulary, or nil.
func countPrompt(raw json.RawMessage) (n int, badToken *int, _ *apiError) {
	var text string
	var ids []int
	switch {
	case len(raw) == 0 || string(raw) == "null":
	case json.Unmarshal(raw, &text) == nil:
		n = countTokens(text)
	case json.Unmarshal(raw, &ids) == nil:
		n = len(ids)
		for _, id := range ids {
			if id < 0 || id >= vocabulary {
				badToken = &id
			}
		}
	default:
		return 0, nil, badRequest("prompt", "this simulated server takes one prompt: a text or a list of token ids")
	}
	if n == 0 {
		return 0, nil, badRequest("", "You must pass at least one prompt")
	}
	return n, badToken, nil
}

// eachMessage yields the token ids of a conversation with those that the chat template adds.
func eachMessage(messages []chatMessage, yield func(id int)) *apiError {
	if len(messages) == 0 {
		return badRequest("messages", "You must pass at least one message")
	}
	for _, m := range messages {
		var text string
		var parts []struct {
			Text string `json:"text"`
		}
		if json.Unmarshal(m.Content, &text) == nil {
			tokenize(text, yield)
		} else if json.Unmarshal(m.Content, &parts) == nil {
			for _, p := range parts {
				tokenize(p.Text, yield)
			}
		} else {
			return badRequest("messages", "the content of a message must be a text or a list of text parts")
		}
		for id := range chatTokens {
			yield(id)
		}
	}
	return nil
}
