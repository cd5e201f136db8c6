package openai_test

import (
	"strings"
	"testing"

	"benchtop/engine/openai"
)

func TestClassifyHTTP(t *testing.T) {
	const json = "application/json"
	tests := []struct {
		name        string
		status      int
		contentType string
		body        string
		class       openai.Class
		sample      string
	}{
		{"rate limited", 429, json, `{"error":{"message":"Too many requests","code":429}}`, openai.Rejected, "429: Too many requests"},
		{"rate limited without a word", 429, "", "", openai.Rejected, "429: Too Many Requests"},
		{"wrong key", 401, json, `{"error":"Unauthorized"}`, openai.Unauthorized, "401: Unauthorized"},
		{"forbidden by a Kubernetes API server", 403, json,
			`{"kind":"Status","status":"Failure","message":"services \"phi\" is forbidden","code":403}`,
			openai.Unauthorized, `403: services "phi" is forbidden`},
		{"wrong model", 404, json, "{\"error\":{\"message\":\"The model `x` does not exist.\"}}", openai.NotFound, "404: The model `x` does not exist."},
		{"wrong path", 404, json, `{"detail":"Not Found"}`, openai.NotFound, "404: Not Found"},
		{"detail that is no text", 422, json, `{"detail":[{"loc":["body"]}]}`, openai.HTTP4xx, `422: {"detail":[{"loc":["body"]}]}`},
		{"too long", 400, json, `{"error":{"message":"max_tokens=5000 cannot be greater than max_model_len=4096."}}`,
			openai.HTTP4xx, "400: max_tokens=5000 cannot be greater than max_model_len=4096."},
		{"a proxy's page", 502, "text/html", "<html>\r\n<head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
			openai.HTTP5xx, "502: HTML page: 502 Bad Gateway"},
		{"text", 500, "text/plain", "Internal Server Error", openai.HTTP5xx, "500: Internal Server Error"},
		{"a page with status 200", 200, "text/html; charset=utf-8", "<!doctype html><title>Log  in</title>", openai.HTML, "200: HTML page: Log in"},
		{"a page that says nothing of it", 200, "", "  <HTML><body>x", openai.HTML, "200: <HTML><body>x"},
		{"stream ignored", 200, json, `{"id":"cmpl-1","choices":[]}`, openai.NotSSE, `200: {"id":"cmpl-1","choices":[]}`},
		{"moved", 307, "", "", openai.Redirect, "307: Temporary Redirect"},
		{"accepted", 202, "", "", openai.HTTPOther, "202: Accepted"},
		{"no status at all", 999, "", "", openai.HTTPOther, "999:"},
		{"a bare string", 500, json, `"boom"`, openai.HTTP5xx, "500: boom"},
		{"terminal control", 503, json, `{"error":{"message":"\u001b[2Jgone\u202e\u0007 now"}}`, openai.HTTP5xx, "503: gone now"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			class, sample := openai.ClassifyHTTP(tt.status, tt.contentType, []byte(tt.body))
			if class != tt.class || sample != tt.sample {
				t.Errorf("got %q, %q, want %q, %q", class, sample, tt.class, tt.sample)
			}
		})
	}
}

func TestCleanSample(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "out of memory", "out of memory"},
		{"white space", "  a\r\n\tb\u2028c\u00a0 ", "a b c"},
		{"colours", "\x1b[31;1mred\x1b[0m", "red"},
		{"a title set", "\x1b]0;owned\x07x\x1b]8;;http://a\x1b\\y", "xy"},
		{"an unfinished sequence", "x\x1b[12", "x"},
		{"a lone escape", "x\x1b", "x"},
		{"an escape that eats a letter", "x\x1bcy", "xy"},
		{"bidi and format", "a\u202eb\u2066c\u200bd\ufeff", "abcd"},
		{"C1 controls", "a\u009b31mb", "ab"},
		{"invalid UTF-8", "a\xff\xfeb", "ab"},
		{"foreign letters stay", "größer 模型", "größer 模型"},
		{"long", strings.Repeat("é", 300), strings.Repeat("é", 200) + "…"},
	}
	for _, tt := range tests {
		if got := openai.CleanSample([]byte(tt.in)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	long := strings.Repeat("x", 190) + " sk-canary-0123456789"
	if got := openai.CleanSample([]byte(long), "", "sk-canary-0123456789"); strings.Contains(got, "sk-") {
		t.Errorf("a secret across the length limit is left: %q", got)
	}
	far := strings.Repeat(" ", 4090) + "sk-canary-0123456789 and more"
	if got := openai.CleanSample([]byte(far), "", "sk-canary-0123456789"); got != "*** an…" {
		t.Errorf("of a secret across what is looked at is left: %q", got)
	}
}
