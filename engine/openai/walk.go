package openai

import "encoding/json"

// maxDepth bounds the nesting of an event; vLLM's deepest (logprobs) is 6.
const maxDepth = 100

// members walks the members of a JSON object. After next, key is set and i is at the value; the
// caller must move i behind the value (skipValue does) before the next call. Once next returns
// false, i is behind the object, or negative if it is malformed.
type members struct {
	b    []byte
	i    int
	key  []byte // without quotes, escapes resolved
	more bool
}

// openObject starts a walk at b[i], which must be '{'.
func openObject(b []byte, i int) members { return members{b: b, i: i + 1} }

func (m *members) next() bool {
	i := skipSpace(m.b, m.i)
	if i < 0 || i >= len(m.b) {
		m.i = -1
		return false
	}
	if m.b[i] == '}' {
		m.i = i + 1
		return false
	}
	if m.more {
		if m.b[i] != ',' {
			m.i = -1
			return false
		}
		i = skipSpace(m.b, i+1)
	}
	m.more = true
	end, escaped := skipString(m.b, i)
	if end < 0 {
		m.i = -1
		return false
	}
	m.key = m.b[i+1 : end-1]
	if escaped {
		m.key = unescape(m.b[i:end])
	}
	i = skipSpace(m.b, end)
	if i >= len(m.b) || m.b[i] != ':' {
		m.i = -1
		return false
	}
	m.i = skipSpace(m.b, i+1)
	return true
}

// elements walks a JSON array as members does an object.
type elements struct {
	b    []byte
	i    int
	more bool
}

func openArray(b []byte, i int) elements { return elements{b: b, i: i + 1} }

func (e *elements) next() bool {
	i := skipSpace(e.b, e.i)
	if i < 0 || i >= len(e.b) {
		e.i = -1
		return false
	}
	if e.b[i] == ']' {
		e.i = i + 1
		return false
	}
	if e.more {
		if e.b[i] != ',' {
			e.i = -1
			return false
		}
		i = skipSpace(e.b, i+1)
	}
	e.more = true
	e.i = i
	return true
}

// skipValue returns the index behind the JSON value at b[i], or -1.
func skipValue(b []byte, i, depth int) int {
	if i < 0 || i >= len(b) || depth > maxDepth {
		return -1
	}
	switch c := b[i]; c {
	case '"':
		end, _ := skipString(b, i)
		return end
	case '{':
		m := openObject(b, i)
		for m.next() {
			m.i = skipValue(b, m.i, depth+1)
		}
		return m.i
	case '[':
		e := openArray(b, i)
		for e.next() {
			e.i = skipValue(b, e.i, depth+1)
		}
		return e.i
	case 't':
		return skipWord(b, i, "true")
	case 'f':
		return skipWord(b, i, "false")
	case 'n':
		return skipWord(b, i, "null")
	default:
		return skipNumber(b, i)
	}
}

func skipWord(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// skipSpace returns the first index at or after i that is no JSON white space. A negative i stays.
func skipSpace(b []byte, i int) int {
	if i < 0 {
		return i
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// plain marks the bytes that stand for themselves inside a JSON string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 256; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// skipString returns the index behind the string whose opening quote is b[i], or -1, and whether it
// holds escapes.
func skipString(b []byte, i int) (end int, escaped bool) {
	if i < 0 || i >= len(b) || b[i] != '"' {
		return -1, false
	}
	for i++; i < len(b); i++ {
		if plain[b[i]] {
			continue
		}
		if b[i] == '"' {
			return i + 1, escaped
		}
		if b[i] != '\\' {
			return -1, escaped
		}
		escaped = true
		i++
		if i >= len(b) {
			return -1, escaped
		}
		switch b[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if len(b)-i < 5 || !isHex(b[i+1]) || !isHex(b[i+2]) || !isHex(b[i+3]) || !isHex(b[i+4]) {
				return -1, escaped
			}
			i += 4
		default:
			return -1, escaped
		}
	}
	return -1, escaped
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// unescape resolves a quoted string with escapes. It allocates: no server escapes the keys of its
// events, or the finish reason.
func unescape(quoted []byte) []byte {
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return nil
	}
	return []byte(s)
}

// skipNumber returns the index behind the JSON number at b[i], or -1.
func skipNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	start := i
	i = skipDigits(b, i)
	if i == start || b[start] == '0' && i > start+1 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		start = i + 1
		if i = skipDigits(b, start); i == start {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = skipDigits(b, start); i == start {
			return -1
		}
	}
	return i
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}
