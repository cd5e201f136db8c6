package record

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration written as "60s" in JSON and YAML.
type Duration time.Duration

// MarshalJSON writes the duration as Go prints it.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads "60s" or a number of seconds.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case float64:
		*d = Duration(v * float64(time.Second))
	case string:
		p, err := time.ParseDuration(strings.TrimSpace(v))
		if err != nil {
			return fmt.Errorf("duration %q: want a number with a unit, like 60s", v)
		}
		*d = Duration(p)
	default:
		return fmt.Errorf("duration %s: want a text like \"60s\"", b)
	}
	return nil
}

// String prints the duration as Go does.
func (d Duration) String() string { return time.Duration(d).String() }

// Warmup is how long a step runs at its rate before the measured window opens. The zero value is
// automatic: max(5 s, 2 × the E2E p95 before), at most 60 s.
type Warmup struct {
	Fixed bool
	For   time.Duration // used if Fixed
}

// MarshalJSON writes "auto" or the duration.
func (w Warmup) MarshalJSON() ([]byte, error) { return json.Marshal(w.String()) }

// UnmarshalJSON reads "auto" or a duration.
func (w *Warmup) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil && (s == "auto" || s == "") {
		*w = Warmup{}
		return nil
	}
	var d Duration
	if err := d.UnmarshalJSON(b); err != nil {
		return fmt.Errorf("warmup: %w, or auto", err)
	}
	*w = Warmup{Fixed: true, For: time.Duration(d)}
	return nil
}

// String is "auto" or the duration.
func (w Warmup) String() string {
	if !w.Fixed {
		return "auto"
	}
	return w.For.String()
}
