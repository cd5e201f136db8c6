package wire

import (
	"bytes"
	"io"
	"net/http/httputil"
	"testing"
)

// decode takes a chunked body apart in pieces of the given size.
func decode(raw []byte, size int) (out []byte, extra int, done bool, err error) {
	d := body{chunked: true}
	for i := 0; i < len(raw); {
		piece := bytes.Clone(raw[i:min(i+size, len(raw))])
		i += len(piece)
		part, left, end, err := d.take(piece)
		out = append(out, part...)
		if end || err != nil {
			return out, left + len(raw) - i, end, err
		}
	}
	return out, 0, false, nil
}

// FuzzChunked: any split gives the same, and what net/http decodes is decoded alike.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"), uint8(1))
	f.Add([]byte("13c;a=b\r\ndata: {}\n\n\r\n0\r\nX: y\r\n\r\nHTTP/1.1 200"), uint8(3))
	f.Add([]byte("1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"), uint8(4))
	f.Add([]byte("A\n0123456789\n0\n\n"), uint8(2))
	f.Add([]byte("fffffffffffffffff\r\n"), uint8(200))
	f.Add([]byte("2\r\nabc\r\n"), uint8(1))
	f.Fuzz(func(t *testing.T, raw []byte, size uint8) {
		whole, extra, done, err := decode(raw, max(len(raw), 1))
		pieces, extra2, done2, err2 := decode(raw, int(size)%64+1)
		if !bytes.Equal(whole, pieces) || done != done2 || (err == nil) != (err2 == nil) || done && extra != extra2 {
			t.Errorf("whole: %q, %d, %t, %v\npieces: %q, %d, %t, %v", whole, extra, done, err, pieces, extra2, done2, err2)
		}
		want, wantErr := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(raw)))
		if wantErr == nil && err == nil && !bytes.Equal(want, whole) {
			t.Errorf("got %q, net/http has %q", whole, want)
		}
	})
}

// FuzzHead: no head makes it panic, and one that is taken has one meaning for its length.
func FuzzHead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\ndate: Tue, 24 Nov 2026 13:30:59 GMT\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 404 Not Found\nContent-Length: 22\nConnection: close\n\n"))
	f.Add([]byte("HTTP/1.1 200\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 101 x\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		end := headEnd(raw, 0)
		if end < 0 {
			return
		}
		for from := range min(end, 200) { // found from wherever the search resumes
			if got := headEnd(raw, from); got < end {
				t.Fatalf("resumed at %d: end %d, want %d or later", from, got, end)
			}
		}
		h, err := parseHead(raw[:end])
		if err != nil {
			return
		}
		if h.status < 100 || h.status > 999 || h.length < -1 || h.chunked && h.length >= 0 {
			t.Errorf("%q is read as %+v", raw[:end], h)
		}
	})
}

func BenchmarkChunked(b *testing.B) {
	event := []byte("13c\r\n" + string(bytes.Repeat([]byte("x"), 0x13c)) + "\r\n")
	piece := make([]byte, len(event))
	d := body{chunked: true}
	b.ReportAllocs()
	for b.Loop() {
		copy(piece, event)
		if _, _, _, err := d.take(piece); err != nil {
			b.Fatal(err)
		}
	}
}
