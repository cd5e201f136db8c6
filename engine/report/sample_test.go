package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/record"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares text with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs; if the change is meant: go test ./engine/report -update (-want +got):\n%s", path, d)
	}
}

func p(v float64) *float64 { return &v }

// published are the medians of the GPU benchmarks that Kaito published for phi-4-mini-instruct with
// 200 prompt and 200 output tokens: rate, completed rate, TTFT p50, p95, p99, ITL p50, p95, p99.
var published = map[string][][8]float64{
	"a10": {
		{1, 0.946, 367.7, 391.9, 424.2, 20.16, 21.28, 21.68},
		{2, 1.89, 393.0, 426.4, 469.5, 21.48, 22.95, 24.4},
		{4, 3.752, 378.9, 426.2, 471.4, 25.06, 27.89, 28.73},
		{8, 7.327, 478.4, 549.1, 627.4, 53.82, 68.33, 69.35},
		{16, 8.696, 12345.4, 28873.3, 29246.6, 140.59, 143.56, 146.04},
	},
	"a100": {
		{2, 1.899, 282.0, 300.5, 340.5, 8.09, 8.34, 8.45},
		{4, 3.791, 282.9, 294.2, 304.6, 8.39, 8.96, 9.16},
		{8, 7.563, 285.1, 306.3, 340.4, 9.15, 9.7, 9.91},
		{16, 15.032, 290.6, 312.2, 345.6, 10.69, 11.8, 12.08},
	},
}

// sampleRun is a finished run with the published figures.
func sampleRun() *record.Run {
	run := &record.Run{
		Schema: 1, ID: "k3x9", Name: "phi4", Version: "v1.0.0", State: record.StateComplete,
		StartedAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), EndedAt: time.Date(2026, 3, 4, 5, 21, 7, 0, time.UTC),
		Plan: record.DefaultPlan(),
		Targets: []record.Target{
			{Name: "a10", Namespace: "default", Workspace: "phi4-a10", Model: "phi-4-mini-instruct", GPU: "A10", GPUCount: 1, GPUMemoryGiB: 24,
				Nodes: 1, InstanceType: "Standard_NV36ads_A10_v5", Region: "eastus", USDPerHour: p(3.2), PriceSource: "built-in list",
				PriceDate: "2026-06-18", Via: "port-forward", Endpoint: "completions", Engine: "vllm", EngineVersion: "0.25.1"},
			{Name: "a100", Namespace: "default", Workspace: "phi4-a100", Model: "phi-4-mini-instruct", GPU: "A100", GPUCount: 1, GPUMemoryGiB: 80,
				Nodes: 1, InstanceType: "Standard_NC24ads_A100_v4", Region: "eastus", USDPerHour: p(3.673), PriceSource: "built-in list",
				PriceDate: "2026-06-18", Via: "port-forward", Endpoint: "completions", Engine: "vllm", EngineVersion: "0.25.1"},
		},
		Client: record.Client{OS: "linux", Arch: "amd64", CPUs: 8, GoVersion: "go1.26"},
	}
	for _, t := range []string{"a10", "a100"} {
		for i, f := range published[t] {
			run.Steps = append(run.Steps, sampleStep(t, i, f))
		}
	}
	for i := range run.Steps {
		if s := &run.Steps[i]; s.Target == "a100" {
			s.Index++ // its 1 req/s was never published
		}
	}
	return run
}

func sampleStep(target string, index int, f [8]float64) record.Step {
	sent := int(60 * f[0])
	s := record.Step{
		Target: target, Index: index, Rate: f[0], Try: 1, StartedAt: time.Date(2026, 3, 4, 5, 6, 8+index, 0, time.UTC),
		WindowS: 60, WarmupS: 5, OfferedRPS: f[0], CompletedRPS: f[1], Sent: sent, OK: sent, CompletedInWindow: int(60 * f[1]),
		TTFT:             record.Dist{N: sent, Mean: p(f[2] + 1), P50: p(f[2]), P90: p(f[3] - 5), P95: p(f[3]), P99: p(f[4]), Max: p(f[4] + 9)},
		ITL:              record.Dist{N: sent * 199, Mean: p(f[5] + 0.1), P50: p(f[5]), P90: p(f[6] - 0.2), P95: p(f[6]), P99: p(f[7]), Max: p(f[7] + 3)},
		TPOT:             record.Dist{N: sent, Mean: p(f[5]), P50: p(f[5]), P95: p(f[6]), P99: p(f[7])},
		E2E:              record.Dist{N: sent, Mean: p(f[2] + 199*f[5]), P50: p(f[2] + 199*f[5]), P95: p(f[3] + 199*f[6]), P99: p(f[4] + 199*f[7])},
		TTFTSent:         record.Dist{N: sent, P50: p(f[2] - 0.2), P99: p(f[4] - 0.2)},
		SendLag:          record.Dist{N: sent, P99: p(0.21)},
		OutputTokensPerS: p(200 * f[1]), TotalTokensPerS: p(400 * f[1]), PromptTokensPerS: p(200 * f[1]),
		MaxInFlight: int(f[0]*f[5]*199/1000) + 9, Stamps: "kernel", Path: record.Path{RTTP50MS: p(265), N: 60},
		Verdict: record.Verdict{Valid: true},
	}
	s.TTFT.CI95 = map[string][2]float64{"p95": {f[3] * 0.97, f[3] * 1.04}}
	if f[1] < 0.8*f[0] {
		s.Verdict.Saturated = true
		s.Verdict.Notes = []string{"saturated: 8.70 of 16 requests/s completed and in flight grew by 7.2/s; percentiles depend on the length of the step"}
		s.Incomplete, s.OK, s.Censored = 20, sent-20, 20
		s.TTFT.P99, s.TTFT.Max, s.TTFT.Mean = nil, nil, nil
		s.LowerBounds = map[string]float64{"ttft_p99_ms": 30000}
	}
	return s
}
