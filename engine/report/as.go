package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"benchtop/engine/record"
)

// tool is another benchmark whose definitions the same requests can be put under.
type tool struct {
	name  string // on the command line
	title string
	about []string // how its definitions differ from ours
	step  func(c *samples) record.Step
}

var tools = []tool{
	{"guidellm", "GuideLLM 0.3", []string{
		"TTFT and latency count from the send, not from the scheduled arrival: lateness of the client is left out.",
		"ITL is one mean per request, (last − first token) / (N − 1), weighted by N − 1: a stall within a request does not show in its percentiles.",
		"TPOT is (last − first token) / N, one token in the denominator more than ours.",
		"Requests that failed, were rejected or cut are left out of every latency.",
		"Rates are over the time from the first send to the last reply, drain included, not over the measured window.",
	}, guideStep},
	{"vllm", "vllm bench serve", []string{
		"TTFT and latency count from the send, not from the scheduled arrival; latency ends at the last token.",
		"Percentiles interpolate between two values (numpy's default); ours are values that occurred.",
		"Requests that failed, were rejected or cut are left out of every latency.",
		"Throughput is over the time to the last reply, drain included, not over the measured window.",
	}, vllmStep},
	{"aiperf", "AIPerf", []string{
		"TTFT and latency count from the send, not from the scheduled arrival; latency ends at the last token.",
		"ITL is one mean per request, (latency − TTFT) / (N − 1), each request weighing the same: it is our TPOT.",
		"Percentiles interpolate between two values (numpy's default); ours are values that occurred.",
		"Requests that failed, were rejected or cut are left out of every latency.",
		"Throughput is over the time to the last reply, drain included, not over the measured window.",
	}, aiperfStep},
}

// AsTools are the names that As knows.
func AsTools() []string {
	var out []string
	for _, t := range tools {
		out = append(out, t.name)
	}
	return out
}

// As returns a copy of the run in dir whose steps hold what another tool would have reported of the
// same requests; and in words how its definitions differ and by how much that moves the numbers. It
// reads requests.jsonl. Counts, validity and saturation stay ours; intervals have no counterpart.
func As(dir string, run *record.Run, name string) (*record.Run, []string, error) {
	i := slices.IndexFunc(tools, func(t tool) bool { return t.name == name })
	if i < 0 {
		return nil, nil, fmt.Errorf("--as %q is not a tool that is known; want %s", name, strings.Join(AsTools(), ", "))
	}
	if run.Imported != "" {
		return nil, nil, noRequests(run, "--as")
	}
	all, err := collect(dir, run)
	var skipped *record.SkippedError
	if err != nil && !errors.As(err, &skipped) {
		return nil, nil, err
	}
	out := *run
	out.Steps = nil
	for _, c := range all {
		s := *c.step
		theirs := tools[i].step(c)
		s.TTFT, s.ITL, s.TPOT, s.E2E, s.TTFTSent = theirs.TTFT, theirs.ITL, theirs.TPOT, theirs.E2E, theirs.TTFT
		s.CompletedRPS, s.OutputTokensPerS, s.TotalTokensPerS = theirs.CompletedRPS, theirs.OutputTokensPerS, theirs.TotalTokensPerS
		s.PromptTokensPerS, s.LowerBounds = nil, nil
		out.Steps = append(out.Steps, s)
	}
	notes := []string{"As " + tools[i].title + " defines them:"}
	notes = append(notes, tools[i].about...)
	notes = append(notes, differences(run, &out, tools[i].title)...)
	if skipped != nil {
		notes = append(notes, skipped.Error())
	}
	return &out, notes, nil
}

// differences are, for each number, where the tool's is farthest from ours.
func differences(ours, theirs *record.Run, title string) []string {
	mine, other := Rows(ours), Rows(theirs)
	var out []string
	for _, m := range []string{"ttft.p50", "ttft.p99", "itl.p50", "itl.p99", "tpot.p50", "e2e.p50", "completed", "tokens"} {
		worst, text := 0.5, "" // %: less is not worth a sentence
		for i := range min(len(mine), len(other)) {
			a, b := mine[i].metric(m), other[i].metric(m)
			at := fmt.Sprintf("%s at %s req/s", label(ours, mine[i].Target), rate(mine[i].Rate))
			if a.Bound && b.OK {
				worst = math.Inf(1)
				text = fmt.Sprintf("%s: %s says %s where ours is a lower bound, %s (%s): it leaves out what was cut.",
					metricTitle(m), title, msCell(b), msCell(a), at)
				continue
			}
			if !a.OK || !b.OK || a.V <= 0 {
				continue
			}
			if d := 100 * (b.V - a.V) / a.V; math.Abs(d) > worst {
				show := numCell
				if strings.Contains(m, ".") {
					show = msCell
				}
				worst = math.Abs(d)
				text = fmt.Sprintf("%s: %s says %s, ours is %s (%s, %s).", metricTitle(m), title, show(b), show(a), percent(d), at)
			}
		}
		if text != "" {
			out = append(out, text)
		}
	}
	if len(out) == 0 {
		out = []string{"No number differs by more than 0.5 %."}
	}
	return out
}

// numpyDist is a distribution with numpy's mean and percentiles.
func numpyDist(vs []float64) record.Dist {
	m := momentsOf(vs)
	vs = sorted(vs)
	return distBy(len(vs), m.mean, func(p float64) float64 { return linear(vs, p) })
}

func distBy(n int, mean float64, percentile func(p float64) float64) record.Dist {
	if n == 0 {
		return record.Dist{}
	}
	at := func(p float64) *float64 { v := percentile(p); return &v }
	return record.Dist{N: n, Mean: &mean, P50: at(50), P90: at(90), P95: at(95), P99: at(99), Max: at(100)}
}

func (c *samples) setThroughput(s *record.Step) {
	t := c.vllmThroughput()
	get := func(k string) float64 { v, _ := t[k].(float64); return v }
	out, all := get("output_throughput"), get("total_token_throughput")
	s.CompletedRPS, s.OutputTokensPerS, s.TotalTokensPerS = get("request_throughput"), &out, &all
}

func vllmStep(c *samples) record.Step {
	s := record.Step{
		TTFT: numpyDist(c.of((*sample).ttft)),
		TPOT: numpyDist(c.of((*sample).tpot)),
		E2E:  numpyDist(c.of((*sample).e2eToLast)),
		ITL:  distBy(int(c.gaps.N()), c.gapSum.mean/1e3, c.gapLinear),
	}
	c.setThroughput(&s)
	return s
}

func aiperfStep(c *samples) record.Step {
	s := vllmStep(c)
	s.ITL, s.TPOT = s.TPOT, record.Dist{}
	return s
}

func guideStep(c *samples) record.Step {
	n, d := c.guideDists(func(s *sample) bool { return s.status == successful })
	of := func(i int, scale float64) record.Dist {
		if n == 0 || !d[i].known {
			return record.Dist{}
		}
		v := func(x float64) *float64 { x *= scale; return &x }
		a := d[i].array
		return record.Dist{N: n, Mean: v(d[i].mean), P50: v(d[i].median), P90: v(a[7]), P95: v(a[8]), P99: v(a[9]), Max: v(a[10])}
	}
	return record.Step{TTFT: of(5, 1), TPOT: of(6, 1), ITL: of(7, 1), E2E: of(2, 1000), CompletedRPS: d[0].mean, OutputTokensPerS: &d[8].mean}
}
