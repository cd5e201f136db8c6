package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"benchtop/engine/record"
)

const (
	guideLLM03      = "GuideLLM 0.3"
	guideLLMNow     = "GuideLLM"
	guideLLMNote    = "GuideLLM's definitions: TTFT from the send; its ITL is a mean per request (our TPOT); rates over the time to the last reply"
	maxImportedRows = 10_000
)

func readCSV(b []byte) ([][]string, error) {
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord = -1
	var out [][]string
	for {
		row, err := r.Read()
		if row == nil && err != nil {
			if len(out) == 0 || !errors.Is(err, io.EOF) {
				return out, err
			}
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if out = append(out, row); len(out) > maxImportedRows {
			return nil, fmt.Errorf("more than %d rows", maxImportedRows)
		}
	}
}

// parseCSVResult tells GuideLLM's two layouts apart, and says what a table is that is neither.
func parseCSVResult(b []byte) ([]finding, error) {
	table, err := readCSV(b)
	if err != nil {
		return nil, fmt.Errorf("neither JSON nor CSV: %w", err)
	}
	if len(table) == 0 {
		return nil, errors.New("the file is empty")
	}
	head := table[0]
	switch {
	case slices.Contains(head, "Successful Requests") && slices.Contains(head, "Args"):
		return guide03(table)
	case len(table) > 3 && slices.Contains(head, "Run Info") && slices.Contains(head, "Request Counts"):
		return guideThreeRows(table)
	case slices.Equal(head, record.StepsHeader()):
		return nil, errors.New("this is benchtop's own steps.csv: open the folder it is in, as with: benchtop show FOLDER")
	}
	return nil, fmt.Errorf("%s; want a GuideLLM CSV or JSON, a vllm bench JSON or an inference-perf JSON", describeTable(table))
}

// describeTable says what a CSV that no tool wrote looks like.
func describeTable(table [][]string) string {
	words := map[string]bool{}
	for _, row := range table[:min(len(table), 40)] {
		for _, c := range row {
			words[strings.ToLower(strings.TrimSpace(c))] = true
		}
	}
	var stats []string
	for _, w := range []string{"ttft", "itl", "tpot", "mean", "median", "p50", "p90", "p95", "p99"} {
		if words[w] {
			stats = append(stats, w)
		}
	}
	if len(stats) >= 2 {
		return fmt.Sprintf("this is a summary table made by hand (%d rows with %s), not a file that a benchmark tool wrote: it holds no counts, durations or settings",
			len(table), strings.Join(stats, ", "))
	}
	return fmt.Sprintf("a CSV of %d rows whose first row begins with %q is no result file that is known", len(table), record.Clean(cut(strings.Join(table[0], ","), 40)))
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// cells finds a cell of a row by the name of its column.
type cells struct {
	at  map[string]int
	row []string
}

func (c cells) text(name string) string {
	if i, ok := c.at[name]; ok && i < len(c.row) {
		return c.row[i]
	}
	return ""
}

func (c cells) num(name string) *float64 {
	if v, ok := number(c.text(name)); ok {
		return &v
	}
	return nil
}

// number reads a finite number.
func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

func guide03(table [][]string) ([]finding, error) {
	at := map[string]int{}
	for i, name := range table[0] {
		at[name] = i
	}
	var out []finding
	for n, row := range table[1:] {
		f, err := guide03Row(cells{at, row})
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n+2, err)
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		return nil, errors.New("the table has no rows: the run was stopped before its first rate ended")
	}
	return out, nil
}

// guideArgs is the part of the JSON cells that says what was asked for.
type guideArgs struct {
	Strategy struct {
		Type  string  `json:"type_"`
		Rate  float64 `json:"rate"`
		Burst bool    `json:"initial_burst"`
		Seed  *uint64 `json:"random_seed"`
	} `json:"strategy"`
	MaxDuration float64 `json:"max_duration"`
}

func guide03Row(c cells) (finding, error) {
	var args guideArgs
	if err := json.Unmarshal([]byte(c.text("Args")), &args); err != nil {
		return finding{}, fmt.Errorf("column Args: %w", err)
	}
	f := finding{tool: guideLLM03, arrivals: args.Strategy.Type}
	var err error
	if f.step.Rate, err = openRate(args.Strategy.Type, args.Strategy.Rate); err != nil {
		return f, err
	}
	if args.Strategy.Seed != nil {
		f.seed = *args.Strategy.Seed
	}
	var worker struct {
		Target string `json:"backend_target"`
		Model  string `json:"backend_model"`
	}
	var loader struct {
		Data string `json:"data"`
	}
	_ = json.Unmarshal([]byte(c.text("Worker")), &worker) // what is not told stays unknown
	_ = json.Unmarshal([]byte(c.text("Request Loader")), &loader)
	f.target = record.Target{URL: record.Clean(worker.Target), Model: record.Clean(worker.Model), Endpoint: "completions"}
	f.workload = guideWorkload(loader.Data)
	f.step.StartedAt, _ = time.ParseInLocation("2006-01-02 15:04:05", c.text("Start Time"), time.UTC)

	count := func(name string) int {
		v := c.num(name)
		if v == nil || *v < 0 || *v > record.MaxRequests {
			return 0
		}
		return int(*v)
	}
	s := &f.step
	s.OK, s.Failed, s.Incomplete = count("Successful Requests"), count("Errored Requests"), count("Incomplete Requests")
	s.Sent = s.OK + s.Failed + s.Incomplete
	if d := c.num("Duration"); d != nil && *d > 0 {
		s.WindowS = *d
	}
	dist := func(metric string, unit float64) record.Dist {
		return guideDist(s.OK, c.num("Successful "+metric+" mean"), c.num("Successful "+metric+" median"), c.text("Successful "+metric+" "+guideArray), unit)
	}
	s.TTFT = dist("Time to first token ms", 1)
	s.TPOT = dist("Inter token latency ms", 1)
	s.E2E = dist("Request latency", 1000)
	s.TTFTSent = s.TTFT
	if v := c.num("Successful Requests per second mean"); v != nil {
		s.CompletedRPS = *v
	}
	s.OutputTokensPerS = c.num("Successful Output tokens per second mean")
	if v := c.num("Successful Request concurrency mean"); v != nil {
		s.MeanInFlight = *v
	}
	in, out := c.num("Successful Prompt token count mean"), c.num("Successful Output token count mean")
	guideTotals(s, in, out)
	s.Verdict.Notes = append(s.Verdict.Notes, guideLLMNote)
	var extras struct {
		Tool string `json:"tool"`
	}
	_ = json.Unmarshal([]byte(c.text("Extras")), &extras)
	if extras.Tool == "benchtop" && args.MaxDuration > 0 { // an export of ours, whose arrivals Python's seed does not tell
		judgeImported(&f, args.MaxDuration, float64(s.Sent)/args.MaxDuration, s.WindowS)
	} else if seed := args.Strategy.Seed; args.Strategy.Type == "poisson" && seed != nil && *seed <= math.MaxUint32 && s.Sent > 1 {
		judgeSeeded(&f, args.Strategy.Burst)
	} else {
		judgeImported(&f, float64(s.Sent)/s.Rate, constantRate(&f), s.WindowS)
	}
	return f, nil
}

// judgeSeeded judges a step of GuideLLM 0.3, whose arrivals its seed tells.
func judgeSeeded(f *finding, burst bool) {
	s := &f.step
	lastSent := guideSpan(s.Sent, s.Rate, uint32(f.seed), burst)
	judgeImported(f, lastSent, float64(s.Sent-1)/lastSent, s.WindowS)
}

// guideTotals derives the rates of prompt and all tokens from completed requests: GuideLLM 0.3's own
// total counts every prompt twice.
func guideTotals(s *record.Step, promptTokens, outputTokens *float64) {
	if promptTokens == nil || outputTokens == nil || s.OutputTokensPerS == nil {
		return
	}
	prompt := *promptTokens * s.CompletedRPS
	total := prompt + *s.OutputTokensPerS
	s.PromptTokensPerS, s.TotalTokensPerS = &prompt, &total
	s.OutputTokensMin, s.OutputTokensMax = int(math.Round(*outputTokens)), int(math.Round(*outputTokens))
	s.PromptTokensMin, s.PromptTokensMax = int(math.Round(*promptTokens)), int(math.Round(*promptTokens))
}

// constantRate is the offered rate of constant arrivals; that of others is not known by their
// nominal rate alone.
func constantRate(f *finding) float64 {
	if f.arrivals == "constant" {
		return f.step.Rate
	}
	return 0
}

// openRate refuses strategies that have no request rate.
func openRate(strategy string, rate float64) (float64, error) {
	if !(rate > 0) || rate > record.MaxRate {
		return 0, fmt.Errorf("strategy %q has no request rate (%v): only constant and poisson results can stand beside a sweep over rates", record.Clean(strategy), rate)
	}
	return rate, nil
}

// guideDist reads mean, median and the array [min, 0.1, 1, 5, 10, 25, 75, 90, 95, 99, max].
func guideDist(n int, mean, median *float64, array string, unit float64) record.Dist {
	d := record.Dist{N: n}
	if n == 0 || mean == nil || *mean == 0 {
		return d
	}
	scaled := func(v *float64) *float64 {
		if v == nil {
			return nil
		}
		x := *v * unit
		return &x
	}
	d.Mean, d.P50 = scaled(mean), scaled(median)
	var values []float64
	if json.Unmarshal([]byte(array), &values) == nil && len(values) == 11 {
		d.P90, d.P95, d.P99, d.Max = scaled(&values[7]), scaled(&values[8]), scaled(&values[9]), scaled(&values[10])
	}
	return d
}

var guideData = regexp.MustCompile(`(prompt|output)_tokens["']?\s*[=:]\s*(\d{1,7})`)

// guideWorkload reads "prompt_tokens=200,output_tokens=200", or the same as JSON.
func guideWorkload(data string) record.Workload {
	w := record.Workload{Kind: "fixed"}
	for _, m := range guideData.FindAllStringSubmatch(data, -1) {
		n, err := strconv.Atoi(m[2])
		switch {
		case err != nil:
		case m[1] == "prompt":
			w.PromptTokens = n
		default:
			w.OutputTokens = n
		}
	}
	return w
}
