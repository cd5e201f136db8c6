package record

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxStepsFile = 64 << 20

// Salvage makes of steps.csv what can be made of it, for a run whose run.json is gone, damaged or of
// a version that is not known: targets, and the steps that ended with their counts and percentiles.
// A row that is not whole is left out, as is what is no number. What the table does not hold
// (objectives, intervals, single limits) is unknown; the state is StateInterrupted.
func Salvage(dir string) (*Run, error) {
	b, err := readBounded(filepath.Join(dir, stepsFile), maxStepsFile)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", stepsFile, err)
	}
	r := csv.NewReader(strings.NewReader(string(b)))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil || !slices.Contains(header, "target") || !slices.Contains(header, "rate_nominal_rps") {
		return nil, fmt.Errorf("read %s: it has no header of ours", stepsFile)
	}
	run := &Run{Schema: SchemaVersion, State: StateInterrupted, Reason: runFile + " could not be read: this is what " + stepsFile + " holds"}
	for {
		row, err := r.Read()
		if row == nil && err != nil {
			break // the end, or a row that is torn
		}
		if err == nil && len(row) == len(header) {
			run.salvage(header, row)
		}
	}
	if len(run.Steps) == 0 {
		return nil, fmt.Errorf("read %s: %w", stepsFile, errors.New("no step in it is whole"))
	}
	for i := range run.Steps {
		s := &run.Steps[i]
		s.Index = s.Repeat*len(run.Plan.Rates) + slices.Index(run.Plan.Rates, s.Rate)
		run.Plan.Repeat = max(run.Plan.Repeat, s.Repeat+1)
	}
	scrub(run)
	return run, nil
}

// salvage takes one row.
func (r *Run) salvage(header, row []string) {
	var t Target
	s := Step{Try: 1}
	set := r.cells(&t, &s)
	for i, name := range header {
		if take := set[name]; take != nil && row[i] != "" {
			take(unguarded(row[i]))
		}
	}
	if t.Name == "" || !(s.Rate > 0) || s.Repeat < 0 || s.Repeat > 10_000 || s.Try < 1 {
		return
	}
	s.Target = t.Name
	for _, d := range []*Dist{&s.TTFT, &s.ITL, &s.TPOT, &s.E2E, &s.TTFTSent, &s.SendLag} {
		if d.P50 != nil || s.Censored > 0 {
			d.N = s.OK + s.Incomplete
		}
	}
	r.Simulated = r.Simulated || t.Via == "simulated"
	if !slices.ContainsFunc(r.Targets, func(o Target) bool { return o.Name == t.Name }) {
		r.Targets = append(r.Targets, t)
	}
	if !slices.Contains(r.Plan.Rates, s.Rate) {
		r.Plan.Rates = append(r.Plan.Rates, s.Rate)
	}
	if r.StartedAt.IsZero() || s.StartedAt.Before(r.StartedAt) {
		r.StartedAt = s.StartedAt
	}
	r.Steps = append(r.Steps, s)
}

// unguarded is a cell without the ' that keeps it from being a formula.
func unguarded(v string) string {
	if text, guarded := strings.CutPrefix(v, "'"); guarded && text != "" && strings.Contains("=+-@ ", text[:1]) {
		return text
	}
	return v
}

// cells says, by column, what takes a cell of a row that is not empty.
func (r *Run) cells(t *Target, s *Step) map[string]func(v string) {
	set := map[string]func(string){
		"seed":         func(v string) { r.Plan.Seed, _ = strconv.ParseUint(v, 10, 64) },
		"spot":         func(v string) { yes := v == "true"; t.Spot = &yes },
		"slo_met":      func(v string) { yes := v == "true"; s.SLOMet = &yes },
		"saturated":    func(v string) { s.Verdict.Saturated = v == "true" },
		"valid":        func(v string) { s.Verdict.Valid = v == "true" },
		"started_at":   func(v string) { s.StartedAt, _ = time.Parse(time.RFC3339, v) },
		"lower_bounds": func(v string) { s.LowerBounds = boundsOf(v) },
		"notes":        func(v string) { s.notes(strings.Split(v, "; ")) },
	}
	for name, to := range map[string]*string{
		"run_id": &r.ID, "benchtop_version": &r.Version, "arrivals": &r.Plan.Arrivals, "target": &t.Name, "namespace": &t.Namespace,
		"workspace": &t.Workspace, "model": &t.Model, "instance_type": &t.InstanceType, "gpu": &t.GPU, "region": &t.Region,
		"price_source": &t.PriceSource, "price_date": &t.PriceDate, "via": &t.Via, "endpoint": &t.Endpoint,
		"engine_version": &t.EngineVersion, "stamps": &s.Stamps,
	} {
		set[name] = func(v string) { *to = v }
	}
	for name, to := range map[string]*int{
		"gpu_count": &t.GPUCount, "nodes": &t.Nodes, "repeat": &s.Repeat, "try": &s.Try, "sent": &s.Sent, "ok": &s.OK,
		"rejected": &s.Rejected, "failed": &s.Failed, "incomplete": &s.Incomplete, "censored": &s.Censored,
		"max_in_flight": &s.MaxInFlight, "new_connections": &s.NewConnections,
		"prompt_tokens": &r.Plan.Workload.PromptTokens, "output_tokens": &r.Plan.Workload.OutputTokens,
	} {
		set[name] = func(v string) { *to = int(min(max(valueOf(v), 0), MaxRequests)) }
	}
	for name, to := range map[string]*float64{
		"rate_nominal_rps": &s.Rate, "rate_offered_rps": &s.OfferedRPS, "rate_completed_rps": &s.CompletedRPS,
		"window_s": &s.WindowS, "warmup_s": &s.WarmupS, "drain_s": &s.DrainS,
	} {
		set[name] = func(v string) { *to = valueOf(v) }
	}
	optional := map[string]**float64{
		"usd_per_hour": &t.USDPerHour, "tokens_per_event": &s.TokensPerEvent, "output_tokens_per_s": &s.OutputTokensPerS,
		"total_tokens_per_s": &s.TotalTokensPerS, "goodput_rps": &s.GoodputRPS, "send_lag_p99_ms": &s.SendLag.P99,
		"ttft_sent_p50_ms": &s.TTFTSent.P50, "ttft_sent_p99_ms": &s.TTFTSent.P99, "path_rtt_p50_ms": &s.Path.RTTP50MS,
		"server_ttft_mean_ms": &s.Server.TTFTMeanMS, "server_queue_mean_ms": &s.Server.QueueMeanMS, "kv_max_pct": &s.Server.KVMaxPct,
		"preemptions": &s.Server.Preemptions, "prefix_hit_pct": &s.Server.PrefixHitPct,
	}
	for metric, d := range map[string]*Dist{"ttft": &s.TTFT, "itl": &s.ITL, "tpot": &s.TPOT, "e2e": &s.E2E} {
		for stat, to := range map[string]**float64{"mean": &d.Mean, "p50": &d.P50, "p90": &d.P90, "p95": &d.P95, "p99": &d.P99, "max": &d.Max} {
			optional[metric+"_"+stat+"_ms"] = to
		}
	}
	for name, to := range optional {
		set[name] = func(v string) { *to = numberOf(v) }
	}
	return set
}

// numberOf is a finite number, nil if the text is none.
func numberOf(v string) *float64 {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f-f != 0 { // NaN and infinities
		return nil
	}
	return &f
}

// valueOf is a finite number, 0 if the text is none.
func valueOf(v string) float64 { return *cmp.Or(numberOf(v), new(float64)) }

// notes takes apart what stepNotes joined; "valid" stands before it in a row.
func (s *Step) notes(all []string) {
	for _, n := range all {
		switch {
		case n == "void":
			s.Verdict.Void = true
		case n == "partial":
			s.Partial = true
		case s.Verdict.Valid:
			s.Verdict.Notes = append(s.Verdict.Notes, n)
		default:
			s.Verdict.Reasons = append(s.Verdict.Reasons, n)
		}
	}
}

// boundsOf reads "ttft_p99_ms>30000;…".
func boundsOf(text string) map[string]float64 {
	out := map[string]float64{}
	for part := range strings.SplitSeq(text, ";") {
		name, ms, _ := strings.Cut(part, ">")
		if v, err := strconv.ParseFloat(ms, 64); err == nil && v-v == 0 && isColumn[name] {
			out[name] = v
		}
	}
	return out
}
