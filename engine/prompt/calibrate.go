package prompt

import (
	"fmt"
	"math"
	"strings"
)

// The two forms in which Probe asks for the tokens of a word: at the start of a text, and after
// another word.
const (
	AtStart  = ""
	InMiddle = " "
)

// Probe is a text to send to /tokenize: every word of the lexicon on a line of its own after lead.
// Its answer goes to Singles. A prompt is exact if its words are single in both forms.
func (l Lexicon) Probe(lead string) string {
	return "\n" + lead + strings.Join(l.words, "\n"+lead) + "\n"
}

// Singles is the lexicon of those words that /tokenize made one token of: ids is its answer to
// Probe. The line break is told by being the most frequent id. It is an error if the answer does
// not have a line for every word, or if too few words are left.
func (l Lexicon) Singles(ids []int) (Lexicon, error) {
	count := map[int]int{}
	lineBreak := -1
	for _, id := range ids {
		count[id]++
		if lineBreak < 0 || count[id] > count[lineBreak] {
			lineBreak = id
		}
	}
	if count[lineBreak] != len(l.words)+1 {
		return Lexicon{}, fmt.Errorf("tokenizer gave %d line breaks for %d words: words that are one token each cannot be told", count[lineBreak], len(l.words))
	}
	var out Lexicon
	word, length := -1, 0 // before the first line break there may be a special token
	for _, id := range ids {
		if id != lineBreak {
			length++
			continue
		}
		if word >= 0 && length == 1 {
			out.words = append(out.words, l.words[word])
		}
		word, length = word+1, 0
	}
	if len(out.words) < minVocab {
		return Lexicon{}, fmt.Errorf("only %d of %d words are one token each for this tokenizer, too few to keep prompts apart: want at least %d", len(out.words), len(l.words), minVocab)
	}
	return out, nil
}

// Calibration finds how many words give n tokens, from measured pairs. The template of a chat and
// the special tokens around a prompt are a constant that it learns with the rest. The zero value is
// ready; two observations with different numbers of words make it usable, more make it sure.
type Calibration struct {
	n                      int
	sumW, sumT, sumWW, sWT float64
	words                  int // of the first observation
	varied                 bool
	overhead               int // tokens - words of the first observation
	constant               bool
}

// Observe takes one measured pair: a prompt of so many words had so many tokens by the server's
// count.
func (c *Calibration) Observe(words, tokens int) {
	if c.n == 0 {
		c.words, c.overhead, c.constant = words, tokens-words, true
	}
	c.varied = c.varied || words != c.words
	c.constant = c.constant && tokens-words == c.overhead
	w, t := float64(words), float64(tokens)
	c.n++
	c.sumW, c.sumT, c.sumWW, c.sWT = c.sumW+w, c.sumT+t, c.sumWW+w*w, c.sWT+w*t
}

// Words is how many words make a prompt of n tokens, and whether that is exact: every observation
// had the same constant on top of one token per word, and their lengths differed. Else it is the
// nearest count by least squares. It is 0 if n tokens cannot be reached or nothing was observed.
func (c *Calibration) Words(n int) (words int, exact bool) {
	if !c.varied {
		return 0, false
	}
	if c.constant {
		return max(0, n-c.overhead), n > c.overhead
	}
	m := float64(c.n)
	slope := (m*c.sWT - c.sumW*c.sumT) / (m*c.sumWW - c.sumW*c.sumW)
	if !(slope > 0) {
		return 0, false
	}
	base := (c.sumT - slope*c.sumW) / m
	return max(0, int(math.Round((float64(n)-base)/slope))), false
}

// Overhead is the constant number of tokens that the server adds to a prompt (special tokens, the
// chat template), if the calibration is exact.
func (c *Calibration) Overhead() (tokens int, exact bool) {
	return c.overhead, c.varied && c.constant
}
