package openai

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// oracle reads an event as encoding/json sees it.
func oracle(b []byte) (ev event, ok bool) {
	ev.prompt = -1
	var top map[string]json.RawMessage
	if json.Unmarshal(b, &top) != nil || top == nil {
		return ev, false
	}
	var choices []json.RawMessage
	json.Unmarshal(top["choices"], &choices)
	for _, raw := range choices {
		var choice, delta map[string]json.RawMessage
		if json.Unmarshal(raw, &choice) != nil || choice == nil {
			continue
		}
		ev.choices++
		json.Unmarshal(choice["delta"], &delta)
		for _, name := range []string{"content", "reasoning", "reasoning_content", "tool_calls"} {
			ev.content = ev.content || oracleFilled(delta[name])
		}
		if v := bytes.TrimSpace(choice["finish_reason"]); len(v) > 2 && v[0] == '"' {
			ev.finish = v[1 : len(v)-1]
		}
	}
	var usage map[string]json.RawMessage
	json.Unmarshal(top["usage"], &usage)
	if v, ok := usage["completion_tokens"]; ok {
		ev.completion, ev.usage = oracleCount(v)
	}
	if n, state := oracleCount(usage["prompt_tokens"]); state == usageGood {
		ev.prompt = n
	}
	ev.failed = oracleFilled(top["error"]) || string(bytes.TrimSpace(top["object"])) == `"error"`
	return ev, true
}

func oracleFilled(raw json.RawMessage) bool {
	var v any
	json.Unmarshal(raw, &v)
	switch v := v.(type) {
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return false
}

func oracleCount(raw json.RawMessage) (int, usageState) {
	text := string(bytes.TrimSpace(raw))
	if text == "null" || text == "" {
		return 0, usageNone
	}
	var n uint32
	if strings.ContainsAny(text, ".eE-") || json.Unmarshal(raw, &n) != nil || n > maxTokens {
		return 0, usageBad
	}
	return int(n), usageGood
}

// depthOf is the nesting of valid JSON.
func depthOf(b []byte) (deepest int) {
	d := json.NewDecoder(bytes.NewReader(b))
	for depth := 0; ; {
		tok, err := d.Token()
		if err != nil {
			return deepest
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			depth++
			deepest = max(deepest, depth)
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

// FuzzParseEvent: the walker and encoding/json see the same in every payload.
func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{
		`{"id":"cmpl-1","choices":[{"index":0,"text":"a","logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":2,"total_tokens":3,"completion_tokens":1}}`,
		`{"choices":[{"delta":{"role":"assistant","content":""}}],"usage":null}`,
		`{"choices":[{"delta":{"content":"x","tool_calls":[{"f":{}}],"reasoning":null}},{"delta":{"reasoning_content":"y"}}]}`,
		`{"choices":[{"text":"\"usage\":{\"completion_tokens\":5}\\","finish_reason":null}],"usage":{"completion_tokens":-0}}`,
		`{"error": {"message": "no", "code": 400}}`, `{"object":"error","message":"x"}`, `{"error":""}`, `{"error":{ }}`,
		`{"choices":[],"usage":{"completion_tokens":1e2,"prompt_tokens":01}}`, `{"choices":[[ ],{ },null,1.5e-3]}`,
		` { "a" : "\ud83d\ude00\u00e9" , "b" : [ true , false , null ] } `, `{"usage":{},"usage":{"completion_tokens":4}}`,
		`{"us\u0061ge":{"completion_tokens":4}}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":1 "b":2}`, `[1,]`, `{"a":"` + "\n" + `"}`, `{}`, `null`, `{}x`,
		`{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{"a":00}`, `{"a":"\x"}`, `{"a":"\u12g4"}`, `{"a":"`, `{"a":tru}`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var got event
		gotOK := parseEvent(b, &got)
		want, wantOK := oracle(b)
		if gotOK != wantOK {
			if wantOK && depthOf(b) > maxDepth {
				return
			}
			t.Fatalf("is an object: %t, encoding/json says %t", gotOK, wantOK)
		}
		if !gotOK {
			return
		}
		if got.choices != want.choices || got.content != want.content || string(got.finish) != string(want.finish) ||
			got.usage != want.usage || got.completion != want.completion || got.prompt != want.prompt || got.failed != want.failed {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}
