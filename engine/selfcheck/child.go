package selfcheck

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync/atomic"
	"time"

	"benchtop/engine/wire"
)

// job is what a child is told to do, in its first line of input.
type job struct {
	Hog    bool // compute and do nothing else
	Core   int  // to stay on; -1 = any
	Reply  Reply
	Bursts bool
	TLS    bool
}

// hello is the child's first line of output: it is ready.
type hello struct {
	URL string
	CA  []byte // DER certificate to trust, with TLS
}

// Child is what a process made by Options.Child does: it reads its job from in, works until in ends,
// and writes what it knows to out. It ends by itself when its parent is gone.
func Child(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	input := bufio.NewReader(in)
	line, err := input.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	var j job
	if err := json.Unmarshal(line, &j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	if j.Core >= 0 {
		release, err := wire.Pin(j.Core)
		if err != nil {
			return err
		}
		defer release()
	}
	go func() { // ends with the input, at the latest with the process
		_, _ = io.Copy(io.Discard, input)
		cancel()
	}()
	if j.Hog {
		return hog(ctx, out)
	}
	return serve(ctx, j, out)
}

// hog computes until ctx ends.
func hog(ctx context.Context, out io.Writer) error {
	if err := json.NewEncoder(out).Encode(hello{}); err != nil {
		return err
	}
	var over atomic.Bool
	defer context.AfterFunc(ctx, func() { over.Store(true) })()
	sum := 0
	for !over.Load() {
		sum++
	}
	return nil
}

// child is the parent's side of one.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
	hello hello
}

// farewell is how long a child has to hand over what it knows: 1,024 streams make some 10 MB.
const farewell = 20 * time.Second

// startChild starts a child and waits until it is ready. What it writes to standard error passes
// through.
func startChild(ctx context.Context, opt Options, j job) (*child, error) {
	cmd := opt.Child()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a child process: %w", err)
	}
	c := &child{cmd: cmd, stdin: stdin, out: bufio.NewReader(stdout)}
	// A child that does not answer is ended, and with it the read of its output.
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	late := time.AfterFunc(farewell, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	err = json.NewEncoder(stdin).Encode(j)
	var line []byte
	if err == nil {
		line, err = c.out.ReadBytes('\n')
	}
	if err == nil {
		err = json.Unmarshal(line, &c.hello)
	}
	if err == nil {
		return c, nil
	}
	err = errors.Join(fmt.Errorf("child process: it does not get ready: %w", err), c.end(func(io.Reader) error { return nil }))
	if ctx.Err() != nil {
		return nil, ctx.Err() // which is why
	}
	return nil, err
}

// end tells the child to end, has read take what it still says, and waits for it.
func (c *child) end(read func(io.Reader) error) error {
	_ = c.stdin.Close() // it may be gone
	kill := time.AfterFunc(farewell, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	err := read(c.out)
	if werr := c.cmd.Wait(); werr != nil {
		err = errors.Join(err, fmt.Errorf("child process: %w", werr))
	}
	return err
}
