package screen_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/bubbles/key"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/ui/screen"
	"benchtop/ui/screen/fixture"
	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

func TestNumbersHaveThreeDigits(t *testing.T) {
	for _, c := range []struct {
		got, want string
	}{
		{screen.Sig3(0), "0"}, {screen.Sig3(0.000123), "0.0001"}, {screen.Sig3(0.31), "0.310"}, {screen.Sig3(0.9996), "1.00"},
		{screen.Sig3(8.094), "8.09"}, {screen.Sig3(9.996), "10.0"}, {screen.Sig3(25.06), "25.1"}, {screen.Sig3(99.96), "100"},
		{screen.Sig3(378.9), "379"}, {screen.Sig3(1234), "1,230"}, {screen.Sig3(12345), "12,300"}, {screen.Sig3(-25.06), "-25.1"},
		{screen.Sig3(math.NaN()), "–"}, {screen.Sig3(math.Inf(1)), "–"},
		{screen.MS(999.4), "999"}, {screen.MS(999.6), "1.00 s"}, {screen.MS(12345.4), "12.3 s"}, {screen.MS(math.NaN()), "–"},
		{screen.MSUnit(290.6), "291 ms"}, {screen.MSUnit(28873), "28.9 s"}, {screen.MSUnit(math.NaN()), "–"},
		{screen.Count(950), "950"}, {screen.Count(9_994), "9,994"}, {screen.Count(12_400), "12.4 k"}, {screen.Count(2_016_000), "2.02 M"}, {screen.Count(3e9), "3.00 G"},
		{screen.Rate(8), "8"}, {screen.Rate(0.5), "0.5"}, {screen.Rate(1.0 / 3), "0.33333"},
		{screen.USD(0.0312), "$0.031"}, {screen.USD(4.44), "$4.44"}, {screen.USD(5358.2), "$5,358"}, {screen.USD(math.NaN()), "–"},
		{screen.Clock(161 * time.Second), "02:41"}, {screen.Clock(3761 * time.Second), "1:02:41"}, {screen.Clock(-time.Second), "00:00"},
		{screen.Age(-time.Second), "0s"}, {screen.Age(45 * time.Second), "45s"}, {screen.Age(11 * time.Minute), "11m"}, {screen.Age(26 * time.Hour), "26h"}, {screen.Age(75 * time.Hour), "3d"},
		{screen.Minutes(40 * time.Second), "40 s"}, {screen.Minutes(12*time.Minute + 10*time.Second), "12 min"}, {screen.Minutes(200 * time.Minute), "3 h 20 min"},
		{screen.Plural(1, "target"), "1 target"}, {screen.Plural(2000, "run"), "2,000 runs"}, {screen.Plural(0, "run"), "0 runs"},
		{screen.Percent(-0.331), "-33%"}, {screen.Percent(0.016), "+1.6%"}, {screen.Percent(math.NaN()), "–"},
		{screen.Opt(nil, screen.Sig3), "–"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// A key has one meaning: no two bindings share a key, and all have words for the help.
func TestOneKeyOneMeaning(t *testing.T) {
	owner := map[string]string{}
	all := 0
	for _, g := range screen.Keys.Groups() {
		for _, b := range g.Keys {
			all++
			if b.Help().Key == "" || b.Help().Desc == "" {
				t.Errorf("%v has no help", b.Keys())
			}
			for _, k := range b.Keys() {
				if owner[k] != "" {
					t.Errorf("key %q means %q and %q", k, owner[k], b.Help().Desc)
				}
				owner[k] = b.Help().Desc
			}
		}
	}
	if all < 40 {
		t.Errorf("the groups hold %d keys: some are missing from the help", all)
	}
}

// Every field of the key map is in a group, so that the help shows it.
func TestHelpHasEveryKey(t *testing.T) {
	inGroup := map[string]bool{}
	for _, g := range screen.Keys.Groups() {
		for _, b := range g.Keys {
			inGroup[strings.Join(b.Keys(), " ")] = true
		}
	}
	for _, b := range fields(screen.Keys) {
		if !inGroup[strings.Join(b.Keys(), " ")] {
			t.Errorf("key %v is in no group of the help", b.Keys())
		}
	}
}

func TestAsKeepsTheKey(t *testing.T) {
	b := screen.As(screen.Keys.Open, "set up sweep")
	if !cmp.Equal(b.Keys(), screen.Keys.Open.Keys()) || b.Help().Desc != "set up sweep" || screen.Keys.Open.Help().Desc != "open" {
		t.Errorf("As changed more than the word: %v %v, was %v", b.Keys(), b.Help(), screen.Keys.Open.Help())
	}
}

func TestTrackFollowsTheSeries(t *testing.T) {
	var grown, whole screen.Track
	for _, sec := range []int{0, 1, 5, 6, 60, 61, 300} {
		grown.Set(fixture.Snapshot(1, sec).Targets[0].Series)
	}
	whole.Set(fixture.Snapshot(1, 300).Targets[0].Series)
	for m := range screen.Metric(2) {
		for p := range screen.Percentiles {
			if diff := cmp.Diff(whole.Points(m, p), grown.Points(m, p), cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })); diff != "" {
				t.Fatalf("%v p%d grown second by second differs (-whole +grown):\n%s", m, p, diff)
			}
		}
	}
	grown.Set(nil)
	if n := len(grown.Points(screen.TTFT, 0)); n != 0 {
		t.Errorf("%d points of an empty series", n)
	}
}

func TestSpanGrowsInSteps(t *testing.T) {
	at := func(sec int, window float64) [2]float64 {
		s := fixture.Snapshot(1, sec)
		lo, hi := screen.Span(s, window)
		return [2]float64{lo, hi}
	}
	for _, c := range []struct {
		name string
		got  [2]float64
		want [2]float64
	}{
		{"the first minute", at(0, 0), [2]float64{0, 60}},
		{"a minute and a second", at(61, 0), [2]float64{0, 90}},
		{"five minutes", at(300, 0), [2]float64{0, 300}},
		{"done: exactly what there is", at(fixture.Length, 0), [2]float64{0, float64(fixture.Length)}},
		{"a window early on", at(50, 120), [2]float64{0, 60}},
		{"a window later", at(300, 120), [2]float64{180, 300}},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	long := &engine.Snapshot{At: 3 * time.Hour}
	if _, hi := screen.Span(long, 0); hi != 3*3600 {
		t.Errorf("three hours end at %v s", hi)
	}
}

func TestStripAndProgress(t *testing.T) {
	s := fixture.Snapshot(1, fixture.Length)
	states := []widget.StepState{}
	for _, st := range screen.Strip(&s.Targets[0]) {
		states = append(states, st.State)
	}
	want := []widget.StepState{widget.StepDone, widget.StepDone, widget.StepDone, widget.StepDone, widget.StepSaturated}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("the strip of the finished A10 (-want +got):\n%s", diff)
	}
	r := fixture.Snapshot(1, 300).Targets[0]
	r.Try = 2
	if got := screen.Progress(&r); got != "step 4/5 · measuring 38/60 s (try 2)" {
		t.Errorf("progress %q", got)
	}
	if f := screen.Fraction(&r); math.Abs(f-38.0/60) > 1e-9 {
		t.Errorf("fraction %v", f)
	}
	if f := screen.Fraction(&engine.TargetSnapshot{}); f != 0 {
		t.Errorf("fraction of nothing %v", f)
	}
	skipped := engine.TargetSnapshot{Current: -1, Steps: []engine.StepStatus{{Rate: 1, Phase: "skipped"}, {Rate: 2, Phase: "failed"}, {Rate: 2, Repeat: 1, Phase: "pending"}}}
	strip := screen.Strip(&skipped)
	if strip[0].State != widget.StepSkipped || strip[1].State != widget.StepFailed || strip[2].State != widget.StepPending || strip[2].Label != "2(2)" {
		t.Errorf("strip %+v", strip)
	}
}

func TestStepValues(t *testing.T) {
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	few, many, cut := fixture.Step(0, 0), fixture.Step(0, 2), fixture.Step(0, 4)
	for _, c := range []struct{ got, want string }{
		{screen.StepValue(&few, screen.TTFT, "p99", th), "424†"},
		{screen.StepValue(&few, screen.TTFT, "p50", th), "368"},
		{screen.StepValue(&many, screen.TTFT, "p99", th), "471"},
		{screen.StepValue(&cut, screen.TTFT, "p99", th), "> 30.0 s"},
		{screen.StepValue(&cut, screen.ITL, "p50", th), "141"},
		{screen.StepValue(&record.Step{}, screen.ITL, "p99", th), "–"},
		{screen.StepValue(&many, screen.ITL, "p12", th), "–"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestPathIsWhatTheServerDoesNotAccountFor(t *testing.T) {
	snap := func(server engine.ServerNow, rtt float64) *engine.TargetSnapshot {
		return &engine.TargetSnapshot{Server: server, RTTMS: rtt, Now: engine.Live{TTFT: engine.Quantiles{N: 9, P50: 290}}}
	}
	for _, c := range []struct {
		name string
		t    *engine.TargetSnapshot
		want float64
		ok   bool
	}{
		{"server known", snap(engine.ServerNow{Available: true, TTFTMeanMS: 25}, 270), 265, true},
		{"server slower than we saw", snap(engine.ServerNow{Available: true, TTFTMeanMS: 400}, 270), 0, true},
		{"server does not say", snap(engine.ServerNow{Available: true, TTFTMeanMS: math.NaN()}, 270), 270, true},
		{"no server view", snap(engine.ServerNow{}, 270), 270, true},
		{"nothing known", snap(engine.ServerNow{}, 0), 0, false},
	} {
		if ms, ok := screen.PathMS(c.t); ms != c.want || ok != c.ok {
			t.Errorf("%s: %v %v, want %v %v", c.name, ms, ok, c.want, c.ok)
		}
	}
}

func TestSendLagLimit(t *testing.T) {
	for _, c := range []struct {
		lag, ttft float64
		ok        bool
	}{{0.9, 20, true}, {1.1, 20, false}, {2.5, 290, true}, {3, 290, false}} {
		if got := screen.LagOK(&engine.Live{SendLagP99MS: c.lag, TTFT: engine.Quantiles{P50: c.ttft}}); got != c.ok {
			t.Errorf("lag %v ms at TTFT %v ms: ok %v, want %v", c.lag, c.ttft, got, c.ok)
		}
	}
}

func TestScaleTurnsLogarithmicOnceAndStays(t *testing.T) {
	var s screen.Scale
	if s.Log(math.NaN(), math.NaN()) || s.Log(280, 620) {
		t.Error("logarithmic without need")
	}
	if !s.Log(280, 29_000) || !s.Log(280, 300) {
		t.Error("it does not turn logarithmic, or turns back")
	}
	s.Toggle()
	if s.Log(280, 29_000) {
		t.Error("what the person said does not count")
	}
}

func TestLimitIsTheStrictest(t *testing.T) {
	for _, c := range []struct {
		slo       []string
		ttft, itl float64
	}{
		{nil, 0, 0},
		{[]string{"ttft.p95<500ms,itl.p95<50ms"}, 500, 50},
		{[]string{"ttft.p95<500ms", "ttft.p99<0.4s"}, 400, 0},
		{[]string{"e2e.p95<9s"}, 0, 0},
		{[]string{"nonsense"}, 0, 0},
	} {
		if a, b := screen.Limit(c.slo, screen.TTFT), screen.Limit(c.slo, screen.ITL); a != c.ttft || b != c.itl {
			t.Errorf("%v: %v and %v, want %v and %v", c.slo, a, b, c.ttft, c.itl)
		}
	}
}

func TestDifferences(t *testing.T) {
	a, b := fixture.Target(0), fixture.Target(1)
	if got := screen.Differences([]record.Target{a, b}); got != "" {
		t.Errorf("targets that differ in the GPU only: %q", got)
	}
	a.Flags = map[string]string{"gpu-memory-utilization": "0.82"}
	b.Flags = map[string]string{"gpu-memory-utilization": "0.84", "enable-prefix-caching": "true"}
	a.EngineVersion, b.Via = "0.9.0", ""
	want := "beside the GPU they differ in engine vllm 0.9.0 / vllm 0.10.2, enable-prefix-caching default / true, gpu-memory-utilization 0.82 / 0.84"
	if got := screen.Differences([]record.Target{a, b}); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	b.Flags = nil // unknown: nothing can be said of flags
	if got := screen.Differences([]record.Target{a, b}); strings.Contains(got, "gpu-memory") {
		t.Errorf("unknown flags are called different: %q", got)
	}
}

// fields are all bindings of a key map.
func fields(m screen.KeyMap) []key.Binding {
	v := reflect.ValueOf(m)
	out := make([]key.Binding, v.NumField())
	for i := range out {
		out[i] = v.Field(i).Interface().(key.Binding)
	}
	return out
}

// What a person notes stands in the chart of every target; what the engine notes does not.
func TestNotesAreMarks(t *testing.T) {
	s := fixture.Snapshot(2, 100)
	s.Notes = []record.Note{{AtNS: 42e9, Text: "warm cache?", User: true}, {AtNS: 43e9, Text: "held", User: false},
		{AtNS: 44e9, Target: s.Targets[1].Info.Name, Text: "only here", User: true}}
	for i, want := range [][]string{{"warm cache?"}, {"warm cache?", "only here"}} {
		var got []string
		for _, m := range screen.Marks(s, i) {
			if m.Note {
				got = append(got, m.Text)
				if m.Text == "warm cache?" && m.X != 42 {
					t.Errorf("the note stands at %g s, want 42", m.X)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("notes of target %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestLegendNamesEveryTarget(t *testing.T) {
	th := theme.New(theme.Options{Profile: termenv.Ascii})
	names := []string{"phi4-mini-a10", "phi4-mini-a100", "h100", "a-very-long-name-of-a-workspace"}
	for room := 80; room >= 18; room-- {
		got := screen.Legend(th, names, room)
		if w := widget.Width(got); w > room {
			t.Errorf("in %d cells: %d: %q", room, w, got)
		}
		for i := range names {
			if !strings.Contains(got, th.Target(i).Marker) {
				t.Errorf("in %d cells target %d is missing: %q", room, i, got)
			}
		}
		if !strings.Contains(got, "h100") && room > 30 {
			t.Errorf("in %d cells a short name is cut before the long ones: %q", room, got)
		}
	}
}
