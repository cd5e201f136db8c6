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

// Reply is what came back for a side request. A status other than 200 is no error.
type Reply struct {
	Status      int
	ContentType string // as received
	Location    string // of a redirect, as received
	Body        []byte // at most 16 MiB, unpacked
	RTTNS       int64  // from the send to the first byte of the reply, connecting not included
}

// Get asks for path on a connection that no request of the load uses.
func (c *Client) Get(ctx context.Context, path string) (Reply, error) {
	return c.aside(ctx, request{method: http.MethodGet, path: path, accept: "*/*"})
}

// GetGzip is Get that lets the server compress, for large replies on a narrow way.
func (c *Client) GetGzip(ctx context.Context, path string) (Reply, error) {
	return c.aside(ctx, request{method: http.MethodGet, path: path, accept: "*/*", gzip: true})
}

// PostJSON is Get with a JSON body to send.
func (c *Client) PostJSON(ctx context.Context, path string, json []byte) (Reply, error) {
	return c.aside(ctx, request{method: http.MethodPost, path: path, accept: "*/*", body: json})
}

func (c *Client) aside(ctx context.Context, r request) (Reply, error) {
	var got collector
	j := job{request: r, pool: &c.side, h: &got}
	err := c.do(ctx, &j)
	reply := Reply{Status: j.x.Status, ContentType: j.x.ContentType, Location: j.x.Location}
	if err != nil {
		return reply, err
	}
	reply.Body, reply.RTTNS = got.body, j.x.HeadNS-j.x.SentNS
	if bytes.HasPrefix(got.body, gzipMagic) && r.gzip {
		if reply.Body, err = unpack(got.body); err != nil {
			return reply, c.fail(OpProtocol, err)
		}
	}
	return reply, nil
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
