// Package prompt makes prompts of exactly n tokens without a tokenizer, each different from all
// others from its first tokens on, so that no prefix cache can help.
//
// Token ids, for a completions endpoint whose server has /tokenize: ask it for the ids of
// Words(seed, n), harvest them with NewVocab, and send AppendIDs. The count is exact by
// construction.
//
//	v, err := prompt.NewVocab(idsFromTokenize)
//	ids := v.AppendIDs(nil, prompt.Key{Seed: 42, Run: run, Target: "a10", Step: 3, Try: 1, K: k}, 200)
//
// Text, for chat or without /tokenize: a Lexicon of words that are one token each (Singles finds
// them where /tokenize exists) and a Calibration from measured pairs of words and
// usage.prompt_tokens. The calibration says whether the count is exact.
//
// A prompt is a function of its Key and its length: the same key gives the same prompt in any run
// of the program, another key another one. A prefix cache works on whole blocks of BlockTokens
// tokens; two prompts share their first block with a probability below 2^-96 (ids) or, as text,
// 720^-w where w words share the block with the end of the chat template.
//
// Pure: no clock, no network, no goroutine. It imports the standard library only.
package prompt

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// BlockTokens is the smallest unit in which the servers of today share prefixes (vLLM's default
// block size).
const BlockTokens = 16

// minVocab is the fewest ids or words that keep prompts apart: 64^16 first blocks.
const minVocab = 64

// maxVocab bounds what a hostile answer of /tokenize can make us keep.
const maxVocab = 1 << 16

// Key names one request of all that will ever be made.
type Key struct {
	Seed         uint64
	Run, Target  string
	Step, Try, K int
}

// source is the random stream of a key: ChaCha8 keyed by a hash of all its fields, each preceded by
// its length where that varies.
func (k Key) source(use string) *rand.Rand {
	buf := make([]byte, 0, 128)
	for _, s := range []string{"benchtop prompt 1", use, k.Run, k.Target} {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	for _, v := range []uint64{k.Seed, uint64(k.Step), uint64(k.Try), uint64(k.K)} {
		buf = binary.LittleEndian.AppendUint64(buf, v)
	}
	return rand.New(rand.NewChaCha8(sha256.Sum256(buf)))
}

// Words is a text of n everyday words, to be sent to /tokenize for NewVocab. A few hundred words
// give a vocabulary that is large enough.
func Words(seed uint64, n int) string {
	return everyday.text(Key{Seed: seed}.source("words"), n)
}

// Vocab is a set of token ids that are safe to send in any order. Its zero value is empty.
type Vocab struct{ ids []int }

// NewVocab harvests the ids of a text from /tokenize. An id that stands once in the text and there
// first or last is taken for a special one (begin or end of text) and dropped, negative ones too.
// It is an error if too few distinct ids remain to keep prompts apart.
func NewVocab(ids []int) (Vocab, error) {
	count := make(map[int]int, len(ids))
	for _, id := range ids {
		count[id]++
	}
	for _, end := range [][]int{ids[:min(1, len(ids))], ids[max(0, len(ids)-1):]} {
		for _, id := range end {
			if count[id] == 1 {
				delete(count, id)
			}
		}
	}
	var v Vocab
	for id := range count {
		if id >= 0 {
			v.ids = append(v.ids, id)
		}
	}
	slices.Sort(v.ids)
	if len(v.ids) > maxVocab {
		v.ids = v.ids[:maxVocab]
	}
	if len(v.ids) < minVocab {
		return Vocab{}, fmt.Errorf("tokenizer gave %d different token ids, too few to keep prompts apart: want at least %d; send text instead", len(v.ids), minVocab)
	}
	return v, nil
}

// Len is the number of distinct ids.
func (v Vocab) Len() int { return len(v.ids) }

// AppendIDs appends the n token ids of key's prompt to dst. An empty Vocab or n <= 0 appends none.
func (v Vocab) AppendIDs(dst []int, key Key, n int) []int {
	if len(v.ids) == 0 || n <= 0 {
		return dst
	}
	r := key.source("ids")
	dst = slices.Grow(dst, n)
	for range n {
		dst = append(dst, v.ids[r.IntN(len(v.ids))])
	}
	return dst
}

// Text is the prompt of key as n everyday words with single spaces between them. How many tokens
// that makes depends on the server: see Calibration.
func Text(key Key, n int) string { return everyday.Text(key, n) }

// Lexicon is a set of words to make text prompts of. Its zero value is empty.
type Lexicon struct{ words []string }

// everyday is the built-in lexicon.
var everyday = Lexicon{words: words}

// Everyday is the built-in lexicon of 720 English words.
func Everyday() Lexicon { return everyday }

// Words are the lexicon's words; not to be changed.
func (l Lexicon) Words() []string { return l.words }

// Text is the prompt of key as n words of the lexicon.
func (l Lexicon) Text(key Key, n int) string { return l.text(key.source("text"), n) }

func (l Lexicon) text(r *rand.Rand, n int) string {
	if len(l.words) == 0 || n <= 0 {
		return ""
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(l.words[r.IntN(len(l.words))])
	}
	return b.String()
}
