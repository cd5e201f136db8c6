package openai

// event is what one data payload says about tokens. Slices alias the payload.
type event struct {
	choices    int  // entries of choices that are objects
	content    bool // some choice has a delta with content, reasoning or a tool call
	finish     []byte
	usage      usageState
	completion int // tokens, if usage is usageGood
	prompt     int // tokens, -1 if not said
	failed     bool
	failure    []byte // the error value
}

type usageState uint8

const (
	usageNone usageState = iota
	usageGood
	usageBad // present, but the count is not a whole number in range
)

// maxTokens bounds a count that a server may claim; a larger one is nonsense.
const maxTokens = 1 << 30

// parseEvent reads a payload into ev. It is false if the payload is not one JSON object. Of members
// that appear twice the last counts.
func parseEvent(b []byte, ev *event) bool {
	*ev = event{prompt: -1}
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	var objectIsError bool
	m := openObject(b, i)
	for m.next() {
		switch string(m.key) {
		case "choices":
			m.i = ev.readChoices(b, m.i)
		case "usage":
			m.i = ev.readUsage(b, m.i)
		case "error":
			start := m.i
			m.i = skipValue(b, m.i, 1)
			if ev.failed = m.i >= 0 && filled(b, start); ev.failed {
				ev.failure = b[start:m.i]
			}
		case "object":
			start := m.i
			m.i = skipValue(b, m.i, 1)
			objectIsError = m.i >= 0 && string(b[start:m.i]) == `"error"`
		default:
			m.i = skipValue(b, m.i, 1)
		}
	}
	if m.i < 0 || skipSpace(b, m.i) != len(b) {
		return false
	}
	if objectIsError && !ev.failed { // an older vLLM: the error object is the event itself
		ev.failed, ev.failure = true, b
	}
	return true
}

func (ev *event) readChoices(b []byte, i int) int {
	ev.choices, ev.content, ev.finish = 0, false, nil
	if i >= len(b) || b[i] != '[' {
		return skipValue(b, i, 1)
	}
	e := openArray(b, i)
	for e.next() {
		if e.i < len(b) && b[e.i] == '{' {
			ev.choices++
			e.i = ev.readChoice(b, e.i)
		} else {
			e.i = skipValue(b, e.i, 2)
		}
	}
	return e.i
}

func (ev *event) readChoice(b []byte, i int) int {
	var content bool
	var finish []byte
	m := openObject(b, i)
	for m.next() {
		switch string(m.key) {
		case "delta":
			content, m.i = readDelta(b, m.i)
		case "finish_reason":
			start := m.i
			m.i = skipValue(b, m.i, 3)
			finish = nil
			if m.i >= 0 && b[start] == '"' {
				finish = b[start+1 : m.i-1]
			}
		default:
			m.i = skipValue(b, m.i, 3)
		}
	}
	ev.content = ev.content || content
	if len(finish) > 0 {
		ev.finish = finish
	}
	return m.i
}

// readDelta says whether a delta holds generated output of any kind.
func readDelta(b []byte, i int) (content bool, end int) {
	if i >= len(b) || b[i] != '{' {
		return false, skipValue(b, i, 3)
	}
	var has [4]bool
	m := openObject(b, i)
	for m.next() {
		field := -1
		switch string(m.key) {
		case "content":
			field = 0
		case "reasoning":
			field = 1
		case "reasoning_content":
			field = 2
		case "tool_calls":
			field = 3
		}
		if field >= 0 {
			has[field] = filled(b, m.i)
		}
		m.i = skipValue(b, m.i, 4)
	}
	return has[0] || has[1] || has[2] || has[3], m.i
}

// filled says whether the value at b[i] is a non-empty string, array or object.
func filled(b []byte, i int) bool {
	if i < 0 || i >= len(b) {
		return false
	}
	var closing byte
	switch b[i] {
	case '"':
		return i+1 < len(b) && b[i+1] != '"'
	case '[':
		closing = ']'
	case '{':
		closing = '}'
	default:
		return false
	}
	i = skipSpace(b, i+1)
	return i < len(b) && b[i] != closing
}

func (ev *event) readUsage(b []byte, i int) int {
	ev.usage, ev.completion, ev.prompt = usageNone, 0, -1
	if i >= len(b) || b[i] != '{' {
		return skipValue(b, i, 1)
	}
	m := openObject(b, i)
	for m.next() {
		start := m.i
		m.i = skipValue(b, m.i, 2)
		if m.i < 0 {
			break
		}
		switch string(m.key) {
		case "completion_tokens":
			ev.completion, ev.usage = readCount(b[start:m.i])
		case "prompt_tokens":
			ev.prompt = -1
			if n, state := readCount(b[start:m.i]); state == usageGood {
				ev.prompt = n
			}
		}
	}
	return m.i
}

// readCount reads a token count; null is no count.
func readCount(v []byte) (int, usageState) {
	if string(v) == "null" {
		return 0, usageNone
	}
	if len(v) > 10 {
		return 0, usageBad
	}
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, usageBad
		}
		n = n*10 + int64(c-'0')
	}
	if n > maxTokens {
		return 0, usageBad
	}
	return int(n), usageGood
}
