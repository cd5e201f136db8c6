package record

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A column of steps.csv: its name and how its cell is made. The order is part of the format.
type column struct {
	name string
	cell func(run *Run, t Target, s *Step) string
}

var stepColumns = []column{
	{"run_id", func(r *Run, _ Target, _ *Step) string { return csvText(r.ID) }},
	{"target", func(_ *Run, t Target, s *Step) string { return csvText(s.Target) }},
	{"namespace", func(_ *Run, t Target, _ *Step) string { return csvText(t.Namespace) }},
	{"workspace", func(_ *Run, t Target, _ *Step) string { return csvText(t.Workspace) }},
	{"model", func(_ *Run, t Target, _ *Step) string { return csvText(t.Model) }},
	{"instance_type", func(_ *Run, t Target, _ *Step) string { return csvText(t.InstanceType) }},
	{"gpu", func(_ *Run, t Target, _ *Step) string { return csvText(t.GPU) }},
	{"gpu_count", func(_ *Run, t Target, _ *Step) string { return csvCount(t.GPUCount) }},
	{"nodes", func(_ *Run, t Target, _ *Step) string { return csvCount(t.Nodes) }},
	{"region", func(_ *Run, t Target, _ *Step) string { return csvText(t.Region) }},
	{"usd_per_hour", func(_ *Run, t Target, _ *Step) string { return csvOpt(t.USDPerHour) }},
	{"spot", func(_ *Run, t Target, _ *Step) string { return csvBool(t.Spot) }},
	{"price_source", func(_ *Run, t Target, _ *Step) string { return csvText(t.PriceSource) }},
	{"price_date", func(_ *Run, t Target, _ *Step) string { return csvText(t.PriceDate) }},
	{"via", func(_ *Run, t Target, _ *Step) string { return csvText(t.Via) }},
	{"endpoint", func(_ *Run, t Target, _ *Step) string { return csvText(t.Endpoint) }},
	{"engine_version", func(_ *Run, t Target, _ *Step) string { return csvText(t.EngineVersion) }},
	{"arrivals", func(r *Run, _ Target, _ *Step) string { return csvText(r.Plan.Arrivals) }},
	{"seed", func(r *Run, _ Target, _ *Step) string { return strconv.FormatUint(r.Plan.Seed, 10) }},
	{"repeat", func(_ *Run, _ Target, s *Step) string { return strconv.Itoa(s.Repeat) }},
	{"try", func(_ *Run, _ Target, s *Step) string { return strconv.Itoa(s.Try) }},
	{"prompt_tokens", func(r *Run, _ Target, _ *Step) string { return csvCount(r.Plan.Workload.PromptTokens) }},
	{"output_tokens", func(r *Run, _ Target, _ *Step) string { return csvCount(r.Plan.Workload.OutputTokens) }},
	{"rate_nominal_rps", func(_ *Run, _ Target, s *Step) string { return csvNum(s.Rate) }},
	{"rate_offered_rps", func(_ *Run, _ Target, s *Step) string { return csvOffered(s) }},
	{"rate_completed_rps", func(_ *Run, _ Target, s *Step) string { return csvNum(s.CompletedRPS) }},
	{"started_at", func(_ *Run, _ Target, s *Step) string { return csvTime(s.StartedAt) }},
	{"window_s", func(_ *Run, _ Target, s *Step) string { return csvNum(s.WindowS) }},
	{"warmup_s", func(r *Run, _ Target, s *Step) string { return csvOwn(r, csvNum(s.WarmupS)) }},
	{"drain_s", func(r *Run, _ Target, s *Step) string { return csvOwn(r, csvNum(s.DrainS)) }},
	{"sent", func(_ *Run, _ Target, s *Step) string { return strconv.Itoa(s.Sent) }},
	{"ok", func(_ *Run, _ Target, s *Step) string { return strconv.Itoa(s.OK) }},
	{"rejected", func(r *Run, _ Target, s *Step) string { return csvOwn(r, strconv.Itoa(s.Rejected)) }},
	{"failed", func(_ *Run, _ Target, s *Step) string { return strconv.Itoa(s.Failed) }},
	{"incomplete", func(_ *Run, _ Target, s *Step) string { return strconv.Itoa(s.Incomplete) }},
	{"ttft_mean_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TTFT.Mean) }},
	{"ttft_p50_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TTFT.P50) }},
	{"ttft_p90_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TTFT.P90) }},
	{"ttft_p95_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TTFT.P95) }},
	{"ttft_p99_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TTFT.P99) }},
	{"ttft_max_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TTFT.Max) }},
	{"itl_mean_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.ITL.Mean) }},
	{"itl_p50_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.ITL.P50) }},
	{"itl_p90_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.ITL.P90) }},
	{"itl_p95_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.ITL.P95) }},
	{"itl_p99_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.ITL.P99) }},
	{"itl_max_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.ITL.Max) }},
	{"tpot_mean_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TPOT.Mean) }},
	{"tpot_p50_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TPOT.P50) }},
	{"tpot_p95_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TPOT.P95) }},
	{"tpot_p99_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TPOT.P99) }},
	{"e2e_mean_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.E2E.Mean) }},
	{"e2e_p50_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.E2E.P50) }},
	{"e2e_p95_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.E2E.P95) }},
	{"e2e_p99_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.E2E.P99) }},
	{"censored", func(_ *Run, _ Target, s *Step) string { return strconv.Itoa(s.Censored) }},
	{"lower_bounds", func(_ *Run, _ Target, s *Step) string { return csvText(lowerBounds(s)) }},
	{"tokens_per_event", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TokensPerEvent) }},
	{"output_tokens_per_s", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.OutputTokensPerS) }},
	{"total_tokens_per_s", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TotalTokensPerS) }},
	{"max_in_flight", func(r *Run, _ Target, s *Step) string { return csvOwn(r, strconv.Itoa(s.MaxInFlight)) }},
	{"goodput_rps", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.GoodputRPS) }},
	{"slo_met", func(_ *Run, _ Target, s *Step) string { return csvBool(s.SLOMet) }},
	{"usd_per_million_output_tokens", func(_ *Run, t Target, s *Step) string { return csvOpt(s.USDPerMillionOutput(t)) }},
	{"send_lag_p99_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.SendLag.P99) }},
	{"ttft_sent_p50_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TTFTSent.P50) }},
	{"ttft_sent_p99_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.TTFTSent.P99) }},
	{"new_connections", func(r *Run, _ Target, s *Step) string { return csvOwn(r, strconv.Itoa(s.NewConnections)) }},
	{"path_rtt_p50_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.Path.RTTP50MS) }},
	{"server_ttft_mean_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.Server.TTFTMeanMS) }},
	{"server_queue_mean_ms", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.Server.QueueMeanMS) }},
	{"kv_max_pct", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.Server.KVMaxPct) }},
	{"preemptions", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.Server.Preemptions) }},
	{"prefix_hit_pct", func(_ *Run, _ Target, s *Step) string { return csvOpt(s.Server.PrefixHitPct) }},
	{"stamps", func(_ *Run, _ Target, s *Step) string { return csvText(s.Stamps) }},
	{"saturated", func(_ *Run, _ Target, s *Step) string { return strconv.FormatBool(s.Verdict.Saturated) }},
	{"valid", func(_ *Run, _ Target, s *Step) string { return strconv.FormatBool(s.Verdict.Valid) }},
	{"notes", func(_ *Run, _ Target, s *Step) string { return csvText(stepNotes(s)) }},
	{"benchtop_version", func(r *Run, _ Target, _ *Step) string { return csvText(r.Version) }},
}

// StepsHeader is the header of steps.csv.
func StepsHeader() []string {
	out := make([]string, len(stepColumns))
	for i, c := range stepColumns {
		out[i] = c.name
	}
	return out
}

// StepRow is one row of steps.csv: an empty cell is unknown, never zero.
func StepRow(run *Run, t Target, s Step) []string {
	out := make([]string, len(stepColumns))
	for i, c := range stepColumns {
		out[i] = c.cell(run, t, &s)
	}
	return out
}

// target is what is known of the target of that name.
func (r *Run) target(name string) Target {
	for _, t := range r.Targets {
		if t.Name == name {
			return t
		}
	}
	return Target{Name: name}
}

// USDPerMillionOutput is what a million output tokens cost at the step's in-window throughput; nil
// if price or throughput is unknown.
func (s *Step) USDPerMillionOutput(t Target) *float64 {
	if t.USDPerHour == nil || s.OutputTokensPerS == nil || !(*s.OutputTokensPerS > 0) {
		return nil
	}
	usd := *t.USDPerHour / (*s.OutputTokensPerS * 3600) * 1e6
	return &usd
}

// CSVText makes s safe as a text cell of a spreadsheet: cleaned, and with a leading ' if it would
// be taken for a formula.
func CSVText(s string) string {
	// The guard looks at s as it came: Clean turns a leading tab into a space, which is not safer.
	guard := s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0]))
	if s = Clean(s); s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		guard = true
	}
	if guard {
		return "'" + s
	}
	return s
}

func csvText(s string) string { return CSVText(s) }

// csvNum writes at most six decimals: of a ms value all that a ns stamp holds.
func csvNum(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	if r := math.Round(v*1e6) / 1e6; math.Abs(v) < 1e9 {
		v = r
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func csvOpt(v *float64) string {
	if v == nil {
		return ""
	}
	return csvNum(*v)
}

// csvOffered leaves the cell empty where requests were sent at a rate that is not known, as in a
// result of another tool.
func csvOffered(s *Step) string {
	if s.OfferedRPS == 0 && s.Sent > 0 {
		return ""
	}
	return csvNum(s.OfferedRPS)
}

// csvOwn leaves the cell empty where a 0 is only what another tool did not tell.
func csvOwn(r *Run, cell string) string {
	if r.Imported != "" && cell == "0" {
		return ""
	}
	return cell
}

// csvCount writes a count whose zero means unknown.
func csvCount(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func csvBool(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// isColumn holds the names of stepColumns, whose cells need it.
var isColumn = map[string]bool{}

func init() {
	for _, c := range stepColumns {
		isColumn[c.name] = true
	}
}

// lowerBounds is "ttft_p99_ms>30000;…", sorted by name. A percentile that has no column has no bound
// in the table either; run.json has all.
func lowerBounds(s *Step) string {
	var out []string
	for name, ms := range s.LowerBounds {
		if isColumn[name] {
			out = append(out, name+">"+csvNum(ms))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ";")
}

func stepNotes(s *Step) string {
	var out []string
	if s.Verdict.Void {
		out = append(out, "void")
	}
	if s.Partial {
		out = append(out, "partial")
	}
	out = append(out, s.Verdict.Reasons...)
	return strings.Join(append(out, s.Verdict.Notes...), "; ")
}
