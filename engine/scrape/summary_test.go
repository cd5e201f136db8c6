package scrape_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/record"
	"benchtop/engine/scrape"
)

func TestSummary(t *testing.T) {
	first := scrape.View{
		Engines: 1, Running: f(90), Waiting: f(80), KVPct: f(70), // from before: not part of the step
		PrefixQueries: f(1000), PrefixHits: f(500), ExternalQueries: f(0), ExternalHits: f(0), Preemptions: f(2), RateLimited: f(5),
		TTFT: scrape.Total{Sum: f(100), Count: f(50)}, ITL: scrape.Total{Sum: f(10), Count: f(500)}, Queue: scrape.Total{Sum: f(1), Count: f(50)},
	}
	middle := first
	middle.Running, middle.Waiting, middle.KVPct = f(12), f(3), f(40)
	last := scrape.View{
		Engines: 1, Running: f(4), Waiting: f(0), KVPct: f(20),
		PrefixQueries: f(3000), PrefixHits: f(520), ExternalQueries: f(0), ExternalHits: f(0), Preemptions: f(2), RateLimited: f(9),
		TTFT: scrape.Total{Sum: f(103), Count: f(60)}, ITL: scrape.Total{Sum: f(30), Count: f(1500)}, Queue: scrape.Total{Sum: f(1.5), Count: f(60)},
	}
	whole := record.ServerView{
		TTFTMeanMS: f(300), ITLMeanMS: f(20), QueueMeanMS: f(50), KVMaxPct: f(40), RunningMax: f(12), WaitingMax: f(3),
		Preemptions: f(0), PrefixHitPct: f(1), RateLimited: f(4), Engines: 1,
	}
	gauges := record.ServerView{KVMaxPct: f(40), RunningMax: f(12), WaitingMax: f(3), Engines: 1}
	change := func(v scrape.View, with func(*scrape.View)) scrape.View {
		with(&v)
		return v
	}
	for _, c := range []struct {
		name  string
		views []scrape.View
		want  record.ServerView
	}{
		{"no reading", nil, record.ServerView{}},
		{"one reading has gauges only", []scrape.View{middle}, gauges},
		{"a whole step", []scrape.View{first, middle, last}, whole},
		{"nothing happened: no means", []scrape.View{middle, middle}, func() record.ServerView {
			v := gauges
			v.Preemptions, v.RateLimited = f(0), f(0)
			return v
		}()},
		{"a server that exports nothing", []scrape.View{{}, {}}, record.ServerView{}},
		{"a metric that came later has no difference", []scrape.View{change(first, func(v *scrape.View) { v.Preemptions, v.TTFT = nil, scrape.Total{} }), middle, last},
			func() record.ServerView { v := whole; v.Preemptions, v.TTFTMeanMS = nil, nil; return v }()},
		{"a restart in the middle makes counters unknown", []scrape.View{first,
			change(middle, func(v *scrape.View) { v.PrefixQueries = f(0) }), last}, gauges},
		{"a restart that only the last reading shows", []scrape.View{first, middle, change(last, func(v *scrape.View) { v.RateLimited = f(4) })}, gauges},
		{"a restart around a reading without the metric", []scrape.View{first, change(middle, func(v *scrape.View) { v.RateLimited = nil }),
			change(last, func(v *scrape.View) { v.RateLimited = f(4) })}, gauges},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, scrape.Summary(c.views)); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSummaryDoesNotShareValues(t *testing.T) {
	v := []scrape.View{{Running: f(1)}, {Running: f(2)}}
	*scrape.Summary(v).RunningMax = 99
	if *v[1].Running != 2 {
		t.Error("the summary changed a reading")
	}
}

func ExampleSummary() {
	count := func(n float64) *float64 { return &n }
	before := scrape.View{TTFT: scrape.Total{Sum: count(10), Count: count(40)}}
	after := scrape.View{TTFT: scrape.Total{Sum: count(16), Count: count(60)}}
	s := scrape.Summary([]scrape.View{before, after})
	fmt.Printf("mean TTFT %.0f ms over 20 requests; waiting known: %v\n", *s.TTFTMeanMS, s.WaitingMax != nil)
	// Output: mean TTFT 300 ms over 20 requests; waiting known: false
}
