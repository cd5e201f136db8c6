package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// Class is why a request has no latency. The empty class is none.
type Class string

// The classes. A record holds one of them and a sample.
const (
	Rejected     Class = "rejected"     // 429: the server, or Kaito's rate limit, turned it away
	Unauthorized Class = "unauthorized" // 401 or 403
	NotFound     Class = "not-found"    // 404: wrong model or wrong path
	Redirect     Class = "redirect"     // 3xx: never followed, the target's URL is wrong
	HTTP4xx      Class = "http-4xx"     // any other 4xx
	HTTP5xx      Class = "http-5xx"     // 5xx
	HTTPOther    Class = "http-other"   // a status that means nothing here: 1xx, 2xx but 200, 6xx
	HTML         Class = "html"         // a page with status 200: not the API
	NotSSE       Class = "not-sse"      // status 200, but no event stream
	ErrorEvent   Class = "error-event"  // an error event inside a 200
	Garbage      Class = "garbage"      // an event that is no JSON object, or a line that is no event
	Oversized    Class = "oversized"    // a line or event beyond 256 KiB
	BadUsage     Class = "bad-usage"    // a token count that went down or is no count
	Cut          Class = "cut"          // the stream ended without its end mark
	NoTokens     Class = "no-tokens"    // a whole stream without a token
	WrongTokens  Class = "wrong-tokens" // prompt or output tokens not as asked

	// The transport's; the caller decides these and hands them to Finish.
	Dial     Class = "dial"     // no connection
	TLS      Class = "tls"      // no TLS handshake
	Reset    Class = "reset"    // the connection broke while sending or receiving
	Protocol Class = "protocol" // the reply is not HTTP/1.1
	Stall    Class = "stall"    // no byte for the stall limit
)

func isEventStream(contentType string) bool {
	if contentType == "" || contentType == "text/event-stream" ||
		contentType == "text/event-stream; charset=utf-8" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "text/event-stream"
}

// ClassifyHTTP says what a reply that is no event stream means, and gives a sample of its message
// that begins with the status: "404: The model `x` does not exist". body may be cut short; secrets
// are replaced by ***.
func ClassifyHTTP(status int, contentType string, body []byte, secrets ...string) (c Class, sample string) {
	html := strings.Contains(contentType, "html") || looksLikeHTML(body)
	switch {
	case status == http.StatusTooManyRequests:
		c = Rejected
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		c = Unauthorized
	case status == http.StatusNotFound:
		c = NotFound
	case status >= 300 && status < 400:
		c = Redirect
	case status >= 400 && status < 500:
		c = HTTP4xx
	case status >= 500 && status < 600:
		c = HTTP5xx
	case status != http.StatusOK:
		c = HTTPOther
	case html:
		c = HTML
	default:
		c = NotSSE
	}
	var text string
	if html {
		text = title(body, secrets)
	}
	if text == "" {
		text = message(body, secrets)
	}
	if text == "" {
		text = http.StatusText(status)
	}
	return c, strings.TrimSpace(fmt.Sprintf("%d: %s", status, text))
}

func looksLikeHTML(b []byte) bool {
	b = bytes.TrimSpace(b[:min(len(b), 512)])
	return len(b) > 0 && b[0] == '<' && bytes.Contains(bytes.ToLower(b), []byte("html"))
}

// message digs the text out of the error values in use: {"error":{"message":…}}, {"error":"…"},
// {"detail":…}, {"message":…} (a Kubernetes Status among them) and a bare string. Anything else is
// its own message.
func message(body []byte, secrets []string) string {
	var text string
	if json.Unmarshal(body, &text) == nil {
		return CleanSample([]byte(text), secrets...)
	}
	var top struct{ Error, Detail, Message json.RawMessage }
	if json.Unmarshal(body, &top) == nil {
		var inner struct{ Message string }
		if json.Unmarshal(top.Error, &inner) == nil && inner.Message != "" {
			return CleanSample([]byte(inner.Message), secrets...)
		}
		for _, raw := range []json.RawMessage{top.Error, top.Message, top.Detail} {
			if json.Unmarshal(raw, &text) == nil && text != "" {
				return CleanSample([]byte(text), secrets...)
			}
		}
	}
	return CleanSample(body, secrets...)
}

func title(body []byte, secrets []string) string {
	lower := bytes.ToLower(body)
	start := bytes.Index(lower, []byte("<title>"))
	if start < 0 || len(lower) != len(body) { // lower case of foreign letters may differ in length
		return ""
	}
	start += len("<title>")
	end := bytes.Index(lower[start:], []byte("</title>"))
	if end < 0 {
		return ""
	}
	return "HTML page: " + CleanSample(body[start:start+end], secrets...)
}
