package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"benchtop/engine/record"
)

// Merge puts several runs side by side as one: all targets, each with its steps, rates united. A
// target whose name is taken is called NAME (RUN). The plan is the first run's, so what differs
// between plans is told by planDifferences. One run is returned as it is.
func Merge(runs ...*record.Run) *record.Run {
	if len(runs) == 1 {
		return runs[0]
	}
	out := *runs[0]
	out.Targets, out.Steps, out.Notes = nil, nil, nil
	out.Plan.Rates, out.Plan.Targets = nil, nil
	out.Name, out.ID, out.Imported, out.Labels = "", "", "", nil
	for _, r := range runs {
		out.Plan.Repeat = max(out.Plan.Repeat, r.Plan.Repeat, 1)
		out.Simulated = out.Simulated || r.Simulated
		if r.State != record.StateComplete && out.State == record.StateComplete {
			out.State, out.Reason = r.State, r.Reason
		}
		for i := range r.Steps {
			if s := &r.Steps[i]; !slices.Contains(out.Plan.Rates, s.Rate) {
				out.Plan.Rates = append(out.Plan.Rates, s.Rate)
			}
			out.Plan.Repeat = max(out.Plan.Repeat, r.Steps[i].Repeat+1)
		}
		if r.StartedAt.Before(out.StartedAt) {
			out.StartedAt = r.StartedAt
		}
	}
	slices.Sort(out.Plan.Rates)
	for n, r := range runs {
		for _, t := range r.Targets {
			before := t.Name
			for k := 0; place(&out, t.Name) >= 0; k++ {
				t.Name = before + " (" + cmp.Or(r.Name, r.ID, fmt.Sprint("run ", n+1)) + ")"
				if k > 0 {
					t.Name = fmt.Sprintf("%s (run %d)", before, n+1)
				}
				if k > 1 {
					t.Name = fmt.Sprintf("%s (run %d.%d)", before, n+1, k)
				}
			}
			t.Simulated = t.Simulated || r.Simulated
			out.Targets = append(out.Targets, t)
			for _, s := range r.Steps {
				if s.Target == before {
					s.Target = t.Name
					s.Index = s.Repeat*len(out.Plan.Rates) + slices.Index(out.Plan.Rates, s.Rate)
					out.Steps = append(out.Steps, s)
				}
			}
		}
	}
	return &out
}

// planDifferences says in words what two plans do not share of what makes results comparable.
func planDifferences(a, b record.Plan) []string {
	var out []string
	diff := func(what string, x, y any) {
		if x != y {
			out = append(out, fmt.Sprintf("%s: %v and %v", what, x, y))
		}
	}
	diff("prompt tokens", a.Workload.PromptTokens, b.Workload.PromptTokens)
	diff("output tokens", a.Workload.OutputTokens, b.Workload.OutputTokens)
	diff("arrivals", a.Arrivals, b.Arrivals)
	diff("seed", a.Seed, b.Seed)
	objective := func(p record.Plan) string { return cmp.Or(strings.Join(p.SLO, " and "), "none") }
	diff("objective", objective(a), objective(b))
	return out
}
