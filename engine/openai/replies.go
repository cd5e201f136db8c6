package openai

import (
	"encoding/json"
	"errors"
	"fmt"
)

// maxReply bounds the side replies that are parsed at all.
const maxReply = 16 << 20

// Model is one entry of /v1/models.
type Model struct {
	ID          string // as the server gives it: it goes back in requests, clean it to show it
	Parent      string // set on LoRA adapters
	OwnedBy     string // "vllm", cleaned
	MaxModelLen int    // tokens of prompt and output together, 0 = unknown
}

// ParseModels reads a /v1/models reply. It is an error if there is no model in it.
func ParseModels(body []byte) ([]Model, error) {
	var reply struct {
		Data []struct {
			ID          string  `json:"id"`
			Parent      *string `json:"parent"`
			OwnedBy     string  `json:"owned_by"`
			MaxModelLen *int    `json:"max_model_len"`
		} `json:"data"`
	}
	if err := unmarshal(body, &reply); err != nil {
		return nil, fmt.Errorf("list of models: %w", err)
	}
	var models []Model
	for _, d := range reply.Data {
		if d.ID == "" {
			continue
		}
		m := Model{ID: d.ID, OwnedBy: CleanSample([]byte(d.OwnedBy))}
		if d.Parent != nil {
			m.Parent = *d.Parent
		}
		if d.MaxModelLen != nil && *d.MaxModelLen > 0 {
			m.MaxModelLen = *d.MaxModelLen
		}
		models = append(models, m)
	}
	if len(models) == 0 {
		return nil, errors.New("list of models: the server lists none")
	}
	return models, nil
}

// BaseModel is the first model that is no adapter of another; ok is false if all are.
func BaseModel(models []Model) (m Model, ok bool) {
	for _, m := range models {
		if m.Parent == "" {
			return m, true
		}
	}
	return Model{}, false
}

// ParseTokenize reads the token ids of a /tokenize reply; a negative id or a count that is not that of
// the ids is an error.
func ParseTokenize(body []byte) (ids []int, err error) {
	var reply struct {
		Tokens []int `json:"tokens"`
		Count  int   `json:"count"`
	}
	if err := unmarshal(body, &reply); err != nil {
		return nil, fmt.Errorf("tokenize reply: %w", err)
	}
	if reply.Count != len(reply.Tokens) {
		return nil, fmt.Errorf("tokenize reply: count is %d, but there are %d tokens",
			reply.Count, len(reply.Tokens))
	}
	for _, id := range reply.Tokens {
		if id < 0 {
			return nil, fmt.Errorf("tokenize reply: token id %d is negative", id)
		}
	}
	return reply.Tokens, nil
}

// ParseVersion reads a /version reply, {"version":"0.32.0"}; the result is cleaned.
func ParseVersion(body []byte) (string, error) {
	var reply struct {
		Version string `json:"version"`
	}
	if err := unmarshal(body, &reply); err != nil {
		return "", fmt.Errorf("version reply: %w", err)
	}
	version := CleanSample([]byte(reply.Version))
	if version == "" {
		return "", errors.New("version reply: no version in it")
	}
	return version, nil
}

// ParsePromptTokens reads the server's count of the prompt from a reply that was not streamed. A reply
// without the count of its output is an error too: its usage is not to be trusted.
func ParsePromptTokens(body []byte) (int, error) {
	if len(body) > maxReply {
		return 0, fmt.Errorf("reply of %d bytes is too long to read", len(body))
	}
	var ev event
	if !parseEvent(body, &ev) {
		return 0, errors.New("reply is not a JSON object")
	}
	if ev.usage != usageGood || ev.prompt < 0 {
		return 0, errors.New("reply has no usage with prompt_tokens and completion_tokens")
	}
	return ev.prompt, nil
}

func unmarshal(body []byte, v any) error {
	if len(body) > maxReply {
		return fmt.Errorf("%d bytes are too long to read", len(body))
	}
	if err := json.Unmarshal(body, v); err != nil {
		return errors.New("not the JSON expected")
	}
	return nil
}
