package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// roundTrip is an exchange through Config.RoundTripper. The send stamp is that of getting the
// connection, right before net/http writes; receive stamps are taken when reads return.
func (c *Client) roundTrip(ctx context.Context, j *job) error {
	x := &j.x
	var sent atomic.Int64
	var fresh atomic.Bool
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &watched{stop: cancel}
	if !c.enter(w) {
		return c.gone()
	}
	defer c.leave(w)
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		sent.Store(Now())
		fresh.Store(!info.Reused)
	}}
	req, err := c.httpRequest(httptrace.WithClientTrace(ctx, trace), &j.request)
	if err != nil {
		return err
	}
	begin := Now()
	resp, err := c.cfg.RoundTripper.RoundTrip(req)
	x.SentNS, x.NewConn = sent.Load(), fresh.Load()
	if err != nil {
		return c.broken(outer, w, opOfRoundTrip(err), err)
	}
	defer resp.Body.Close()
	if x.SentNS == 0 { // a RoundTripper that does not trace
		x.SentNS = begin
	}
	x.HeadNS = Now()
	x.Status, x.ContentType, x.Location = resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Location")
	j.h.Head(x.Status, x.ContentType, x.HeadNS)
	return c.readResponse(outer, resp.Body, w, j)
}

func (c *Client) readResponse(ctx context.Context, body io.Reader, w *watched, j *job) error {
	buf := readBuffers.Get().(*[readSize]byte)
	defer readBuffers.Put(buf)
	lastNS := j.x.HeadNS
	for {
		n, err := body.Read(buf[:])
		if n > 0 {
			lastNS = Now()
			w.lastNS.Store(lastNS)
			j.x.Reads++
			if err := j.h.Body(buf[:n], lastNS, false); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			j.x.DoneNS = lastNS
			return nil
		case err != nil:
			return c.broken(ctx, w, opOf(err), err)
		}
	}
}

func (c *Client) httpRequest(ctx context.Context, r *request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.at.scheme+"://"+c.at.host+c.at.prefix+r.path, nil)
	if err != nil {
		return nil, c.fail(OpProtocol, errors.New("the path cannot be sent"))
	}
	req.Header = c.cfg.Header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("User-Agent", "benchtop")
	req.Header.Set("Accept", r.accept)
	req.Header.Set("Accept-Encoding", r.encoding()) // set by us, net/http leaves the body alone
	if r.id != "" {
		req.Header.Set("X-Request-Id", r.id)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.ContentLength = int64(len(r.body))
		req.Body = io.NopCloser(bytes.NewReader(r.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
	}
	return req, nil
}

func opOfRoundTrip(err error) Op {
	var (
		op      *net.OpError
		record  tls.RecordHeaderError
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
	)
	switch {
	case errors.As(err, &record), errors.As(err, &invalid), errors.As(err, &unknown), errors.As(err, &name):
		return OpTLS
	case errors.As(err, &op) && op.Op == "dial":
		return OpDial
	}
	return opOf(err)
}
