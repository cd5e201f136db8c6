package openai_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/openai"
)

// FuzzStream: whatever a server sends and however it arrives, the stream says the same of it, keeps
// its books, and never panics.
func FuzzStream(f *testing.F) {
	for _, tt := range streams {
		if len(tt.body) < 8<<10 {
			f.Add([]byte(tt.body), tt.endpoint == chat, uint16(5))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, isChat bool, size uint16) {
		endpoint := completions
		if isChat {
			endpoint = chat
		}
		whole := read(endpoint, string(body), max(len(body), 1))
		pieces := read(endpoint, string(body), int(size)%200+1)
		if diff := cmp.Diff(outcomeOf(whole), outcomeOf(pieces)); diff != "" {
			t.Errorf("the split matters (-whole +pieces):\n%s", diff)
		}
		if whole.Sample != pieces.Sample && whole.Err != openai.Oversized {
			t.Errorf("the split matters: sample %q, in pieces %q", whole.Sample, pieces.Sample)
		}
		checkBooks(t, pieces)
	})
}

// checkBooks checks what must hold of every reply.
func checkBooks(t *testing.T, s *openai.Stream) {
	t.Helper()
	if len(s.Gaps) != max(s.Events-1, 0) {
		t.Errorf("%d gaps between %d events", len(s.Gaps), s.Events)
	}
	if s.Coalesced > len(s.Gaps) || s.Events > 0 && (s.FirstTokenNS == 0 || s.LastTokenNS < s.FirstTokenNS) {
		t.Errorf("%d coalesced of %d gaps, first %d, last %d", s.Coalesced, len(s.Gaps), s.FirstTokenNS, s.LastTokenNS)
	}
	if s.Err == "" && (!s.DoneMark || s.Events == 0 || s.UsageMode == "") {
		t.Errorf("a good reply with end mark %t, %d events, mode %q", s.DoneMark, s.Events, s.UsageMode)
	}
	if s.UsageMode == byUsage && s.OutputTokens < s.Events {
		t.Errorf("%d tokens in %d events", s.OutputTokens, s.Events)
	}
	checkClean(t, s.Sample)
	checkClean(t, s.FinishReason)
}

func checkClean(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > 300 ||
		strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("text from outside is not clean: %q", s)
	}
}

func FuzzCleanSample(f *testing.F) {
	f.Add([]byte("a\x1b[31mred\x1b[0m \u202e\u0085\r\n"))
	f.Add([]byte("\x1b]0;t\x07\xff\xc3"))
	f.Add([]byte("\x1b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := openai.CleanSample(b)
		checkClean(t, got)
		if again := openai.CleanSample([]byte(got)); again != got && utf8.RuneCountInString(got) <= 200 {
			t.Errorf("cleaned twice: %q, then %q", got, again)
		}
	})
}

func FuzzReplies(f *testing.F) {
	f.Add(200, "text/html", []byte("<html><title>x</title>"))
	f.Add(404, "application/json", []byte(`{"error":{"message":"no","code":404},"data":[{"id":"m"}]}`))
	f.Add(200, "application/json", []byte(`{"count":1,"tokens":[3],"version":"1","usage":{"prompt_tokens":1,"completion_tokens":2}}`))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		class, sample := openai.ClassifyHTTP(status, contentType, body)
		checkClean(t, sample)
		if class == "" || sample == "" {
			t.Errorf("class %q, sample %q", class, sample)
		}
		if models, err := openai.ParseModels(body); err == nil {
			for _, m := range models {
				if m.ID == "" || m.MaxModelLen < 0 {
					t.Errorf("model %+v", m)
				}
			}
		}
		if ids, err := openai.ParseTokenize(body); err == nil && len(ids) > 0 && slices.Min(ids) < 0 {
			t.Errorf("ids %v", ids)
		}
		if version, err := openai.ParseVersion(body); err == nil {
			checkClean(t, version)
		}
		if n, err := openai.ParsePromptTokens(body); err == nil && n < 0 {
			t.Errorf("%d prompt tokens", n)
		}
	})
}
