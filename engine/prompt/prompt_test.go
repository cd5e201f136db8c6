package prompt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"benchtop/engine/prompt"
)

// toyIDs tokenizes like a byte-pair tokenizer with a begin-of-text token: a line break is an id of
// its own, a word is one id, and the words in split are two.
func toyIDs(text string, split map[string]bool) []int {
	ids := []int{1}
	for _, line := range strings.SplitAfter(text, "\n") {
		for _, w := range strings.Fields(line) {
			id := 0
			for _, r := range w {
				id = id*31 + int(r)
			}
			id = 100 + id%1_000_003
			ids = append(ids, id)
			if split[w] {
				ids = append(ids, 7)
			}
		}
		if strings.HasSuffix(line, "\n") {
			ids = append(ids, 10)
		}
	}
	return ids
}

func vocab(t testing.TB) prompt.Vocab {
	t.Helper()
	v, err := prompt.NewVocab(toyIDs(prompt.Words(42, 500), nil))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func ExampleCalibration() {
	var c prompt.Calibration
	c.Observe(10, 18) // a chat template of 8 tokens
	c.Observe(50, 58)
	fmt.Println(c.Words(200))
	// Output: 192 true
}

func TestIDsAreExactAndDeterministic(t *testing.T) {
	v := vocab(t)
	key := prompt.Key{Seed: 1, Run: "r", Target: "a10", Step: 2, Try: 1, K: 9}
	for _, n := range []int{1, 15, 16, 17, 200, 4096} {
		ids := v.AppendIDs([]int{-5}, key, n)
		if len(ids) != n+1 || ids[0] != -5 {
			t.Errorf("AppendIDs of %d gave %d ids", n, len(ids)-1)
		}
		if again := v.AppendIDs(nil, key, n); !slices.Equal(again, ids[1:]) {
			t.Errorf("AppendIDs of %d is not a function of the key", n)
		}
		if slices.Contains(ids, 1) {
			t.Errorf("AppendIDs of %d holds the begin-of-text id", n)
		}
	}
	if got := v.AppendIDs(nil, key, 0); len(got) != 0 {
		t.Errorf("AppendIDs of 0 gave %d ids", len(got))
	}
	if got := (prompt.Vocab{}).AppendIDs(nil, key, 5); len(got) != 0 {
		t.Errorf("an empty vocabulary gave %d ids", len(got))
	}
}

// keys are 20,000 neighbours: one field changed by one, and runs, targets and steps that would
// collide if fields were only joined.
func keys() []prompt.Key {
	var out []prompt.Key
	for _, run := range []string{"r1", "r11"} {
		for _, target := range []string{"a10", "1a10"} {
			for step := range 5 {
				for try := 1; try <= 2; try++ {
					for k := range 500 {
						out = append(out, prompt.Key{Seed: 42, Run: run, Target: target, Step: step, Try: try, K: k})
					}
				}
			}
		}
	}
	return out
}

func TestNoSharedFirstBlock(t *testing.T) {
	v := vocab(t)
	seenIDs, seenText := map[string]prompt.Key{}, map[string]prompt.Key{}
	for _, key := range keys() {
		ids := fmt.Sprint(v.AppendIDs(nil, key, 200)[:prompt.BlockTokens])
		if other, ok := seenIDs[ids]; ok {
			t.Fatalf("%+v and %+v share their first block of ids", key, other)
		}
		seenIDs[ids] = key
		// Six words: what a template may leave of a block. 720^6 makes a collision of 20,000
		// prompts a matter of 10^-9.
		text := strings.Join(strings.Fields(prompt.Text(key, 30))[:6], " ")
		if other, ok := seenText[text]; ok {
			t.Fatalf("%+v and %+v begin with the same words", key, other)
		}
		seenText[text] = key
	}
}

func TestFirstIDsUseTheWholeVocabulary(t *testing.T) {
	v := vocab(t)
	first := map[int]int{}
	all := keys()
	for _, key := range all {
		first[v.AppendIDs(nil, key, 1)[0]]++
	}
	want := float64(len(all)) / float64(v.Len())
	for id, n := range first {
		if float64(n) > 2*want {
			t.Errorf("id %d begins %d prompts, want about %.0f", id, n, want)
		}
	}
	if len(first) < v.Len() {
		t.Errorf("%d of %d ids ever begin a prompt", len(first), v.Len())
	}
}

func TestNewVocab(t *testing.T) {
	var many []int
	for i := range 100 {
		many = append(many, i+10)
	}
	for _, tc := range []struct {
		name string
		ids  []int
		want int // 0 = error
	}{
		{"ends that stand alone are dropped", slices.Concat([]int{1}, many, many, []int{2}), 100},
		{"ends that are words stay", slices.Concat(many, many), 100},
		{"negative ids are dropped", slices.Concat([]int{1}, many, []int{-7, -7}, many, []int{2}), 100},
		{"nothing", nil, 0},
		{"one id", []int{5}, 0},
		{"too few", slices.Concat(many[:63], many[:63]), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, err := prompt.NewVocab(tc.ids)
			if (err != nil) != (tc.want == 0) || v.Len() != tc.want {
				t.Errorf("NewVocab = %d ids, %v; want %d", v.Len(), err, tc.want)
			}
		})
	}
	huge := make([]int, 200_000)
	for i := range huge {
		huge[i] = i
	}
	if v, err := prompt.NewVocab(huge); err != nil || v.Len() > 1<<16 {
		t.Errorf("a huge answer gave %d ids, %v; want it bounded", v.Len(), err)
	}
}

func TestText(t *testing.T) {
	key := prompt.Key{Seed: 1, Run: "r"}
	for _, n := range []int{0, 1, 200} {
		text := prompt.Text(key, n)
		if got := len(strings.Fields(text)); got != n {
			t.Errorf("Text of %d words has %d", n, got)
		}
		if strings.TrimSpace(text) != text || strings.Contains(text, "  ") {
			t.Errorf("Text of %d words has spaces that a template may trim", n)
		}
	}
	everyday := prompt.Everyday().Words()
	if len(everyday) != 720 {
		t.Errorf("the lexicon has %d words, its documents say 720", len(everyday))
	}
	seen := map[string]bool{}
	for _, w := range everyday {
		if seen[w] || strings.ToLower(w) != w {
			t.Errorf("word %q stands twice or is not lower case", w)
		}
		seen[w] = true
	}
}

func TestSingles(t *testing.T) {
	l := prompt.Everyday()
	split := map[string]bool{"information": true, "the": true, "nearly": true}
	for _, lead := range []string{prompt.AtStart, prompt.InMiddle} {
		got, err := l.Singles(toyIDs(l.Probe(lead), split))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Words()) != 717 {
			t.Errorf("lead %q: %d words are one token, want 717", lead, len(got.Words()))
		}
		for _, w := range got.Words() {
			if split[w] {
				t.Errorf("lead %q: %q passes for one token", lead, w)
			}
		}
	}
	all := map[string]bool{}
	for _, w := range l.Words() {
		all[w] = true
	}
	for name, ids := range map[string][]int{
		"no answer":             nil,
		"an answer cut in half": toyIDs(l.Probe(""), nil)[:700],
		"no word is one token":  toyIDs(l.Probe(""), all),
	} {
		if got, err := l.Singles(ids); err == nil {
			t.Errorf("%s: Singles gave %d words, want an error", name, len(got.Words()))
		}
	}
}

func TestCalibration(t *testing.T) {
	type pair struct{ words, tokens int }
	for _, tc := range []struct {
		name  string
		pairs []pair
		ask   int
		want  int
		exact bool
	}{
		{"nothing observed", nil, 200, 0, false},
		{"one length only", []pair{{10, 12}, {10, 12}}, 200, 0, false},
		{"begin-of-text token", []pair{{10, 11}, {100, 101}}, 200, 199, true},
		{"no overhead", []pair{{10, 10}, {100, 100}}, 200, 200, true},
		{"template longer than the prompt", []pair{{10, 40}, {100, 130}}, 20, 0, false},
		{"three tokens for two words", []pair{{10, 19}, {100, 154}, {200, 304}}, 154, 100, false},
		{"one word split once", []pair{{10, 11}, {100, 102}}, 200, 197, false},
		{"tokens fall with words", []pair{{10, 100}, {100, 10}}, 50, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var c prompt.Calibration
			for _, p := range tc.pairs {
				c.Observe(p.words, p.tokens)
			}
			got, exact := c.Words(tc.ask)
			if got != tc.want || exact != tc.exact {
				t.Errorf("Words(%d) = %d, %v; want %d, %v", tc.ask, got, exact, tc.want, tc.exact)
			}
		})
	}
	var c prompt.Calibration
	c.Observe(3, 11)
	c.Observe(9, 17)
	if got, exact := c.Overhead(); got != 8 || !exact {
		t.Errorf("Overhead = %d, %v; want 8, true", got, exact)
	}
}

// Hostile answers of /tokenize must give an error or a usable set, never a panic.
func FuzzHarvest(f *testing.F) {
	f.Add([]byte{1, 2, 3, 3, 3})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		ids := make([]int, len(b))
		for i, x := range b {
			ids[i] = int(int8(x))
		}
		if v, err := prompt.NewVocab(ids); err == nil {
			if got := v.AppendIDs(nil, prompt.Key{}, 20); len(got) != 20 || slices.Min(got) < 0 {
				t.Errorf("AppendIDs gave %v", got)
			}
		}
		_, _ = prompt.Everyday().Singles(ids)
	})
}

func BenchmarkAppendIDs200(b *testing.B) {
	v := vocab(b)
	dst := make([]int, 0, 200)
	b.ReportAllocs()
	k := 0
	for b.Loop() {
		k++
		dst = v.AppendIDs(dst[:0], prompt.Key{Run: "r", Target: "t", K: k}, 200)
	}
}
