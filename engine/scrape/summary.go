package scrape

import "benchtop/engine/record"

// Summary is the server's view of the time between the first and the last of views, which are in order
// of time: counters are differences between the two, gauges the largest value after the first. Fewer
// than two views give only gauges. A counter that goes back anywhere (the server was restarted) is
// unknown, and so is a mean without a single observation.
func Summary(views []View) record.ServerView {
	var out record.ServerView
	if len(views) == 0 {
		return out
	}
	first, last := views[0], views[len(views)-1]
	out.Engines = last.Engines
	inside := views[min(1, len(views)-1):]
	out.KVMaxPct = largest(inside, func(v *View) *float64 { return v.KVPct })
	out.RunningMax = largest(inside, func(v *View) *float64 { return v.Running })
	out.WaitingMax = largest(inside, func(v *View) *float64 { return v.Waiting })
	if len(views) < 2 || restarted(views) {
		return out
	}
	out.Preemptions = growth(first.Preemptions, last.Preemptions)
	out.RateLimited = growth(first.RateLimited, last.RateLimited)
	out.TTFTMeanMS = mean(first.TTFT, last.TTFT)
	out.ITLMeanMS = mean(first.ITL, last.ITL)
	out.QueueMeanMS = mean(first.Queue, last.Queue)
	out.PrefixHitPct = ratio(growth(first.PrefixHits, last.PrefixHits), growth(first.PrefixQueries, last.PrefixQueries), 100)
	out.ExternalHitPct = ratio(growth(first.ExternalHits, last.ExternalHits), growth(first.ExternalQueries, last.ExternalQueries), 100)
	return out
}

// restarted says whether any counter goes back between two views. One is enough to distrust all of
// them: after a restart some may have passed their old value again.
func restarted(views []View) bool {
	for _, s := range known {
		if s.gauge {
			continue
		}
		var before *float64
		for i := range views {
			now := *s.to(&views[i])
			if before != nil && now != nil && *now < *before {
				return true
			}
			if now != nil {
				before = now
			}
		}
	}
	return false
}

func largest(views []View, of func(*View) *float64) *float64 {
	var out *float64
	for i := range views {
		if x := of(&views[i]); x != nil && (out == nil || *x > *out) {
			out = x
		}
	}
	if out == nil {
		return nil
	}
	x := *out // the view's own value stays its own
	return &x
}

func growth(from, to *float64) *float64 {
	if from == nil || to == nil {
		return nil
	}
	d := *to - *from
	return &d
}

func mean(from, to Total) *float64 {
	return ratio(growth(from.Sum, to.Sum), growth(from.Count, to.Count), 1e3)
}

// ratio is scale · a / b; nil if either is unknown or b is 0.
func ratio(a, b *float64, scale float64) *float64 {
	if a == nil || b == nil || *b == 0 {
		return nil
	}
	q := scale * *a / *b
	return &q
}
