package sim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const serverName = "benchtop-sim"

// routes are vLLM's. The key is asked for under /v1 only, and Kaito's guard stands before the
// routes that use the GPU, as in the real ones.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(method, path string, h http.HandlerFunc) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != method {
				w.Header().Set("Allow", method)
				writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"detail": "Method Not Allowed"})
				return
			}
			h(w, r)
		})
	}
	handle("GET", "/health", func(http.ResponseWriter, *http.Request) {})
	handle("GET", "/ping", func(http.ResponseWriter, *http.Request) {})
	handle("GET", "/version", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"version": Version})
	})
	handle("GET", "/metrics", s.serveMetrics)
	handle("GET", "/v1/models", s.authorized(s.serveModels))
	handle("POST", "/tokenize", s.guarded(s.serveTokenize))
	handle("POST", "/v1/completions", s.authorized(s.guarded(func(w http.ResponseWriter, r *http.Request) {
		s.generate(w, r, false)
	})))
	handle("POST", "/v1/chat/completions", s.authorized(s.guarded(func(w http.ResponseWriter, r *http.Request) {
		s.generate(w, r, true)
	})))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusNotFound, map[string]string{"detail": "Not Found"})
	})
	return mux
}

func (s *Server) authorized(next http.HandlerFunc) http.HandlerFunc {
	want := sha256.Sum256([]byte("Bearer " + s.cfg.APIKey))
	return func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if s.cfg.APIKey != "" && subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "Unauthorized"})
			return
		}
		next(w, r)
	}
}

// guarded is Kaito's rate limit: 429 while more requests wait than can run.
func (s *Server) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		full := s.cfg.RateLimit && s.engine.Waiting() > s.cfg.MaxNumSeqs
		if full {
			s.stats.rejected++
		}
		s.mu.Unlock()
		if full {
			writeJSON(w, http.StatusTooManyRequests, errorBody{errorDetail{
				Message: "Too many requests are waiting. Please retry later.", Type: "rate_limit_error", Code: "rate_limit_exceeded"}})
			return
		}
		next(w, r)
	}
}

func (s *Server) serveModels(w http.ResponseWriter, _ *http.Request) {
	type model struct {
		ID          string  `json:"id"`
		Object      string  `json:"object"`
		Created     int64   `json:"created"`
		OwnedBy     string  `json:"owned_by"`
		Root        string  `json:"root"`
		Parent      *string `json:"parent"`
		MaxModelLen int     `json:"max_model_len"`
		Permission  []any   `json:"permission"`
	}
	writeJSON(w, http.StatusOK, struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{"list", []model{{
		ID: s.cfg.Model, Object: "model", Created: time.Now().Unix(), OwnedBy: "vllm",
		Root: s.cfg.Profile.Root, MaxModelLen: s.maxLen, Permission: []any{},
	}}})
}

func (s *Server) serveTokenize(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Model    *string       `json:"model"`
		Prompt   *string       `json:"prompt"`
		Messages []chatMessage `json:"messages"`
	}
	err := readJSON(w, r, &body)
	if err == nil {
		err = s.checkModel(body.Model)
	}
	ids := []int{}
	add := func(id int) { ids = append(ids, id) }
	switch {
	case err != nil:
	case body.Prompt != nil:
		tokenize(*body.Prompt, add)
	default:
		err = eachMessage(body.Messages, add)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Count       int      `json:"count"`
		MaxModelLen int      `json:"max_model_len"`
		Tokens      []int    `json:"tokens"`
		TokenStrs   []string `json:"token_strs"`
	}{len(ids), s.maxLen, ids, nil})
}

// errorBody is an error in vLLM's form; Code is the HTTP status but for Kaito's guard.
type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    any     `json:"code"`
}

func (e *apiError) body() errorBody {
	d := errorDetail{Message: e.message, Type: e.kind, Code: e.status}
	if e.param != "" {
		d.Param = &e.param
	}
	return errorBody{d}
}

func writeError(w http.ResponseWriter, e *apiError) { writeJSON(w, e.status, e.body()) }

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, fmt.Sprintf("encode reply: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
