package openai

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"benchtop/escape"
)

// The bounds of a sample.
const (
	maxSampleRunes = 200
	maxSampleBytes = 4 << 10 // looked at
)

// CleanSample makes text from outside fit to show: valid UTF-8, one line, no terminal control
// sequences, no control, format or bidi characters, at most 200 characters, each secret replaced by
// ***.
func CleanSample(b []byte, secrets ...string) string {
	cut := len(b) > maxSampleBytes
	if cut { // first, for the part of a secret before the cut would not be known as one
		for _, secret := range secrets {
			if secret != "" {
				b = bytes.ReplaceAll(b[:min(len(b), maxSampleBytes+len(secret))], []byte(secret), []byte("***"))
			}
		}
		b = b[:min(len(b), maxSampleBytes)]
	}
	var out strings.Builder
	space := false
	for i := 0; i < len(b); {
		if n := escape.Len(b[i:]); n > 0 {
			i += n
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		i += n
		switch {
		case unicode.IsSpace(r):
			space = out.Len() > 0
			continue
		case r == utf8.RuneError && n <= 1 || !unicode.IsPrint(r):
			continue
		}
		if space {
			out.WriteByte(' ')
			space = false
		}
		out.WriteRune(r)
	}
	text := out.String()
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	runes := 0
	for i := range text {
		if runes++; runes > maxSampleRunes {
			text, cut = text[:i], true
			break
		}
	}
	if cut {
		text += "…"
	}
	return text
}
