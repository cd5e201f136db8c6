package report

import (
	"fmt"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// junit is the run as JUnit XML: a suite for each target; in it a case for each step's validity, one
// for each step and objective, and one for each gate. A target that cannot be judged is an error, an
// objective or gate that is missed a failure, one that nothing tells of is skipped.
func junit(run *record.Run) string {
	var b strings.Builder
	suites := map[string]*suite{}
	var order []*suite
	of := func(target string) *suite {
		if suites[target] == nil {
			suites[target] = &suite{}
			order = append(order, suites[target])
			suites[target].name = target
		}
		return suites[target]
	}
	for _, r := range Rows(run) {
		for _, s := range r.Steps {
			name := rate(s.Rate) + " req/s"
			if len(r.Steps) > 1 {
				name += fmt.Sprintf(" repetition %d", s.Repeat+1)
			}
			u := of(r.Target.Name)
			valid := junitCase{name: name + ": valid", seconds: s.WindowS}
			if !verdict.Usable(s) {
				valid.kind, valid.text = "error", strings.Join(s.Verdict.Reasons, "; ")
			}
			u.cases = append(u.cases, valid)
			for _, o := range s.SLOs {
				c := junitCase{name: name + ": " + o.SLO}
				switch {
				case o.Met == nil:
					c.kind, c.text = "skipped", o.Why
				case !*o.Met:
					c.kind, c.text = "failure", o.Why
				}
				u.cases = append(u.cases, c)
			}
		}
	}
	for _, g := range gateResults(run) {
		c := junitCase{name: "gate " + g.Gate.Text}
		switch g.Outcome {
		case verdict.NotMet:
			c.kind, c.text = "failure", g.Text
		case verdict.Unknown:
			c.kind, c.text = "skipped", g.Text
		}
		of(g.Target).cases = append(of(g.Target).cases, c)
	}
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<testsuites name=\"benchtop\">\n")
	for _, u := range order {
		u.write(&b, run)
	}
	b.WriteString("</testsuites>\n")
	return b.String()
}

// gateResults holds a run against its own gates.
func gateResults(run *record.Run) []verdict.GateResult {
	gates, err := verdict.ParseGates(run.Plan.Gate...)
	if err != nil {
		return nil // a plan of a later version, or a damaged one: it cannot be judged by it
	}
	slo := Objective(run)
	return verdict.EvalGates(gates, slo, measured(run), run.Steps)
}

type suite struct {
	name  string
	cases []junitCase
}

type junitCase struct {
	name    string
	seconds float64
	kind    string // error, failure, skipped; empty = passed
	text    string
}

func (u *suite) write(b *strings.Builder, run *record.Run) {
	n := map[string]int{}
	for _, c := range u.cases {
		n[c.kind]++
	}
	fmt.Fprintf(b, "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" timestamp=\"%s\">\n",
		xml(u.name), len(u.cases), n["failure"], n["error"], n["skipped"], run.StartedAt.UTC().Format("2006-01-02T15:04:05"))
	for _, c := range u.cases {
		fmt.Fprintf(b, "    <testcase classname=\"benchtop.%s\" name=\"%s\" time=\"%g\"", xml(u.name), xml(c.name), c.seconds)
		if c.kind == "" {
			b.WriteString("/>\n")
			continue
		}
		fmt.Fprintf(b, ">\n      <%s message=\"%s\"/>\n    </testcase>\n", c.kind, xml(c.text))
	}
	b.WriteString("  </testsuite>\n")
}
