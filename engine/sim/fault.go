package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind is a way in which a reply goes wrong.
type FaultKind string

// The kinds of faults. "After tokens" counts token events already written.
const (
	FaultStatus     FaultKind = "status"      // Status (500) and a JSON error body instead of a reply
	FaultHTML       FaultKind = "html"        // Status (200) and an HTML page instead of a reply
	FaultCut        FaultKind = "cut"         // the connection closes after After tokens
	FaultStall      FaultKind = "stall"       // nothing comes after After tokens, until the client leaves
	FaultGarbage    FaultKind = "garbage"     // an event that is not JSON after After tokens, then on as usual
	FaultErrorEvent FaultKind = "error-event" // an error event after After tokens, then the end of the stream
	FaultWrongUsage FaultKind = "wrong-usage" // twice the tokens are reported, prompt and output
	FaultNoUsage    FaultKind = "no-usage"    // stream_options are ignored
	FaultSlow       FaultKind = "slow"        // each token event is held back by Delay
)

// Fault makes some generation requests go wrong. Requests are counted from 1 since the faults were set,
// in the order in which they are read. Every, First and Probability choose: each one that is set must
// agree; when none is, every request is hit. Of several faults the first that hits is used.
type Fault struct {
	Kind        FaultKind
	Every       int     // each Every-th request
	First       int     // the first First requests
	Probability float64 // by Config.Seed and the request's number
	After       int     // tokens
	Status      int     // HTTP status
	Delay       time.Duration
}

var faultKinds = []FaultKind{FaultStatus, FaultHTML, FaultCut, FaultStall, FaultGarbage, FaultErrorEvent,
	FaultWrongUsage, FaultNoUsage, FaultSlow}

// ParseFault reads a fault as a kind and its fields: "cut,every=10,after=5", "status,status=503,first=3",
// "slow,probability=0.1,delay=50ms".
func ParseFault(text string) (Fault, error) {
	kind, rest, _ := strings.Cut(text, ",")
	f := Fault{Kind: FaultKind(kind)}
	for rest != "" {
		var field string
		field, rest, _ = strings.Cut(rest, ",")
		name, value, _ := strings.Cut(field, "=")
		var err error
		switch name {
		case "every":
			f.Every, err = strconv.Atoi(value)
		case "first":
			f.First, err = strconv.Atoi(value)
		case "after":
			f.After, err = strconv.Atoi(value)
		case "status":
			f.Status, err = strconv.Atoi(value)
		case "probability":
			f.Probability, err = strconv.ParseFloat(value, 64)
		case "delay":
			f.Delay, err = time.ParseDuration(value)
		default:
			return Fault{}, fmt.Errorf("fault %q: no field is called %q: use every, first, probability, after, status or delay", text, name)
		}
		if err != nil {
			return Fault{}, fmt.Errorf("fault %q: %q is no value for %s", text, value, name)
		}
	}
	return f, validateFaults([]Fault{f})
}

// SetFaults replaces the faults and counts requests from 1 again.
func (s *Server) SetFaults(faults ...Fault) error {
	if err := validateFaults(faults); err != nil {
		return fmt.Errorf("simulated server: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.faulted = append([]Fault(nil), faults...), 0
	return nil
}

// nextFault is the fault of the generation request that was just read; Kind is "" if it has none.
func (s *Server) nextFault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faulted++
	for i, f := range s.faults {
		if f.hits(s.faulted, mix(s.cfg.Seed+uint64(i), s.faulted)) {
			return f
		}
	}
	return Fault{}
}

func (f Fault) hits(k, random uint64) bool {
	switch {
	case f.Every > 0 && k%uint64(f.Every) != 0:
	case f.First > 0 && k > uint64(f.First):
	case f.Probability > 0 && float64(random>>11)/(1<<53) >= f.Probability:
	default:
		return true
	}
	return false
}

func (f Fault) status(def int) int {
	if f.Status != 0 {
		return f.Status
	}
	return def
}

func validateFaults(faults []Fault) error {
	for _, f := range faults {
		if !slices.Contains(faultKinds, f.Kind) {
			return fmt.Errorf("no fault is called %q: choose from %s", f.Kind, strings.Trim(fmt.Sprint(faultKinds), "[]"))
		}
		if f.Every < 0 || f.First < 0 || f.After < 0 || f.Delay < 0 || !(f.Probability >= 0 && f.Probability <= 1) {
			return fmt.Errorf("fault %q: counts and delays must not be negative, a probability must be 0 to 1", f.Kind)
		}
		if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
			return fmt.Errorf("fault %q: status must be 200 to 599, but is %d", f.Kind, f.Status)
		}
	}
	return nil
}
