package wire_test

import (
	"bufio"
	"crypto/tls"
	"encoding/gob"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"benchtop/engine/wire"
)

// truthEnv makes this test binary a ground-truth server instead: a process of its own, so that its
// CPU time and its scheduling are not the client's.
const truthEnv = "WIRE_TEST_TRUTH"

// truth is what the server knows of one request, on CLOCK_MONOTONIC.
type truth struct {
	ReadNS int64   // the request was read whole
	WroteN []int64 // right before each event was written
}

// script is what the server does with every request.
type script struct {
	TTFT, Gap time.Duration
	Tokens    int
	Sync      bool // all streams write at the same instants, as an engine step does
	TLS       bool
}

// truthServer is the parent's side.
type truthServer struct {
	url   string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
}

func startTruth(tb testing.TB, s script) *truthServer {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %d %t %t", truthEnv, s.TTFT, s.Gap, s.Tokens, s.Sync, s.TLS))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	t := &truthServer{cmd: cmd, stdin: stdin, out: bufio.NewReader(stdout)}
	tb.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	line, err := t.out.ReadString('\n')
	if err != nil {
		tb.Fatal("ground-truth server did not start: ", err)
	}
	t.url = strings.TrimSpace(line)
	return t
}

// stop ends the server and gives what it knows, by request id.
func (t *truthServer) stop(tb testing.TB) map[string]truth {
	tb.Helper()
	t.stdin.Close()
	known := map[string]truth{}
	if err := gob.NewDecoder(t.out).Decode(&known); err != nil {
		tb.Fatal("ground truth: ", err)
	}
	if err := t.cmd.Wait(); err != nil {
		tb.Fatal("ground-truth server: ", err)
	}
	return known
}

// serveTruth is the child's side.
func serveTruth(arg string) error {
	var s script
	if _, err := fmt.Sscan(arg, (*int64)(&s.TTFT), (*int64)(&s.Gap), &s.Tokens, &s.Sync, &s.TLS); err != nil {
		return err
	}
	pinFromEnv("WIRE_TEST_SERVER_CPU")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	scheme := "http://"
	if s.TLS {
		// httptest has a certificate that the client need not trust here.
		t := httptest.NewUnstartedServer(nil)
		t.StartTLS()
		defer t.Close()
		l, scheme = tls.NewListener(l, &tls.Config{Certificates: t.TLS.Certificates}), "https://"
	}
	var mu sync.Mutex
	known := map[string]truth{}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(nc, func(id string, t truth) {
				mu.Lock()
				defer mu.Unlock()
				known[id] = t
			})
		}
	}()
	fmt.Println(scheme + l.Addr().String())
	io.Copy(io.Discard, os.Stdin) // until the parent has had enough
	l.Close()
	mu.Lock()
	defer mu.Unlock()
	return gob.NewEncoder(os.Stdout).Encode(known)
}

func (s script) talk(nc net.Conn, know func(id string, t truth)) {
	defer nc.Close()
	in := bufio.NewReader(nc)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		t, err := s.reply(nc, wire.Now())
		if err != nil {
			return
		}
		know(req.Header.Get("X-Request-Id"), t)
	}
}

func (s script) reply(nc net.Conn, readNS int64) (truth, error) {
	t := truth{ReadNS: readNS, WroteN: make([]int64, 0, s.Tokens)}
	const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
	if _, err := nc.Write([]byte(head)); err != nil {
		return t, err
	}
	buf := make([]byte, 0, 512)
	due := readNS + int64(s.TTFT)
	for k := 1; k <= s.Tokens; k++ {
		if s.Sync {
			due += int64(s.Gap) - due%int64(s.Gap)
		}
		time.Sleep(time.Duration(due - wire.Now()))
		event := fmt.Appendf(nil, `data: {"id":"cmpl-0f2ab83ec1d5b7aa","object":"text_completion","created":1790000000,"model":"phi-4-mini-instruct","choices":[{"index":0,"text":" word%d","logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}],"usage":{"prompt_tokens":200,"total_tokens":%d,"completion_tokens":%d}}`+"\n\n", k%100, 200+k, k)
		buf = fmt.Appendf(buf[:0], "%x\r\n%s\r\n", len(event), event)
		at, err := writeStamped(nc, buf)
		if err != nil {
			return t, err
		}
		t.WroteN = append(t.WroteN, at)
		if !s.Sync {
			due += int64(s.Gap)
		}
	}
	_, err := nc.Write([]byte("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"))
	return t, err
}

// writeStamped writes b and says when: over TLS, before its record is made.
func writeStamped(nc net.Conn, b []byte) (atNS int64, err error) {
	if tcp, ok := nc.(*net.TCPConn); ok {
		return wire.WriteStamped(tcp, b)
	}
	atNS = wire.Now()
	_, err = nc.Write(b)
	return atNS, err
}

// pinFromEnv keeps this process on the CPU that the variable names, if it is set.
func pinFromEnv(name string) {
	if cpu, err := strconv.Atoi(os.Getenv(name)); err == nil {
		if _, err := wire.Pin(cpu); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
