package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"benchtop/engine/openai"
	"benchtop/engine/record"
	"benchtop/engine/wire"
)

// askLimit bounds a small question, like the list of models: a server that takes longer over it is
// none that can be measured, and nobody waits for minutes to be told.
const askLimit = 10 * time.Second

// asked puts a small question. Its error says what was asked and what to do.
func (x *runner) asked(ctx context.Context, what string, ask func(context.Context) (wire.Reply, error)) (wire.Reply, error) {
	limited, cancel := context.WithTimeout(ctx, x.run.askLimit)
	defer cancel()
	r, err := ask(limited)
	switch {
	case err == nil:
		return r, nil
	case ctx.Err() != nil:
		return r, ctx.Err()
	case limited.Err() != nil:
		return r, &noAnswer{fmt.Errorf("no answer to %s from %s within %s; is that the address of the API, and is the server well?",
			what, record.Clean(x.target.BaseURL), x.run.askLimit)}
	}
	return r, &noAnswer{fmt.Errorf("%s: %w%s", what, err, remedy(err))}
}

// noAnswer is the error of a question that got no reply.
type noAnswer struct{ error }

func (e *noAnswer) Unwrap() error { return e.error }

// Unready says whether an error of Look may go away by itself: the target does not answer, turns
// requests away, or has a fault. One that asks for a key or serves another model stays as it is.
func Unready(err error) bool {
	var none *noAnswer
	var refused *statusError
	switch {
	case errors.As(err, &refused):
		return refused.status == http.StatusTooManyRequests || refused.status >= 500
	case errors.As(err, &none):
		var e *wire.Error
		return !errors.As(err, &e) || e.Op != wire.OpTLS && e.Op != wire.OpProtocol
	}
	return false
}

func (x *runner) get(ctx context.Context, path string) (wire.Reply, error) {
	return x.asked(ctx, "GET "+path, func(ctx context.Context) (wire.Reply, error) { return x.client.Get(ctx, path) })
}

func (x *runner) post(ctx context.Context, path string, body []byte) (wire.Reply, error) {
	return x.asked(ctx, "POST "+path, func(ctx context.Context) (wire.Reply, error) { return x.client.PostJSON(ctx, path, body) })
}

// remedy is what to do about a request that got no reply, to be put behind the error.
func remedy(err error) string {
	var e *wire.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Op {
	case wire.OpDial:
		return "; is the server running, and are host and port right?"
	case wire.OpTLS:
		if plain := (tls.RecordHeaderError{}); errors.As(err, &plain) {
			return "; it does not speak https: try http://"
		}
		return "; its certificate is checked against --target-ca-file, or not at all with --target-insecure-skip-tls-verify"
	case wire.OpEOF, wire.OpProtocol, wire.OpRead, wire.OpWrite:
		return "; is this the port of an HTTP API?"
	}
	return ""
}

// refused turns a reply that is no answer into an error that says what to do.
func (x *runner) refused(what string, r wire.Reply) error {
	class, sample := openai.ClassifyHTTP(r.Status, r.ContentType, r.Body, x.secrets...)
	e := fmt.Errorf("%s: HTTP %s%s", what, sample, x.wayOn(class, r))
	if r.Status == http.StatusOK {
		return e
	}
	return &statusError{r.Status, e}
}

// wayOn is what to do about a reply of a class, to be put behind the error.
func (x *runner) wayOn(class openai.Class, r wire.Reply) string {
	switch class {
	case openai.Unauthorized:
		if x.target.APIKey != "" {
			return "; is the API key of --api-key-env or --api-key-file the right one?"
		}
		return "; give the key with --api-key-env or --api-key-file"
	case openai.NotFound:
		return "; is this an OpenAI-compatible server, and is the path before /v1 right?"
	case openai.Redirect:
		if r.Location == "" {
			return "; redirects are not followed"
		}
		return fmt.Sprintf("; it redirects to %s: name the server behind it, redirects are not followed",
			openai.CleanSample([]byte(r.Location), x.secrets...))
	case openai.HTML, openai.NotSSE:
		return "; is this an OpenAI-compatible server, and not a page or a log-in before it?"
	case openai.Rejected:
		return "; the server turns requests away: wait, or raise its limit"
	case openai.HTTP5xx:
		return "; the server or a proxy before it has a fault: see its log"
	}
	return ""
}

type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
