package report_test

import (
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

// wellFormed reads s as XML to its end.
func wellFormed(t *testing.T, what, s string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	d.Strict = true
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("%s is not well-formed: %v", what, err)
			return
		}
	}
}

func TestReportGoldens(t *testing.T) {
	run := sampleRun()
	run.Plan.SLO = []string{"ttft.p95<500ms,itl.p95<50ms"}
	golden(t, "report.md", report.Markdown(run))
	golden(t, "report.html", report.HTML(run))
	golden(t, "github.md", report.GitHub(run))
	out := t.TempDir()
	paths, err := report.Report(out, run)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	if got := strings.Join(names, " "); got != "report.md ttft.svg itl.svg completed.svg cost.svg report.html" {
		t.Errorf("files %s", got)
	}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".svg") {
			wellFormed(t, name, string(b))
			golden(t, name, string(b))
		}
		// Every picture of the page is there.
		for _, m := range regexp.MustCompile(`\]\((\w+\.svg)\)`).FindAllStringSubmatch(string(b), -1) {
			if _, err := os.Stat(filepath.Join(out, m[1])); err != nil {
				t.Errorf("%s shows %s, which is not there", name, m[1])
			}
		}
	}
}

// The page must open from a mail, offline: nothing in it may be fetched.
func TestHTMLNeedsNoOtherFile(t *testing.T) {
	page := report.HTML(sampleRun())
	page = strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, "")
	for _, bad := range []string{"http:", "https:", "src=", "@import", "url(", "<link", "<script", "<iframe", "javascript:"} {
		if i := strings.Index(page, bad); i >= 0 {
			t.Errorf("the page holds %q: …%s…", bad, page[max(0, i-40):min(len(page), i+60)])
		}
	}
	for _, want := range []string{"prefers-color-scheme:dark", "@media print", "<svg", `lang="en"`, "Content-Security-Policy"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page holds no %q", want)
		}
	}
}

// hostile is text that breaks out of every format if it is not escaped.
const hostile = "</td></text><script>alert(1)</script>\"'><img src=x onerror=alert(1)>]]>|x|`~~~\n# [a](javascript:alert(1)) ![b](http://evil/x.png) \x1b]0;pwn\x07\u202e\x00\ufffe{{7*7}}&lt; http://evil.example www.evil.example @everyone"

func hostileRun() *record.Run {
	run := sampleRun()
	run.Name, run.ID, run.Version = hostile, hostile, hostile
	run.Labels = map[string]string{hostile: hostile}
	t := &run.Targets[0]
	t.Name, t.GPU, t.Model, t.Workspace, t.Namespace, t.InstanceType = hostile, "", hostile, hostile, hostile, hostile
	t.Region, t.PriceSource, t.Engine, t.EngineVersion, t.Via = hostile, hostile, hostile, hostile, hostile
	t.Flags = map[string]string{hostile: hostile}
	no := false
	for i := range run.Steps {
		s := &run.Steps[i]
		if s.Target == "a10" {
			s.Target = hostile
		}
		s.Verdict.Notes = append(s.Verdict.Notes, hostile)
		s.ErrorSamples = map[string]string{hostile: hostile}
	}
	run.Steps[0].Verdict = record.Verdict{Reasons: []string{hostile}}
	run.Steps[1].SLOMet, run.Steps[1].SLOs = &no, []record.SLOResult{{SLO: hostile, Met: &no, Why: hostile}}
	run.Plan.Model, run.Plan.Targets = hostile, []string{hostile}
	run.Notes = []record.Note{{Text: hostile}}
	return run
}

func TestNoTextBreaksOutOfAPage(t *testing.T) {
	run := hostileRun()
	out := t.TempDir()
	if _, err := report.Report(out, run); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "requests.jsonl", string(record.AppendRequest(nil, &record.Request{
		ID: hostile, Target: hostile, Try: 1, Status: record.StatusFailed, Class: hostile, Error: hostile, Finish: hostile})))
	for _, format := range []string{"junit", "llm-d", "csv", "png"} {
		if _, err := report.Export(dir, run, format, out); err != nil {
			t.Errorf("export %s: %v", format, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, ".png") {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			continue // a folder
		}
		s := string(b)
		if strings.ContainsAny(s, "\x1b\x07\x00\u202e") {
			t.Errorf("%s holds a control character", filepath.Base(path))
		}
		switch filepath.Ext(path) {
		case ".svg", ".xml":
			wellFormed(t, path, s)
			fallthrough
		case ".html":
			for _, bad := range []string{"<script", "<img", "onerror=alert(1)>"} {
				if strings.Contains(s, bad) {
					t.Errorf("%s holds %q", filepath.Base(path), bad)
				}
			}
		case ".md":
			checkMarkdown(t, filepath.Base(path), s)
		case ".csv":
			for _, row := range readCSV(t, b) {
				for col, cell := range row {
					if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
						t.Errorf("%s: column %s holds %q", filepath.Base(path), col, cell)
					}
				}
			}
		}
	}
	checkMarkdown(t, "github", report.GitHub(run))
	text, err := report.Compare(report.TableOptions{}, "md", run)
	if err != nil {
		t.Fatal(err)
	}
	checkMarkdown(t, "compare", text)
}

// checkMarkdown looks outside code blocks for mark-up that the text brought.
func checkMarkdown(t *testing.T, name, s string) {
	t.Helper()
	code := regexp.MustCompile("(?ms)^(`{3,}).*?^`{3,}$")
	for _, block := range code.FindAllString(s, -1) {
		if n := strings.Count(block, "\n```"); n > 1 {
			t.Errorf("%s: a code block ends early:\n%s", name, block)
		}
	}
	s = code.ReplaceAllString(s, "")
	for _, bad := range []string{"<script", "<img", "\n# [a]", "://evil", "@everyone", "www.evil"} {
		if i := strings.Index(s, bad); i >= 0 {
			t.Errorf("%s holds %q: …%s…", name, bad, s[max(0, i-40):min(len(s), i+40)])
		}
	}
	if m := regexp.MustCompile(`(^|[^\\])\]\((javascript|http)`).FindString(s); m != "" {
		t.Errorf("%s holds a link: %q", name, m)
	}
	columns := regexp.MustCompile(`\\.|[^|]`)
	rows := 0
	for line := range strings.SplitSeq(s, "\n") {
		if !strings.HasPrefix(line, "|") {
			rows = 0
			continue
		}
		n := len(columns.ReplaceAllString(line, ""))
		if rows == 0 {
			rows = n
		}
		if n != rows {
			t.Errorf("%s: a row has %d bars, its table %d: %.200s", name, n, rows, line)
		}
	}
}

func TestGitHubFormStaysBelowItsLimit(t *testing.T) {
	run := sampleRun()
	if got := report.GitHub(run); len(got) > 60_000 || !strings.Contains(got, "█") || strings.Contains(got, ".svg") {
		t.Errorf("%d bytes, charts as text: %v", len(got), strings.Contains(got, "█"))
	}
	base := run.Steps
	run.Steps = nil
	for i := range 300 {
		for _, s := range base {
			s.Rate, s.Index = float64(i+1), i
			s.Verdict.Notes = []string{fmt.Sprint("a note that is long enough to fill the page, number ", i, s.Target, strings.Repeat(" and more", 20))}
			run.Steps = append(run.Steps, s)
		}
	}
	if got := report.GitHub(run); len(got) > 60_000 || !strings.Contains(got, "left out") {
		t.Errorf("%d bytes; says that parts were left out: %v", len(got), strings.Contains(got, "left out"))
	}
}

func TestReportSaysWhatToMind(t *testing.T) {
	run := sampleRun()
	run.Simulated, run.State, run.Reason = true, record.StateInterrupted, "killed"
	run.Targets[0].Flags, run.Targets[1].Flags = map[string]string{"max-model-len": "4096"}, map[string]string{}
	for i := range run.Steps { // faster than the A10's memory allows
		if run.Steps[i].Target == "a10" {
			run.Steps[i].ITL.P50 = p(6.07)
		}
	}
	other := sampleRun()
	other.ID, other.Name, other.Plan.Seed = "m7p2", "second", 7
	page := report.Markdown(run, other)
	for _, want := range []string{
		"Simulated, not measured", "not complete: interrupted \\(killed\\)", "The runs differ in seed: 42 and 7", "Flags differ between",
		"a10 \\(second\\)", "is below 12.8 ms, the time that reading the weights",
	} {
		want = strings.NewReplacer(`\(`, "(", `\)`, ")").Replace(want)
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
}

// What compare calls noise is no finding either.
func TestReportFindsNoDifferenceInNoise(t *testing.T) {
	run := sampleRun()
	for usd, want := range map[float64]string{
		6.7:  "A million output tokens cost $0.62 on A100, loaded with the 16 req/s it holds, no significant difference from A10.",
		3.67: "A million output tokens cost $0.34 on A100, loaded with the 16 req/s it holds, 44 % less than on A10.",
	} {
		run.Targets[1].USDPerHour = &usd
		if page := report.Markdown(run); !strings.Contains(page, strings.ReplaceAll(want, "$", "\\$")) && !strings.Contains(page, want) {
			t.Errorf("at $%g an hour the page does not say %q:\n%s", usd, want, page)
		}
	}
}

func TestValidityNamesTheRepetition(t *testing.T) {
	run := sampleRun()
	again := run.Steps[3]
	again.Repeat, again.Index, again.Verdict = 1, 99, record.Verdict{Reasons: []string{"the client sent late"}}
	run.Steps = append(run.Steps, again)
	page := report.Markdown(run)
	for _, want := range []string{"A10 at 8 req/s (repetition 2) is not used: the client sent late.", "A measurement of 8 req/s is not used: invalid (the client sent late)."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
}

func TestReportTellsTheGates(t *testing.T) {
	run := sampleRun()
	if page := report.Markdown(run); strings.Contains(page, "## Gates") {
		t.Errorf("gates of a run that has none:\n%s", page)
	}
	run.Plan.Gate = []string{"capacity>=8"}
	for name, page := range map[string]string{"markdown": report.Markdown(run), "html": report.HTML(run), "github": report.GitHub(run)} {
		if !strings.Contains(page, "a10: capacity") || !strings.Contains(page, "a100: capacity") || !strings.Contains(page, "Gates") {
			t.Errorf("%s does not say what became of the gates:\n%s", name, page)
		}
	}
}

func TestPNGsArePictures(t *testing.T) {
	out := t.TempDir()
	paths, err := report.Export(t.TempDir(), sampleRun(), "png", out)
	if err != nil || len(paths) != 4 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil || img.Bounds().Dx() < 900 || img.Bounds().Dy() < 500 {
			t.Errorf("%s: %v, %v", path, img.Bounds(), err)
		}
	}
}

func TestPagesOfOddRuns(t *testing.T) {
	for name, change := range map[string]func(*record.Run){
		"no step":               func(r *record.Run) { r.Steps = nil },
		"no target":             func(r *record.Run) { r.Targets = nil },
		"one rate":              func(r *record.Run) { r.Steps = r.Steps[:1] },
		"no price, no model":    func(r *record.Run) { r.Targets = []record.Target{{Name: "a10"}, {Name: "a100"}} },
		"nothing measured":      func(r *record.Run) { r.Steps = []record.Step{{Target: "a10", Rate: 1, Try: 1}} },
		"rate zero":             func(r *record.Run) { r.Steps[0].Rate = 0 },
		"huge and tiny numbers": func(r *record.Run) { r.Steps[0].TTFT.P50, r.Steps[1].TTFT.P50 = p(1e300), p(1e-300) },
		"negative numbers":      func(r *record.Run) { r.Steps[0].TTFT.P50, r.Targets[0].USDPerHour = p(-5), p(-1) },
		"unknown SLO and gate":  func(r *record.Run) { r.Plan.SLO, r.Plan.Gate = []string{"?"}, []string{"?"} },
	} {
		t.Run(name, func(t *testing.T) {
			run := sampleRun()
			change(run)
			out := t.TempDir()
			if _, err := report.Report(out, run); err != nil {
				t.Error(err)
			}
			for _, f := range report.FormatNames() {
				if f == "png" && name != "huge and tiny numbers" && name != "one rate" {
					continue // slow to draw, and of the same points as the SVG
				}
				_, err := report.Export(t.TempDir(), run, f, out)
				if err != nil && !strings.Contains(err.Error(), "no request in requests.jsonl") {
					t.Errorf("export %s: %v", f, err)
				}
			}
			for _, f := range report.ShowFormats {
				if err := report.Show(io.Discard, run, f, report.TableOptions{Width: 80}); err != nil {
					t.Errorf("show %s: %v", f, err)
				}
			}
		})
	}
}
