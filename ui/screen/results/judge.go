package results

import (
	"slices"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// judge sets what each step of the run makes of the objectives that were typed here. Goodput needs
// the single requests, which this screen does not read: it becomes unknown.
func (m *Model) judge() {
	if m.slo == nil {
		return
	}
	slos, err := verdict.ParseSLOs(m.slo)
	if err != nil {
		return // checked while it was typed
	}
	m.run.Plan.SLO = m.slo
	m.run.Steps = slices.Clone(m.run.Steps)
	for i := range m.run.Steps {
		s := &m.run.Steps[i]
		s.GoodputRPS, s.GoodShare, s.SLOs, s.SLOMet = nil, nil, nil, nil
		for _, slo := range slos {
			outcome, why := verdict.Check(slo, s)
			res := record.SLOResult{SLO: slo.Text, Why: why}
			if outcome != verdict.Unknown {
				met := outcome == verdict.Met
				res.Met = &met
				all := met && (s.SLOMet == nil || *s.SLOMet)
				s.SLOMet = &all
			}
			s.SLOs = append(s.SLOs, res)
		}
	}
}
