package report

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"benchtop/engine/record"
)

// GuideLLM 0.3's own definitions, as its benchmark/benchmark.py and objects/statistics.py state
// them: clocks start at the send; ITL is one mean per request, (last − first token) / (N − 1),
// weighted by N − 1; TPOT is (last − first) / N weighted by N; percentiles are the first value whose
// cumulated weight reaches p; rates are one over the time between two ends, weighted by that time,
// so that only their means say anything; tokens are spread evenly between first token and end.

// guideMetrics are the metrics of its CSV, in its order.
var guideMetrics = []string{
	"Requests per second", "Request concurrency", "Request latency", "Prompt token count", "Output token count",
	"Time to first token ms", "Time per output token ms", "Inter token latency ms", "Output tokens per second", "Tokens per second",
}

var guideStatuses = []string{"Successful", "Errored", "Incomplete", "Total"}

// guidePercentiles are the values of its array cells between minimum and maximum.
var guidePercentiles = []float64{0.001, 0.01, 0.05, 0.10, 0.25, 0.75, 0.90, 0.95, 0.99}

const guideArray = "[min, 0.1, 1, 5, 10, 25, 75, 90, 95, 99, max]"

// GuideLLMHeader is the header of GuideLLM 0.3's CSV: 175 columns.
func GuideLLMHeader() []string {
	out := []string{"Type", "Run Id", "Id", "Name", "Start Time", "End Time", "Duration"}
	for _, s := range guideStatuses {
		out = append(out, s+" Requests")
		for _, m := range guideMetrics {
			for _, stat := range []string{"mean", "median", "std dev", guideArray} {
				out = append(out, s+" "+m+" "+stat)
			}
		}
	}
	return append(out, "Args", "Worker", "Request Loader", "Extras")
}

// maxTokenEvents bounds the memory that token rates take: a step with more has their means only,
// which need no list of events.
const maxTokenEvents = 1_500_000

// dist is a weighted distribution in GuideLLM's sense.
type dist struct {
	known             bool // false: only the mean is
	mean, median, std float64
	array             []float64
}

// weighted summarises values by weights. Weights are added up in floating point as GuideLLM does, so
// a percentile at a boundary may be the value after the nearest rank, as theirs is.
func weighted(values, weights []float64) dist {
	d := dist{known: true, array: make([]float64, len(guidePercentiles)+2)}
	if len(values) == 0 {
		return d
	}
	order := make([]int, len(values))
	var total float64
	for i := range order {
		order[i] = i
		total += weights[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	at := func(p float64) float64 {
		var cum float64
		for _, i := range order {
			if cum += weights[i] / total; cum >= p {
				return values[i]
			}
		}
		return values[order[0]]
	}
	for i, v := range values {
		d.mean += v * (weights[i] / total)
	}
	var variance float64
	for i, v := range values {
		variance += (v - d.mean) * (v - d.mean) * (weights[i] / total)
	}
	d.std = math.Sqrt(variance)
	d.median = at(0.5)
	d.array[0], d.array[len(d.array)-1] = values[order[0]], values[order[len(order)-1]]
	for i, p := range guidePercentiles {
		d.array[i+1] = at(p)
	}
	return d
}

func equally(values []float64) dist {
	ones := make([]float64, len(values))
	for i := range ones {
		ones[i] = 1
	}
	return weighted(values, ones)
}

// event is something that happens n times at a moment, in s.
type event struct{ at, n float64 }

// merged sorts events and joins those within a microsecond of the one before.
func merged(events []event) []event {
	slices.SortFunc(events, func(a, b event) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.n, b.n)) })
	out := events[:0]
	for _, e := range events {
		if len(out) > 0 && e.at-out[len(out)-1].at <= 1e-6 {
			out[len(out)-1].n += e.n
		} else {
			out = append(out, e)
		}
	}
	return out
}

// stepwise turns values that hold from one event to the next into a distribution by time.
func stepwise(events []event, value func(e event, seconds float64) float64) dist {
	byValue := map[float64]float64{}
	for i := range max(len(events)-1, 0) {
		seconds := events[i+1].at - events[i].at
		byValue[value(events[i], seconds)] += seconds
	}
	var values, weights []float64
	for v := range byValue {
		values = append(values, v)
	}
	slices.Sort(values)
	for _, v := range values {
		weights = append(weights, byValue[v])
	}
	return weighted(values, weights)
}

func perSecond(e event, seconds float64) float64 { return e.n / seconds }

// guideDists are the ten metrics over the requests that keep wants.
func (c *samples) guideDists(keep func(*sample) bool) (n int, out []dist) {
	var reqs []*sample
	var prompt, output, ttft, tpot, tpotW, itl, itlW, latency []float64
	var withOutput []*sample
	for i := range c.reqs {
		s := &c.reqs[i]
		if !keep(s) {
			continue
		}
		n++
		if s.sent == 0 || s.done == 0 {
			continue
		}
		reqs = append(reqs, s)
		latency = append(latency, float64(s.done-s.sent)/1e9)
		if s.prompt > 0 {
			prompt = append(prompt, float64(s.prompt))
		}
		if s.output > 0 && s.first > 0 {
			withOutput = append(withOutput, s)
			output = append(output, float64(s.output))
			ttft = append(ttft, sinceMS(s.sent, s.first))
			tpot = append(tpot, sinceMS(s.first, s.last)/float64(s.output))
			tpotW = append(tpotW, float64(s.output))
		}
		if s.output > 1 && s.first > 0 {
			itl = append(itl, s.tpot())
			itlW = append(itlW, float64(s.output-1))
		}
	}
	return n, []dist{
		endRate(reqs), concurrency(reqs), equally(latency), equally(prompt), equally(output), equally(ttft),
		weighted(tpot, tpotW), weighted(itl, itlW), tokenRate(withOutput, false), tokenRate(withOutput, true),
	}
}

func endRate(reqs []*sample) dist {
	if len(reqs) == 0 {
		return weighted(nil, nil)
	}
	start := reqs[0].sent
	var events []event
	for _, s := range reqs {
		start = min(start, s.sent)
		events = append(events, event{float64(s.done) / 1e9, 1})
	}
	return stepwise(merged(append(events, event{float64(start) / 1e9, 1})), perSecond)
}

func concurrency(reqs []*sample) dist {
	var events []event
	for _, s := range reqs {
		events = append(events, event{float64(s.sent) / 1e9, 1}, event{float64(s.done) / 1e9, -1})
	}
	events = merged(events)
	var now float64
	for i := range events {
		now += events[i].n
		events[i].n = now
	}
	return stepwise(events, func(e event, _ float64) float64 { return e.n })
}

// tokenRate is over output tokens, or with the whole prompt at the first token.
func tokenRate(reqs []*sample, prompts bool) dist {
	if len(reqs) == 0 {
		return weighted(nil, nil)
	}
	start, end, tokens := reqs[0].sent, reqs[0].done, 0
	for _, s := range reqs {
		start, end = min(start, s.sent), max(end, s.done)
		tokens += int(s.output)
		if prompts { // its count of the rest includes the prompt a second time
			tokens += 2*int(s.prompt) - 1
		}
	}
	if tokens > maxTokenEvents {
		return dist{mean: float64(tokens-1) / (float64(end-start) / 1e9)}
	}
	events := []event{{float64(start) / 1e9, 0}, {float64(end) / 1e9, 0}}
	for _, s := range reqs {
		first, total, at := 1, int(s.output), float64(s.first)/1e9
		if prompts {
			first, total = int(s.prompt), int(s.prompt)+int(s.output)
		}
		events = append(events, event{at, float64(first)})
		if total > 1 {
			gap := (float64(s.done)/1e9 - at) / float64(total-1)
			for i := 1; i < total; i++ {
				events = append(events, event{at + float64(i)*gap, 1})
			}
		}
	}
	return stepwise(merged(events), perSecond)
}

// guideRow is one row of the CSV for one step.
func guideRow(run *record.Run, c *samples) []string {
	t := c.row.Target
	const layout = "2006-01-02 15:04:05"
	from, to := int64(math.MaxInt64), int64(0)
	for i := range c.reqs {
		if s := &c.reqs[i]; s.sent > 0 && s.done > 0 {
			from, to = min(from, s.sent), max(to, s.done)
		}
	}
	start, seconds := c.step.StartedAt.UTC(), 0.0
	if to > 0 { // its clock starts with the first request that counts, after the warm-up
		start, seconds = run.StartedAt.UTC().Add(time.Duration(from)), float64(to-from)/1e9
	}
	row := []string{
		"generative_benchmark", record.CSVText(run.ID), record.CSVText(run.ID + "-" + t.Name + "-" + strconv.Itoa(c.step.Index)),
		strategyName(run.Plan.Arrivals, c.step.Rate), start.Format(layout),
		start.Add(secondsToDuration(seconds)).Format(layout), pyFloat(seconds),
	}
	for _, status := range guideStatuses {
		n, dists := c.guideDists(func(s *sample) bool {
			return status == "Total" || guideStatuses[s.status] == status
		})
		row = append(row, strconv.Itoa(n))
		for _, d := range dists {
			row = append(row, d.cells()...)
		}
	}
	return append(row, guideJSON(run, c)...)
}

func (d dist) cells() []string {
	if !d.known {
		return []string{pyFloat(d.mean), "", "", ""}
	}
	array := make([]string, len(d.array))
	for i, v := range d.array {
		array[i] = pyFloat(v)
	}
	return []string{pyFloat(d.mean), pyFloat(d.median), pyFloat(d.std), "[" + strings.Join(array, ", ") + "]"}
}

// strategyName is GuideLLM's display name of a strategy: "poisson@4.00".
func strategyName(arrivals string, rate float64) string {
	kind := "poisson"
	if arrivals == "constant" {
		kind = "constant"
	}
	return kind + "@" + strconv.FormatFloat(rate, 'f', 2, 64)
}

// guideJSON are the four JSON cells at the end.
func guideJSON(run *record.Run, c *samples) []string {
	t, w := c.row.Target, run.Plan.Workload
	name := strings.SplitN(strategyName(run.Plan.Arrivals, c.step.Rate), "@", 2)[0]
	strategy := map[string]any{"type_": name, "max_concurrency": nil, "rate": c.step.Rate, "initial_burst": false, "random_seed": run.Plan.Seed}
	cells := []any{
		map[string]any{"strategy_index": c.step.Index, "strategy": strategy, "max_number": len(c.reqs), "max_duration": c.step.WindowS,
			"warmup_number": nil, "warmup_duration": c.step.WarmupS, "cooldown_number": nil, "cooldown_duration": nil},
		map[string]any{"type_": "generative_requests_worker", "backend_type": "openai_http", "backend_target": t.URL, "backend_model": t.Model},
		map[string]any{"type_": "generative_request_loader",
			"data": "prompt_tokens=" + strconv.Itoa(w.PromptTokens) + ",output_tokens=" + strconv.Itoa(w.OutputTokens), "processor": t.Model},
		map[string]any{"tool": "benchtop", "version": run.Version, "target": t.Name, "gpu": t.GPU, "instance_type": t.InstanceType, "state": State(c.step)},
	}
	out := make([]string, len(cells))
	for i, cell := range cells {
		b, err := json.Marshal(cell)
		if err != nil { // numbers are finite and the rest is text
			b = []byte("{}")
		}
		out[i] = string(b)
	}
	return out
}

// pyFloat prints a float as Python's repr does.
func pyFloat(v float64) string {
	a := math.Abs(v)
	if a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.ContainsAny(s, ".NI") {
		s += ".0"
	}
	return s
}
