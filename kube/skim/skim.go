// Package skim leaves out of an API server's answer, while it passes, what nobody reads.
//
// Most of an object is of no use to most readers: of the 21 KB of a node, one. Decoded first and cut
// down afterwards, a list of 5,000 nodes costs seconds and stands in memory; here it never gets there.
//
//	hc.Transport = skim.Transport(hc.Transport)
//	list, err := api.List(skim.Without(ctx, func(_, key string) bool { return key == "managedFields" }), opts)
//
// Pure but for the HTTP types; imports nothing of this module.
package skim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Drop says whether a member is left out of the object that stands under parent: the key of that
// object, or of the array that it is in; "" at the top.
type Drop func(parent, key string) bool

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

// Reader passes on a stream of JSON values without the members that drop names. It hands out a value as
// soon as that has come.
type Reader struct {
	dec  *jsontext.Decoder
	enc  *jsontext.Encoder
	drop Drop
	out  bytes.Buffer // written by enc, not handed out yet
	err  error        // for when all of out is handed out

	key   string   // the last one read
	names []string // by depth: the key that an object or array stands under
}

// chunk is how much of a long value is gathered before it is handed out.
const chunk = 32 << 10

// NewReader makes a Reader of src.
func NewReader(src io.Reader, drop Drop) *Reader {
	r := &Reader{drop: drop, names: []string{""}}
	// What reads the answer judges it: names that come twice, and bytes that are no text, go through.
	lax := jsontext.AllowDuplicateNames(true)
	r.dec = jsontext.NewDecoder(src, lax, jsontext.AllowInvalidUTF8(true))
	r.enc = jsontext.NewEncoder(&r.out, lax, jsontext.AllowInvalidUTF8(true))
	return r
}

func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.out.Len() == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.err = r.pass()
	}
	return r.out.Read(p)
}

// pass takes a value from dec to enc, or a chunk of one.
func (r *Reader) pass() error {
	for {
		kind, length := r.dec.StackIndex(r.dec.StackDepth())
		isKey := kind == '{' && length%2 == 0
		t, err := r.dec.ReadToken()
		if err != nil {
			return err
		}
		depth := r.dec.StackDepth()
		switch {
		case isKey && t.Kind() == '"':
			if r.key = t.String(); r.drop(r.names[depth], r.key) {
				if err := r.dec.SkipValue(); err != nil {
					return err
				}
				continue
			}
		case t.Kind() == '{' || t.Kind() == '[':
			name := r.names[depth-1]
			if kind == '{' {
				name = r.key
			}
			r.names = append(r.names[:depth], name)
		}
		if err := r.enc.WriteToken(t); err != nil {
			return err
		}
		if depth == 0 || r.out.Len() >= chunk {
			return nil
		}
	}
}
