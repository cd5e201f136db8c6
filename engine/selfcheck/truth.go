package selfcheck

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"benchtop/engine/wire"
)

// truth is what the server knows of one request, on CLOCK_MONOTONIC.
type truth struct {
	ReadNS int64   // the read that brought the end of the request returned
	WroteN []int64 // right before each event's write(2)
}

// server is the ground truth. One goroutine per connection reads requests; one for all, the pace,
// writes every event, so that a stream costs no wake-up of its own.
type server struct {
	job    job
	events [][]byte // of every reply, made once, with their chunk framing
	pace   *pace
	wg     sync.WaitGroup

	mu    sync.Mutex // guards known
	known map[string]truth
}

// serve answers requests until ctx ends, then writes what it knows.
func serve(ctx context.Context, j job, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { l.Close() })()
	h := hello{URL: "http://" + l.Addr().String()}
	var secure *tls.Config
	if j.TLS {
		cert, err := selfSigned()
		if err != nil {
			return err
		}
		h.URL, h.CA = "https://"+l.Addr().String(), cert.Certificate[0]
		secure = &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	p, err := newPace(j)
	if err != nil {
		return err
	}
	defer p.close()
	s := &server{job: j, events: renderEvents(j.Reply), pace: p, known: map[string]truth{}}
	s.wg.Go(func() { p.run(ctx) })
	if err := json.NewEncoder(out).Encode(h); err != nil {
		return err
	}
	for {
		nc, err := l.Accept()
		if err != nil {
			break // closed
		}
		s.wg.Go(func() { s.talk(ctx, nc, secure) })
	}
	s.wg.Wait()
	return gob.NewEncoder(out).Encode(s.known)
}

// talk serves one connection.
func (s *server) talk(ctx context.Context, nc net.Conn, secure *tls.Config) {
	defer nc.Close()
	defer context.AfterFunc(ctx, func() { nc.Close() })()
	raw := &stampedConn{TCPConn: nc.(*net.TCPConn)}
	conn := net.Conn(raw)
	if secure != nil {
		conn = tls.Server(raw, secure)
	}
	in := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		if req.URL.Path == "/v1/completions" {
			err = s.stream(ctx, conn, raw, req.Header.Get("X-Request-Id"))
		} else {
			_, err = conn.Write(sideReply(req.URL.Path))
		}
		if err != nil {
			return
		}
	}
}

const streamHead = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"

// stream hands one reply to the pace and waits for its end.
func (s *server) stream(ctx context.Context, conn net.Conn, raw *stampedConn, id string) error {
	t := &stream{
		events: s.events, conn: conn, raw: raw, done: make(chan error, 1),
		truth: truth{ReadNS: raw.readNS, WroteN: make([]int64, 0, s.job.Reply.Tokens)},
	}
	t.dueNS = raw.readNS + int64(s.job.Reply.TTFT)
	if _, err := conn.Write([]byte(streamHead)); err != nil {
		return err
	}
	s.pace.add(t)
	select {
	case err := <-t.done:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, twice := s.known[id]; twice || id == "" {
		return errors.New("a request has no id of its own")
	}
	s.known[id] = t.truth
	return nil
}

// stampedConn notes when it was read last and when what was written last was written.
type stampedConn struct {
	*net.TCPConn
	readNS, wroteNS int64
}

func (c *stampedConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.readNS = wire.Now()
	return n, err
}

func (c *stampedConn) Write(p []byte) (int, error) {
	at, err := wire.WriteStamped(c.TCPConn, p)
	if err != nil {
		return 0, err
	}
	c.wroteNS = at
	return len(p), nil
}

const modelName = "selfcheck"

// promptTokens is the length of every prompt, of which the server believes what it is told.
const promptTokens = 200

// renderEvents makes the events of a reply in the form of a vLLM server that counts as it goes; the
// last one is the end of the reply.
func renderEvents(r Reply) [][]byte {
	const event = `data: {"id":"cmpl-0f2ab83ec1d5b7aa","object":"text_completion","created":1790000000,"model":"` + modelName +
		`","choices":[{"index":0,"text":" word%d","logprobs":null,"finish_reason":%s,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}],` +
		`"usage":{"prompt_tokens":%d,"total_tokens":%d,"completion_tokens":%d}}` + "\n\n"
	chunk := func(b []byte) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n", len(b), b) }
	var events [][]byte
	for k := 1; k <= r.Tokens; k++ {
		finish := "null"
		if k == r.Tokens {
			finish = `"length"`
		}
		events = append(events, chunk(fmt.Appendf(nil, event, k, finish, promptTokens, promptTokens+k, k)))
	}
	return append(events, append(chunk([]byte("data: [DONE]\n\n")), "0\r\n\r\n"...))
}

// sideReply is the reply to what the engine asks beside the load.
func sideReply(path string) []byte {
	status, body := "200 OK", []byte("{}")
	switch path {
	case "/health":
	case "/v1/models":
		body = fmt.Appendf(nil, `{"object":"list","data":[{"id":%q,"object":"model","owned_by":"benchtop","max_model_len":8192}]}`, modelName)
	case "/tokenize":
		ids := make([]int, 256)
		for i := range ids {
			ids[i] = 1000 + i
		}
		body, _ = json.Marshal(map[string]any{"tokens": ids, "count": len(ids), "max_model_len": 8192}) // numbers only
	default:
		status = "404 Not Found"
	}
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", status, len(body), body)
}
