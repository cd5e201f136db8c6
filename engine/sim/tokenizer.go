package sim

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// vocabulary is the number of token ids, that of phi-4-mini. Ids below firstWord are never made from
// text: they stand for special tokens.
const (
	vocabulary = 200064
	firstWord  = 256
	chatTokens = 3 // that the chat template adds for each message: role, end, and the next role
	pieceLen   = 6 // letters in one token at most
)

// tokenize splits text as byte-pair tokenizers do in outline (a run of letters with the space before
// it, in pieces of at most six; digits, signs and other white space one by one) and gives each piece an
// id that depends on its bytes alone. It calls yield for each id.
func tokenize(text string, yield func(id int)) {
	for i := 0; i < len(text); {
		start := i
		r, n := utf8.DecodeRuneInString(text[i:])
		i += n
		if r == ' ' && i < len(text) {
			r, n = utf8.DecodeRuneInString(text[i:])
			if !unicode.IsLetter(r) {
				r = ' ' // the sign after a space is a token of its own
			} else {
				i += n
			}
		}
		for letters := 1; unicode.IsLetter(r) && letters < pieceLen && i < len(text); letters++ {
			r, n = utf8.DecodeRuneInString(text[i:])
			if unicode.IsLetter(r) {
				i += n
			}
		}
		yield(pieceID(text[start:i]))
	}
}

func pieceID(piece string) int {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(piece) {
		h = (h ^ uint64(piece[i])) * 1099511628211
	}
	return firstWord + int(h%(vocabulary-firstWord))
}

func countTokens(text string) int {
	n := 0
	tokenize(text, func(int) { n++ })
	return n
}

// words are the pieces that replies are made of. The first is empty, like the half of a UTF-8
// character that vLLM holds back: clients must count tokens, not texts.
var words = func() (w [32]string) {
	heads := strings.Fields("br cl dr fl gr pl sh tr")
	tails := strings.Fields("aim eel oat urn")
	for i := range w {
		w[i] = heads[i%len(heads)] + tails[i/len(heads)]
		if i%3 != 0 {
			w[i] = " " + w[i]
		}
	}
	w[0] = ""
	return w
}()

// quoted are the words as JSON strings.
var quoted = func() (q [len(words)]string) {
	for i, w := range words {
		q[i] = quote(w)
	}
	return q
}()

// quote is s as a JSON string.
func quote(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}

// wordAt is the index of the k-th word of the reply with the given seed.
func wordAt(seed uint64, k int) int { return int(mix(seed, uint64(k)) % uint64(len(words))) }

// mix hashes two numbers to 64 well-spread bits (the finalizer of SplitMix64).
func mix(a, b uint64) uint64 {
	z := a + b*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
