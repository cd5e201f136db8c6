package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"benchtop/engine/record"
	"benchtop/engine/verdict"
)

// maxTries is how often a void step is made.
const maxTries = 3

// sweep makes all steps in the plan's order and returns why it ended early, if it did.
func (r *Run) sweep() error {
	planned := r.plan.Steps()
	switch r.plan.Order {
	case "sequential":
		for _, x := range r.runners {
			for _, s := range planned {
				r.group([]*runner{x}, s)
			}
		}
	case "interleaved":
		for _, s := range planned {
			for _, x := range r.runners {
				r.group([]*runner{x}, s)
			}
		}
	default:
		for _, s := range planned {
			for _, g := range r.sideBySide() {
				r.group(g, s)
			}
		}
	}
	if r.plan.Refine {
		for _, x := range r.runners {
			r.refine(x)
		}
	}
	return r.usable()
}

// sideBySide splits the targets into groups that may be under load at the same time: two targets on
// one endpoint never are.
func (r *Run) sideBySide() [][]*runner {
	var groups [][]*runner
next:
	for _, x := range r.runners {
		for i, g := range groups {
			if !sharesEndpoint(g, x) {
				groups[i] = append(g, x)
				continue next
			}
		}
		groups = append(groups, []*runner{x})
	}
	return groups
}

func sharesEndpoint(g []*runner, x *runner) bool {
	for _, y := range g {
		if y.endpointKey() == x.endpointKey() {
			return true
		}
	}
	return false
}

// endpointKey tells endpoints apart: by workspace when there is one, else by URL.
func (x *runner) endpointKey() string {
	if x.info.Workspace != "" {
		return x.info.Context + "\x00" + x.info.Namespace + "/" + x.info.Workspace
	}
	return endpointOf(x.target.BaseURL)
}

// endpointOf writes a URL as all that lead to the same endpoint are written: every name of this
// machine is localhost, a port is always there, a slash never ends it. Names are not looked up.
func endpointOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
		if ip = ip.Unmap(); ip.IsLoopback() || ip.IsUnspecified() {
			host = "localhost"
		}
	} else if strings.HasSuffix(host, ".localhost") {
		host = "localhost"
	}
	scheme := strings.ToLower(u.Scheme)
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return host + ":" + port + strings.TrimRight(u.EscapedPath(), "/")
}

// tellShared says which targets take turns because they are one endpoint.
func (r *Run) tellShared() {
	if len(r.sideBySide()) < 2 || r.plan.Order == "sequential" || r.plan.Order == "interleaved" {
		return
	}
	for i, x := range r.runners {
		for _, y := range r.runners[:i] {
			if x.endpointKey() == y.endpointKey() {
				r.event(x, 1, "is the same endpoint as "+y.info.Name+": they take turns, never side by side")
				break
			}
		}
	}
}

// tellShort warns of the rates whose steps will be too short to tell anything: even one reply alone
// outlasts their warm-up.
func (r *Run) tellShort() {
	for _, x := range r.runners {
		var rates []string
		why := ""
		for _, s := range r.plan.Steps() {
			text := verdict.ShortOf(x.warmup().Seconds(), r.plan.StepWindow(s.Rate).Seconds(), x.probeE2E.Seconds()*1e3)
			if rate := fmt.Sprintf("%g", s.Rate); text != "" && !r.have(x, s) && !slices.Contains(rates, rate) {
				rates, why = append(rates, rate), text
			}
		}
		if why != "" {
			r.event(x, 1, "at "+strings.Join(rates, ", ")+" req/s it will be "+why)
		}
	}
}

// group makes one step on several targets side by side. A step that comes out void is repeated
// alone, after the others have ended theirs; only then does group return (the barrier).
func (r *Run) group(g []*runner, s record.StepPlan) {
	var active []*runner
	for _, x := range g {
		if !x.isDropped() && !r.have(x, s) {
			active = append(active, x)
		}
	}
	if len(active) == 0 || r.sendCtx.Err() != nil {
		return
	}
	if r.opt.Hold != nil {
		r.opt.Hold(r.sendCtx, r.Tell)
	}
	start := r.meet(active, s)
	if r.sendCtx.Err() != nil {
		return // stopped in between: there is nothing of the step
	}
	void := make([]bool, len(active))
	var wg sync.WaitGroup
	for i, x := range active {
		r.guard(&wg, func() { void[i] = x.step(s, start) })
	}
	wg.Wait()
	for i, x := range active {
		if void[i] {
			x.repeat(s)
		}
		x.stopEarly(s)
	}
}

// repeat makes a void step again, alone, until it can be used. A target that restarts twice at one
// rate does not hold it: that is the result, not a mishap.
func (x *runner) repeat(s record.StepPlan) {
	r := x.run
	worn := func() bool {
		n, why := x.restartsAt(s)
		if n >= 2 {
			x.giveUp(s, fmt.Errorf("%s restarted %d times at this rate%s", x.info.Name, n, why))
		}
		return n >= 2
	}
	for again := 1; r.sendCtx.Err() == nil && !x.isDropped(); again++ {
		if worn() {
			return
		}
		if again >= maxTries {
			x.giveUp(s, fmt.Errorf("void %d times", maxTries))
			return
		}
		if err := x.comeBack(r.sendCtx); err != nil {
			x.giveUp(s, err)
			return
		}
		if worn() { // of which the cluster may have told only now
			return
		}
		start := r.meet([]*runner{x}, s)
		if r.sendCtx.Err() != nil || !x.step(s, start) {
			return
		}
	}
}

// have says whether a resumed run already has a usable result for the step.
func (r *Run) have(x *runner, s record.StepPlan) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.strip[s.Index].Phase == "done"
}

// giveUp ends the sweep for a target whose step could not be made.
func (x *runner) giveUp(s record.StepPlan, err error) {
	if x.run.sendCtx.Err() != nil {
		return
	}
	why := fmt.Sprintf("%g req/s not measured: %v; higher rates skipped", s.Rate, err)
	x.run.event(x, 2, why)
	x.run.note(x.info.Name, why, false)
	x.setStep(s.Index, "failed", nil)
	x.drop(why)
	x.lost.Store(true)
	x.enter(StateFailed, 0, why)
}

// stopEarly applies --stop-when to the step just made.
func (x *runner) stopEarly(s record.StepPlan) {
	x.mu.Lock()
	sum := x.strip[s.Index].Summary
	x.mu.Unlock()
	if sum == nil || sum.Verdict.Void {
		return
	}
	if why := x.run.stop.Why(sum); why != "" {
		x.run.event(x, 1, fmt.Sprintf("stopped after %g req/s: %s", s.Rate, why))
		x.drop("stopped early: " + why)
	}
}

// comeBack waits for a lost target to be reachable again.
func (x *runner) comeBack(ctx context.Context) error {
	wait := x.run.opt.WaitFor
	if wait <= 0 {
		wait = defaultWait
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	x.enter(StatePaused, wait, "reconnecting; the step is repeated from its start")
	if x.target.Reconnect != nil {
		if err := x.target.Reconnect(ctx); err != nil {
			return fmt.Errorf("the target did not come back within %s: %w", wait, err)
		}
	}
	if err := x.reachable(ctx); err != nil {
		return fmt.Errorf("the target did not come back within %s: %w", wait, err)
	}
	return nil
}

// usable is an error when no step of the run can be used.
func (r *Run) usable() error {
	var why []error
	for _, x := range r.runners {
		x.mu.Lock()
		for _, s := range x.strip {
			if s.Summary != nil && !s.Summary.Verdict.Void && s.Summary.OK > 0 {
				x.mu.Unlock()
				return nil
			}
		}
		reason := x.dropped
		if reason == "" {
			reason = "no request succeeded"
			if e := x.live.lastError(); e != "" {
				reason += ": " + e
			}
		}
		x.mu.Unlock()
		why = append(why, fmt.Errorf("%s: %s", x.info.Name, reason))
	}
	if r.sendCtx.Err() != nil {
		return nil
	}
	return fmt.Errorf("no step is usable: %w", errors.Join(why...))
}
