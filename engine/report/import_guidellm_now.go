package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"benchtop/engine/record"
)

// guideThreeRows reads the layout with three header rows: group, field, unit or statistic.
func guideThreeRows(table [][]string) ([]finding, error) {
	at := map[string]int{}
	for i := range table[0] {
		var parts []string
		for _, h := range table[:3] {
			if i < len(h) {
				parts = append(parts, h[i])
			}
		}
		at[strings.Join(parts, "/")] = i
	}
	var out []finding
	for n, row := range table[3:] {
		f, err := guideThreeRow(cells{at, row})
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n+4, err)
		}
		out = append(out, f)
	}
	return out, nil
}

func guideThreeRow(c cells) (finding, error) {
	f := finding{tool: guideLLMNow}
	var profile struct {
		Rate json.RawMessage `json:"rate"`
	}
	_ = json.Unmarshal([]byte(c.text("Run Info/Profile/")), &profile)
	strategy, at, _ := strings.Cut(c.text("Benchmark/Strategy/"), "@") // "poisson", from 0.8 on "poisson@2.00"
	f.arrivals = strategy
	rates := rateList(profile.Rate)
	index := c.num("Run Info/Run Index/")
	nominal, told := number(at)
	switch {
	case told:
	case len(rates) == 1:
		nominal = rates[0]
	case index != nil && int(*index) >= 0 && int(*index) < len(rates):
		nominal = rates[int(*index)]
	}
	var err error
	if f.step.Rate, err = openRate(f.arrivals, nominal); err != nil {
		return f, err
	}
	var backend struct {
		Target string `json:"target"`
		Model  string `json:"model"`
	}
	_ = json.Unmarshal([]byte(c.text("Run Info/Backend/")), &backend)
	f.target = record.Target{URL: record.Clean(backend.Target), Model: record.Clean(backend.Model)}
	f.workload = guideWorkload(c.text("Run Info/Requests/") + c.text("Runtime Info/Arguments/"))
	var arguments struct {
		Spec struct {
			Seed struct {
				Value uint64 `json:"value"`
			} `json:"seed"`
		} `json:"spec"`
	}
	_ = json.Unmarshal([]byte(c.text("Runtime Info/Arguments/")), &arguments)
	f.seed = arguments.Spec.Seed.Value
	count := func(status string) int {
		if v := c.num("Request Counts/" + status + "/"); v != nil && *v >= 0 && *v <= record.MaxRequests {
			return int(*v)
		}
		return 0
	}
	s := &f.step
	s.OK, s.Failed, s.Incomplete = count("Successful"), count("Errored"), count("Incomplete")
	s.Sent = s.OK + s.Failed + s.Incomplete
	if d := c.num("Timings/Duration/Sec"); d != nil && *d > 0 {
		s.WindowS = *d
	}
	s.StartedAt, _ = time.ParseInLocation("2006-01-02 15:04:05", c.text("Timings/Start Time/"), time.UTC)
	dist := func(group, unit string, scale float64) record.Dist {
		p := group + "/Successful " + unit + "/"
		return guideDist(s.OK, c.num(p+"Mean"), c.num(p+"Median"), c.text(p+"Percentiles"), scale)
	}
	s.TTFT, s.TPOT, s.E2E = dist("Time to First Token", "ms", 1), dist("Inter Token Latency", "ms", 1), dist("Request Latency", "Sec", 1000)
	s.TTFTSent = s.TTFT
	mean := func(group, unit string) *float64 { return c.num(group + "/Successful " + unit + "/Mean") }
	if v := mean("Server Throughput", "Requests/Sec"); v != nil {
		s.CompletedRPS = *v
	}
	if v := mean("Server Throughput", "Concurrency"); v != nil {
		s.MeanInFlight = *v
	}
	s.OutputTokensPerS = mean("Token Throughput", "Output Tokens/Sec")
	guideTotals(s, mean("Token Metrics", "Input Tokens"), mean("Token Metrics", "Output Tokens"))
	s.Verdict.Notes = append(s.Verdict.Notes, guideLLMNote)
	var ended any
	_ = json.Unmarshal([]byte(c.text("Scheduler State/End Queuing Constraints/")), &ended)
	judgeGuide(&f, tree{ended})
	return f, nil
}

// judgeGuide judges a step of GuideLLM from 0.4 on. ended says by which constraint it stopped sending:
// if by the clock, it sent until then; else when it sent its last request is not kept, and taken to
// be as the nominal rate says.
func judgeGuide(f *finding, ended tree) {
	s := &f.step
	lastSent, offered := float64(s.Sent)/s.Rate, constantRate(f)
	if stop := ended.at("max_duration", "metadata"); stop.at("duration_exceeded").v == true && s.WindowS > 0 {
		lastSent, offered = s.WindowS, float64(s.Sent)/s.WindowS
	}
	judgeImported(f, lastSent, offered, s.WindowS)
}

// rateList reads a number or a list of numbers.
func rateList(raw json.RawMessage) []float64 {
	var many []float64
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one float64
	if json.Unmarshal(raw, &one) == nil {
		return []float64{one}
	}
	return nil
}
