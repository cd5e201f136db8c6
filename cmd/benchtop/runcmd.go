package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/verdict"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const runHelp = `Run a sweep: every rate on every TARGET, side by side. On a terminal the live screen opens; elsewhere,
or with --no-tui, one line a second goes to stderr. The table and the paths of the files come at the
end. Ctrl-C stops and saves, a second one cuts the replies in flight.

Exit codes: 0 done · 1 error, no step usable · 2 usage · 98 no trustworthy verdict, run again ·
99 a gate failed · 130 interrupted, what was measured is saved.`

const runExample = `  benchtop run --demo
  benchtop run a10=default/phi4-a10 a100=default/phi4-a100 --slo 'ttft.p95<500ms'
  benchtop run vm=http://10.0.0.4:8000 --rates 1..32x2 --requests 200 --no-tui
  benchtop run --like latest --seed 43`

// runFlags are the flags of run that are not part of the plan.
type runFlags struct {
	plan    *planFlags
	cluster *clusterFlags

	file, like, resume string
	out, name          string
	labels             []string
	wait               time.Duration
	yes, dryRun, noTUI bool
	progress, output   string
	keyEnv, keyFile    string
	against            []string
	caFile             string
	insecure           bool
}

func (c *cli) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:     "run [TARGET…]",
		Short:   "Run a sweep and save it",
		Long:    runHelp,
		Example: runExample,
		Args:    cobra.ArbitraryArgs,
	}
	set := cmd.Flags()
	f.plan = addPlanFlags(set)
	f.cluster = addClusterFlags(set)
	cmd.ValidArgsFunction = c.completeTargets(f.cluster)
	set.StringVarP(&f.file, "file", "f", "", "plan `file`, as --dry-run prints it; other flags refine it")
	set.StringVar(&f.like, "like", "", "take plan and targets of a saved `run`")
	set.StringVar(&f.resume, "resume", "", "continue a saved `run`: only its missing, void and invalid steps")
	addEndpointFlags(cmd, &f)
	set.BoolVar(&f.noTUI, "no-tui", false, "write lines instead of opening the live screen")
	set.StringVar(&f.progress, "progress", "plain", "`form` of progress without the live screen: plain (stderr) or json (NDJSON on stdout, no table; implies --no-tui)")
	set.BoolVar(&f.dryRun, "dry-run", false, "print the plan and send nothing")
	addOutputFlag(cmd, &f.output, "table", "json", "yaml", "csv", "md")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.runSweep(cmd.Context(), &f, args)
	}
	return cmd
}

// addEndpointFlags adds what run and the interface share beside plan and cluster.
func addEndpointFlags(cmd *cobra.Command, f *runFlags) {
	set := cmd.Flags()
	set.StringVar(&f.out, "out", "", "`folder` for the run's files; must be new or empty (default: a new one among the saved runs)")
	set.StringVar(&f.name, "name", "", "`name` of the run")
	set.StringArrayVar(&f.labels, "label", nil, "label of the run, as `KEY=VALUE` (may be repeated)")
	set.StringArrayVar(&f.against, "against", nil, "saved `run` to put beside this one: dashed on screen, compared at the end (may be repeated)")
	set.DurationVar(&f.wait, "wait", 0, "wait this long for a target that is not ready, or is lost (lost: 20m unless set)")
	set.BoolVar(&f.yes, "yes", false, "go on although a target is busy or an autoscaler could add nodes")
	own := pflag.NewFlagSet("endpoint", pflag.ContinueOnError)
	own.StringVar(&f.keyEnv, "api-key-env", "", "environment `variable` that holds the API key")
	own.StringVar(&f.keyFile, "api-key-file", "", "`file` that holds the API key")
	own.StringVar(&f.caFile, "target-ca-file", "", "PEM `file` of the authority that signed an https target")
	own.BoolVar(&f.insecure, "target-insecure-skip-tls-verify", false, "do not check the certificate of an https target")
	inGroup(own, endpointFlags)
	set.AddFlagSet(own)
}

// options checks the flags that say how runs are made.
func (f *runFlags) options(env func(string) string) (runOptions, error) {
	o := runOptions{out: f.out, name: record.Clean(f.name), yes: f.yes, wait: f.wait}
	key, err := readAPIKey(env, f.keyEnv, f.keyFile)
	errs := []error{err}
	o.apiKey = key
	o.tls, err = targetTLS(f.caFile, f.insecure)
	errs = append(errs, err)
	o.labels, err = parseLabels(f.labels)
	errs = append(errs, usage(err))
	if f.wait < 0 {
		errs = append(errs, usage(fmt.Errorf("--wait must not be negative, but is %s", f.wait)))
	}
	return o, errors.Join(errs...)
}

func parseLabels(texts []string) (map[string]string, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	labels := map[string]string{}
	for _, t := range texts {
		k, v, ok := strings.Cut(t, "=")
		if !ok || k == "" {
			return nil, fmt.Errorf("--label %q: want KEY=VALUE", t)
		}
		labels[record.Clean(k)] = record.Clean(v)
	}
	return labels, nil
}

// targetTLS is how https targets are checked; nil = by the system's authorities.
func targetTLS(caFile string, insecure bool) (*tls.Config, error) {
	if caFile == "" && !insecure {
		return nil, nil
	}
	cfg := &tls.Config{InsecureSkipVerify: insecure, MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return cfg, nil
	}
	pem, err := readBounded(caFile, 1<<20)
	if err != nil {
		return nil, fmt.Errorf("read --target-ca-file: %w", err)
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--target-ca-file %q holds no PEM certificate", caFile)
	}
	return cfg, nil
}

// A sweep is what run was asked to do, checked.
type sweep struct {
	plan   record.Plan
	specs  []targetSpec
	resume string // run directory to continue
	gates  []verdict.Gate
	// against are saved runs beside this one.
	against []*record.Run
	doing   doing // told what targets are asked before the first step; nil = nobody
}

// basePlan is the plan before flags: a file's, a run's or the default.
func (c *cli) basePlan(f *runFlags) (s sweep, fresh bool, err error) {
	given := 0
	for _, v := range []string{f.file, f.like, f.resume} {
		if v != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return s, false, usage(errors.New("-f, --like and --resume exclude each other"))
	case f.file != "":
		text, err := readBounded(f.file, record.MaxPlanFile)
		if err != nil {
			return s, false, fmt.Errorf("read the plan: %w", err)
		}
		s.plan, err = record.ParsePlan(text)
		return s, false, usage(prefix(fmt.Sprintf("plan %q", f.file), err))
	case given == 0:
		s.plan = record.DefaultPlan()
		return s, true, nil
	}
	dir, err := record.Resolve(f.like + f.resume)
	if err != nil {
		return s, false, err
	}
	run, err := record.Load(dir)
	if err != nil {
		return s, false, err
	}
	if f.resume != "" && run.State == record.StateRunning {
		return s, false, fmt.Errorf("run %s is still running: wait for its end, or stop it, before it can be resumed", run.ID)
	}
	s.plan = run.Plan
	if f.resume != "" {
		s.resume = dir
	} else {
		s.plan.Schedules = nil
	}
	c.demo = c.demo || run.Simulated
	return s, false, nil
}

// plan turns flags and arguments into a sweep.
func (c *cli) plan(f *runFlags, args []string) (sweep, error) {
	s, fresh, err := c.basePlan(f)
	if err != nil {
		return s, err
	}
	if s.resume != "" {
		if changed := f.plan.given(); len(changed) > 0 || len(args) > 0 {
			return s, usage(fmt.Errorf("--resume continues a run as it was planned; leave out %s", strings.Join(append(changed, args...), ", ")))
		}
	}
	errs := []error{f.plan.apply(&s.plan, c.demo && fresh)}
	if len(args) > 0 {
		s.plan.Targets = args
	}
	s.specs, err = parseTargets(s.plan.Targets)
	errs = append(errs, err)
	if len(s.plan.Targets) == 0 && c.demo {
		s.specs = demoTargets()
		for _, t := range s.specs {
			s.plan.Targets = append(s.plan.Targets, t.Raw)
		}
	}
	errs = append(errs, s.plan.Validate())
	if s.plan.Via == "simulated" && !c.demo {
		errs = append(errs, errors.New("--via simulated is the demo's own way; it goes with --demo"))
	}
	_, err = verdict.ParseSLOs(s.plan.SLO)
	errs = append(errs, prefix("--slo", err))
	s.gates, err = verdict.ParseGates(s.plan.Gate...)
	errs = append(errs, prefix("--gate", err))
	if len(s.plan.Rates) > 0 {
		errs = append(errs, checkGates(s.gates, s.plan))
	}
	if n := len(s.specs); n > engine.MaxTargets {
		errs = append(errs, fmt.Errorf("%d targets: at most %d fit side by side; use several runs and compare them", n, engine.MaxTargets))
	}
	_, err = verdict.ParseStop(s.plan.StopWhen...)
	errs = append(errs, prefix("--stop-when", err))
	if !f.dryRun && len(s.plan.Targets) == 0 {
		errs = append(errs, fmt.Errorf("no target: name a workspace or a URL (see %s list), or use --demo", c.self))
	}
	if s.against, err = savedRunsOf(f.against); err != nil {
		errs = append(errs, prefix("--against", err))
	}
	if !slices.Contains([]string{"plain", "json"}, f.progress) {
		errs = append(errs, fmt.Errorf("--progress %q: want plain or json", f.progress))
	}
	return s, usage(joinOnce(errs))
}

// joinOnce joins errors and leaves out a line that is there already: flags and plan check alike.
func joinOnce(errs []error) error {
	var lines []error
	seen := map[string]bool{}
	joined := errors.Join(errs...)
	if joined == nil {
		return nil
	}
	for line := range strings.SplitSeq(joined.Error(), "\n") {
		if !seen[line] {
			seen[line] = true
			lines = append(lines, errors.New(line))
		}
	}
	return errors.Join(lines...)
}

func (c *cli) runSweep(ctx context.Context, f *runFlags, args []string) error {
	if err := checkOutput(f.output, "table", "json", "yaml", "csv", "md"); err != nil {
		return err
	}
	s, err := c.plan(f, args)
	if err != nil {
		return err
	}
	ro, err := f.options(c.env)
	if err != nil {
		return err
	}
	bo, err := c.backendOptions(f.cluster)
	if err != nil {
		return err
	}
	if f.dryRun {
		return c.printPlan(s.plan, f.output)
	}
	b := newBackend(bo, ro)
	defer b.Close()
	return c.drive(ctx, b, f, s)
}

// printPlan prints the plan as -f takes it.
func (c *cli) printPlan(p record.Plan, format string) error {
	if format == "json" {
		return c.print(listing{objects: p}, "json")
	}
	if format != "table" && format != "yaml" {
		return usage(fmt.Errorf("-o %s: a plan is printed as yaml or json", format))
	}
	b, err := record.MarshalPlan(p)
	if err != nil {
		return err
	}
	_, err = c.out.Write(b)
	return err
}
