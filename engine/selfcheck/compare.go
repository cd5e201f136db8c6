package selfcheck

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"benchtop/engine"
	"benchtop/engine/record"
	"benchtop/engine/stats"
)

// compare holds the record of a run against what the server knows.
func compare(run *engine.Run, known map[string]truth) (*Row, error) {
	saved, err := record.Load(run.Dir())
	if err != nil {
		return nil, err
	}
	if len(saved.Steps) != 1 {
		return nil, fmt.Errorf("the run made %d steps, not one", len(saved.Steps))
	}
	t := tally{base: run.BaseNS(), known: known}
	for r, err := range record.Requests(run.Dir()) {
		if err != nil {
			return nil, err
		}
		t.add(r)
	}
	if len(t.gaps) == 0 {
		why := ""
		if t.sample != "" {
			why = ": " + t.sample
		}
		return nil, fmt.Errorf("nothing to compare: %d of %d requests failed%s", t.failed, t.requests, why)
	}
	step := saved.Steps[0]
	row := &Row{
		Streams: step.MeanInFlight, Requests: t.requests, Failed: t.failed, Gaps: len(t.gaps),
		SendLag: distOf(t.lag), ITLError: distOf(t.gaps), TTFTSent: distOf(t.sent),
		CoalescedPct: 100 * float64(t.shared) / float64(t.events), Stamps: step.Stamps, tokens: t.tokens,
	}
	if step.OutputTokensPerS != nil {
		row.TokPerS = *step.OutputTokensPerS
	}
	if runtime.GOOS == "linux" { // elsewhere the two clocks have nothing in common
		d := distOf(t.first)
		row.TTFTError = &d
	}
	if t.sample != "" {
		row.Reasons = append(row.Reasons, fmt.Sprintf("%d of %d requests failed: %s", t.failed, t.requests, t.sample))
	}
	return row, nil
}

// tally collects errors in ns; requests and what follows are of the window.
type tally struct {
	base  int64
	known map[string]truth

	tokens                 int // of the whole run
	requests, failed       int
	events, shared         int
	lag, first, gaps, sent []int64
	sample                 string // of what failed
}

func (t *tally) add(r *record.Request) {
	t.tokens += r.OutputTokens
	if r.Warmup {
		return
	}
	t.requests++
	if err := t.hold(r); err != nil {
		t.failed++
		t.sample = err.Error()
	}
}

// hold holds one request against the truth.
func (t *tally) hold(r *record.Request) error {
	k, ok := t.known[r.ID]
	switch {
	case r.Status != record.StatusOK:
		return fmt.Errorf("%s %s %s", r.Status, r.Class, r.Error)
	case !ok:
		return errors.New("the server does not know it")
	case r.Events != len(k.WroteN) || len(r.GapsUS) != len(k.WroteN)-1:
		return fmt.Errorf("%d of %d events recorded", r.Events, len(k.WroteN))
	}
	t.events += r.Events
	t.shared += r.Coalesced + r.Bunched // this server writes no two together
	t.lag = append(t.lag, magnitude(r.SentNS-r.SchedNS))
	t.first = append(t.first, magnitude(r.FirstTokenNS+t.base-k.WroteN[0]))
	t.sent = append(t.sent, magnitude((r.FirstTokenNS-r.SentNS)-(k.WroteN[0]-k.ReadNS)))
	for i, us := range r.GapsUS {
		t.gaps = append(t.gaps, magnitude(int64(us)*1000-(k.WroteN[i+1]-k.WroteN[i])))
	}
	return nil
}

func magnitude(ns int64) int64 { return max(ns, -ns) }

// distOf summarises ns in µs, to a tenth; it sorts ns.
func distOf(ns []int64) Dist {
	slices.Sort(ns)
	at := func(p float64) float64 {
		return math.Round(float64(ns[stats.Rank(p, len(ns))-1])/100) / 10
	}
	return Dist{P50: at(50), P99: at(99), Max: at(100)}
}

// charge adds what the row cost, as far as it is known.
func (r *Row) charge(c cost) {
	if c.cpu > 0 && r.tokens > 0 {
		v := math.Round(c.cpu.Seconds()/float64(r.tokens)*1e7) / 10
		r.CPUSPerMTok = &v
	}
	if c.rss > 0 {
		v := math.Round(float64(c.rss)/(1<<20)*10) / 10
		r.RSSAnonMB = &v
	}
}
