package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
)

// maxSide bounds the body of a side reply, also unpacked.
const maxSide = 16 << 20

// Get asks for path on a connection that no request of the load uses. rttNS is from the send to the
// first byte of the reply, connecting not included; body is at most 16 MiB. A status other than 200
// is no error.
func (c *Client) Get(ctx context.Context, path string) (status int, body []byte, rttNS int64, err error) {
	return c.aside(ctx, request{method: http.MethodGet, path: path, accept: "*/*"})
}

// GetGzip is Get that lets the server compress, for large replies on a narrow way.
func (c *Client) GetGzip(ctx context.Context, path string) (status int, body []byte, rttNS int64, err error) {
	return c.aside(ctx, request{method: http.MethodGet, path: path, accept: "*/*", gzip: true})
}

// PostJSON is Get with a JSON body to send.
func (c *Client) PostJSON(ctx context.Context, path string, json []byte) (status int, body []byte, rttNS int64, err error) {
	return c.aside(ctx, request{method: http.MethodPost, path: path, accept: "*/*", body: json})
}

func (c *Client) aside(ctx context.Context, r request) (int, []byte, int64, error) {
	var got collector
	j := job{request: r, pool: &c.side, h: &got}
	if err := c.do(ctx, &j); err != nil {
		return j.x.Status, nil, 0, err
	}
	body := got.body
	if bytes.HasPrefix(body, gzipMagic) && r.gzip {
		var err error
		if body, err = unpack(body); err != nil {
			return j.x.Status, nil, 0, c.fail(OpProtocol, err)
		}
	}
	return j.x.Status, body, j.x.HeadNS - j.x.SentNS, nil
}

var (
	gzipMagic  = []byte{0x1f, 0x8b}
	errTooLong = fmt.Errorf("its body is longer than %d MiB", maxSide>>20)
)

func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack its body: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(z, maxSide+1))
	if err != nil {
		return nil, fmt.Errorf("unpack its body: %w", err)
	}
	if len(body) > maxSide {
		return nil, errTooLong
	}
	return body, nil
}

// collector keeps a body.
type collector struct{ body []byte }

func (*collector) Head(int, string, int64) {}

func (k *collector) Body(b []byte, _ int64, _ bool) error {
	if len(k.body)+len(b) > maxSide {
		return errTooLong
	}
	k.body = append(k.body, b...)
	return nil
}
