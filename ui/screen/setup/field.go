package setup

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
	"benchtop/ui/screen"
	"benchtop/ui/widget"
)

// field is one line of the form: a text or a choice.
type field struct {
	id, label, hint string

	text    *widget.Input // nil for a choice
	choices []string
	chosen  int

	set  func(p *record.Plan, v string) error
	err  string // why the value is wrong, "" = fine
	long bool   // what is typed is long
}

func (f *field) value() string {
	if f.text != nil {
		return strings.TrimSpace(f.text.Value())
	}
	return f.choices[f.chosen]
}

func (f *field) update(k tea.KeyMsg) { screen.Type(f.text, k) }

// fieldLimit is the longest text a field takes: a long list of rates or objectives.
const fieldLimit = 400

// planField is the id under which errors of the plan as a whole are kept.
const planField = "plan"

// fieldsOf is the form filled from a plan.
func fieldsOf(p record.Plan) []field {
	return []field{
		text("rates", "Rates", "req/s: 1,2,4,8,16 or 1..16x2", FormatRates(p.Rates), setRates),
		text("duration", "Step", "measured time; empty: 60 s, at least 100 requests", optional(p.Duration), setDuration),
		text("requests", "Requests", "per step, instead of a time", number(p.Requests), setRequests),
		text("warmup", "Warm-up", "auto, or a time like 5s", p.Warmup.String(), setWarmup),
		text("drain", "Drain", "how long in-flight requests may finish", p.Drain.String(), setDrain),
		text("prompt", "Tokens in", "prompt tokens, exact", number(p.Workload.PromptTokens), setInt(func(p *record.Plan) *int { return &p.Workload.PromptTokens })),
		text("output", "Tokens out", "output tokens, exact", number(p.Workload.OutputTokens), setInt(func(p *record.Plan) *int { return &p.Workload.OutputTokens })),
		choice("arrivals", "Arrivals", p.Arrivals, []string{"poisson", "poisson-free", "constant"}, func(p *record.Plan) *string { return &p.Arrivals }),
		choice("order", "Targets run", p.Order, []string{"parallel", "sequential", "interleaved"}, func(p *record.Plan) *string { return &p.Order }),
		choice("via", "Way", p.Via, []string{"auto", "port-forward", "proxy", "direct"}, func(p *record.Plan) *string { return &p.Via }),
		choice("endpoint", "Endpoint", p.Endpoint, []string{"auto", "completions", "chat"}, func(p *record.Plan) *string { return &p.Endpoint }),
		text("slo", "Objectives", "ttft.p95<500ms,itl.p95<50ms, or chat, rag, code", strings.Join(p.SLO, "; "), setSLO),
		refine(p.Refine),
		text("stop", "Stop when", "saturated,errors>5%; empty: off", strings.Join(p.StopWhen, ", "), setStop),
		text("repeat", "Repeat", "times the whole sweep", number(cmp.Or(p.Repeat, 1)), setInt(func(p *record.Plan) *int { return &p.Repeat })),
		text("seed", "Seed", "same arrivals for every target", strconv.FormatUint(p.Seed, 10), setSeed),
	}
}

// FormatRates is the form in which rates are typed.
func FormatRates(rates []float64) string {
	words := make([]string, len(rates))
	for i, r := range rates {
		words[i] = strconv.FormatFloat(r, 'g', -1, 64)
	}
	return strings.Join(words, ",")
}

func optional(d record.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func text(id, label, hint, value string, set func(*record.Plan, string) error) field {
	in := &widget.Input{Limit: fieldLimit}
	in.Set(value)
	return field{id: id, label: label, hint: hint, text: in, set: set, long: id == "slo" || id == "rates" || id == "stop"}
}

func choice(id, label, value string, choices []string, at func(*record.Plan) *string) field {
	if value == "" {
		value = choices[0]
	}
	i := slices.Index(choices, value)
	if i < 0 {
		choices, i = append(choices, value), len(choices)
	}
	return field{id: id, label: label, choices: choices, chosen: i, set: func(p *record.Plan, v string) error {
		*at(p) = v
		return nil
	}}
}

// refine is the choice to look closer between the last rate that holds and the first that does not.
func refine(on bool) field {
	f := choice("refine", "Refine", "off", []string{"off", "on"}, nil)
	f.hint = "more steps between the last rate that holds and the first that breaks"
	f.set = func(p *record.Plan, v string) error {
		p.Refine = v == "on"
		return nil
	}
	if on {
		f.chosen = 1
	}
	return f
}

// build applies the fields to base. The errors are by field id; a field is judged alone, within an
// otherwise valid plan, so that one wrong field does not mark another. What is wrong with the whole
// stands under planField.
func build(base record.Plan, fields []field) (record.Plan, map[string]string) {
	plan, errs := base, map[string]string{}
	for i := range fields {
		f := &fields[i]
		alone := record.DefaultPlan()
		err := f.set(&alone, f.value())
		if err == nil {
			err = alone.Validate()
		}
		if err == nil {
			err = f.set(&plan, f.value())
		}
		if err != nil {
			errs[f.id] = firstLine(err)
		}
	}
	if len(errs) == 0 {
		if err := plan.Validate(); err != nil {
			errs[planField] = firstLine(err)
		}
	}
	return plan, errs
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func setRates(p *record.Plan, v string) (err error) {
	p.Rates, err = record.ParseRates(v)
	return err
}

func parseDuration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil {
		if n, numErr := strconv.ParseFloat(v, 64); numErr == nil {
			return 0, fmt.Errorf("needs a unit: %gs", n)
		}
		return 0, errors.New("not a time: write 60s or 2m")
	}
	return d, nil
}

func setDuration(p *record.Plan, v string) error {
	if v == "" {
		p.Duration = 0
		return nil
	}
	d, err := parseDuration(v)
	if err == nil && d <= 0 {
		err = errors.New("must be longer than 0")
	}
	p.Duration = record.Duration(d)
	return err
}

func setRequests(p *record.Plan, v string) error {
	if v == "" {
		p.Requests = 0
		return nil
	}
	return setInt(func(p *record.Plan) *int { return &p.Requests })(p, v)
}

func setWarmup(p *record.Plan, v string) error {
	if v == "" || v == "auto" {
		p.Warmup = record.Warmup{}
		return nil
	}
	d, err := parseDuration(v)
	p.Warmup = record.Warmup{Fixed: true, For: d}
	return err
}

func setDrain(p *record.Plan, v string) error {
	d, err := parseDuration(v)
	p.Drain = record.Duration(d)
	return err
}

// setInt reads a whole number of at least 1.
func setInt(at func(*record.Plan) *int) func(*record.Plan, string) error {
	return func(p *record.Plan, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return errors.New("a whole number of at least 1")
		}
		*at(p) = n
		return nil
	}
}

func setSeed(p *record.Plan, v string) error {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		return errors.New("a whole number")
	}
	p.Seed = n
	return nil
}

func setSLO(p *record.Plan, v string) error {
	p.SLO = split(v, ";")
	_, err := verdict.ParseSLOs(p.SLO)
	return err
}

func setStop(p *record.Plan, v string) error {
	p.StopWhen = split(v, ",")
	if len(p.StopWhen) == 0 {
		return nil
	}
	_, err := verdict.ParseStop(p.StopWhen...)
	return err
}

// split cuts a text at sep, without the empty parts.
func split(v, sep string) []string {
	var parts []string
	for part := range strings.SplitSeq(v, sep) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
