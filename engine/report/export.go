package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
)

// ExportFormats are what Export can write, and what each is.
var ExportFormats = []struct{ Name, About string }{
	{"csv", "steps.csv and requests.csv: tidy tables, one row per step and per request"},
	{"md", "a Markdown page with charts beside it"},
	{"html", "one HTML file with everything in it"},
	{"png", "the charts as PNG"},
	{"svg", "the charts as SVG"},
	{"guidellm", "GuideLLM 0.3's CSV of 175 columns, by its definitions"},
	{"vllm", "one JSON per step as vllm bench serve saves it, by its definitions"},
	{"llm-d", "one llm-d benchmark report 0.2.1 per step"},
	{"hdr", "an HdrHistogram log"},
	{"junit", "JUnit XML of validity, SLOs and gates"},
}

// FormatNames are the names of ExportFormats.
func FormatNames() []string {
	var out []string
	for _, f := range ExportFormats {
		out = append(out, f.Name)
	}
	return out
}

// Export writes the run in dir into the folder out (made if need be, files in it are replaced) and
// returns the paths of what it wrote. A *record.SkippedError tells that lines of requests.jsonl
// could not be read; everything is written all the same.
func Export(dir string, run *record.Run, format, out string) ([]string, error) {
	run, err := clone(run)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	e := exporter{dir: dir, run: run, out: out}
	if !slices.Contains(FormatNames(), format) {
		return nil, fmt.Errorf("format %q is not known; want %s", format, strings.Join(FormatNames(), ", "))
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	switch format {
	case "csv":
		err = errors.Join(
			e.file("steps.csv", func(w io.Writer) error { return StepsCSV(w, run) }),
			e.file("requests.csv", func(w io.Writer) error { return RequestsCSV(w, dir, run) }))
	case "hdr":
		err = e.file("latency.hlog", func(w io.Writer) error { return hdrLog(w, dir, run) })
	case "junit":
		err = e.file("junit.xml", func(w io.Writer) error { _, err := io.WriteString(w, junit(run)); return err })
	case "guidellm":
		err = e.file("guidellm.csv", func(w io.Writer) error { return guideCSV(w, dir, run) })
	case "vllm":
		err = e.vllm()
	case "llm-d":
		err = e.llmd()
	default:
		err = e.page(format)
	}
	var skipped *record.SkippedError
	if err != nil && !errors.As(err, &skipped) {
		err = fmt.Errorf("export %s: %w", format, err)
	}
	return e.paths, err
}

type exporter struct {
	dir   string
	run   *record.Run
	out   string
	paths []string
}

// file writes one file, whole or not at all.
func (e *exporter) file(name string, write func(io.Writer) error) error {
	path := filepath.Join(e.out, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	b := bufio.NewWriterSize(f, 1<<16)
	werr := write(b)
	var skipped *record.SkippedError
	if err := errors.Join(b.Flush(), f.Chmod(0o644), f.Close()); err != nil {
		return errors.Join(werr, err)
	}
	if werr != nil && !errors.As(werr, &skipped) {
		return werr
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	e.paths = append(e.paths, path)
	return werr
}

func (e *exporter) bytes(name string, b []byte, err error) error {
	if err != nil {
		return err
	}
	return e.file(name, func(w io.Writer) error { _, err := w.Write(b); return err })
}

func (e *exporter) vllm() error {
	if e.run.Imported != "" {
		return fmt.Errorf("%w; %s", noRequests(e.run, "vllm"), otherFormats)
	}
	all, skipped := collect(e.dir, e.run)
	if all == nil && skipped != nil {
		return skipped
	}
	for _, c := range all {
		b, err := exportVLLM(e.run, c)
		if err := e.bytes(filepath.Join("vllm", vllmName(c)), b, err); err != nil {
			return err
		}
	}
	return skipped
}

func (e *exporter) llmd() error {
	for _, r := range Rows(e.run) {
		for _, s := range r.Steps {
			name := safeName(fmt.Sprintf("benchmark_report_v0.2.1_%s_%srps_%d", r.Target.Name, rate(s.Rate), s.Index))
			b, err := exportLLMD(e.run, r, s)
			if err := e.bytes(filepath.Join("llm-d", name+".yaml"), b, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// otherFormats is what to do instead.
const otherFormats = "export it as csv, md, html or llm-d"

// noRequests says why a format that is computed from single requests cannot be made of a run that
// was imported as a summary.
func noRequests(run *record.Run, format string) error {
	return fmt.Errorf("%s needs every request, but this run was imported from %s, which keeps summaries only", format, run.Imported)
}

// guideCSV writes GuideLLM's CSV. Of a run imported from it, the rows are its own, unchanged.
func guideCSV(w io.Writer, dir string, run *record.Run) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // as Python's csv writes
	rows, err := importedRows(dir, run)
	if err != nil {
		return err
	}
	var skipped error
	if rows == nil {
		if run.Imported != "" {
			return fmt.Errorf("%w; %s", noRequests(run, "guidellm"), otherFormats)
		}
		all, err := collect(dir, run)
		if all == nil && err != nil {
			return err
		}
		skipped = err
		for _, c := range all {
			rows = append(rows, guideRow(run, c))
		}
	}
	_ = out.Write(GuideLLMHeader()) // an error stays and is told by Error
	for _, r := range rows {
		_ = out.Write(r)
	}
	out.Flush()
	return errors.Join(out.Error(), skipped)
}

// requestColumns are those of requests.csv. Latencies count from the scheduled arrival, but for
// ttft_sent_ms. Rejected and failed requests have none, as in steps.csv.
var requestColumns = []string{
	"request_id", "target", "step", "try", "k", "rate_nominal_rps", "warmup", "scheduled_s", "send_lag_ms", "ttft_ms", "ttft_sent_ms",
	"tpot_ms", "e2e_ms", "itl_mean_ms", "itl_max_ms", "prompt_tokens", "output_tokens", "token_events", "tokens_in_window",
	"new_connection", "connect_ms", "kernel_stamps", "status", "http_status", "error_class", "error", "finish_reason",
}

// RequestsCSV streams requests.jsonl as a tidy table, warm-up included; scheduled_s counts from the
// start of the run.
func RequestsCSV(w io.Writer, dir string, run *record.Run) error {
	rates := map[int]float64{}
	for _, s := range run.Steps {
		rates[s.Index] = s.Rate
	}
	for _, s := range run.Plan.Steps() {
		rates[s.Index] = s.Rate
	}
	out := csv.NewWriter(w)
	_ = out.Write(requestColumns) // an error stays and is told by Error
	row := make([]string, 0, len(requestColumns))
	any := false
	for r, err := range record.Requests(dir) {
		if err != nil {
			out.Flush()
			return errors.Join(out.Error(), err)
		}
		any = true
		row = requestRow(row[:0], r, rates[r.Step])
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	if !any && run.Imported == "" && sentAny(run) {
		return errors.Join(out.Error(), errNoLines)
	}
	return out.Error()
}

func requestRow(row []string, r *record.Request, rate float64) []string {
	none := r.Status == record.StatusRejected || r.Status == record.StatusFailed
	latency := func(to int64) string { // an arrival at 0 is one
		if to == 0 || none {
			return ""
		}
		return strconv.FormatFloat(float64(to-r.SchedNS)/1e6, 'f', -1, 64)
	}
	ttftSent, mean, longest := "", "", ""
	if !none {
		mean, longest = gapStats(r.GapsUS)
		if r.SentNS > 0 && r.FirstTokenNS > 0 {
			ttftSent = msOf(r.FirstTokenNS - r.SentNS)
		}
	}
	e2e, tpot := latency(r.DoneNS), ""
	if r.Status == record.StatusIncomplete {
		e2e = "" // it was cut: there is none
	} else if r.Status == record.StatusOK && r.OutputTokens > 1 && r.FirstTokenNS > 0 {
		tpot = strconv.FormatFloat(float64(r.LastTokenNS-r.FirstTokenNS)/1e6/float64(r.OutputTokens-1), 'f', -1, 64)
	}
	nominal := ""
	if rate > 0 {
		nominal = strconv.FormatFloat(rate, 'f', -1, 64)
	}
	sendLag := ""
	if r.SentNS > 0 {
		sendLag = strconv.FormatFloat(float64(r.SentNS-r.SchedNS)/1e6, 'f', -1, 64)
	}
	return append(row,
		record.CSVText(r.ID), record.CSVText(r.Target), strconv.Itoa(r.Step), strconv.Itoa(r.Try), strconv.Itoa(r.K), nominal,
		strconv.FormatBool(r.Warmup), strconv.FormatFloat(float64(r.SchedNS)/1e9, 'f', -1, 64), sendLag, latency(r.FirstTokenNS),
		ttftSent, tpot, e2e, mean, longest, count(r.PromptTokens), count(r.OutputTokens), count(r.Events),
		count(r.InWindowTokens), strconv.FormatBool(r.NewConn), msOf(r.ConnectNS), strconv.FormatBool(r.KernelStamps), r.Status,
		count(r.HTTPStatus), record.CSVText(r.Class), record.CSVText(r.Error), record.CSVText(r.Finish))
}

// count writes a count of which 0 means unknown or none.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func msOf(ns int64) string {
	if ns == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(ns)/1e6, 'f', -1, 64)
}

func gapStats(gaps []uint32) (mean, longest string) {
	if len(gaps) == 0 {
		return "", ""
	}
	var sum uint64
	var most uint32
	for _, g := range gaps {
		sum += uint64(g)
		most = max(most, g)
	}
	return strconv.FormatFloat(float64(sum)/float64(len(gaps))/1e3, 'f', -1, 64), strconv.FormatFloat(float64(most)/1e3, 'f', -1, 64)
}
