package sim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/sim"
)

// The forms below are vLLM's, seen on a server of version 0.32: which fields are there, in which order,
// and in which of the events.
const (
	headText = `{"id":"cmpl-abc","object":"text_completion","created":0,"model":"phi","choices":[`
	headChat = `{"id":"chatcmpl-abc","object":"chat.completion.chunk","created":0,"model":"phi","choices":[`
	textNext = `{"index":0,"text":"W","logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}]`
	textLast = `{"index":0,"text":"W","logprobs":null,"finish_reason":"length","stop_reason":null,"prompt_token_ids":null,"token_ids":null}]`
	chatRole = `{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]`
	chatTail = `,"prompt_token_ids":null,"prompt_text":null}`
	chatNext = `{"index":0,"delta":{"content":"W"},"logprobs":null,"finish_reason":null,"token_ids":null}]`
	chatLast = `{"index":0,"delta":{"content":"W"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}]`
	print    = `,"system_fingerprint":"benchtop-sim"`
)

func usage(prompt, output int) string {
	return fmt.Sprintf(`,"usage":{"prompt_tokens":%d,"total_tokens":%d,"completion_tokens":%d}`, prompt, prompt+output, output)
}

func usageDetails(prompt, output int) string {
	return strings.TrimSuffix(usage(prompt, output), "}") + `,"completion_tokens_details":null}`
}

var volatile = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`"created":\d+`), `"created":0`},
	{regexp.MustCompile(`"(text|content)":"[ a-z]+"`), `"$1":"W"`},
}

func steady(s string) string {
	for _, v := range volatile {
		s = v.re.ReplaceAllString(s, v.to)
	}
	return s
}

func TestStreamForms(t *testing.T) {
	const text, chat = "/v1/completions", "/v1/chat/completions"
	textBody := `{"model":"phi","prompt":"one two three","max_tokens":2,"ignore_eos":true,"stream":true%s}`
	chatBody := `{"model":"phi","messages":[{"role":"user","content":"one"}],"max_tokens":2,"ignore_eos":true,"stream":true%s}`
	const last = `,"stream_options":{"include_usage":true}`
	const every = `,"stream_options":{"include_usage":true,"continuous_usage_stats":true}`
	for _, c := range []struct {
		name, path, body string
		want             []string
	}{
		{"text, no usage", text, fmt.Sprintf(textBody, ""),
			[]string{headText + textNext + "}", headText + textLast + print + "}", "[DONE]"}},
		{"text, continuous alone counts for nothing", text, fmt.Sprintf(textBody, `,"stream_options":{"continuous_usage_stats":true}`),
			[]string{headText + textNext + "}", headText + textLast + print + "}", "[DONE]"}},
		{"text, usage at the end", text, fmt.Sprintf(textBody, last),
			[]string{headText + textNext + "}", headText + textLast + "}", headText + "]" + usage(3, 2) + print + "}", "[DONE]"}},
		{"text, usage in every event", text, fmt.Sprintf(textBody, every),
			[]string{headText + textNext + usage(3, 1) + "}", headText + textLast + usage(3, 2) + "}", headText + "]" + usage(3, 2) + print + "}", "[DONE]"}},
		{"chat, no usage", chat, fmt.Sprintf(chatBody, ""),
			[]string{headChat + chatRole + chatTail, headChat + chatNext + "}", headChat + chatLast + print + "}", "[DONE]"}},
		{"chat, usage at the end", chat, fmt.Sprintf(chatBody, last),
			[]string{headChat + chatRole + chatTail, headChat + chatNext + "}", headChat + chatLast + "}", headChat + "]" + usage(4, 2) + print + "}", "[DONE]"}},
		{"chat, usage in every event", chat, fmt.Sprintf(chatBody, every),
			[]string{headChat + chatRole + usageDetails(4, 0) + chatTail, headChat + chatNext + usageDetails(4, 1) + "}",
				headChat + chatLast + usageDetails(4, 2) + "}", headChat + "]" + usage(4, 2) + print + "}", "[DONE]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, url := start(t, sim.Config{Seed: 3}) // no empty text among the first two tokens
			status, h, reply, err := do(t, client(t), "POST", url+c.path, c.body, "X-Request-Id", "abc")
			if status != 200 || err != nil || h.Get("Content-Type") != "text/event-stream; charset=utf-8" {
				t.Fatalf("status %d, type %q, error %v: %s", status, h.Get("Content-Type"), err, reply)
			}
			want := "data: " + strings.Join(c.want, "\n\ndata: ") + "\n\n"
			if diff := cmp.Diff(want, steady(reply)); diff != "" {
				t.Errorf("stream (-want +got):\n%s", diff)
			}
		})
	}
}

// On the wire each event is an HTTP chunk of its own, and each token event a write of its own: with
// net.Pipe one Read returns what one Write sent.
func TestOneWriteForEachToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, sim.Config{})
		l := newPipes()
		serve(t, s, l)
		p := l.dial(t)
		defer p.Close()
		body := stream(5, 3)
		if _, err := fmt.Fprintf(p, "POST /v1/completions HTTP/1.1\r\nHost: sim\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
			t.Fatal(err)
		}
		chunk := regexp.MustCompile(`(?s)^([0-9a-f]+)\r\n(data: .*\n\n)\r\n$`)
		buf := make([]byte, 4096)
		for i := range 4 {
			n, err := p.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				continue // the head
			}
			m := chunk.FindStringSubmatch(string(buf[:n]))
			if m == nil || m[1] != fmt.Sprintf("%x", len(m[2])) || strings.Count(m[2], "data: ") != 1 {
				t.Fatalf("write %d is not one event in one chunk: %q", i, buf[:n])
			}
		}
		n, err := p.Read(buf)
		if err != nil || !strings.HasSuffix(string(buf[:n]), "\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n") {
			t.Fatalf("the last write is %q, error %v", buf[:n], err)
		}
	})
}

func TestPlainForms(t *testing.T) {
	_, url := start(t, sim.Config{})
	for _, c := range []struct{ name, path, body, want string }{
		{"text", "/v1/completions", `{"prompt":[1,2,3],"max_tokens":5,"ignore_eos":true}`,
			`{"id":"cmpl-abc","object":"text_completion","created":0,"model":"phi","choices":[{"index":0,"text":"W","logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null,"prompt_logprobs":null,"prompt_token_ids":null}],"service_tier":null,"system_fingerprint":"benchtop-sim","usage":{"prompt_tokens":3,"total_tokens":8,"completion_tokens":5,"prompt_tokens_details":null,"completion_tokens_details":null},"kv_transfer_params":null}`},
		{"chat", "/v1/chat/completions", `{"messages":[{"role":"user","content":[{"type":"text","text":"a b"}]}],"max_completion_tokens":5,"ignore_eos":true}`,
			`{"id":"chatcmpl-abc","object":"chat.completion","created":0,"model":"phi","choices":[{"index":0,"message":{"role":"assistant","content":"W","refusal":null,"annotations":null,"audio":null,"function_call":null,"reasoning":null},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}],"service_tier":null,"system_fingerprint":"benchtop-sim","usage":{"prompt_tokens":5,"total_tokens":10,"completion_tokens":5,"prompt_tokens_details":null,"completion_tokens_details":null},"prompt_logprobs":null,"prompt_token_ids":null,"kv_transfer_params":null}`},
	} {
		status, _, reply, err := do(t, client(t), "POST", url+c.path, c.body, "X-Request-Id", "abc")
		if diff := cmp.Diff(c.want, steady(reply)); status != 200 || err != nil || diff != "" {
			t.Errorf("%s: status %d, error %v (-want +got):\n%s", c.name, status, err, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	_, url := start(t, sim.Config{APIKey: "secret"})
	bad := func(message, param string) string {
		p := "null"
		if param != "" {
			p = `"` + param + `"`
		}
		return `{"error":{"message":"` + message + `","type":"BadRequestError","param":` + p + `,"code":400}}`
	}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"unknown path", "GET", "/nope", "", 404, `{"detail":"Not Found"}`},
		{"wrong method", "GET", "/v1/completions", "", 405, `{"detail":"Method Not Allowed"}`},
		{"unknown model", "POST", "/v1/completions", `{"model":"nope","prompt":"a"}`, 404,
			"{\"error\":{\"message\":\"The model `nope` does not exist. Valid aliases: phi.\",\"type\":\"NotFoundError\",\"param\":\"model\",\"code\":404}}"},
		{"unknown model, chat stream", "POST", "/v1/chat/completions", `{"model":"nope","messages":[],"stream":true}`, 404,
			"{\"error\":{\"message\":\"The model `nope` does not exist. Valid aliases: phi.\",\"type\":\"NotFoundError\",\"param\":\"model\",\"code\":404}}"},
		{"unknown model, tokenize", "POST", "/tokenize", `{"model":"nope","prompt":"a"}`, 404,
			"{\"error\":{\"message\":\"The model `nope` does not exist. Valid aliases: phi.\",\"type\":\"NotFoundError\",\"param\":\"model\",\"code\":404}}"},
		{"no JSON", "POST", "/v1/completions", `{"prompt":`, 400,
			`{"error":{"message":"1 validation error:\n  {'type': 'json_invalid', 'loc': 'body', 'msg': 'JSON decode error'}","type":"Bad Request","param":"body","code":400}}`},
		{"wrong type", "POST", "/v1/completions", `{"prompt":"a","max_tokens":"many"}`, 400,
			`{"error":{"message":"1 validation error:\n  {'type': 'type_error', 'loc': 'body.max_tokens', 'msg': 'Input should be a valid int, but is a string'}","type":"Bad Request","param":"body.max_tokens","code":400}}`},
		{"stream options without a stream", "POST", "/v1/completions", `{"prompt":"a","stream_options":{"include_usage":true}}`, 400,
			bad("Stream options can only be defined when `stream=True`. (parameter=stream_options)", "stream_options")},
		{"no prompt", "POST", "/v1/completions", `{}`, 400, bad("You must pass at least one prompt", "")},
		{"empty prompt", "POST", "/v1/completions", `{"prompt":""}`, 400, bad("You must pass at least one prompt", "")},
		{"empty token list", "POST", "/v1/completions", `{"prompt":[]}`, 400, bad("You must pass at least one prompt", "")},
		{"two prompts", "POST", "/v1/completions", `{"prompt":["a","b"]}`, 400,
			bad("this simulated server takes one prompt: a text or a list of token ids", "prompt")},
		{"two replies", "POST", "/v1/completions", `{"prompt":"a","n":2}`, 400,
			bad("this simulated server makes one reply for each request, but n is 2", "n")},
		{"no messages", "POST", "/v1/chat/completions", `{}`, 400, bad("You must pass at least one message", "messages")},
		{"message without text", "POST", "/v1/chat/completions", `{"messages":[{"role":"user","content":7}]}`, 400,
			bad("the content of a message must be a text or a list of text parts", "messages")},
		{"max_tokens negative", "POST", "/v1/completions", `{"prompt":"a","max_tokens":-5}`, 400,
			bad("max_tokens must be at least 1, got -5. (parameter=max_tokens, value=-5)", "max_tokens")},
		{"max_tokens alone beyond the context", "POST", "/v1/completions", `{"prompt":"a","max_tokens":5000}`, 400,
			bad("max_tokens=5000 cannot be greater than max_model_len=1000. Please request fewer output tokens. (parameter=max_tokens, value=5000)", "max_tokens")},
		{"min_tokens above max_tokens", "POST", "/v1/completions", `{"prompt":"a","max_tokens":2,"min_tokens":5}`, 400,
			bad("min_tokens must be less than or equal to max_tokens=2, got 5.", "")},
		{"prompt alone beyond the context", "POST", "/v1/completions", `{"prompt":[1` + strings.Repeat(",1", 1499) + `]}`, 400,
			bad("This model's maximum context length is 1000 tokens. However, your prompt contains 1500 input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=1500)", "input_tokens")},
		{"token outside the vocabulary", "POST", "/v1/completions", `{"prompt":[999999]}`, 400, bad("Token id 999999 is out of vocabulary", "")},
		{"token outside the vocabulary, stream", "POST", "/v1/completions", `{"prompt":[-1],"stream":true}`, 200,
			"data: {\"error\": {\"message\": \"Token id -1 is out of vocabulary\", \"type\": \"BadRequestError\", \"param\": null, \"code\": 400}}\n\ndata: [DONE]\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, _, reply, err := do(t, client(t), c.method, url+c.path, c.body, "Authorization", "Bearer secret")
			if diff := cmp.Diff(c.want, strings.ReplaceAll(reply, `\u0026`, "&")); status != c.status || err != nil || diff != "" {
				t.Errorf("status %d, want %d; error %v; body (-want +got):\n%s", status, c.status, err, diff)
			}
		})
	}
	t.Run("too large", func(t *testing.T) {
		status, _, _, _ := do(t, client(t), "POST", url+"/tokenize", `{"prompt":"`+strings.Repeat("a", 9<<20)+`"}`)
		if status != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d, want 413", status)
		}
	})
}

func TestAPIKeyIsAskedForUnderV1Only(t *testing.T) {
	_, url := start(t, sim.Config{APIKey: "secret"})
	for _, c := range []struct {
		method, path, key string
		want              int
	}{
		{"GET", "/v1/models", "", 401}, {"GET", "/v1/models", "Bearer wrong", 401}, {"GET", "/v1/models", "secret", 401},
		{"GET", "/v1/models", "Bearer secret", 200}, {"POST", "/v1/completions", "", 401}, {"GET", "/health", "", 200}, {"GET", "/metrics", "", 200},
	} {
		status, _, reply, _ := do(t, client(t), c.method, url+c.path, "", "Authorization", c.key)
		if status != c.want || status == 401 && reply != `{"error":"Unauthorized"}` {
			t.Errorf("%s %s with %q: status %d, want %d: %s", c.method, c.path, c.key, status, c.want, reply)
		}
	}
}

func TestLengths(t *testing.T) {
	_, url := start(t, sim.Config{})
	c := client(t)
	finish := func(body string) (tokens int, reason string) {
		t.Helper()
		var v struct {
			Choices []struct {
				FinishReason string `json:"finish_reason"`
			}
			Usage struct {
				CompletionTokens int `json:"completion_tokens"`
			}
		}
		_, _, reply, err := do(t, c, "POST", url+"/v1/completions", body)
		if err == nil {
			err = json.Unmarshal([]byte(reply), &v)
		}
		if err != nil || len(v.Choices) != 1 {
			t.Fatalf("%v: %s", err, reply)
		}
		return v.Usage.CompletionTokens, v.Choices[0].FinishReason
	}
	if n, why := finish(`{"prompt":"a","ignore_eos":true}`); n != 16 || why != "length" {
		t.Errorf("without max_tokens: %d tokens, %s; want 16, length", n, why)
	}
	if n, why := finish(`{"prompt":[1` + strings.Repeat(",1", 989) + `],"max_tokens":100,"ignore_eos":true}`); n != 10 || why != "length" {
		t.Errorf("a reply that the context cuts: %d tokens, %s; want 10, length", n, why)
	}
	if n, why := finish(`{"prompt":"a","max_tokens":600}`); n >= 600 || why != "stop" {
		t.Errorf("without ignore_eos: %d tokens, %s; want fewer than 600, stop", n, why)
	}
	if n, why := finish(`{"prompt":"a","max_tokens":599,"min_tokens":80}`); n <= 80 || n > 592 || why != "stop" {
		t.Errorf("with min_tokens 80: %d tokens, %s; want 81 to 592, stop", n, why)
	}
}

func TestRequestIDsAreCleanedAndBounded(t *testing.T) {
	_, url := start(t, sim.Config{})
	for _, c := range []struct{ id, want string }{
		{"r1-a10-0.1-7", "r1-a10-0.1-7"}, {`a"b\c<d>`, "abcd"}, {strings.Repeat("x", 300), strings.Repeat("x", 128)},
	} {
		_, _, reply, err := do(t, client(t), "POST", url+"/v1/completions", `{"prompt":"a","max_tokens":1}`, "X-Request-Id", c.id)
		if err != nil || !strings.Contains(reply, `"id":"cmpl-`+c.want+`"`) {
			t.Errorf("id %q: error %v, reply %s", c.id, err, reply)
		}
	}
}

// The same seed and order give the same replies; another seed gives others.
func TestRepliesAreAFunctionOfTheSeed(t *testing.T) {
	ask := func(seed uint64) string {
		_, url := start(t, sim.Config{Seed: seed})
		_, _, a, _ := do(t, client(t), "POST", url+"/v1/completions", `{"prompt":"a","max_tokens":50}`)
		_, _, b, _ := do(t, client(t), "POST", url+"/v1/completions", `{"prompt":"a","max_tokens":50}`)
		return volatile[0].re.ReplaceAllString(a+b, "")
	}
	one, again, two := ask(1), ask(1), ask(2)
	if one != again || one == two {
		t.Errorf("seed 1: %s\nagain:  %s\nseed 2: %s", one, again, two)
	}
}

// Where the connection cannot be taken over, the stream is the same without the framing.
func TestStreamWithoutHijacking(t *testing.T) {
	s := newServer(t, sim.Config{})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/v1/completions", strings.NewReader(stream(10, 3)))
	s.Handler().ServeHTTP(w, r)
	got, err := events(w.Result().Body)
	if err != nil || len(got) != 5 || got[4] != "[DONE]" {
		t.Errorf("%d events, error %v: %q", len(got), err, got)
	}
}

func TestHandlerUnderAnotherServer(t *testing.T) {
	s := newServer(t, sim.Config{})
	h := httptest.NewServer(s.Handler())
	defer h.Close()
	c := client(t)
	for range 3 {
		wantStream(t, c, h.URL)
	}
	s.Close()
	if status, _, _, err := do(t, client(t), "GET", h.URL+"/health", ""); err != nil || status != 503 {
		t.Errorf("after Close: status %d, error %v; want 503", status, err)
	}
}

func wantStream(t *testing.T, c *http.Client, url string) {
	t.Helper()
	_, _, reply, err := do(t, c, "POST", url+"/v1/completions", stream(10, 3))
	data, _ := events(strings.NewReader(reply))
	if n, _, _ := tokenEvents(t, data); n != 3 || err != nil || !strings.HasSuffix(reply, "[DONE]\n\n") {
		t.Errorf("%d token events, error %v: %s", n, err, reply)
	}
}

// Over TLS a connection goes on after a stream as well; HTTP/2 streams are served by net/http.
func TestTLS(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("h2=%v", h2), func(t *testing.T) {
			s := newServer(t, sim.Config{})
			h := httptest.NewUnstartedServer(s.Handler())
			h.EnableHTTP2 = h2
			h.StartTLS()
			defer h.Close()
			dials := 0
			c := h.Client()
			tr := c.Transport.(*http.Transport)
			dial := net.Dialer{}
			tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				dials++
				return dial.DialContext(ctx, network, addr)
			}
			for range 3 {
				wantStream(t, c, h.URL)
			}
			if dials != 1 {
				t.Errorf("three streams took %d connections, want 1", dials)
			}
		})
	}
}

func TestConnectionClose(t *testing.T) {
	_, url := start(t, sim.Config{})
	req, err := http.NewRequest("POST", url+"/v1/completions", strings.NewReader(stream(10, 3)))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || !strings.HasSuffix(string(b), "[DONE]\n\n") {
		t.Errorf("error %v: %s", err, b)
	}
}
