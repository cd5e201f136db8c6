package main

import (
	"os"
	"path/filepath"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/sim"
)

// makeRun makes a small run among the saved ones and returns its folder.
func makeRun(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("BENCHTOP_RUNS")
	dir := filepath.Join(root, name)
	if got := invoke(t, quick(serve(t, sim.Config{}), dir, "--name", name)...); got.code != exitOK && got.code != exitUntrusted {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	return dir
}

func TestSavedRunCommands(t *testing.T) {
	root := t.TempDir()
	t.Setenv("BENCHTOP_RUNS", root)
	work := t.TempDir()
	t.Chdir(work)
	before := makeRun(t, "before")
	makeRun(t, "after")
	foreign := filepath.Join(work, "notes.txt")
	if err := os.WriteFile(foreign, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	checkRows(t, []row{
		{name: "runs", args: []string{"runs"}, out: []string{"RUN ", "before", "after", "complete"}},
		{name: "runs as CSV", args: []string{"runs", "-o", "csv"}, out: []string{"run,started,state", before}},
		{name: "runs as Markdown", args: []string{"runs", "-o", "md"}, out: []string{"| run | started |", "| --- |"}},
		{name: "runs as YAML", args: []string{"runs", "-o", "yaml"}, out: []string{"name: before", "state: complete"}},
		{name: "show by name", args: []string{"show", "before"}, out: []string{"tok/s"}, err: []string{before}},
		{name: "show the latest", args: []string{"show", "latest"}, out: []string{"tok/s"}},
		{name: "show as CSV", args: []string{"show", "before", "-o", "csv"}, out: []string{"run_id,target,namespace"}},
		{name: "show as another tool", args: []string{"show", "before", "--as", "vllm"}, out: []string{"tok/s"}, err: []string{"vllm bench serve"}},
		{name: "show what was measured", args: []string{"show", "before", "-o", "wide"}, out: []string{"PROVENANCE", "vllm 0.25.1", "flag block-size", "base latency"}},
		{name: "show as an unknown tool", args: []string{"show", "before", "--as", "wrk"}, code: 1, err: []string{"wrk", "guidellm"}},
		{name: "show an unknown run", args: []string{"show", "befoer"}, code: 1, err: []string{`no run "befoer"`, "before"}},
		{name: "show without a run", args: []string{"show"}, code: 2, err: []string{"show --help"}},
		{name: "compare", args: []string{"compare", "before", "after"}, out: []string{"TTFT", "Δ"}},
		{name: "compare with a bad rule", args: []string{"compare", "before", "after", "--fail-on", "ttft"}, code: 2, err: []string{"--fail-on"}},
		{name: "report into a folder", args: []string{"report", "before", "after", "-o", "rep"}, out: []string{filepath.Join(work, "rep", "report.html")}},
		{name: "report into a file", args: []string{"report", "before", "-o", "one.html"}, out: []string{filepath.Join(work, "one.html")}},
		{name: "report for a comment", args: []string{"report", "before", "--github"}, out: []string{"# GPU benchmarks"}},
		{name: "export", args: []string{"export", "before", "-f", "csv,junit", "-o", "exp"}, out: []string{filepath.Join(work, "exp", "requests.csv"), "junit.xml"}},
		{name: "export into the run's folder", args: []string{"export", "before"}, out: []string{filepath.Join(before, "export", "steps.csv")}},
		{name: "export in an unknown format", args: []string{"export", "before", "-f", "xls"}, code: 2, err: []string{`--format "xls"`, "guidellm"}},
		{name: "bundle", args: []string{"bundle", "before", "-o", "b.tar.gz"}, out: []string{filepath.Join(work, "b.tar.gz")}},
		{name: "bundle over a file", args: []string{"bundle", "before", "-o", "notes.txt"}, code: 1, err: []string{"exists", "-o"}},
		{name: "import what is no result", args: []string{"import", foreign}, code: 1, err: []string{"notes.txt"}},
		{name: "run against a saved one", args: quick(serve(t, sim.Config{}), filepath.Join(work, "third"), "--against", "before", "--gate", "capacity>=0.001"),
			code: anyVerdict, out: []string{"against before", "Δ"}},
		{name: "runs that have a word", args: []string{"runs", "befo", "complete", "-o", "csv"}, out: []string{before}},
		{name: "runs that have no such word", args: []string{"runs", "h200", "x"}, err: []string{"none of 2 saved runs in ", `has "h200 x"`}},
		{name: "prune without a limit", args: []string{"runs", "--prune"}, code: 2, err: []string{"--keep"}},
		{name: "prune what is old", args: []string{"runs", "--prune", "--older-than", "1h", "--yes"}, err: []string{"nothing to delete"}},
		{name: "prune without a terminal", args: []string{"runs", "--prune", "--keep", "1"}, code: 1, err: []string{"delete " + before, "--yes"}},
		{name: "fleet", args: []string{"show", "before", "--target-rps", "100"}, out: []string{"tok/s"}},
		{name: "fleet for no load", args: []string{"show", "before", "--target-rps", "0"}, code: 2, out: []string{""}},
		{name: "completion of workspaces", args: []string{"__complete", "run", "--demo", ""}, out: []string{"default/phi4-mini-a10"}},
		{name: "completion of runs", args: []string{"__complete", "show", ""}, out: []string{"latest", "before"}},
		{name: "watch in a form that cannot", args: []string{"list", "--demo", "-w", "-o", "md"}, code: 2, err: []string{"--watch"}},
		{name: "prune", args: []string{"runs", "--prune", "--keep", "1", "--yes"}},
		{name: "prune has deleted", args: []string{"show", "before"}, code: 1, err: []string{`no run "before"`}},
		{name: "rbac", args: []string{"rbac", "-n", "team-a", "--for", "someone"}, out: []string{`namespace: "team-a"`, "pods/portforward", `name: "someone"`}},
		{name: "rbac for all namespaces by the proxy", args: []string{"rbac", "--via", "proxy"}, out: []string{"ClusterRole", "services/proxy"}},
		{name: "rbac by an unknown way", args: []string{"rbac", "--via", "pigeon"}, code: 2, err: []string{"want port-forward, proxy or both"}},
		{name: "rights in the demo", args: []string{"rbac", "--check", "--demo"}, out: []string{"ALLOWED", "port-forward"}},
		{name: "rights to one workspace in the demo", args: []string{"rbac", "--check", "default/phi4-mini-a10", "--demo"}, out: []string{"pods/portforward of phi4-mini-a10-0", "services/proxy of phi4-mini-a10:80"}},
		{name: "rights to a workspace of no namespace", args: []string{"rbac", "--check", "phi4-mini-a10", "--demo"}, code: 2, err: []string{"want NAMESPACE/WORKSPACE"}},
		{name: "list the demo", args: []string{"list", "--demo", "-o", "json"}, out: []string{`"gpu": "A100"`, `"benchmarkable": true`, `"simulated": true`}, err: []string{"simulated"}},
		{name: "list the demo for programs", args: []string{"list", "--demo", "-o", "csv"},
			out: []string{"namespace,name,kind,model,instance_type,", "Standard_NV36ads_A10_v5,A10,1,24,1,eastus,false,3.2,", ",true,Ready,true,,demo"}},
		{name: "list the demo with the prices' source", args: []string{"list", "--demo"}, out: []string{"3.20"}, err: []string{"USD/h: ", "20"}},
		{name: "list without a cluster", args: []string{"list", "--kubeconfig", foreign + "x"}, code: 1, err: []string{"kubeconfig", "--demo"}},
	})
	b := newBackend(backendOptions{demo: true}, runOptions{})
	defer b.Close()
	if dir, run, err := b.Load(t.Context(), "afte"); err != nil || dir != filepath.Join(root, "after") || run.Name != "after" {
		t.Errorf("the interface opens %q, %v", dir, err)
	}
}

func TestASimulatedRunIsFoundByThatWord(t *testing.T) {
	i := record.Info{Dir: "/runs/x", Run: &record.Run{State: record.StateComplete, Simulated: true}}
	if !hasWords(i, []string{"Simulated"}) {
		t.Error("the list shows the word, and does not find it")
	}
	if i.Run.Simulated = false; hasWords(i, []string{"simulated"}) {
		t.Error("a run that was measured is found as simulated")
	}
}
