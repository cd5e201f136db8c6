package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

var errLine = errors.New("not a request")

// parseRequest reads one line into r, reusing r's gaps and, where the text is the same as before,
// its strings. The lines that AppendRequest writes take the fast way, all others encoding/json.
func parseRequest(line []byte, r *Request) error {
	gaps := r.GapsUS[:0]
	p := lineParser{b: line}
	if !p.request(r) {
		*r = Request{GapsUS: gaps}
		if err := json.Unmarshal(line, r); err != nil {
			return err
		}
		scrub(r)
	}
	return checkRequest(r)
}

var statuses = []string{StatusOK, StatusRejected, StatusFailed, StatusIncomplete}

// checkRequest refuses what no writer of ours makes and a reader would trip over.
func checkRequest(r *Request) error {
	switch {
	case r.Step < 0 || r.Try < 1 || r.K < 0:
		return fmt.Errorf("%w: step %d, try %d, k %d", errLine, r.Step, r.Try, r.K)
	case !slices.Contains(statuses, r.Status):
		return fmt.Errorf("%w: status %q", errLine, r.Status)
	case r.PromptTokens < 0 || r.OutputTokens < 0 || r.InWindowTokens < 0 || r.Events < 0 || r.Coalesced < 0:
		return fmt.Errorf("%w: a count is negative", errLine)
	case min(r.SchedNS, r.StartNS, r.SentNS, r.HeadNS, r.FirstTokenNS, r.LastTokenNS, r.DoneNS, r.ConnectNS) < 0:
		return fmt.Errorf("%w: a time is negative", errLine)
	}
	return nil
}

// lineParser reads the JSON subset that AppendRequest makes: no blanks, plain strings, integers.
// Each method says whether it could.
type lineParser struct {
	b []byte
	i int
}

func (p *lineParser) request(r *Request) bool {
	gaps := r.GapsUS[:0]
	old := Request{ID: r.ID, Target: r.Target, Status: r.Status, Class: r.Class, Error: r.Error, Finish: r.Finish}
	*r = Request{}
	if !p.take('{') {
		return false
	}
	for {
		key, ok := p.text()
		if !ok || !p.take(':') || !p.field(string(key), r, &old, &gaps) {
			return false
		}
		if !p.take(',') {
			break
		}
	}
	r.GapsUS = gaps
	return p.take('}') && p.i == len(p.b)
}

// field reads the value of key into r.
func (p *lineParser) field(key string, r, old *Request, gaps *[]uint32) bool {
	switch key {
	case "id":
		return p.string(&r.ID, old.ID)
	case "target":
		return p.string(&r.Target, old.Target)
	case "status":
		return p.string(&r.Status, old.Status)
	case "class":
		return p.string(&r.Class, old.Class)
	case "error":
		return p.string(&r.Error, old.Error)
	case "finish":
		return p.string(&r.Finish, old.Finish)
	case "gaps_us":
		return p.gaps(gaps)
	case "warmup":
		return p.bool(&r.Warmup)
	case "new_conn":
		return p.bool(&r.NewConn)
	case "redialled":
		return p.bool(&r.Redialled)
	case "kernel_stamps":
		return p.bool(&r.KernelStamps)
	}
	v, ok := p.int()
	if !ok {
		return false
	}
	return setInt(key, v, r)
}

func setInt(key string, v int64, r *Request) bool {
	switch key {
	case "step":
		r.Step = int(v)
	case "try":
		r.Try = int(v)
	case "k":
		r.K = int(v)
	case "sched_ns":
		r.SchedNS = v
	case "start_ns":
		r.StartNS = v
	case "sent_ns":
		r.SentNS = v
	case "head_ns":
		r.HeadNS = v
	case "first_token_ns":
		r.FirstTokenNS = v
	case "last_token_ns":
		r.LastTokenNS = v
	case "done_ns":
		r.DoneNS = v
	case "connect_ns":
		r.ConnectNS = v
	case "prompt_tokens":
		r.PromptTokens = int(v)
	case "output_tokens":
		r.OutputTokens = int(v)
	case "events":
		r.Events = int(v)
	case "coalesced":
		r.Coalesced = int(v)
	case "bunched":
		r.Bunched = int(v)
	case "in_window_tokens":
		r.InWindowTokens = int(v)
	case "http_status":
		r.HTTPStatus = int(v)
	default:
		return false
	}
	return true
}

func (p *lineParser) take(c byte) bool {
	if p.i < len(p.b) && p.b[p.i] == c {
		p.i++
		return true
	}
	return false
}

// text reads a string of plain ASCII without escapes.
func (p *lineParser) text() ([]byte, bool) {
	if !p.take('"') {
		return nil, false
	}
	for j := p.i; j < len(p.b); j++ {
		switch c := p.b[j]; {
		case c == '"':
			s := p.b[p.i:j]
			p.i = j + 1
			return s, len(s) <= maxText
		case c < ' ' || c > '~' || c == '\\':
			return nil, false
		}
	}
	return nil, false
}

// string reads a text into dst without allocating if it is the same as before.
func (p *lineParser) string(dst *string, before string) bool {
	s, ok := p.text()
	if ok && string(s) == before {
		*dst = before
	} else if ok {
		*dst = string(s)
	}
	return ok
}

func (p *lineParser) int() (int64, bool) {
	neg := p.take('-')
	start, v := p.i, uint64(0)
	for p.i < len(p.b) {
		c := p.b[p.i] - '0'
		if c > 9 {
			break
		}
		if v > (math.MaxInt64-9)/10 {
			return 0, false
		}
		v = v*10 + uint64(c)
		p.i++
	}
	if digits := p.i - start; digits == 0 || digits > 1 && p.b[start] == '0' {
		return 0, false
	}
	if neg {
		return -int64(v), true
	}
	return int64(v), true
}

func (p *lineParser) bool(dst *bool) bool {
	const yes = "true"
	if len(p.b)-p.i >= len(yes) && string(p.b[p.i:p.i+len(yes)]) == yes {
		p.i += len(yes)
		*dst = true
		return true
	}
	return false
}

// gaps reads the one long field in a loop of its own.
func (p *lineParser) gaps(dst *[]uint32) bool {
	if !p.take('[') {
		return false
	}
	b, i, out := p.b, p.i, (*dst)[:0]
	for {
		start, v := i, uint64(0)
		for i < len(b) && b[i]-'0' <= 9 && v <= math.MaxUint32 {
			v = v*10 + uint64(b[i]-'0')
			i++
		}
		if digits := i - start; digits == 0 || v > math.MaxUint32 || digits > 1 && b[start] == '0' || i == len(b) {
			return false
		}
		out = append(out, uint32(v))
		c := b[i]
		i++
		if c == ']' {
			break
		}
		if c != ',' {
			return false
		}
	}
	p.i, *dst = i, out
	return true
}
