package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/sim"
	"benchtop/ui/uitest"

	"github.com/google/go-cmp/cmp"
)

// fastGPU is a simulated GPU quick enough for tests: a token a millisecond.
var fastGPU = sim.Profile{Name: "fast", GPU: "Fast", Model: "tiny", Step: sim.StepModel{BaseMS: 1, SeqMS: 0.01},
	KVBlocks: 4096, MaxModelLen: 4096}

// serve starts a simulated server and returns its URL.
func serve(t *testing.T, cfg sim.Config) string {
	t.Helper()
	cfg.Profile = fastGPU
	srv, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx := t.Context()
	go func() { done <- srv.Serve(ctx, l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-done; err != nil {
			t.Errorf("simulated server: %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

// quick is the shortest sweep that measures something.
func quick(url, dir string, more ...string) []string {
	return append([]string{"run", "t=" + url, "--rates", "20", "--duration", "500ms", "--warmup", "0s", "--drain", "5s",
		"--prompt-tokens", "20", "--output-tokens", "5", "--out", dir}, more...)
}

func TestRunSavesAndPrints(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	got := invoke(t, quick(serve(t, sim.Config{}), dir)...)
	if got.code != exitOK && got.code != exitUntrusted { // a busy machine may send late
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	wantAll(t, "stdout", got.out, []string{"tok/s", "saved " + filepath.Join(dir, "steps.csv")})
	wantAll(t, "stderr", got.err, []string{" run ", " in " + dir, "t step 1/1 20 req/s"})
	run, err := record.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if run.State != record.StateComplete || len(run.Steps) != 1 || run.Steps[0].OK != 10 {
		t.Errorf("state %s, %d steps, %+v", run.State, len(run.Steps), run.Steps)
	}
	if _, err := os.Stat(filepath.Join(dir, "requests.jsonl")); err != nil {
		t.Error(err)
	}
}

// answering is a server that gives every request the same answer.
func answering(t *testing.T, status int, contentType, body string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestRunRefusesWhatCannotWork(t *testing.T) {
	good := serve(t, sim.Config{})
	fresh := func() string { return filepath.Join(t.TempDir(), "run") }
	full := t.TempDir()
	file := filepath.Join(full, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	endpoint := func(name, url string, want ...string) row {
		return row{name: name, args: quick(url, fresh()), code: 1, err: append([]string{`error: target "t": `}, want...)}
	}
	plan := func(name string, want string, args ...string) row {
		return row{name: name, args: append([]string{"run", "http://127.0.0.1:9", "--dry-run"}, args...), code: 2, err: []string{"error: ", want}}
	}
	checkRows(t, []row{
		{name: "no target", args: []string{"run"}, code: 2, err: []string{"no target", "--demo"}},
		{name: "bad target", args: []string{"run", "Not_A_Name"}, code: 2, err: []string{"is not a workspace name"}},
		{name: "mistyped command", args: []string{"shwo"}, code: 2, err: []string{`unknown command "shwo"`, "did you mean show?", "NAMESPACE/shwo"}},
		{name: "beginning of a command", args: []string{"ver"}, code: 2, err: []string{"did you mean version?"}},
		{name: "no command at all", code: 2, err: []string{"needs a terminal", "benchtop run --demo"}},
		{name: "no workspace of that name", args: []string{"run", "--demo", "phi4-mini-a11", "--no-tui"}, code: 1, err: []string{"phi4-mini-a10"}},
		{name: "workspace that is not ready", args: []string{"run", "--demo", "llama-8b-h100", "--no-tui"}, code: 1, err: []string{"llama-8b-h100", "--wait"}},
		plan("rate 0", "above 0 req/s", "--rates", "0"),
		plan("negative rate", "above 0 req/s", "--rates=-1"),
		plan("rate that is no number", "is not a number", "--rates", "abc"),
		plan("NaN", "above 0 req/s", "--rates", "NaN"),
		plan("infinite rate", "at most 10000 req/s", "--rates", "Inf"),
		plan("absurd rate", "at most 10000 req/s", "--rates", "1e9"),
		plan("no rate", "none given", "--rates", ""),
		plan("endless range", "factor must be above 1", "--rates", "1..16x1"),
		plan("rate given twice", "given twice", "--rates", "4,4"),
		plan("negative duration", "--duration must be positive", "--duration", "-5s"),
		plan("duration without a unit", "want a time with a unit", "--duration", "60"),
		plan("requests 0", "--requests must be positive", "--requests", "0"),
		plan("duration and requests", "give one", "--duration", "5s", "--requests", "10"),
		plan("bad warm-up", "--warmup must be auto or a duration", "--warmup", "soon"),
		plan("prompt of no tokens", "prompt tokens must be 1 to", "--prompt-tokens", "0"),
		plan("unknown arrivals", "did you mean", "--arrivals", "poison"),
		plan("unknown way", "via must be", "--via", "carrier-pigeon"),
		plan("unknown SLO", "--slo", "--slo", "speed<5"),
		plan("unknown gate", "--gate", "--gate", "beauty>3"),
		plan("unknown stop rule", "--stop-when", "--stop-when", "tired"),
		plan("unknown progress", `--progress "xml"`, "--progress", "xml"),
		plan("bad label", "want KEY=VALUE", "--label", "x"),
		plan("bad price", "want NAME=USD/h", "--price", "a10=free"),
		plan("bad SKU", "want NAME=TYPE", "--sku", "a10"),
		plan("two plans", "exclude each other", "-f", "a", "--like", "b"),
		plan("two keys", "exclude each other", "--api-key-env", "A", "--api-key-file", "b"),
		{name: "folder that is not empty", args: quick(good, full), code: 1, err: []string{"is not empty", "--resume"}},
		{name: "folder below a file", args: quick(good, filepath.Join(file, "run")), code: 1, err: []string{"--out", "not a directory"}},
		{name: "no such run to continue", args: []string{"run", "--resume", "nope"}, code: 1, err: []string{"nope"}},
		{name: "no such plan file", args: []string{"run", "-f", file + "x"}, code: 1, err: []string{"read the plan"}},
		{name: "model that is not served", args: append(quick(good, fresh()), "--model", "big"), code: 1, err: []string{`"big"`, `"tiny"`}},
		{name: "longer than the context", args: append(quick(good, fresh()), "--prompt-tokens", "5000"), code: 1, err: []string{"context of 4096"}},
		endpoint("unreachable", "http://127.0.0.1:1", "connect to 127.0.0.1:1", "refused", "is the server running"),
		endpoint("404", answering(t, 404, "application/json", `{"detail":"Not Found"}`), "HTTP 404", "OpenAI-compatible"),
		endpoint("401", answering(t, 401, "application/json", `{"error":"Unauthorized"}`), "HTTP 401", "--api-key-env"),
		endpoint("429", answering(t, 429, "application/json", `{"error":"slow down"}`), "HTTP 429"),
		endpoint("500", answering(t, 500, "text/plain", "boom"), "HTTP 500"),
		endpoint("HTML", answering(t, 200, "text/html", "<html><body>Log in</body></html>"), "a page or a log-in before it"),
		endpoint("every reply is an error", serve(t, sim.Config{Faults: []sim.Fault{{Kind: sim.FaultStatus}}}), "500"),
		endpoint("every stream is cut", serve(t, sim.Config{Faults: []sim.Fault{{Kind: sim.FaultCut, After: 2}}})),
		endpoint("an error event inside a 200", serve(t, sim.Config{Faults: []sim.Fault{{Kind: sim.FaultErrorEvent, After: 2}}})),
		endpoint("HTML instead of a stream", serve(t, sim.Config{Faults: []sim.Fault{{Kind: sim.FaultHTML}}})),
	})
}

// TestAPIKeyNeverLeaks runs against a server that asks for a key and looks for it in everything that
// was written.
func TestAPIKeyNeverLeaks(t *testing.T) {
	const canary = "sk-canary-5f1d"
	t.Setenv("TEST_KEY", canary)
	url := serve(t, sim.Config{APIKey: canary})
	dir := filepath.Join(t.TempDir(), "run")
	for _, args := range [][]string{
		quick(url, dir, "--api-key-env", "TEST_KEY", "--progress", "json"),
		{"show", dir, "-o", "json"},
		quick(serve(t, sim.Config{APIKey: "another"}), dir+"2", "--api-key-env", "TEST_KEY"),
		quick(url, dir+"3", "--api-key-env", "TEST_KEY", "--dry-run"),
	} {
		got := invoke(t, args...)
		if strings.Contains(got.out+got.err, canary) {
			t.Errorf("%v shows the key:\n%s%s", args, got.out, got.err)
		}
	}
	run, err := record.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if run.Steps[0].OK == 0 {
		t.Error("no request succeeded: the key did not reach the server")
	}
	err = filepath.WalkDir(filepath.Dir(dir), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("%s holds the key", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestProgressJSONLeavesStdoutToPrograms(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	got := invoke(t, quick(serve(t, sim.Config{}), dir, "--progress", "json", "--gate", "capacity>=1000")...)
	if got.code != exitGate && got.code != exitUntrusted {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	var last endLine
	types := map[string]int{}
	for line := range strings.Lines(got.out) {
		var h head
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			t.Fatalf("stdout has a line that is not JSON: %q", line)
		}
		types[h.Type]++
		if h.Type == "end" {
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				t.Fatal(err)
			}
		}
	}
	if types["start"] != 1 || types["step"] != 1 || types["end"] != 1 {
		t.Errorf("lines by type: %v", types)
	}
	if last.ExitCode != got.code || last.Dir != dir || len(last.Files) != 3 || len(last.Gates) != 1 {
		t.Errorf("end line: %+v, exit code %d", last, got.code)
	}
}

func TestPlanRoundTrips(t *testing.T) {
	first := invoke(t, "run", "vm=http://10.0.0.1:8000", "--rates", "1..16x2", "--requests", "50", "--warmup", "3s",
		"--slo", "ttft.p95<500ms", "--seed", "18446744073709551615", "--dry-run", "-o", "yaml")
	if first.code != 0 {
		t.Fatal(first.err)
	}
	uitest.Golden(t, "plan.yaml", first.out)
	file := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(file, []byte(first.out), 0o600); err != nil {
		t.Fatal(err)
	}
	second := invoke(t, "run", "-f", file, "--dry-run", "-o", "yaml")
	if diff := cmp.Diff(first.out, second.out); diff != "" {
		t.Errorf("the plan reads back different (-want +got):\n%s%s", diff, second.err)
	}
	refined := invoke(t, "run", "-f", file, "--duration", "5s", "--dry-run", "-o", "json")
	wantAll(t, "refined plan", refined.out, []string{`"duration": "5s"`, `"vm=http://10.0.0.1:8000"`})
	if strings.Contains(refined.out, `"requests"`) {
		t.Errorf("--duration leaves the file's requests in: %s", refined.out)
	}
}

func TestResumeAndLike(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if got := invoke(t, quick(serve(t, sim.Config{}), dir)...); got.code != exitOK && got.code != exitUntrusted {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	like := invoke(t, "run", "--like", dir, "--seed", "7", "--dry-run")
	wantAll(t, "--like", like.out, []string{"seed: 7", "t=http://127.0.0.1:"})
	if strings.Contains(like.out, "schedules") {
		t.Errorf("--like keeps the other run's schedule: %s", like.out)
	}
	changed := invoke(t, "run", "--resume", dir, "--rates", "5")
	if changed.code != exitUsage || !strings.Contains(changed.err, "leave out --rates") {
		t.Errorf("--resume with --rates: exit code %d, %s", changed.code, changed.err)
	}
	again := invoke(t, "run", "--resume", dir)
	if again.code != exitOK && again.code != exitUntrusted {
		t.Errorf("--resume: exit code %d: %s", again.code, again.err)
	}
}
