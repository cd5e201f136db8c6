// Package skim leaves out of an API server's answer, while it passes, what nobody reads.
//
// Most of an object is of no use to most readers: of the 21 KB of a node, one. Decoded first and cut
// down afterwards, a list of 5,000 nodes costs seconds and stands in memory; here it never gets there.
//
//	hc.Transport = skim.Transport(hc.Transport)
//	list, err := api.List(skim.Without(ctx, func(parent string, key []byte) bool {
//		return string(key) == "managedFields"
//	}), opts)
//
// An answer that is no valid JSON comes out as some other that is not; what reads it says so. Pure
// but for the HTTP types; imports nothing of this module.
package skim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

// Drop says whether a member is left out of the object that stands under parent: the key of that
// object, or of the array that it is in; "" at the top. The key is as it was written, without quotes.
type Drop func(parent string, key []byte) bool

type dropKey struct{}

// Without marks requests made with the context: Transport leaves out of their answers what drop says.
func Without(ctx context.Context, drop Drop) context.Context {
	return context.WithValue(ctx, dropKey{}, drop)
}

// Transport skims the answers to requests that are marked.
func Transport(next http.RoundTripper) http.RoundTripper { return transport{next} }

type transport struct{ next http.RoundTripper }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	drop, marked := r.Context().Value(dropKey{}).(Drop)
	if err != nil || !marked || resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return resp, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{NewReader(resp.Body, drop), resp.Body}
	resp.ContentLength = -1
	resp.Header.Del("Content-Length")
	return resp, nil
}

// Reader passes on a stream of JSON values without the members that drop names. It hands out what
// there is as soon as it has come.
type Reader struct {
	src  io.Reader
	drop Drop
	err  error  // of src, for when all before it is handed out
	in   []byte // what src is read into
	out  []byte // has room for as much as in, and for a key that began in an earlier one
	left []byte // of out, not handed out yet

	state state
	open  []container // those that the place is in, the innermost last
	key   []byte      // the last key, without quotes, or the part of it that has come
	depth int         // open containers of a value that is left out
	slash bool        // the last byte of a string was a backslash that escapes the next
}

// state is where in the JSON the next byte stands.
type state int

const (
	between state = iota // not in a string; also in a number or literal, which are copied as they are
	inKey
	inString
	leftOut       // in a member that is left out
	leftOutString // in a string of it
)

type container struct {
	name    string // the key of the object or array, or of the array that it is in
	object  bool
	wantKey bool // the next string is a key
	filled  bool // the object has a member already
}

// chunk is how much is read at once.
const chunk = 32 << 10

// NewReader makes a Reader of src.
func NewReader(src io.Reader, drop Drop) *Reader {
	return &Reader{src: src, drop: drop, in: make([]byte, chunk)}
}

func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.left) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		var n int
		n, r.err = r.src.Read(r.in)
		r.out = r.out[:0]
		r.pass(r.in[:n])
		r.left = r.out
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// pass appends to out what stays of in.
func (r *Reader) pass(in []byte) {
	for len(in) > 0 {
		n := 1
		switch r.state {
		case between:
			n = r.structure(in)
		case inKey:
			var ended bool
			if n, ended = r.inside(in); ended {
				r.key = append(r.key, in[:n-1]...)
				r.member()
			} else {
				r.key = append(r.key, in...)
			}
		case inString:
			var ended bool
			n, ended = r.inside(in)
			r.out = append(r.out, in[:n]...)
			if ended {
				r.state = between
			}
		case leftOut:
			n = r.skip(in)
		case leftOutString:
			var ended bool
			if n, ended = r.inside(in); ended {
				r.state = leftOut
				if r.depth == 0 {
					r.state = between
				}
			}
		}
		in = in[n:]
	}
}

// inside gives how many bytes of in belong to the string that it begins in, and whether that ends.
func (r *Reader) inside(in []byte) (n int, ended bool) {
	if r.slash {
		r.slash, n = false, 1
	}
	for {
		i := bytes.IndexByte(in[n:], '"')
		part := in[n:]
		if i >= 0 {
			part = part[:i]
		}
		back := bytes.IndexByte(part, '\\')
		switch {
		case back >= 0 && n+back+1 == len(in):
			r.slash = true
			return len(in), false
		case back >= 0:
			n += back + 2
		case i < 0:
			return len(in), false
		default:
			return n + i + 1, true
		}
	}
}

// structure takes what stands between strings up to the next one.
func (r *Reader) structure(in []byte) int {
	for i, b := range in {
		var c *container
		if len(r.open) > 0 {
			c = &r.open[len(r.open)-1]
		}
		switch b {
		case ' ', '\t', '\r', '\n':
			if c == nil {
				r.out = append(r.out, '\n') // keeps two values apart
			}
		case '"':
			if c != nil && c.wantKey {
				r.state, r.key, c.wantKey = inKey, r.key[:0], false
			} else {
				r.state, r.out = inString, append(r.out, b)
			}
			return i + 1
		case '{', '[':
			var name string
			if c != nil && c.object {
				name = string(r.key)
			} else if c != nil {
				name = c.name
			}
			r.open = append(r.open, container{name: name, object: b == '{', wantKey: b == '{'})
			r.out = append(r.out, b)
		case '}', ']':
			if c != nil {
				r.open = r.open[:len(r.open)-1]
			}
			r.out = append(r.out, b)
		case ',':
			if c != nil && c.object {
				c.wantKey = true // the comma comes with the next member, if one does
			} else {
				r.out = append(r.out, b)
			}
		default:
			r.out = append(r.out, b)
		}
	}
	return len(in)
}

// member decides on the member whose key has come.
func (r *Reader) member() {
	c := &r.open[len(r.open)-1]
	if r.drop(c.name, r.key) {
		r.state, r.depth = leftOut, 0
		return
	}
	r.state = between
	if c.filled {
		r.out = append(r.out, ',')
	}
	c.filled = true
	r.out = append(r.out, '"')
	r.out = append(r.out, r.key...)
	r.out = append(r.out, '"')
}

// skip passes over what stands between the strings of a member that is left out. A number or literal
// ends where the object goes on.
func (r *Reader) skip(in []byte) int {
	for i, b := range in {
		switch b {
		case '"':
			r.state = leftOutString
			return i + 1
		case '{', '[':
			r.depth++
		case '}', ']':
			if r.depth == 0 {
				r.state = between
				return i
			}
			if r.depth--; r.depth == 0 {
				r.state = between
				return i + 1
			}
		case ',':
			if r.depth == 0 {
				r.state = between
				return i
			}
		}
	}
	return len(in)
}
