package transport

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
)

// ErrAPIKey is the error of a request that would hand its API key to the API server: that takes the
// Authorization header for its own and never passes it on.
var ErrAPIKey = errors.New("the API server's proxy cannot carry an API key: use --via port-forward")

// Proxy is an http.RoundTripper to a Service through the API server, over HTTP/2. A reply that was
// cut short ends in an error, not in a clean end (over HTTP/1.1 the API server truncates some
// streamed replies).
type Proxy struct {
	base   string
	rt     http.RoundTripper
	conns  *Dialer
	logsIn bool // by a plug-in, which client-go runs under the request that finds the token too old
	held   atomic.Int64
}

// heldFor is the wait for a token above which a request counts as held up by a log-in.
const heldFor = 250 * time.Millisecond

// NewProxy prepares a Proxy to port of a Service. It has its own connections: the load does not
// share one with the watches.
func NewProxy(cfg *rest.Config, namespace, service string, port int) (*Proxy, error) {
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("server address: %w", err)
	}
	own := rest.CopyConfig(cfg)
	own.Timeout = 0 // a streamed reply has no time limit
	own.WarningHandlerWithContext = rest.NoWarnings{}
	d := &Dialer{}
	own.Dial = d.DialContext
	rt, err := rest.TransportFor(own)
	if err != nil {
		return nil, err
	}
	segment := url.PathEscape(service + ":" + strconv.Itoa(port))
	u := base.JoinPath("api", "v1", "namespaces", url.PathEscape(namespace), "services", segment, "proxy")
	return &Proxy{base: u.String(), rt: rt, conns: d, logsIn: cfg.ExecProvider != nil}, nil
}

// BaseURL is what stands before the server's own paths.
func (p *Proxy) BaseURL() string { return p.base }

// RoundTrip sends a request whose URL begins with BaseURL.
func (p *Proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "" {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, ErrAPIKey
	}
	if p.logsIn {
		began := time.Now()
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GetConn: func(string) {
			if time.Since(began) > heldFor {
				p.held.Add(1)
			}
		}}))
	}
	return p.rt.RoundTrip(r)
}

// Held is how many requests a log-in has held up: their times are not the target's.
func (p *Proxy) Held() int { return int(p.held.Load()) }

// Close cuts the connections and every reply on them.
func (p *Proxy) Close() error { return p.conns.Close() }
