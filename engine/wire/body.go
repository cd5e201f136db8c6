package wire

import (
	"errors"
	"fmt"
)

// The bounds of what surrounds the data of a chunked body.
const (
	maxChunkLine = 4 << 10
	maxTrailer   = 16 << 10
)

// body takes a reply's body apart as it arrives.
type body struct {
	chunked    bool
	untilClose bool
	left       int64 // of the chunk, or of the content-length

	state  chunkState
	digits int
	line   int // bytes of the size line or trailer so far
	blank  bool
}

type chunkState uint8

const (
	chunkSize    chunkState = iota
	chunkExt                // behind the size, up to the end of the line
	chunkData               // left bytes to come
	chunkDataEnd            // the line end behind them
	chunkTrailer
)

func bodyOf(h *head) body {
	switch {
	case h.status == 204 || h.status == 304:
		return body{}
	case h.chunked:
		return body{chunked: true}
	case h.length >= 0:
		return body{left: h.length}
	default:
		return body{untilClose: true}
	}
}

// take removes the framing from b, in place: out is a part of b and what it overwrites. extra is how
// many bytes follow the end of the body.
func (d *body) take(b []byte) (out []byte, extra int, done bool, err error) {
	switch {
	case d.untilClose:
		return b, 0, false, nil
	case d.chunked:
		return d.takeChunks(b)
	}
	n := int(min(d.left, int64(len(b))))
	d.left -= int64(n)
	return b[:n], len(b) - n, d.left == 0, nil
}

func (d *body) takeChunks(b []byte) (out []byte, extra int, done bool, err error) {
	start, end := 0, 0 // of the data so far; it moves only if there is more than one chunk
	for i := 0; i < len(b); {
		if d.state == chunkData {
			n := int(min(d.left, int64(len(b)-i)))
			if end == start {
				start, end = i, i+n
			} else {
				end += copy(b[end:], b[i:i+n])
			}
			i += n
			if d.left -= int64(n); d.left == 0 {
				d.state = chunkDataEnd
			}
			continue
		}
		if done, err = d.frame(b[i]); done || err != nil {
			return b[start:end], len(b) - i - 1, done, err
		}
		i++
	}
	return b[start:end], 0, false, nil
}

var errLongFraming = errors.New("the framing of its chunks is too long")

// frame takes one byte that is no data.
func (d *body) frame(c byte) (done bool, err error) {
	switch d.state {
	case chunkSize:
		if v := unhex(c); v >= 0 {
			if d.digits++; d.digits > 15 {
				return false, errors.New("a chunk size is out of range")
			}
			d.left = d.left<<4 | int64(v)
			return false, nil
		}
		if d.digits == 0 {
			return false, fmt.Errorf("a chunk size begins with %q", c)
		}
		switch c {
		case '\n':
			d.endSize()
		case '\r', ';', ' ', '\t':
			d.state = chunkExt
		default:
			return false, fmt.Errorf("a chunk size has %q in it", c)
		}
	case chunkExt:
		if d.line++; d.line > maxChunkLine {
			return false, errLongFraming
		}
		if c == '\n' {
			d.endSize()
		}
	case chunkDataEnd:
		switch {
		case c == '\n':
			d.state, d.left, d.digits, d.line = chunkSize, 0, 0, 0
		case c != '\r' || d.line > 0:
			return false, fmt.Errorf("a chunk is longer than its size says: %q follows", c)
		default:
			d.line = 1
		}
	case chunkTrailer:
		if d.line++; d.line > maxTrailer {
			return false, errLongFraming
		}
		switch {
		case c == '\n' && d.blank:
			return true, nil
		case c == '\n':
			d.blank = true
		case c != '\r':
			d.blank = false
		}
	}
	return false, nil
}

func (d *body) endSize() {
	d.line = 0
	d.state = chunkData
	if d.left == 0 {
		d.state, d.blank = chunkTrailer, true
	}
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
