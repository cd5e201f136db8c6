package results

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
	"benchtop/ui/screen"
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

// Targets are the names of what the run compares.
func (m *Model) Targets() []string {
	if m.run == nil {
		return nil
	}
	names := make([]string, len(m.run.Targets))
	for i := range m.run.Targets {
		names[i] = m.run.Targets[i].Name
	}
	return names
}

// CheckSLO says what is wrong with an objective.
func CheckSLO(text string) error {
	_, err := verdict.ParseSLO(text)
	return err
}

// SetSLO shows what another objective would make of the run.
func (m *Model) SetSLO(text string) {
	m.slo = []string{text}
	m.apply()
}

// CheckLoad says what is wrong with a load to serve.
func CheckLoad(text string) error {
	if v, err := strconv.ParseFloat(text, 64); err != nil || !(v > 0 && v <= 1e9) {
		return errors.New("a number above 0, like 20")
	}
	return nil
}

// SetLoad shows what it takes to serve so many requests a second.
func (m *Model) SetLoad(text string) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return
	}
	m.load = v
	m.apply()
}

// Undo shows the run as it was recorded.
func (m *Model) Undo() {
	m.forget()
	m.apply()
}

func (m *Model) forget() {
	m.slo, m.load = nil, 0
	clear(m.prices)
}

// changed says what differs from the record.
func (m *Model) changed() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m.prices)) {
		out = append(out, name+" at "+screen.USD(m.prices[name])+"/h")
	}
	for _, s := range m.slo {
		out = append(out, "SLO "+s)
	}
	return out
}

// utilisation is how full replicas are planned to be: arrivals come in bursts.
const utilisation = 0.8

// fleets says how many replicas of each target serve the load asked for, the cheapest first.
func (m *Model) fleets() string {
	if m.load == 0 {
		return ""
	}
	var slo verdict.SLO
	if slos, err := verdict.ParseSLOs(m.run.Plan.SLO); err == nil && len(slos) > 0 {
		slo = slos[0]
	}
	var all []verdict.Fleet
	for i := range m.run.Targets {
		t := &m.run.Targets[i]
		if f, ok := verdict.FleetFor(m.load, utilisation, verdict.CapacityOf(slo, t.Name, m.run.Steps), t.USDPerHour); ok {
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return "no target holds any rate that was tried"
	}
	verdict.SortCheapest(all)
	parts := make([]string, len(all))
	for i, f := range all {
		parts[i] = fleetText(f)
	}
	return fmt.Sprintf("%s req/s at %.0f%% load needs ", screen.Sig3(m.load), utilisation*100) + strings.Join(parts, "; ")
}

func fleetText(f verdict.Fleet) string {
	n := fmt.Sprint(f.Replicas)
	if f.AtLeast && f.Replicas > 1 {
		n = "at most " + n // no rate was tried that breaks it
	}
	cost := "price unknown"
	if f.USDPerMonth != nil {
		cost = screen.USD(*f.USDPerMonth) + "/month"
	}
	return fmt.Sprintf("%s × %s (%s, %.0f%% spare)", n, f.Target, cost, f.Headroom*100)
}
