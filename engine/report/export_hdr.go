package report

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"benchtop/engine/record"
)

// hdrMax is the longest latency a histogram takes: an hour, in ns. Longer ones count as an hour.
const hdrMax = int64(time.Hour)

// hdrLog writes an HdrHistogram log (format 1.3) with one interval for each step and latency, tagged
// TARGET.RATErps.METRIC, values in ns with three significant digits. Cut requests have no latency
// and are not in it. It reads requests.jsonl once.
func hdrLog(w io.Writer, dir string, run *record.Run) error {
	type key struct {
		target     string
		index, try int
		metric     string
	}
	hists := map[key]*hdrhistogram.Histogram{}
	var order []key
	metrics := []string{"ttft", "itl", "e2e"}
	for _, r := range Rows(run) {
		for _, s := range r.Steps {
			for _, m := range metrics {
				h := hdrhistogram.New(1, hdrMax, 3)
				tag := fmt.Sprintf("%s.%srps.%s", r.Target.Name, rate(s.Rate), m)
				if len(r.Steps) > 1 {
					tag += fmt.Sprintf(".r%d", s.Repeat+1)
				}
				h.SetTag(safeName(tag))
				from := s.StartedAt.Add(secondsToDuration(s.WarmupS))
				h.SetStartTimeMs(from.UnixMilli())
				h.SetEndTimeMs(from.Add(secondsToDuration(s.WindowS)).UnixMilli())
				k := key{s.Target, s.Index, s.Try, m}
				hists[k] = h
				order = append(order, k)
			}
		}
	}
	var skipped *record.SkippedError
	any := false
	for r, err := range record.Requests(dir) {
		if errors.As(err, &skipped) {
			break
		}
		if err != nil {
			return err
		}
		any = true
		if r.Warmup || r.Status != record.StatusOK || r.FirstTokenNS == 0 {
			continue
		}
		h := func(metric string) *hdrhistogram.Histogram { return hists[key{r.Target, r.Step, r.Try, metric}] }
		if h("ttft") == nil {
			continue
		}
		err = errors.Join(h("ttft").RecordValue(hdrClamp(r.FirstTokenNS-r.SchedNS)), h("e2e").RecordValue(hdrClamp(r.DoneNS-r.SchedNS)))
		itl := h("itl")
		for _, g := range r.GapsUS {
			err = errors.Join(err, itl.RecordValue(hdrClamp(int64(g)*1000)))
		}
		if err != nil {
			return fmt.Errorf("write histogram of request %s: %w", r.ID, err)
		}
	}
	if !any && skipped == nil && sentAny(run) && run.Imported == "" {
		return errNoLines
	}
	out := hdrhistogram.NewHistogramLogWriter(w)
	err := errors.Join(out.OutputComment("[benchtop "+run.Version+", latencies in ns from the scheduled arrival, run "+run.ID+"]"),
		out.OutputLogFormatVersion(), out.OutputStartTime(run.StartedAt.UnixMilli()), out.OutputLegend())
	for _, k := range order {
		if err == nil && hists[k].TotalCount() > 0 {
			err = out.OutputIntervalHistogram(hists[k])
		}
	}
	if err == nil && skipped != nil {
		err = skipped
	}
	return err
}

func hdrClamp(ns int64) int64 { return min(max(ns, 0), hdrMax) }
