package engine

import (
	"errors"
	"fmt"
	"net/url"

	"benchtop/engine/verdict"
)

// MaxTargets is how many targets fit side by side on a screen and in a reader's head.
const MaxTargets = 4

// validate reports everything that is wrong with what was asked, at once.
func validate(plan Plan, targets []Target) error {
	errs := []error{plan.Validate()}
	if len(targets) == 0 {
		errs = append(errs, errors.New("no target: name a workspace or a URL, or use --demo"))
	}
	if len(targets) > MaxTargets {
		errs = append(errs, fmt.Errorf("%d targets: at most %d fit side by side; use several runs and compare them", len(targets), MaxTargets))
	}
	seen := map[string]bool{}
	for _, t := range targets {
		name := t.Info.Name
		switch {
		case name == "":
			errs = append(errs, errors.New("a target has no name"))
		case seen[name]:
			errs = append(errs, fmt.Errorf("two targets are named %q: name them apart with NAME=TARGET", name))
		}
		seen[name] = true
		if u, err := url.Parse(t.BaseURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			errs = append(errs, fmt.Errorf("target %q: %q is not an http or https URL", name, t.BaseURL))
		}
		if t.Dial != nil && t.RoundTripper != nil {
			errs = append(errs, fmt.Errorf("target %q has two ways at once", name))
		}
	}
	return errors.Join(errs...)
}

// parseRules reads the plan's SLOs and stop rules.
func parseRules(plan Plan) ([]verdict.SLO, verdict.Stop, error) {
	var errs []error
	slos, err := verdict.ParseSLOs(plan.SLO)
	errs = append(errs, err)
	stop, err := verdict.ParseStop(plan.StopWhen...)
	errs = append(errs, err)
	return slos, stop, errors.Join(errs...)
}
