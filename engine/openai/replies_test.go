package openai_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/openai"
)

func TestParseModels(t *testing.T) {
	body := `{"object":"list","data":[
		{"id":"sql-adapter","object":"model","owned_by":"vllm","root":"/adapters/sql","parent":"phi-4-mini-instruct"},
		{"id":"phi-4-mini-instruct","object":"model","created":1790100200,"owned_by":"vllm\u001b[1m","root":"/weights","parent":null,"max_model_len":4096,"permission":[{"id":"p"}]},
		{"id":""}]}`
	models, err := openai.ParseModels([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	want := []openai.Model{
		{ID: "sql-adapter", Parent: "phi-4-mini-instruct", OwnedBy: "vllm"},
		{ID: "phi-4-mini-instruct", OwnedBy: "vllm", MaxModelLen: 4096},
	}
	if diff := cmp.Diff(want, models); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if base, ok := openai.BaseModel(models); !ok || base.ID != "phi-4-mini-instruct" {
		t.Errorf("base model: %v, %v", base, ok)
	}
	if _, ok := openai.BaseModel(models[:1]); ok {
		t.Error("an adapter passes for a base model")
	}
}

func TestRepliesThatAreNone(t *testing.T) {
	bad := map[string]string{
		"nothing":            "",
		"a page":             "<html>",
		"a list":             "[]",
		"other types":        `{"data":"x","tokens":{},"count":"3","version":4,"usage":[]}`,
		"none in it":         `{"data":[],"count":2,"tokens":[1],"version":"","usage":{"prompt_tokens":1}}`,
		"more than is read":  strings.Repeat(" ", 17<<20),
		"numbers too large":  `{"data":[{"id":"m","max_model_len":1e99}],"tokens":[1e40],"count":1,"version":"\u001b[m","usage":{"prompt_tokens":1e3,"completion_tokens":1}}`,
		"a negative id":      `{"tokens":[-4],"count":1}`,
		"counts that differ": `{"tokens":[4,5],"count":3}`,
	}
	for name, body := range bad {
		if got, err := openai.ParseModels([]byte(body)); err == nil {
			t.Errorf("models, %s: %v", name, got)
		}
		if got, err := openai.ParseTokenize([]byte(body)); err == nil {
			t.Errorf("tokenize, %s: %v", name, got)
		}
		if got, err := openai.ParseVersion([]byte(body)); err == nil {
			t.Errorf("version, %s: %v", name, got)
		}
		if got, err := openai.ParsePromptTokens([]byte(body)); err == nil {
			t.Errorf("usage, %s: %v", name, got)
		}
	}
}

func TestParseTokenizeVersionUsage(t *testing.T) {
	tok, err := openai.ParseTokenize([]byte(`{"count":3,"max_model_len":4096,"tokens":[44,0,80],"token_strs":null}`))
	if want := []int{44, 0, 80}; err != nil || !cmp.Equal(tok, want) {
		t.Errorf("tokenize: got %v, %v, want %v", tok, err, want)
	}
	if v, err := openai.ParseVersion([]byte(`{"version":"0.32.0"}`)); err != nil || v != "0.32.0" {
		t.Errorf("version: got %q, %v", v, err)
	}
	n, err := openai.ParsePromptTokens([]byte(`{"id":"cmpl-1","choices":[{"text":"\"usage\":{}"}],"usage":{"prompt_tokens":4,"total_tokens":9,"completion_tokens":5,"prompt_tokens_details":null}}`))
	if err != nil || n != 4 {
		t.Errorf("usage: got %d, %v, want 4", n, err)
	}
}
