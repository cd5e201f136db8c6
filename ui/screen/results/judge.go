package results

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/report"
	"benchtop/engine/verdict"
	"benchtop/ui/screen"
)

// judge sets what each step of the run makes of the objective that was typed here. Goodput needs
// the single requests, which this screen does not read: it becomes unknown.
func (m *Model) judge() {
	if m.slo == "" {
		return
	}
	slo, err := verdict.ParseSLO(m.slo)
	if err != nil {
		return // checked while it was typed
	}
	m.run.Plan.SLO = []string{m.slo}
	for i := range m.run.Steps {
		s := &m.run.Steps[i]
		outcome, why := verdict.Check(slo, s)
		s.GoodputRPS, s.GoodShare, s.SLOMet = nil, nil, nil
		if outcome != verdict.Unknown {
			met := outcome == verdict.Met
			s.SLOMet = &met
		}
		s.SLOs = []record.SLOResult{{SLO: slo.Text, Met: s.SLOMet, Why: why}}
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
	m.slo = text
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
	m.slo, m.load = "", 0
	clear(m.prices)
}

// changed says what differs from the record.
func (m *Model) changed() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m.prices)) {
		out = append(out, name+" at "+screen.USD(m.prices[name])+"/h")
	}
	if m.slo != "" {
		out = append(out, "SLO "+m.slo)
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
	slo := report.Objective(m.run)
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
