package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// endpoint is a checked Config.BaseURL and what follows from it.
type endpoint struct {
	scheme string
	addr   string // host:port, to dial and to name in errors
	host   string // of the Host header
	prefix string // path prefix, escaped, without a slash at its end
	fixed  []byte // header lines that every request has
	tls    *tls.Config
}

func parseEndpoint(cfg Config) (endpoint, error) {
	u, err := url.Parse(cfg.BaseURL)
	if err != nil { // the cause repeats the URL, which may hold a password
		return endpoint{}, errors.New("base URL cannot be parsed: want http://host:port")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "" {
		return endpoint{}, fmt.Errorf("base URL %q: want http://host:port or https://host:port", u.Redacted())
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return endpoint{}, fmt.Errorf("base URL %q: want no user, query or fragment in it", u.Redacted())
	}
	e := endpoint{scheme: u.Scheme, host: u.Host, prefix: strings.TrimRight(u.EscapedPath(), "/")}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	e.addr = net.JoinHostPort(u.Hostname(), port)
	if e.fixed, err = fixedHeader(cfg); err != nil {
		return endpoint{}, err
	}
	if u.Scheme == "https" && cfg.RoundTripper == nil {
		e.tls = tlsConfig(cfg.TLS, u.Hostname())
	}
	return e, nil
}

func tlsConfig(base *tls.Config, host string) *tls.Config {
	t := &tls.Config{}
	if base != nil {
		t = base.Clone()
	}
	if t.ServerName == "" {
		t.ServerName = host
	}
	t.NextProtos = []string{"http/1.1"}
	if t.ClientSessionCache == nil {
		t.ClientSessionCache = tls.NewLRUClientSessionCache(16)
	}
	return t
}

// ownHeader are the header fields that the client writes itself.
var ownHeader = []string{"Host", "Connection", "Content-Length", "Transfer-Encoding", "Accept-Encoding",
	"Accept", "Content-Type", "X-Request-Id", "Upgrade", "Te", "Trailer", "Expect"}

// fixedHeader renders Config.Header. Values are not repeated in errors: they hold keys.
func fixedHeader(cfg Config) ([]byte, error) {
	out := []byte("User-Agent: benchtop\r\n")
	names := make([]string, 0, len(cfg.Header))
	for name := range cfg.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !isToken(name) || slices.ContainsFunc(ownHeader, func(own string) bool { return strings.EqualFold(own, name) }) {
			return nil, fmt.Errorf("header %q cannot be set", name)
		}
		for _, value := range cfg.Header[name] {
			if !isFieldText(value) {
				return nil, fmt.Errorf("header %q: its value has control characters", name)
			}
			out = append(out, name+": "+value+"\r\n"...)
		}
	}
	return out, nil
}

func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func isFieldText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// request is one request to be written.
type request struct {
	method, path, id, accept string
	body                     []byte
	gzip                     bool
}

func (r *request) check() error {
	if !strings.HasPrefix(r.path, "/") || strings.ContainsFunc(r.path, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return fmt.Errorf("request path %q: want printable ASCII that begins with /", r.path)
	}
	if !isFieldText(r.id) {
		return fmt.Errorf("request id %q has control characters", r.id)
	}
	return nil
}

func (r *request) encoding() string {
	if r.gzip {
		return "gzip"
	}
	return "identity"
}

// append renders the whole request, so that one write can send it.
func (r *request) append(b []byte, e *endpoint) []byte {
	b = append(b, r.method...)
	b = append(b, ' ')
	b = append(b, e.prefix...)
	b = append(b, r.path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, e.host...)
	b = append(b, "\r\n"...)
	b = append(b, e.fixed...)
	b = append(b, "Accept: "...)
	b = append(b, r.accept...)
	b = append(b, "\r\nAccept-Encoding: "...)
	b = append(b, r.encoding()...)
	b = append(b, "\r\n"...)
	if r.id != "" {
		b = append(b, "X-Request-Id: "...)
		b = append(b, r.id...)
		b = append(b, "\r\n"...)
	}
	if r.body != nil {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	return append(b, r.body...)
}
