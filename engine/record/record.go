// Package record is the run directory: what a sweep asked for, what every request did, and what
// each step came to.
//
// A run directory holds run.json (plan, provenance, step summaries; replaced atomically),
// requests.jsonl (one line per finished request, appended, flushed every 0.5 s) and steps.csv (one
// row per target, rate and try). A reader needs nothing else: no cluster, no server, no plan file.
//
// Invariants: a finished request is on disk within a second; every file is readable after kill -9
// (a torn last line is skipped); a value that is unknown is absent, never zero; nothing from
// outside is stored with control characters in it; secrets are never stored.
//
// Times are nanoseconds on the run's monotonic clock, counted from the run's base (Run.StartedAt);
// gaps are rounded to microseconds once, when recorded, and every percentile uses that value.
//
// Writing is safe for thousands of goroutines at once and never waits for the disk:
//
//	w, err := record.Create(dir, run)   // the writer owns run from here on
//	w.BeginStep(open)                   // a step starts: known after a kill
//	w.Request(&r)                       // any goroutine, as each request ends
//	w.EndStep(step)                     // flush, fsync, steps.csv row, run.json
//	w.Update(func(run *record.Run) {…}) // anything else in run.json
//	w.Err()                             // sticky: disk full, disk too slow
//	w.Close()
//
// Reading streams and bounds what it takes from a file that may come from anyone:
//
//	run, err := record.Load(dir)
//	for r, err := range record.Requests(dir) {…} // r is reused
//
// It may import the standard library, benchtop/escape, x/sys (the lock that tells a living writer from
// a killed one) and sigs.k8s.io/yaml (plan files).
package record

import "time"

// SchemaVersion is the version of run.json and requests.jsonl that this package writes. Older
// versions are read.
const SchemaVersion = 1

// Run is run.json.
type Run struct {
	Schema    int       `json:"schema"`
	ID        string    `json:"id"`
	Name      string    `json:"name,omitempty"`
	Version   string    `json:"benchtop_version"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	// State is one of the State constants; a run found as StateRunning without a living writer was
	// killed.
	State string `json:"state"`
	// Reason says in words why a run is not complete.
	Reason    string            `json:"reason,omitempty"`
	Simulated bool              `json:"simulated,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	Plan      Plan              `json:"plan"`
	Targets   []Target          `json:"targets"`
	Steps     []Step            `json:"steps"`
	// Open are the steps under way; of a run that was killed, the ones that were cut.
	Open   []OpenStep `json:"open,omitempty"`
	Notes  []Note     `json:"notes,omitempty"`
	Client Client     `json:"client"`
	// Imported names the tool a run was imported from; empty for our own.
	Imported string `json:"imported,omitempty"`
}

// The states of a run.
const (
	StateRunning     = "running"
	StateComplete    = "complete"
	StateInterrupted = "interrupted"
	StateFailed      = "failed"
)

// Client is the machine that made the load.
type Client struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	CPUs      int    `json:"cpus"`
	GoVersion string `json:"go_version"`
	Hostname  string `json:"hostname,omitempty"`
}

// Note is a remark made at a time: by the user (key a), or by the run itself (pod restarted,
// tunnel cut, clock step).
type Note struct {
	AtNS   int64  `json:"at_ns"`
	Target string `json:"target,omitempty"`
	Text   string `json:"text"`
	User   bool   `json:"user,omitempty"`
}

// Plan is what a sweep was asked to do. It is the content of a plan file (sigs.k8s.io/yaml reads it
// through these tags) and of run.json, and it is complete: with it, the seed and the targets a run
// can be made again.
type Plan struct {
	Rates    []float64 `json:"rates"`              // req/s, each > 0 and <= 10,000
	Duration Duration  `json:"duration,omitempty"` // measured window of a step; 0 = 60 s and at least 100 requests
	Requests int       `json:"requests,omitempty"` // requests in the window; 0 = from Duration
	Warmup   Warmup    `json:"warmup"`
	Drain    Duration  `json:"drain"`
	Workload Workload  `json:"workload"`
	Arrivals string    `json:"arrivals"` // poisson, poisson-free, constant
	Seed     uint64    `json:"seed"`
	Endpoint string    `json:"endpoint"` // auto, completions, chat
	Model    string    `json:"model,omitempty"`
	Order    string    `json:"order"` // parallel, sequential, interleaved
	Repeat   int       `json:"repeat"`
	Via      string    `json:"via,omitempty"`
	SLO      []string  `json:"slo,omitempty"`  // each "ttft.p95<500ms,itl.p95<50ms"
	Gate     []string  `json:"gate,omitempty"` // each "capacity>=8"
	StopWhen []string  `json:"stop_when,omitempty"`
	// Refine bisects the bracket between the last rate that holds the first SLO and the first that
	// does not, with steps of their own after the others, until it is at most 10 % wide.
	Refine  bool     `json:"refine,omitempty"`
	Targets []string `json:"targets,omitempty"` // as on the command line
	// Schedules maps ScheduleKey(repeat, step) to the hash of the window's arrivals.
	Schedules map[string]string `json:"schedules,omitempty"`
}

// Workload is what one request asks for. Kind "fixed" is the only one so far.
type Workload struct {
	Kind         string `json:"kind"`
	PromptTokens int    `json:"prompt_tokens"`
	OutputTokens int    `json:"output_tokens"`
}

// Target is one endpoint under load and all that was known of it (its provenance).
type Target struct {
	Name         string   `json:"name"`
	URL          string   `json:"url,omitempty"`
	Context      string   `json:"context,omitempty"`
	Namespace    string   `json:"namespace,omitempty"`
	Workspace    string   `json:"workspace,omitempty"`
	Model        string   `json:"model,omitempty"`
	InstanceType string   `json:"instance_type,omitempty"`
	GPU          string   `json:"gpu,omitempty"`       // short name, "A100"
	GPUCount     int      `json:"gpu_count,omitempty"` // per node
	GPUMemoryGiB float64  `json:"gpu_memory_gib,omitempty"`
	Nodes        int      `json:"nodes,omitempty"`
	NodeNames    []string `json:"node_names,omitempty"`
	Region       string   `json:"region,omitempty"`
	Spot         *bool    `json:"spot,omitempty"`
	// USDPerHour is nodes × VM price; nil = unknown.
	USDPerHour  *float64 `json:"usd_per_hour,omitempty"`
	PriceSource string   `json:"price_source,omitempty"`
	PriceDate   string   `json:"price_date,omitempty"`
	Via         string   `json:"via,omitempty"` // port-forward, proxy, direct, simulated
	ViaReason   string   `json:"via_reason,omitempty"`
	Endpoint    string   `json:"endpoint,omitempty"` // completions or chat, as used
	// UsageMode says how tokens are counted: usage (the server's running count) or events.
	UsageMode           string            `json:"usage_mode,omitempty"`
	PromptMode          string            `json:"prompt_mode,omitempty"` // token-ids, text
	Engine              string            `json:"engine,omitempty"`      // vllm
	EngineVersion       string            `json:"engine_version,omitempty"`
	ImageDigest         string            `json:"image_digest,omitempty"`
	MaxModelLen         int               `json:"max_model_len,omitempty"`
	Flags               map[string]string `json:"flags,omitempty"` // allow-listed
	Parallelism         string            `json:"parallelism,omitempty"`
	Driver              string            `json:"driver,omitempty"`
	Autoscaler          string            `json:"autoscaler,omitempty"`
	PeakTokensPerMinute *float64          `json:"peak_tokens_per_minute,omitempty"`
	Simulated           bool              `json:"simulated,omitempty"`
	BaseLatencyMS       *float64          `json:"base_latency_ms,omitempty"` // RTT p50 before the first step
}

// The statuses of a request.
const (
	StatusOK         = "ok"
	StatusRejected   = "rejected"   // 429
	StatusFailed     = "failed"     // any other error; Class says which
	StatusIncomplete = "incomplete" // cut by drain, stop or kill
)

// ClassKilled is the class of a request that was scheduled, and that a killed process left no line of.
const ClassKilled = "killed"

// Request is one line of requests.jsonl. Times are ns since the run's base; 0 = did not happen.
type Request struct {
	ID     string `json:"id"` // <run>-<target>-<step>.<try>-<k>, also sent as X-Request-Id
	Target string `json:"target"`
	Step   int    `json:"step"` // index over (repeat, rate), from 0
	Try    int    `json:"try"`  // from 1
	K      int    `json:"k"`    // index in the step's schedule, warm-up included
	Warmup bool   `json:"warmup,omitempty"`

	SchedNS      int64 `json:"sched_ns"`
	StartNS      int64 `json:"start_ns,omitempty"`       // the request's goroutine ran
	SentNS       int64 `json:"sent_ns,omitempty"`        // first byte written
	HeadNS       int64 `json:"head_ns,omitempty"`        // status line received
	FirstTokenNS int64 `json:"first_token_ns,omitempty"` // first token event
	LastTokenNS  int64 `json:"last_token_ns,omitempty"`
	DoneNS       int64 `json:"done_ns,omitempty"` // last byte, or the moment it failed or was cut

	NewConn   bool  `json:"new_conn,omitempty"`   // connected on the request's own time
	Redialled bool  `json:"redialled,omitempty"`  // reused connection was closed before our first byte
	ConnectNS int64 `json:"connect_ns,omitempty"` // time to connect, whether ahead or not

	PromptTokens int      `json:"prompt_tokens,omitempty"` // the server's count
	OutputTokens int      `json:"output_tokens,omitempty"` // the server's count, else events
	Events       int      `json:"events,omitempty"`        // token events
	Coalesced    int      `json:"coalesced,omitempty"`     // token events that shared a read with an earlier one because this client read late
	Bunched      int      `json:"bunched,omitempty"`       // those that shared one although it did not: written or merged together on the way
	GapsUS       []uint32 `json:"gaps_us,omitempty"`       // gaps between consecutive token events
	// InWindowTokens is how many output tokens arrived inside the measured window.
	InWindowTokens int  `json:"in_window_tokens,omitempty"`
	KernelStamps   bool `json:"kernel_stamps,omitempty"`

	Status     string `json:"status"`
	HTTPStatus int    `json:"http_status,omitempty"`
	Class      string `json:"class,omitempty"`  // error class, see engine/openai
	Error      string `json:"error,omitempty"`  // sample, cleaned and bounded
	Finish     string `json:"finish,omitempty"` // finish_reason
}

// Dist is a summary of one latency in ms, by nearest rank over exact values. A nil field is
// unknown, or censored: then it stands in Step.LowerBounds.
type Dist struct {
	N    int      `json:"n"`
	Mean *float64 `json:"mean,omitempty"`
	P50  *float64 `json:"p50,omitempty"`
	P90  *float64 `json:"p90,omitempty"`
	P95  *float64 `json:"p95,omitempty"`
	P99  *float64 `json:"p99,omitempty"`
	Max  *float64 `json:"max,omitempty"`
	// CI95 maps "p50".."p99" to a 95 % interval [lo, hi]; absent = n too small or not honest.
	CI95 map[string][2]float64 `json:"ci95,omitempty"`
	// CI99 is the same at 99 %, for comparisons: percentiles whose 99 % intervals do not overlap
	// differ.
	CI99 map[string][2]float64 `json:"ci99,omitempty"`
	// CINote says why there is no interval, or by which method it was made.
	CINote string `json:"ci_note,omitempty"`
}

// Step is the summary of one target at one rate in one try.
type Step struct {
	Target    string    `json:"target"`
	Index     int       `json:"index"` // over (repeat, rate), from 0: repeat*len(rates)+rateIndex
	Rate      float64   `json:"rate"`  // nominal, req/s
	Repeat    int       `json:"repeat"`
	Try       int       `json:"try"`
	StartedAt time.Time `json:"started_at"` // of the warm-up
	// WindowStartNS..WindowEndNS is the measured window on the run's clock.
	StartNS       int64   `json:"start_ns"`
	WindowStartNS int64   `json:"window_start_ns"`
	WindowEndNS   int64   `json:"window_end_ns"`
	EndNS         int64   `json:"end_ns"`
	WarmupS       float64 `json:"warmup_s"`
	WindowS       float64 `json:"window_s"`
	DrainS        float64 `json:"drain_s"`
	// Partial: the window was cut short (stop, skip, kill); WindowS is what was measured.
	Partial bool `json:"partial,omitempty"`

	OfferedRPS        float64           `json:"offered_rps"`   // scheduled and sent in the window / window
	CompletedRPS      float64           `json:"completed_rps"` // finished ok inside the window / window
	Sent              int               `json:"sent"`          // scheduled in the window and sent
	OK                int               `json:"ok"`
	Rejected          int               `json:"rejected"`
	Failed            int               `json:"failed"`
	Incomplete        int               `json:"incomplete"`
	CompletedInWindow int               `json:"completed_in_window"`
	Errors            map[string]int    `json:"errors,omitempty"`        // by class
	ErrorSamples      map[string]string `json:"error_samples,omitempty"` // one per class

	TTFT     Dist `json:"ttft"`
	ITL      Dist `json:"itl"`
	TPOT     Dist `json:"tpot"`
	E2E      Dist `json:"e2e"`
	TTFTSent Dist `json:"ttft_sent"`
	SendLag  Dist `json:"send_lag"`
	Censored int  `json:"censored"` // requests with a censored value
	// LowerBounds maps "ttft_p99_ms" to its lower bound in ms.
	LowerBounds    map[string]float64 `json:"lower_bounds,omitempty"`
	TokensPerEvent *float64           `json:"tokens_per_event,omitempty"`

	PromptTokensPerS *float64 `json:"prompt_tokens_per_s,omitempty"`
	OutputTokensPerS *float64 `json:"output_tokens_per_s,omitempty"`
	TotalTokensPerS  *float64 `json:"total_tokens_per_s,omitempty"`
	MaxInFlight      int      `json:"max_in_flight"`
	MeanInFlight     float64  `json:"mean_in_flight"`
	InFlightSlope    float64  `json:"in_flight_slope"`   // per s
	InFlightSlopeT   float64  `json:"in_flight_slope_t"` // t value
	LittleResidual   *float64 `json:"little_residual,omitempty"`
	GoodputRPS       *float64 `json:"goodput_rps,omitempty"` // nil without --slo
	GoodShare        *float64 `json:"good_share,omitempty"`
	SLOMet           *bool    `json:"slo_met,omitempty"`
	// SLOs is how the step did against each --slo, in their order; the three fields above are for
	// all of them together.
	SLOs            []SLOResult `json:"slos,omitempty"`
	NewConnections  int         `json:"new_connections"`
	Redials         int         `json:"redials"`
	CoalescedShare  float64     `json:"coalesced_share"` // of events
	Stamps          string      `json:"stamps"`          // kernel, user, mixed
	PromptTokensMin int         `json:"prompt_tokens_min,omitempty"`
	PromptTokensMax int         `json:"prompt_tokens_max,omitempty"`
	OutputTokensMin int         `json:"output_tokens_min,omitempty"`
	OutputTokensMax int         `json:"output_tokens_max,omitempty"`

	Path    Path       `json:"path"`
	Server  ServerView `json:"server"`
	Verdict Verdict    `json:"verdict"`
}

// OpenStep is a step that has begun and not ended: what a reader needs to make sense of its requests
// after a kill.
type OpenStep struct {
	Target        string    `json:"target"`
	Index         int       `json:"index"`
	Rate          float64   `json:"rate"`
	Repeat        int       `json:"repeat"`
	Try           int       `json:"try"`
	StartedAt     time.Time `json:"started_at"`
	StartNS       int64     `json:"start_ns"`
	WindowStartNS int64     `json:"window_start_ns"`
	WindowEndNS   int64     `json:"window_end_ns"` // as planned
	// Scheduled is how many requests were to be sent in the window, Warmup before it.
	Scheduled int `json:"scheduled"`
	Warmup    int `json:"warmup"`
}

// SLOResult is how a step did against one objective.
type SLOResult struct {
	SLO        string  `json:"slo"`
	GoodputRPS float64 `json:"goodput_rps"`   // good requests / window
	GoodShare  float64 `json:"good_share"`    // good / sent
	Met        *bool   `json:"met,omitempty"` // nil = unknown
	Why        string  `json:"why,omitempty"` // the limits not met or unknown, in words
}

// Path is the round trip of a small GET on the target's way, beside the load.
type Path struct {
	RTTP50MS *float64 `json:"rtt_p50_ms,omitempty"`
	RTTP99MS *float64 `json:"rtt_p99_ms,omitempty"`
	RTTMinMS *float64 `json:"rtt_min_ms,omitempty"`
	N        int      `json:"n"`
}

// ServerView is what the server said of itself during the window. nil = not available.
type ServerView struct {
	TTFTMeanMS     *float64 `json:"ttft_mean_ms,omitempty"`
	ITLMeanMS      *float64 `json:"itl_mean_ms,omitempty"`
	QueueMeanMS    *float64 `json:"queue_mean_ms,omitempty"`
	KVMaxPct       *float64 `json:"kv_max_pct,omitempty"`
	RunningMax     *float64 `json:"running_max,omitempty"`
	WaitingMax     *float64 `json:"waiting_max,omitempty"`
	Preemptions    *float64 `json:"preemptions,omitempty"`
	PrefixHitPct   *float64 `json:"prefix_hit_pct,omitempty"`
	ExternalHitPct *float64 `json:"external_prefix_hit_pct,omitempty"`
	RateLimited    *float64 `json:"rate_limited,omitempty"`
	Engines        int      `json:"engines,omitempty"`
}

// Verdict says whether a step can be trusted and whether the target held the rate.
type Verdict struct {
	Valid     bool     `json:"valid"`
	Saturated bool     `json:"saturated"`
	Void      bool     `json:"void,omitempty"`    // repeated; not to be used
	Reasons   []string `json:"reasons,omitempty"` // why invalid or void, in words
	Notes     []string `json:"notes,omitempty"`   // what to know besides
	KSP       *float64 `json:"ks_p,omitempty"`    // arrivals as sent against Poisson: information
}
