// Package sim is a server that behaves like vLLM under load, without a GPU: it answers the same routes
// with the same bytes, and its latencies come from a model of continuous batching rather than from a
// sleep, so that it queues, saturates and recovers as the real one does.
//
// The model (Engine) advances in steps. A step has a batch: the running sequences, one token each, and
// newly admitted prompts up to a token budget (2,048, chunked prefill). All sequences of a batch get
// their token at the end of the step, and the step takes
//
//	step ms = base + seq · (running + admitted) + prefill · (prompt tokens in the step)
//
// At most MaxNumSeqs (256) sequences run; the others wait. The KV cache is counted in blocks of 16
// tokens, and a sequence that finds no block evicts the one admitted last. There is no prefix cache.
//
// The two profiles were fitted to the GuideLLM runs that the Kaito project publishes for
// phi-4-mini-instruct, 200 prompt and 200 output tokens. The constant part of the published TTFT (a third
// of a second, the same at every rate) cannot come from the GPU: it is kept apart as Profile.Path, a
// delay of every request before it reaches the server, which Config.Path switches on. TestFit shows
// simulated beside published.
//
// The same Engine runs in virtual time (Simulate) and behind HTTP (Server). The server keeps to the
// absolute plan: a step that is handed out late does not move the next one. Each SSE event is one
// HTTP chunk, and each token event a write of its own.
//
//	srv, err := sim.New(sim.Config{Profile: profile, Path: true})
//	defer srv.Close()
//	err = srv.Serve(ctx, listener)
//
// It imports the standard library only.
package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Version is what /version reports: the vLLM release whose wire format is spoken, and what this is.
const Version = "0.25.1+sim"

// keepAlive is how long an idle connection is kept after a reply, uvicorn's default.
const keepAlive = 5 * time.Second

// Config is what a Server serves and how. The zero value of a field is the default named beside it.
type Config struct {
	Profile     Profile
	Model       string // served model name; the profile's
	MaxNumSeqs  int    // 256
	TokenBudget int    // 2,048 tokens a step
	KVBlocks    int    // the profile's; fewer also shorten the context
	RateLimit   bool   // Kaito's guard: 429 while more than MaxNumSeqs requests wait
	APIKey      string // if set, routes under /v1 ask for it as a bearer token
	Path        bool   // delay every request by the profile's Path
	Faults      []Fault
	Seed        uint64 // of generated text, ids, ends of sentence and random faults

	// Now is a monotonic clock in ns; nil is the time since New.
	Now func() int64
	// Observer, if not nil, is told the time (by Now) just before the write of each token event of a
	// stream, counted from 0, and as event -1 when a generation request has been read. id is the
	// reply's id without its prefix, which is the X-Request-Id if there was one. It is called
	// concurrently and must not block.
	Observer func(id string, event int, atNS int64)
}

// Server is a simulated vLLM. It is safe for concurrent use.
type Server struct {
	cfg    Config
	maxLen int // tokens of prompt and output together
	now    func() int64
	mux    *http.ServeMux
	http   *http.Server // serves listeners, and connections handed back after a stream

	mu      sync.Mutex // guards all below
	engine  *Engine
	stats   *stats
	faults  []Fault
	faulted uint64 // generation requests since the faults were set
	serial  uint64 // generation requests since New
	conns   map[net.Conn]struct{}
	closing bool

	wake     chan struct{} // a sequence was added; capacity 1
	closed   chan struct{}
	loopDone chan struct{}
	handlers sync.WaitGroup
}

// New starts a server's engine. Close ends it.
func New(cfg Config) (*Server, error) {
	orDefault(&cfg.MaxNumSeqs, 256)
	orDefault(&cfg.TokenBudget, 2048)
	orDefault(&cfg.KVBlocks, cfg.Profile.KVBlocks)
	if cfg.Model == "" {
		cfg.Model = cfg.Profile.Model
	}
	e, err := NewEngine(cfg.Profile.Step, Limits{MaxNumSeqs: cfg.MaxNumSeqs, TokenBudget: cfg.TokenBudget, KVBlocks: cfg.KVBlocks})
	if err == nil && (cfg.Model == "" || cfg.Profile.MaxModelLen < 2) {
		err = errors.New("the profile needs a model name and a context of at least 2 tokens")
	}
	if err == nil {
		err = validateFaults(cfg.Faults)
	}
	if err != nil {
		return nil, fmt.Errorf("simulated server: %w", err)
	}
	if cfg.Now == nil {
		base := time.Now()
		cfg.Now = func() int64 { return int64(time.Since(base)) }
	}
	s := &Server{
		cfg: cfg, now: cfg.Now, engine: e, stats: newStats(), faults: cfg.Faults,
		maxLen:   min(cfg.Profile.MaxModelLen, cfg.KVBlocks*BlockSize),
		conns:    map[net.Conn]struct{}{},
		wake:     make(chan struct{}, 1),
		closed:   make(chan struct{}),
		loopDone: make(chan struct{}),
	}
	s.mux = s.routes()
	s.http = &http.Server{
		Handler: s.Handler(), IdleTimeout: keepAlive, ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0), // the process may be drawing on the terminal
	}
	go s.loop()
	return s, nil
}

func orDefault(v *int, d int) {
	if *v == 0 {
		*v = d
	}
}

// Handler serves the routes on any HTTP/1.1 server. After a stream the connection goes on under this
// Server, also when it began under another.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			http.Error(w, "the simulated server is closed", http.StatusServiceUnavailable)
			return
		}
		defer s.handlers.Done()
		w.Header().Set("Server", serverName)
		if s.cfg.Path && !s.pause(r.Context(), s.cfg.Profile.Path) {
			return
		}
		s.mux.ServeHTTP(w, r)
	})
}

// Serve answers on l until ctx ends (which is no error) or l fails. It closes l. In-flight requests of
// a cancelled server are cut.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() })
	defer stop()
	err := s.http.Serve(l)
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		s.Close()
		return nil
	}
	return fmt.Errorf("simulated server on %s: %w", l.Addr(), err)
}

// Close cuts all connections and waits for every goroutine of the server. It may be called again.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		close(s.closed)
	}
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	_ = s.http.Close()
	<-s.loopDone
	s.handlers.Wait()
}

// enter registers a handler; false means that the server is closing.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.handlers.Add(1)
	return true
}

// pause waits for d; false means that the client left or the server closes.
func (s *Server) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-s.closed:
	}
	return false
}
