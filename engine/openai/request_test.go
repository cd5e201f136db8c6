package openai_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"benchtop/engine/openai"
)

func TestAppendBody(t *testing.T) {
	tests := []struct {
		name string
		req  openai.Request
		want string
	}{
		{"token ids", openai.Request{Model: "phi-4", Endpoint: completions, PromptIDs: []int{5, 0, 4095}, MaxTokens: 200,
			Options: openai.ContinuousUsage, IgnoreEOS: true, Stream: true},
			`{"model":"phi-4","prompt":[5,0,4095],"max_tokens":200,"ignore_eos":true,"stream":true,` +
				`"stream_options":{"include_usage":true,"continuous_usage_stats":true}}`},
		{"text", openai.Request{Model: `a"b\`, Endpoint: completions, PromptText: "tab\tline\n\x00é", MaxTokens: 1,
			Options: openai.IncludeUsage, Stream: true},
			`{"model":"a\"b\\","prompt":"tab\u0009line\u000a\u0000é","max_tokens":1,"stream":true,"stream_options":{"include_usage":true}}`},
		{"chat", openai.Request{Model: "m", Endpoint: chat, PromptText: "hi", PromptIDs: []int{1}, MaxTokens: 3, Stream: true},
			`{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":3,"stream":true}`},
		{"not streamed: no stream options", openai.Request{Endpoint: completions, PromptText: "x", MaxTokens: 2, Options: openai.ContinuousUsage},
			`{"prompt":"x","max_tokens":2}`},
	}
	for _, tt := range tests {
		got := string(tt.req.AppendBody([]byte("+")))
		if got != "+"+tt.want {
			t.Errorf("%s:\ngot  %s\nwant +%s", tt.name, got, tt.want)
		}
		if !json.Valid([]byte(got[1:])) {
			t.Errorf("%s: %s is not JSON", tt.name, got)
		}
	}
	if got, want := string(openai.AppendTokenize(nil, "m", "a b", false)), `{"model":"m","prompt":"a b","add_special_tokens":false}`; got != want {
		t.Errorf("tokenize: got %s, want %s", got, want)
	}
}

func TestEndpointPath(t *testing.T) {
	if completions.Path() != "/v1/completions" || chat.Path() != "/v1/chat/completions" {
		t.Errorf("got %s and %s", completions.Path(), chat.Path())
	}
}

func TestStreamOptionsLess(t *testing.T) {
	var seen []openai.StreamOptions
	for o, ok := openai.ContinuousUsage, true; ok; o, ok = o.Less() {
		seen = append(seen, o)
	}
	if len(seen) != 3 || seen[1] != openai.IncludeUsage || seen[2] != openai.NoUsage {
		t.Errorf("got %v", seen)
	}
}

func FuzzAppendBody(f *testing.F) {
	f.Add("phi-4", "a \"quoted\" \\ text\n")
	f.Add("\xff", "\u2028\x1f")
	f.Fuzz(func(t *testing.T, model, prompt string) {
		r := openai.Request{Model: model, Endpoint: completions, PromptText: prompt, Stream: true}
		var back struct{ Model, Prompt string }
		if err := json.Unmarshal(r.AppendBody(nil), &back); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(model) && back.Model != model || utf8.ValidString(prompt) && back.Prompt != prompt {
			t.Errorf("%q, %q came back as %q, %q", model, prompt, back.Model, back.Prompt)
		}
	})
}
