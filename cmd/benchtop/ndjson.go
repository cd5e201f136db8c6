package main

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
)

// progressVersion is the version of the lines below; docs/progress.md describes them. Fields are
// only ever added.
const progressVersion = 1

// An ndjson writes the progress of a run as one JSON object a line. A value that is not known is
// absent.
type ndjson struct {
	enc *json.Encoder
	now func() time.Time
}

func newNDJSON(w io.Writer, now func() time.Time) *ndjson {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &ndjson{enc: enc, now: now}
}

// head begins every line.
type head struct {
	V    int    `json:"v"`
	Type string `json:"type"` // start, tick, step, event, end
	At   string `json:"at"`   // RFC 3339, UTC, ms
}

func (n *ndjson) head(typ string) head {
	return head{V: progressVersion, Type: typ, At: n.now().UTC().Format("2006-01-02T15:04:05.000Z07:00")}
}

type startLine struct {
	head
	RunID     string          `json:"run_id"`
	Dir       string          `json:"dir"`
	Simulated bool            `json:"simulated"`
	Plan      record.Plan     `json:"plan"`
	Targets   []record.Target `json:"targets"`
}

type tickLine struct {
	head
	Target        string      `json:"target"`
	State         string      `json:"state"`
	Text          string      `json:"text,omitempty"`
	Step          int         `json:"step"` // from 1; 0 = before the first and after the last
	Steps         int         `json:"steps"`
	RateRPS       float64     `json:"rate_rps,omitempty"`
	Try           int         `json:"try,omitempty"`
	ElapsedS      float64     `json:"elapsed_s"`
	TotalS        float64     `json:"total_s"`
	LeftS         float64     `json:"left_s"`
	Sent          int         `json:"sent"`
	OK            int         `json:"ok"`
	Rejected      int         `json:"rejected"`
	Failed        int         `json:"failed"`
	Incomplete    int         `json:"incomplete"`
	InFlight      int         `json:"in_flight"`
	OfferedRPS    float64     `json:"offered_rps"`
	CompletedRPS  float64     `json:"completed_rps"`
	OutputTokPerS float64     `json:"output_tokens_per_s"`
	ErrorsPerS    float64     `json:"errors_per_s"`
	TTFT          *quantiles  `json:"ttft_ms,omitempty"`
	ITL           *quantiles  `json:"itl_ms,omitempty"`
	E2E           *quantiles  `json:"e2e_ms,omitempty"`
	SendLagP99MS  *float64    `json:"send_lag_p99_ms,omitempty"`
	PathRTTMS     *float64    `json:"path_rtt_ms,omitempty"`
	Health        string      `json:"health,omitempty"`
	HealthLevel   int         `json:"health_level"`
	HealthWhy     string      `json:"health_why,omitempty"`
	LastError     string      `json:"last_error,omitempty"`
	Stamps        string      `json:"stamps,omitempty"`
	Server        *serverLine `json:"server,omitempty"`
}

type quantiles struct {
	N   uint64  `json:"n"`
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
}

type serverLine struct {
	Running     *float64 `json:"running,omitempty"`
	Waiting     *float64 `json:"waiting,omitempty"`
	KVPct       *float64 `json:"kv_pct,omitempty"`
	TTFTMeanMS  *float64 `json:"ttft_mean_ms,omitempty"`
	QueueMeanMS *float64 `json:"queue_mean_ms,omitempty"`
	Preemptions *float64 `json:"preemptions,omitempty"`
	PrefixHit   *float64 `json:"prefix_hit_pct,omitempty"`
}

type stepLine struct {
	head
	Step *record.Step `json:"step"`
}

type eventMsg struct {
	head
	Target string `json:"target,omitempty"`
	Level  string `json:"level"` // info, warning, error
	Text   string `json:"text"`
}

type endLine struct {
	head
	RunID    string   `json:"run_id"`
	State    string   `json:"state"`
	Reason   string   `json:"reason,omitempty"`
	ExitCode int      `json:"exit_code"`
	Dir      string   `json:"dir"`
	Files    []string `json:"files"`
	Answer   []string `json:"answer,omitempty"`
	Gates    []string `json:"gates,omitempty"`
}

func (n *ndjson) start(s *engine.Snapshot) error {
	l := startLine{head: n.head("start"), RunID: s.RunID, Dir: s.Dir, Simulated: s.Simulated, Plan: s.Plan}
	l.Plan.Schedules = nil // of use with the requests only, and run.json has them
	for i := range s.Targets {
		l.Targets = append(l.Targets, s.Targets[i].Info)
	}
	return n.enc.Encode(l)
}

func (n *ndjson) tick(s *engine.Snapshot, t *engine.TargetSnapshot) error {
	l := tickLine{
		head: n.head("tick"), Target: t.Info.Name, State: string(t.State), Text: t.Text,
		Steps: len(t.Steps), Try: t.Try,
		ElapsedS: seconds(t.StepElapsed), TotalS: seconds(t.StepTotal), LeftS: seconds(s.Left),
		Sent: t.Sent, OK: t.OK, Rejected: t.Rejected, Failed: t.Failed, Incomplete: t.Incomplete,
		InFlight: t.InFlight, OfferedRPS: finiteOr0(t.Now.OfferedRPS), CompletedRPS: finiteOr0(t.Now.CompletedRPS),
		OutputTokPerS: finiteOr0(t.Now.OutputTokPerS), ErrorsPerS: finiteOr0(t.Now.ErrorsPerS),
		TTFT: quantilesOf(t.Now.TTFT), ITL: quantilesOf(t.Now.ITL), E2E: quantilesOf(t.Now.E2E),
		Health: t.Health.Word, HealthLevel: t.Health.Level, HealthWhy: t.Health.Why,
		LastError: t.LastError, Stamps: t.Stamps,
	}
	if t.Current >= 0 && t.Current < len(t.Steps) {
		l.Step, l.RateRPS = t.Current+1, t.Steps[t.Current].Rate
	}
	if t.Sent > 0 {
		l.SendLagP99MS = known(t.Now.SendLagP99MS)
	}
	if t.RTTMS > 0 {
		l.PathRTTMS = known(t.RTTMS)
	}
	if t.Server.Available {
		l.Server = &serverLine{
			Running: known(t.Server.Running), Waiting: known(t.Server.Waiting), KVPct: known(t.Server.KVPct),
			TTFTMeanMS: known(t.Server.TTFTMeanMS), QueueMeanMS: known(t.Server.QueueMeanMS),
			Preemptions: known(t.Server.Preemptions), PrefixHit: known(t.Server.PrefixHitPct),
		}
	}
	return n.enc.Encode(l)
}

func (n *ndjson) step(s *record.Step) error { return n.enc.Encode(stepLine{n.head("step"), s}) }

func (n *ndjson) event(e engine.Event) error {
	level := [...]string{"info", "warning", "error"}[min(max(e.Level, 0), 2)]
	return n.enc.Encode(eventMsg{n.head("event"), e.Target, level, e.Text})
}

func (n *ndjson) end(l endLine) error {
	l.head = n.head("end")
	return n.enc.Encode(l)
}

func quantilesOf(q engine.Quantiles) *quantiles {
	if q.N == 0 {
		return nil
	}
	return &quantiles{N: q.N, P50: finiteOr0(q.P50), P90: finiteOr0(q.P90), P99: finiteOr0(q.P99)}
}

// known is nil for what JSON cannot carry: NaN stands for unknown.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func finiteOr0(v float64) float64 {
	if p := known(v); p != nil {
		return *p
	}
	return 0
}

// seconds rounds to ms, so that lines stay readable.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
