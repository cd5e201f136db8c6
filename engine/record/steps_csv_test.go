package record_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"benchtop/engine/record"
)

// The header is part of the file format: what reads steps.csv elsewhere depends on every name and
// their order.
const header = `run_id,target,namespace,workspace,model,instance_type,gpu,gpu_count,nodes,region,usd_per_hour,spot,price_source,price_date,via,endpoint,engine_version,arrivals,seed,repeat,try,prompt_tokens,output_tokens,rate_nominal_rps,rate_offered_rps,rate_completed_rps,started_at,window_s,warmup_s,drain_s,sent,ok,rejected,failed,incomplete,` +
	`ttft_mean_ms,ttft_p50_ms,ttft_p90_ms,ttft_p95_ms,ttft_p99_ms,ttft_max_ms,itl_mean_ms,itl_p50_ms,itl_p90_ms,itl_p95_ms,itl_p99_ms,itl_max_ms,tpot_mean_ms,tpot_p50_ms,tpot_p95_ms,tpot_p99_ms,e2e_mean_ms,e2e_p50_ms,e2e_p95_ms,e2e_p99_ms,censored,lower_bounds,tokens_per_event,` +
	`output_tokens_per_s,total_tokens_per_s,max_in_flight,goodput_rps,slo_met,usd_per_million_output_tokens,send_lag_p99_ms,ttft_sent_p50_ms,ttft_sent_p99_ms,new_connections,path_rtt_p50_ms,server_ttft_mean_ms,server_queue_mean_ms,kv_max_pct,preemptions,prefix_hit_pct,stamps,saturated,valid,notes,benchtop_version`

func TestStepsHeaderIsTheFormat(t *testing.T) {
	if got := strings.Join(record.StepsHeader(), ","); got != header {
		t.Errorf("header\n got %s\nwant %s", got, header)
	}
}

func row(run *record.Run, target record.Target, s record.Step) map[string]string {
	cells := map[string]string{}
	values := record.StepRow(run, target, s)
	for i, name := range record.StepsHeader() {
		cells[name] = values[i]
	}
	return cells
}

func TestStepRow(t *testing.T) {
	f := func(v float64) *float64 { return &v }
	no := false
	run := newRun()
	target := run.Targets[0]
	target.Spot = &no
	got := row(run, target, record.Step{
		Target: "a10", Rate: 8, Try: 2, StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)),
		OfferedRPS: 8, CompletedRPS: 7.327000000000001, Sent: 480, OK: 478, Incomplete: 2, WindowS: 60,
		TTFT:             record.Dist{P50: f(478.412345), P99: nil},
		OutputTokensPerS: f(1465), Censored: 2, Stamps: "kernel",
		LowerBounds: map[string]float64{"ttft_p99_ms": 30000, "e2e_p99_ms": 42000.5, "e2e_p90_ms": 41000, "tpot_p90_ms": 9, "ttft_sent_p95_ms": 8},
		Verdict:     record.Verdict{Saturated: true, Valid: false, Reasons: []string{"2 cut"}, Notes: []string{"n"}},
	})
	for name, want := range map[string]string{
		"run_id": "r1", "target": "a10", "gpu_count": "1", "usd_per_hour": "3.2", "spot": "false", "model": "", "seed": "42",
		"rate_nominal_rps": "8", "rate_completed_rps": "7.327", "started_at": "2026-01-02T02:04:05Z", "try": "2",
		"sent": "480", "rejected": "0", "incomplete": "2", "ttft_p50_ms": "478.412345", "ttft_p99_ms": "", "goodput_rps": "",
		"lower_bounds": "e2e_p99_ms>42000.5;ttft_p99_ms>30000", "slo_met": "", "saturated": "true", "valid": "false",
		"notes": "2 cut; n", "usd_per_million_output_tokens": "0.606750", "path_rtt_p50_ms": "",
	} {
		if name == "usd_per_million_output_tokens" {
			if !strings.HasPrefix(got[name], "0.60675") {
				t.Errorf("%s = %q, want 3.2 $/h over 1465 tok/s = 0.60675", name, got[name])
			}
			continue
		}
		if got[name] != want {
			t.Errorf("%s = %q, want %q", name, got[name], want)
		}
	}
}

func TestCSVTextDefusesFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"a10":                 "a10",
		"":                    "",
		"=1+1":                "'=1+1",
		"+x":                  "'+x",
		"-x":                  "'-x",
		"@SUM(A1)":            "'@SUM(A1)",
		"\t=1":                "' =1",
		"\r=1":                "' =1",
		"\x00=1":              "'=1",
		"\x1b[1m=1":           "'=1",
		"\u200b=HYPERLINK(1)": "'=HYPERLINK(1)",
		"a=1":                 "a=1",
		"x\ny":                "x y",
	} {
		if got := record.CSVText(in); got != want {
			t.Errorf("CSVText(%q) = %q, want %q", in, got, want)
		}
	}
	run := newRun()
	run.ID = "=cmd|' /C calc'!A0"
	evil := record.Target{Model: "@x", Namespace: "-1+1", Workspace: "+1", PriceSource: "=1", Region: "a,b\"c\nd"}
	cells := record.StepRow(run, evil, record.Step{Target: "=t", Verdict: record.Verdict{Reasons: []string{"=r"}}})
	for i, c := range cells {
		if c != "" && strings.ContainsAny(c[:1], "=+-@\t\r") {
			t.Errorf("column %s holds %q", record.StepsHeader()[i], c)
		}
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.Write(cells); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	if n := strings.Count(b.String(), "\n"); n != 1 {
		t.Errorf("a row takes %d lines", n)
	}
}
