package skim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"benchtop/kube/skim"
)

// large leaves out what is called large, and what is small of what stands under box.
func large(parent, key string) bool {
	return key == "large" || parent == "box" && key == "small"
}

func pass(t testing.TB, in io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(skim.NewReader(in, large))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(b), "\n")
}

func TestReader(t *testing.T) {
	for _, c := range [][2]string{
		{`{}`, `{}`},
		{`{"large":1}`, `{}`},
		{`{"a":1,"large":{"b":["}",{"c":"\"]"}]},"d":2}`, `{"a":1,"d":2}`},
		{`{"large":"x","a":1}`, `{"a":1}`},
		{`{"a":1,"large":[]}`, `{"a":1}`},
		{`{"large":true,"large":null,"large":-1.5e3}`, `{}`},
		{"{ \"a\" : 1 ,\n\t\"large\" : \"x\" , \"b\" : [ 1 , \"large\" ] }", `{"a":1,"b":[1,"large"]}`},
		{`{"box":{"small":1,"b":2},"small":3}`, `{"box":{"b":2},"small":3}`},
		{`{"box":[{"small":1},{"a":{"small":2}},[{"small":1}]]}`, `{"box":[{},{"a":{"small":2}},[{}]]}`},
		{`{"a":"\\","large":"\\\"","b":"\"large\":1"}`, `{"a":"\\","b":"\"large\":1"}`},
		{"{\"type\":\"ADDED\",\"large\":1}\n{\"type\":\"DELETED\"}\n", "{\"type\":\"ADDED\"}\n{\"type\":\"DELETED\"}"},
		{"1 2", "1\n2"},
	} {
		if got := pass(t, strings.NewReader(c[0])); got != c[1] {
			t.Errorf("%s becomes %s, want %s", c[0], got, c[1])
		}
		if got := pass(t, iotest.OneByteReader(strings.NewReader(c[0]))); got != c[1] {
			t.Errorf("%s, byte by byte, becomes %s, want %s", c[0], got, c[1])
		}
	}
}

func TestReaderGivesTheErrorOfItsSource(t *testing.T) {
	cut := errors.New("cut off")
	b, err := io.ReadAll(skim.NewReader(io.MultiReader(strings.NewReader(`{"a":1,"lar`), iotest.ErrReader(cut)), large))
	if !errors.Is(err, cut) {
		t.Errorf("read %q, error %v", b, err)
	}
}

// An event of a watch is there before the next one comes.
func TestReaderDoesNotWaitForMore(t *testing.T) {
	pr, pw := io.Pipe()
	defer pw.Close()
	dec := json.NewDecoder(skim.NewReader(pr, large))
	for i := range 3 {
		go fmt.Fprintf(pw, `{"n":%d,"large":[1,2]}`, i)
		var event map[string]int
		if err := dec.Decode(&event); err != nil || event["n"] != i || len(event) != 1 {
			t.Fatalf("event %d: %v, %v", i, event, err)
		}
	}
}

func TestTransport(t *testing.T) {
	const text = `{"a":1,"large":2}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, text)
	}))
	defer srv.Close()
	hc := &http.Client{Transport: skim.Transport(srv.Client().Transport)}
	marked := skim.Without(t.Context(), large)
	for _, c := range []struct {
		ctx        context.Context
		path, want string
	}{
		{marked, "/?type=application/json", `{"a":1}`},
		{marked, "/?type=application/json%3Bstream%3Dwatch", `{"a":1}`},
		{t.Context(), "/?type=application/json", text},
		{marked, "/?type=text/plain", text},
		{marked, "/missing?type=application/json", text},
	} {
		req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, srv.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || strings.TrimSuffix(string(b), "\n") != c.want {
			t.Errorf("%s: %q, error %v; want %q", c.path, b, err, c.want)
		}
		if resp.ContentLength >= 0 && int(resp.ContentLength) != len(b) {
			t.Errorf("%s: said to have %d bytes, has %d", c.path, resp.ContentLength, len(b))
		}
	}
}

// Whatever the JSON and however it comes in, what is left is what decoding and deleting leaves.
func FuzzReader(f *testing.F) {
	f.Add([]byte(`{"a":[{"large":{"x":"\\\""}},"\u0041",-1e9],"box":{"small":[],"b":null}}`), uint8(1))
	f.Add([]byte(`[{"large":1,"b":"large"},[],{},"",0]`), uint8(3))
	f.Add([]byte(`{"large`), uint8(2))
	f.Add([]byte(`}]{"a":,"large":"`), uint8(5))
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		b, err := io.ReadAll(skim.NewReader(&portions{in, int(size)%16 + 1}, large))
		var want, got any
		if json.Unmarshal(in, &want) != nil {
			return // it came to an end and did not panic
		}
		if err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q becomes %q: %v", in, b, err)
		}
		if want = without("", want); !reflect.DeepEqual(got, want) {
			t.Errorf("%q becomes %q, want %v", in, b, want)
		}
	})
}

func without(parent string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			if v[k] = without(k, v[k]); large(parent, k) {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = without(parent, v[i])
		}
	}
	return v
}

// portions reads a few bytes at a time.
type portions struct {
	left []byte
	size int
}

func (p *portions) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.left[:min(p.size, len(p.left))])
	p.left = p.left[n:]
	return n, nil
}

func BenchmarkReader(b *testing.B) {
	node := `{"metadata":{"name":"aks-1","labels":{"agentpool":"a"}},"large":[` +
		strings.Repeat(`{"names":["mcr.microsoft.com/oss/kubernetes/component@sha256:0123456789abcdef","mcr.microsoft.com/oss/kubernetes/component:v1"],"sizeBytes":180362432},`, 100) + `0]}`
	list := `{"items":[` + strings.Repeat(node+",", 100) + node + `]}`
	b.SetBytes(int64(len(list)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.Copy(io.Discard, skim.NewReader(strings.NewReader(list), large)); err != nil {
			b.Fatal(err)
		}
	}
}
