package sim_test

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/sim"
)

// tokenEvents counts the events with a choice, and returns the last usage in the stream.
func tokenEvents(t *testing.T, data []string) (n, prompt, output int) {
	t.Helper()
	for _, d := range data {
		var v struct {
			Choices []struct{}
			Usage   struct {
				PromptTokens     int `json:"prompt_tokens"`
				CompletionTokens int `json:"completion_tokens"`
			}
		}
		if json.Unmarshal([]byte(d), &v) != nil {
			continue
		}
		n += len(v.Choices)
		if v.Usage.PromptTokens > 0 {
			prompt, output = v.Usage.PromptTokens, v.Usage.CompletionTokens
		}
	}
	return n, prompt, output
}

func TestFaultsInAStream(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  sim.Fault
		status int
		events int   // with a choice
		err    error // of reading the reply
		has    string
		usage  int // completion_tokens at last; 0 = none
	}{
		{"none", sim.Fault{Kind: sim.FaultCut, Every: 2}, 200, 8, nil, "[DONE]", 8},
		{"status", sim.Fault{Kind: sim.FaultStatus}, 500, 0, nil, `"code":500`, 0},
		{"status 503", sim.Fault{Kind: sim.FaultStatus, Status: 503}, 503, 0, nil, `"code":503`, 0},
		{"HTML with status 200", sim.Fault{Kind: sim.FaultHTML}, 200, 0, nil, "<!DOCTYPE html>", 0},
		{"HTML with status 502", sim.Fault{Kind: sim.FaultHTML, Status: 502}, 502, 0, nil, "<!DOCTYPE html>", 0},
		{"cut at once", sim.Fault{Kind: sim.FaultCut}, 200, 0, io.ErrUnexpectedEOF, "", 0},
		{"cut after three tokens", sim.Fault{Kind: sim.FaultCut, After: 3}, 200, 3, io.ErrUnexpectedEOF, "", 3},
		{"garbage", sim.Fault{Kind: sim.FaultGarbage, After: 3}, 200, 8, nil, "\xff\x00", 8},
		{"error event", sim.Fault{Kind: sim.FaultErrorEvent, After: 3}, 200, 3, nil, `{"error": {"message": "the simulated fault`, 3},
		{"wrong usage", sim.Fault{Kind: sim.FaultWrongUsage}, 200, 8, nil, "[DONE]", 16},
		{"no usage", sim.Fault{Kind: sim.FaultNoUsage}, 200, 8, nil, "[DONE]", 0},
		{"slow", sim.Fault{Kind: sim.FaultSlow, Delay: time.Millisecond}, 200, 8, nil, "[DONE]", 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, url := start(t, sim.Config{Faults: []sim.Fault{c.fault}})
			status, _, reply, err := do(t, client(t), "POST", url+"/v1/completions", stream(10, 8))
			if status != c.status || !errors.Is(err, c.err) || !strings.Contains(reply, c.has) {
				t.Errorf("status %d, want %d; error %v, want %v; want %q in %q", status, c.status, err, c.err, c.has, reply)
			}
			data, _ := events(strings.NewReader(reply))
			if n, _, output := tokenEvents(t, data); n != c.events || output != c.usage {
				t.Errorf("%d events and %d tokens by usage, want %d and %d", n, output, c.events, c.usage)
			}
		})
	}
}

func TestFaultsInAPlainReply(t *testing.T) {
	for _, c := range []struct {
		kind   sim.FaultKind
		status int // 0 = no reply
		json   bool
	}{
		{sim.FaultStatus, 500, true}, {sim.FaultHTML, 200, false}, {sim.FaultCut, 0, false}, {sim.FaultGarbage, 200, false},
		{sim.FaultErrorEvent, 500, true}, {sim.FaultWrongUsage, 200, true}, {sim.FaultNoUsage, 200, true}, {sim.FaultSlow, 200, true},
	} {
		_, url := start(t, sim.Config{Faults: []sim.Fault{{Kind: c.kind}}})
		status, _, reply, err := do(t, client(t), "POST", url+"/v1/completions", `{"prompt":"a","max_tokens":3}`)
		if status != c.status || (err != nil) != (c.status == 0) || json.Valid([]byte(reply)) != c.json {
			t.Errorf("%s: status %d, want %d; error %v; %s", c.kind, status, c.status, err, reply)
		}
	}
}

// A stalled stream says nothing for as long as the client stays.
func TestStallLastsUntilTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, sim.Config{Faults: []sim.Fault{{Kind: sim.FaultStall, After: 2}}})
		l := newPipes()
		serve(t, s, l)
		p := l.dial(t)
		res := p.ask(t, "POST", "/v1/completions", stream(10, 8))
		if err := p.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		data, err := events(res.Body)
		if n, _, _ := tokenEvents(t, data); n != 2 || err == nil || time.Since(begin) != time.Hour {
			t.Errorf("%d events and error %v after %v, want 2 and a timeout after 1 h", n, err, time.Since(begin))
		}
		_ = p.Close()
	})
}

func TestFaultsChooseRequests(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []sim.Fault
		want   []int // the requests, of 10, that fail
	}{
		{"none", nil, nil},
		{"all", []sim.Fault{{Kind: sim.FaultStatus}}, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{"every third", []sim.Fault{{Kind: sim.FaultStatus, Every: 3}}, []int{3, 6, 9}},
		{"the first two", []sim.Fault{{Kind: sim.FaultStatus, First: 2}}, []int{1, 2}},
		{"every second of the first five", []sim.Fault{{Kind: sim.FaultStatus, First: 5, Every: 2}}, []int{2, 4}},
		{"two faults", []sim.Fault{{Kind: sim.FaultStatus, First: 1}, {Kind: sim.FaultStatus, Every: 5}}, []int{1, 5, 10}},
		{"certain", []sim.Fault{{Kind: sim.FaultStatus, Probability: 1, First: 3}}, []int{1, 2, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, url := start(t, sim.Config{Faults: []sim.Fault{{Kind: sim.FaultStatus}}})
			if err := s.SetFaults(c.faults...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, failing(t, url, 10)); diff != "" {
				t.Errorf("failing requests (-want +got):\n%s", diff)
			}
		})
	}
}

// failing sends n requests one after the other and returns the numbers of those that fail.
func failing(t *testing.T, url string, n int) (out []int) {
	t.Helper()
	c := client(t)
	for k := 1; k <= n; k++ {
		if status, _, _, _ := do(t, c, "POST", url+"/v1/completions", `{"prompt":"a","max_tokens":1}`); status != 200 {
			out = append(out, k)
		}
	}
	return out
}

func TestProbabilityIsAFunctionOfTheSeed(t *testing.T) {
	run := func(seed uint64) []int {
		_, url := start(t, sim.Config{Seed: seed, Faults: []sim.Fault{{Kind: sim.FaultStatus, Probability: 0.3}}})
		return failing(t, url, 100)
	}
	one := run(1)
	if !slices.Equal(one, run(1)) || slices.Equal(one, run(2)) {
		t.Error("the failing requests are not a function of the seed")
	}
	if len(one) < 15 || len(one) > 45 { // 30 ± 3.3 standard deviations
		t.Errorf("%d of 100 requests fail, want about 30", len(one))
	}
}

func TestParseFault(t *testing.T) {
	for _, c := range []struct {
		text string
		want sim.Fault
		err  string
	}{
		{"cut", sim.Fault{Kind: sim.FaultCut}, ""},
		{"cut,every=10,after=5", sim.Fault{Kind: sim.FaultCut, Every: 10, After: 5}, ""},
		{"status,status=503,first=3", sim.Fault{Kind: sim.FaultStatus, Status: 503, First: 3}, ""},
		{"slow,probability=0.1,delay=50ms", sim.Fault{Kind: sim.FaultSlow, Probability: 0.1, Delay: 50 * time.Millisecond}, ""},
		{"", sim.Fault{}, "no fault is called"},
		{"crash", sim.Fault{}, "no fault is called"},
		{"cut,often=1", sim.Fault{}, `no field is called "often"`},
		{"cut,every", sim.Fault{}, `"" is no value for every`},
		{"cut,every=x", sim.Fault{}, `"x" is no value for every`},
		{"cut,every=-1", sim.Fault{}, "must not be negative"},
		{"cut,probability=NaN", sim.Fault{}, "0 to 1"},
		{"cut,probability=1.5", sim.Fault{}, "0 to 1"},
		{"status,status=99", sim.Fault{}, "200 to 599"},
		{"slow,delay=-1s", sim.Fault{}, "must not be negative"},
	} {
		got, err := sim.ParseFault(c.text)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q: %+v, error %v; want %+v, error %q", c.text, got, err, c.want, c.err)
		}
	}
	s := newServer(t, sim.Config{})
	if err := s.SetFaults(sim.Fault{Kind: "crash"}); err == nil {
		t.Error("SetFaults took an unknown fault")
	}
}

func FuzzParseFault(f *testing.F) {
	for _, s := range []string{"cut,every=10", "slow,delay=1h,probability=1e-9", ",,=,", "status,status=+0500"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := sim.ParseFault(text)
		if err != nil {
			return
		}
		s, err := sim.New(sim.Config{Profile: quick, Faults: []sim.Fault{fault}})
		if err != nil {
			t.Fatalf("%q was parsed and then refused: %v", text, err)
		}
		s.Close()
	})
}
