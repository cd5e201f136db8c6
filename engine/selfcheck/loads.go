package selfcheck

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Load is one row of the check.
type Load struct {
	// Rate in req/s, or Streams: as many requests as keep so many replies under way on average.
	Rate    float64
	Streams int
	Hog     bool // a process that does nothing but compute shares the client's core
	Bursts  bool // all streams write at the same instants, as an engine does after each step
	TLS     bool
}

// The rows that are made unless others are asked for.
const (
	DefaultLoads = "1/s,16/s,64,256,512,1024,256+hog,256+bursts,256+tls"
	QuickLoads   = "16/s,256"
)

// What a row may ask for: more than a single process of this program is made for.
const (
	maxStreams = 10_000
	maxRate    = 2_000
)

// ParseLoads reads rows like "16/s,256,256+hog": N/s is a rate, N a number of streams, and +hog,
// +bursts and +tls make it harder.
func ParseLoads(text string) ([]Load, error) {
	var loads []Load
	var errs []error
	for word := range strings.SplitSeq(text, ",") {
		l, err := parseLoad(strings.TrimSpace(word))
		loads = append(loads, l)
		errs = append(errs, err)
	}
	return loads, errors.Join(errs...)
}

func parseLoad(word string) (l Load, err error) {
	number, more, _ := strings.Cut(word, "+")
	if rate, ok := strings.CutSuffix(number, "/s"); ok {
		l.Rate, err = strconv.ParseFloat(rate, 64)
		if err != nil || !(l.Rate >= 0.1 && l.Rate <= maxRate) {
			return l, fmt.Errorf("row %q: want a rate of 0.1/s to %d/s", word, maxRate)
		}
	} else {
		l.Streams, err = strconv.Atoi(number)
		if err != nil || l.Streams < 1 || l.Streams > maxStreams {
			return l, fmt.Errorf("row %q: want a rate like 16/s, or 1 to %d streams", word, maxStreams)
		}
	}
	if more == "" && strings.Contains(word, "+") {
		more = "nothing"
	}
	for more != "" {
		var m string
		m, more, _ = strings.Cut(more, "+")
		switch m {
		case "hog":
			l.Hog = true
		case "bursts":
			l.Bursts = true
		case "tls":
			l.TLS = true
		default:
			return l, fmt.Errorf("row %q: want +hog, +bursts or +tls, not %q", word, "+"+m)
		}
	}
	return l, nil
}

// String is the row as ParseLoads reads it.
func (l Load) String() string {
	s := strconv.Itoa(l.Streams)
	if l.Rate > 0 {
		s = strconv.FormatFloat(l.Rate, 'g', -1, 64) + "/s"
	}
	for _, m := range []struct {
		on   bool
		text string
	}{{l.Hog, "+hog"}, {l.Bursts, "+bursts"}, {l.TLS, "+tls"}} {
		if m.on {
			s += m.text
		}
	}
	return s
}

// plain says whether the row is one of the growing load, with nothing to make it harder.
func (l Load) plain() bool { return !l.Hog && !l.Bursts && !l.TLS }

// rate is in req/s.
func (l Load) rate(r Reply) float64 {
	if l.Rate > 0 {
		return l.Rate
	}
	return math.Round(float64(l.Streams)/r.length().Seconds()*1000) / 1000
}

func (l Load) streams(r Reply) float64 { return l.rate(r) * r.length().Seconds() }

// words describe the row to a person.
func (l Load) words(r Reply) string {
	s := fmt.Sprintf("%g req/s (%.0f streams)", l.rate(r), math.Max(1, l.streams(r)))
	return s + l.harder()
}

// harder is what is added to a plain row, in words.
func (l Load) harder() string {
	var s string
	if l.Hog {
		s += " with a CPU hog on the client's core"
	}
	if l.Bursts {
		s += " in bursts"
	}
	if l.TLS {
		s += " over TLS"
	}
	return s
}
