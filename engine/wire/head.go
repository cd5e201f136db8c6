package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxHead bounds the head of a reply, in bytes.
const maxHead = 64 << 10

// head is what matters of a reply's status line and header.
type head struct {
	status      int
	contentType string
	location    string
	encoding    string // content-encoding other than identity
	length      int64  // -1 = not said
	chunked     bool
	keepAlive   bool
}

// headEnd is the index behind the blank line that ends a head, or -1. What lies before from was
// looked at already.
func headEnd(b []byte, from int) int {
	for at := max(from-3, 0); ; {
		lf := bytes.IndexByte(b[at:], '\n')
		if lf < 0 {
			return -1
		}
		at += lf + 1
		if at < len(b) && b[at] == '\n' {
			return at + 1
		}
		if at+1 < len(b) && b[at] == '\r' && b[at+1] == '\n' {
			return at + 2
		}
	}
}

const httpVersion = "HTTP/1."

// notHTTP sees from the first bytes that no head is going to come.
func notHTTP(b []byte) error {
	n := min(len(b), len(httpVersion))
	if string(b[:n]) == httpVersion[:n] {
		return nil
	}
	return fmt.Errorf("it begins with %q", b[:min(len(b), 40)])
}

// parseHead reads a complete head, strictly where two readers could come to different ends of the
// body.
func parseHead(b []byte) (head, error) {
	h := head{length: -1}
	line, rest, _ := bytes.Cut(b, []byte{'\n'})
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if err := notHTTP(line); err != nil || len(line) < len("HTTP/1.1 200") {
		return h, fmt.Errorf("its status line is %q", line[:min(len(line), 80)])
	}
	status, err := strconv.Atoi(string(line[9:12]))
	minor := line[7]
	if err != nil || line[8] != ' ' || minor != '0' && minor != '1' || status < 100 ||
		len(line) > 12 && line[12] != ' ' {
		return h, fmt.Errorf("its status line is %q", line[:min(len(line), 80)])
	}
	h.status, h.keepAlive = status, minor == '1'
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte{'\n'})
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok || !isToken(string(name)) {
			return h, fmt.Errorf("a header line is %q", line[:min(len(line), 80)])
		}
		if err := h.field(string(name), string(bytes.TrimSpace(value))); err != nil {
			return h, err
		}
	}
	switch {
	case h.status == 101:
		return h, errors.New("it switches protocols")
	case h.chunked && h.length >= 0: // a proxy in between disagrees with the server
		h.length, h.keepAlive = -1, false
	}
	return h, nil
}

func (h *head) field(name, value string) error {
	switch strings.ToLower(name) {
	case "content-type":
		h.contentType = value
	case "location":
		h.location = value
	case "content-encoding":
		if !strings.EqualFold(value, "identity") {
			h.encoding = strings.ToLower(value)
		}
	case "connection":
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), "close") {
				h.keepAlive = false
			}
		}
	case "transfer-encoding":
		if !strings.EqualFold(value, "chunked") || h.chunked {
			return fmt.Errorf("its transfer-encoding is %q", value[:min(len(value), 80)])
		}
		h.chunked = true
	case "content-length":
		n, err := strconv.ParseUint(value, 10, 62)
		if err != nil || h.length >= 0 && h.length != int64(n) {
			return fmt.Errorf("its content-length is %q", value[:min(len(value), 80)])
		}
		h.length = int64(n)
	}
	return nil
}
