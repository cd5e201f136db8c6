package sim

import (
	"encoding/json"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// sink is a connection that takes everything.
type sink struct{ net.Conn }

func (sink) Write(b []byte) (int, error) { return len(b), nil }

func tokenStream() (*conn, *events) {
	g := &generation{id: strings.Repeat("x", 100), prompt: 200, max: 1 << 30, finish: "length", usage: usageEvery}
	return &conn{nc: sink{}}, newEvents(g, "phi-4-mini-instruct")
}

func TestTokensAllocateNothing(t *testing.T) {
	c, e := tokenStream()
	k := 0
	if n := testing.AllocsPerRun(1000, func() {
		if err := c.write(e.token(k)); err != nil {
			t.Fatal(err)
		}
		k++
	}); n != 0 {
		t.Errorf("%g allocations for each token, want 0", n)
	}
}

func BenchmarkToken(b *testing.B) {
	c, e := tokenStream()
	b.ReportAllocs()
	for k := 0; b.Loop(); k++ {
		if err := c.write(e.token(k)); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTokenize(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // the pieces
	}{
		{"", nil},
		{"hello", []string{"hello"}},
		{"hello world", []string{"hello", " world"}},
		{"a b  c", []string{"a", " b", " ", " c"}},
		{"wonderful", []string{"wonder", "ful"}},
		{" wonderful", []string{" wonder", "ful"}},
		{"x12, y.", []string{"x", "1", "2", ",", " y", "."}},
		{"a\n\tb ", []string{"a", "\n", "\t", "b", " "}},
		{"größe 東京", []string{"größe", " 東京"}},
		{"\xff\xfea", []string{"\xff", "\xfe", "a"}},
	} {
		var want, got []int
		for _, piece := range c.want {
			want = append(want, pieceID(piece))
		}
		tokenize(c.text, func(id int) { got = append(got, id) })
		if !slices.Equal(got, want) {
			t.Errorf("%q gives %d tokens %v, want %d %v", c.text, len(got), got, len(want), want)
		}
	}
}

// Every text is cut into pieces without loss: as many tokens as it has pieces, none without bytes.
func FuzzTokenize(f *testing.F) {
	f.Add("Hello world, this is a test 42.")
	f.Add("  \n 東京 naïve \xff")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		tokenize(text, func(id int) {
			if id < firstWord || id >= vocabulary {
				t.Errorf("id %d", id)
			}
			n++
		})
		if runes := utf8.RuneCountInString(text); n > runes || n*(pieceLen+1) < runes {
			t.Errorf("%d tokens for %d characters", n, runes)
		}
	})
}

// Whatever is asked for, what is accepted can be served: it fits the context, and every event of it is
// JSON.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"prompt":"a","max_tokens":5,"stream":true,"stream_options":{"include_usage":true}}`,
		`{"prompt":[1,2],"max_tokens":-1}`, `{"messages":[{"role":"user","content":[{"text":"a"}]}]}`,
		`{"prompt":[9999999999999999999]}`, `{"prompt":"a","min_tokens":-9,"max_tokens":9999999}`, `{"prompt":{}}`, `[]`,
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	s := &Server{cfg: Config{Model: "phi"}, maxLen: 1000}
	f.Fuzz(func(t *testing.T, body string, chat bool) {
		var b completionBody
		if json.Unmarshal([]byte(body), &b) != nil {
			return
		}
		g := &generation{chat: chat, seed: 5}
		if err := s.parse(&b, g); err != nil {
			if err.status < 400 || err.status > 499 || !json.Valid([]byte(quote(err.message))) {
				t.Errorf("error %+v", err)
			}
			return
		}
		if g.prompt < 1 || g.max < 1 || g.prompt+g.max > s.maxLen {
			t.Fatalf("%d + %d tokens in a context of %d", g.prompt, g.max, s.maxLen)
		}
		e := newEvents(g, s.cfg.Model)
		for _, event := range []func() []byte{
			func() []byte { return e.token(0) }, func() []byte { return e.token(g.max - 1) }, e.total,
		} {
			if d := strings.TrimPrefix(string(unframed(event())), "data: "); !json.Valid([]byte(d)) {
				t.Errorf("not JSON: %s", d)
			}
		}
		if !json.Valid(g.plainBody(s.cfg.Model)) {
			t.Errorf("not JSON: %s", g.plainBody(s.cfg.Model))
		}
	})
}

func TestReturnedConnectionReadsWhatWasReadBefore(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	r := &returned{Conn: there, head: []byte("abc")}
	if err := here.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	go io.WriteString(here, "def") // ends with the reads below
	b := make([]byte, 6)
	if _, err := io.ReadFull(r, b); err != nil || string(b) != "abcdef" {
		t.Errorf("read %q, error %v; want what was read before, then the rest", b, err)
	}
}
