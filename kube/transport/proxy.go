package transport

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"k8s.io/client-go/rest"
)

// ErrAPIKey is the error of a request that would hand its API key to the API server: that takes the
// Authorization header for its own and never passes it on.
var ErrAPIKey = errors.New("the API server's proxy cannot carry an API key: use --via port-forward")

// Proxy is an http.RoundTripper to a Service through the API server, over HTTP/2. A reply that was
// cut short ends in an error, not in a clean end (over HTTP/1.1 the API server truncates some
// streamed replies).
type Proxy struct {
	base  string
	rt    http.RoundTripper
	conns *Dialer
}

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
	return &Proxy{base: u.String(), rt: rt, conns: d}, nil
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
	return p.rt.RoundTrip(r)
}

// Close cuts the connections and every reply on them.
func (p *Proxy) Close() error { return p.conns.Close() }
