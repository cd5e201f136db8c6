package selfcheck_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/selfcheck"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// spawned remembers the children that were made, to see that they end.
type spawned struct{ all []*exec.Cmd }

func (s *spawned) child() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asChild+"=1")
	cmd.Stderr = os.Stderr
	s.all = append(s.all, cmd)
	return cmd
}

func (s *spawned) allEnded(t *testing.T) {
	t.Helper()
	for _, c := range s.all {
		if c.Process != nil && c.ProcessState == nil {
			t.Errorf("child %d was not waited for", c.Process.Pid)
		}
	}
}

func mustParse(t *testing.T, text string) []selfcheck.Load {
	t.Helper()
	loads, err := selfcheck.ParseLoads(text)
	if err != nil {
		t.Fatal(err)
	}
	return loads
}

// short is a reply that keeps tests short.
var short = selfcheck.Reply{TTFT: 50 * time.Millisecond, Gap: 20 * time.Millisecond, Tokens: 20}

func TestErrorsAgainstTheTruth(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var made spawned
	rep, err := selfcheck.Run(t.Context(), mustParse(t, "4/s,8/s+bursts+tls,8/s+hog"), selfcheck.Options{
		Child: made.child, Window: 2 * time.Second, Reply: short, Version: "v0",
	})
	if err != nil {
		t.Fatal(err)
	}
	made.allEnded(t)
	if len(made.all) < 4 {
		t.Errorf("%d children, want one a row and one hog at least", len(made.all))
	}
	for _, r := range rep.Rows {
		if r.Failed > 0 || r.Requests < 4 || r.Gaps != r.Requests*(short.Tokens-1) {
			t.Errorf("%s: %d requests, %d failed (%v), %d gaps", r.Name, r.Requests, r.Failed, r.Reasons, r.Gaps)
		}
		// 5 ms is a hundred times what is usual: a busy machine must not fail the test. What a hog
		// does on top of that has no bound.
		hog := strings.Contains(r.Name, "hog")
		if !hog && (r.ITLError.P50 > 5000 || r.TTFTSent.P50 > 50_000 || r.TTFTError != nil && r.TTFTError.P50 > 5000) {
			t.Errorf("%s: errors in µs: ITL %v, TTFT %v, TTFT sent %v", r.Name, r.ITLError, r.TTFTError, r.TTFTSent)
		}
		if r.SendLag.P50 <= 0 || r.SendLag.P50 > r.SendLag.P99 || r.SendLag.P99 > r.SendLag.Max {
			t.Errorf("%s: send lag %+v", r.Name, r.SendLag)
		}
	}
	if rep.Verdict == "" || rep.Criteria == "" {
		t.Errorf("verdict %q, criteria %q", rep.Verdict, rep.Criteria)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	checkShape(t, rep)
}

var (
	numbers = regexp.MustCompile(`: -?[0-9.e+-]+(,?)\n`)
	texts   = regexp.MustCompile(`"(go_version|os|arch|stamps|verdict|trusted_up_to)": "[^"]*"`)
	why     = regexp.MustCompile(`(?s),\n\s+"reasons": \[.*?\]`)
)

// checkShape holds the first row's JSON against the form that other programs rely on.
func checkShape(t *testing.T, rep *selfcheck.Report) {
	t.Helper()
	one := *rep
	one.Rows = one.Rows[:1]
	b, err := json.MarshalIndent(one, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := string(b) + "\n"
	// What depends on machine and moment: numbers, nulls for what is unknown here, verdicts.
	got = why.ReplaceAllString(got, "")
	got = regexp.MustCompile(`: (null|true|false)`).ReplaceAllString(got, ": 0")
	got = regexp.MustCompile(`(?s)"ttft_error_us": 0`).ReplaceAllString(got, `"ttft_error_us": {`+"\n        \"p50\": 0,\n        \"p99\": 0,\n        \"max\": 0\n      }")
	got = numbers.ReplaceAllString(got, ": 0$1\n")
	got = texts.ReplaceAllString(got, `"$1": "…"`)
	const golden = "testdata/report.json.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestCancelEndsTheChildren(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var made spawned
	_, err := selfcheck.Run(ctx, mustParse(t, "20/s+hog"), selfcheck.Options{
		Child: made.child, Window: 10 * time.Minute, Reply: short,
		Progress: func(line string) {
			if strings.HasPrefix(line, "row 1") {
				time.AfterFunc(time.Second, cancel) // in the middle of things, wherever that is
			}
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
	made.allEnded(t)
}

func TestChildEndsWithItsParent(t *testing.T) {
	for _, job := range []string{`{"Core":-1,"Reply":{"TTFT":1000000,"Gap":1000000,"Tokens":2}}`, `{"Core":-1,"Hog":true}`} {
		var made spawned
		cmd := made.child()
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		limit := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		defer limit.Stop()
		if _, err := in.Write([]byte(job + "\n")); err != nil {
			t.Error(err)
		}
		in.Close() // as when the parent is killed
		if err := cmd.Wait(); err != nil {
			t.Errorf("job %s: %v", job, err)
		}
	}
}

func TestChildThatIsNone(t *testing.T) {
	_, err := selfcheck.Run(t.Context(), mustParse(t, "1"), selfcheck.Options{
		Child:  func() *exec.Cmd { return exec.Command(os.Args[0], "-test.run=^$") },
		Window: time.Second, Reply: short,
	})
	if err == nil || !strings.Contains(err.Error(), "does not get ready") {
		t.Errorf("error %v", err)
	}
}

func TestParseLoads(t *testing.T) {
	tests := []struct{ text, want, err string }{
		{text: "16/s,256", want: "16/s,256"},
		{text: " 1 , 0.5/s+hog ", want: "1,0.5/s+hog"},
		{text: "64+tls+bursts", want: "64+bursts+tls"},
		{text: selfcheck.DefaultLoads, want: selfcheck.DefaultLoads},
		{text: selfcheck.QuickLoads, want: selfcheck.QuickLoads},
		{text: "", err: `row ""`},
		{text: "0", err: "1 to 10000 streams"},
		{text: "10001", err: "1 to 10000 streams"},
		{text: "NaN/s", err: "0.1/s to 2000/s"},
		{text: "-1/s", err: "0.1/s to 2000/s"},
		{text: "64+cats,x", err: `+cats`},
		{text: "64+", err: `+nothing`},
	}
	for _, tt := range tests {
		loads, err := selfcheck.ParseLoads(tt.text)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: error %v, want %q in it", tt.text, err, tt.err)
			}
			continue
		}
		var got []string
		for _, l := range loads {
			got = append(got, l.String())
		}
		if err != nil || strings.Join(got, ",") != tt.want {
			t.Errorf("%q: %v, %v", tt.text, got, err)
		}
	}
}
