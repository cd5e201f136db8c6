// Package selfcheck measures what this machine's own errors are when benchtop measures on it: the
// engine, with its recorder writing to disk, against a server in another process that knows when it
// wrote every event.
//
//	loads, err := selfcheck.ParseLoads("16/s,256,256+hog")
//	report, err := selfcheck.Run(ctx, loads, selfcheck.Options{Child: …, Window: 10 * time.Second})
//
// The server's replies are all alike (Reply): a first token after TTFT, then one each Gap, every
// event by a write(2) of its own. Both processes read CLOCK_MONOTONIC, so that the record that the
// engine wrote compares with the server's own times, request by request over X-Request-Id:
//
//	send lag         first byte written − scheduled arrival
//	TTFT error       receive stamp of the first token event − the server's write of it
//	ITL error        recorded gap − the gap between the server's writes (recorded in whole µs)
//	TTFT-sent error  (first token − first byte written) − (server's first write − request read)
//
// all in absolute terms, by nearest rank, over the requests and gaps of the measured window. Other
// systems than Linux have no clock that two processes share: there the ITL and TTFT-sent errors,
// which are differences, are given, and the TTFT error is not.
//
// Two cores or more on Linux: the server is kept on one and this process on another while Run
// runs, as one core's figures are those that compare. No child outlives this process: each ends when
// its standard input does.
//
// The package imports engine/*; nothing in engine imports it.
package selfcheck

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"benchtop/engine/wire"
)

// Reply is what the ground-truth server answers to every request.
type Reply struct {
	TTFT, Gap time.Duration
	Tokens    int
}

// defaultReply is that of a small model on a fast GPU; a reply takes 4.2 s.
var defaultReply = Reply{TTFT: 200 * time.Millisecond, Gap: 20 * time.Millisecond, Tokens: 200}

// length is from the request to the last token, as good as.
func (r Reply) length() time.Duration { return r.TTFT + time.Duration(r.Tokens)*r.Gap }

// Options are how the check is made.
type Options struct {
	// Child prepares a process of this program that calls Child with its standard input and output.
	Child func() *exec.Cmd
	// Window is the measured time of each row; a reply's length comes before it and after it.
	Window time.Duration
	// Reply is what is asked for; the zero value is 200 tokens 20 ms apart, the first after 200 ms.
	Reply Reply
	// Progress hears what goes on, a line at a time; nil = nobody.
	Progress func(line string)
	Version  string // benchtop's own
}

// Report is what the check came to.
type Report struct {
	Version string  `json:"benchtop_version"`
	Machine Machine `json:"machine"`
	Reply   struct {
		TTFTMS float64 `json:"ttft_ms"`
		GapMS  float64 `json:"gap_ms"`
		Tokens int     `json:"tokens"`
	} `json:"reply"`
	WindowS float64 `json:"window_s"`
	Rows    []Row   `json:"rows"`
	// TrustedUpTo names the last row of the growing load up to which all can be trusted; "" = none.
	TrustedUpTo string `json:"trusted_up_to"`
	Verdict     string `json:"verdict"`  // in a sentence
	Criteria    string `json:"criteria"` // what a trusted row kept to, in words
}

// Machine is where the check ran.
type Machine struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	CPUs      int    `json:"cpus"`
	GoVersion string `json:"go_version"`
	// The cores that server and client were kept on; nil = not kept.
	ServerCore *int `json:"server_core"`
	ClientCore *int `json:"client_core"`
}

// Row is what one load came to. Errors are in µs.
type Row struct {
	Name      string  `json:"name"`
	RateRPS   float64 `json:"rate_rps"`
	Streams   float64 `json:"streams"`     // replies under way, mean over the window
	TokPerS   float64 `json:"tok_per_s"`   // received in the window
	Requests  int     `json:"requests"`    // of the window
	Failed    int     `json:"failed"`      // not answered in full
	Gaps      int     `json:"gaps"`        // compared
	SendLag   Dist    `json:"send_lag_us"` // this and the next three: what went wrong here
	TTFTError *Dist   `json:"ttft_error_us"`
	ITLError  Dist    `json:"itl_error_us"`
	TTFTSent  Dist    `json:"ttft_sent_error_us"`
	// CoalescedPct is the share of events that were read together with one before.
	CoalescedPct float64 `json:"coalesced_pct"`
	// CPUSPerMTok is CPU seconds of this process per million tokens received; nil = unknown here.
	CPUSPerMTok *float64 `json:"cpu_s_per_million_tokens"`
	RSSAnonMB   *float64 `json:"rss_anon_mb"` // the most that was seen; nil = unknown here
	Stamps      string   `json:"stamps"`      // kernel, user, mixed
	Trusted     bool     `json:"trusted"`
	Reasons     []string `json:"reasons,omitempty"` // why not

	load   Load
	tokens int // received in the whole run
}

// Dist is a distribution in µs.
type Dist struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Run makes every row in turn. An error means that the check itself could not be made; a row that
// cannot be trusted is none.
func Run(ctx context.Context, loads []Load, opt Options) (*Report, error) {
	if len(loads) == 0 {
		return nil, errors.New("no rows to check")
	}
	if opt.Reply == (Reply{}) {
		opt.Reply = defaultReply
	}
	if opt.Progress == nil {
		opt.Progress = func(string) {}
	}
	rep := newReport(opt)
	server, client := apart()
	if server >= 0 {
		release, err := wire.Pin(client)
		if err != nil {
			return nil, err
		}
		defer release()
		rep.Machine.ServerCore, rep.Machine.ClientCore = &server, &client
		opt.Progress(fmt.Sprintf("the server is kept on core %d, the client on core %d", server, client))
	} else {
		opt.Progress("server and client share the cores: they cannot be kept apart here")
	}
	for i, l := range loads {
		opt.Progress(fmt.Sprintf("row %d of %d: %s, about %s", i+1, len(loads), l.words(opt.Reply),
			(opt.Window + 3*opt.Reply.length()).Round(time.Second)))
		row, err := measure(ctx, l, opt, server, client)
		if err != nil {
			return nil, fmt.Errorf("row %s: %w", l, err)
		}
		row.judge(opt.Reply)
		rep.Rows = append(rep.Rows, *row)
	}
	rep.conclude(opt.Reply)
	return rep, nil
}

func newReport(opt Options) *Report {
	rep := &Report{Version: opt.Version, WindowS: opt.Window.Seconds()}
	rep.Machine = Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), GoVersion: runtime.Version()}
	rep.Reply.TTFTMS = opt.Reply.TTFT.Seconds() * 1e3
	rep.Reply.GapMS = opt.Reply.Gap.Seconds() * 1e3
	rep.Reply.Tokens = opt.Reply.Tokens
	return rep
}

// apart chooses a core for each of the two; -1 if they cannot be kept apart.
func apart() (server, client int) {
	cores := wire.Cores()
	if len(cores) < 2 {
		return -1, -1
	}
	return cores[0], cores[1]
}
