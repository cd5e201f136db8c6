package kube

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"

	"benchtop/kube/inventory"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Log-in plugins (a kubeconfig's exec section) write prompts such as a device code to stderr, at any
// time a token runs out. client-go hands them os.Stderr as it is when the client is made, so a pipe
// stands in its place then, and what comes out of it goes to the function set here.
var login struct {
	mu   sync.Mutex // guards what follows, and the time in which os.Stderr is the pipe
	pipe *os.File
	say  func(line string)
}

// OnLogin sets what is called with each line that a log-in plugin writes; nil writes it to stderr.
// A screen sets it before it takes the terminal. It holds for the process.
func OnLogin(say func(line string)) {
	login.mu.Lock()
	defer login.mu.Unlock()
	login.say = say
}

// withLoginPipe runs f with os.Stderr replaced if cfg has a log-in plugin. The reader of the pipe
// lives as long as the process, as the plugin's client inside client-go does.
func withLoginPipe(cfg *rest.Config, f func() (*http.Client, error)) (*http.Client, error) {
	if cfg.ExecProvider == nil {
		return f()
	}
	login.mu.Lock()
	defer login.mu.Unlock()
	if login.pipe == nil {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		login.pipe = w
		go relayLogin(r, os.Stderr)
	}
	real := os.Stderr
	os.Stderr = login.pipe
	defer func() { os.Stderr = real }()
	return f()
}

// relayLogin says what comes out of the pipe until that is closed. A line beyond the scanner's 64 KiB
// is dropped, and what follows is read on: a plugin that fills the pipe would wait for ever.
func relayLogin(r io.Reader, stderr io.Writer) {
	for {
		sc := bufio.NewScanner(r)
		for sc.Scan() {
			line := inventory.Clean(sc.Text(), 500)
			login.mu.Lock()
			say := login.say
			login.mu.Unlock()
			if say != nil {
				say(line)
			} else {
				_, _ = io.WriteString(stderr, line+"\n")
			}
		}
		if !errors.Is(sc.Err(), bufio.ErrTooLong) {
			return
		}
	}
}

// first asks the cluster for the first time. A log-in plugin runs without the terminal's input, so
// that it never competes with a screen for keys; if that is why it fails and conf.Interactive
// allows, it is run once with it, to fill its own cache of tokens.
func (c *Client) first(ctx context.Context) error {
	_, err := c.plan.get(ctx, c)
	if err == nil || !c.conf.Interactive || c.b.REST == nil || c.b.REST.ExecProvider == nil ||
		!strings.Contains(err.Error(), "getting credentials") {
		return err
	}
	asking := rest.CopyConfig(c.b.REST)
	asking.ExecProvider = asking.ExecProvider.DeepCopy() // CopyConfig shares it
	asking.ExecProvider.StdinUnavailable = false
	hc, err := withLoginPipe(asking, func() (*http.Client, error) { return rest.HTTPClientFor(asking) })
	if err != nil {
		return err
	}
	if _, err := (&discovery{cfg: asking, hc: hc}).served(ctx); err != nil {
		return err
	}
	_, err = c.plan.get(ctx, c)
	return err
}

// offScreen keeps a log-in plugin away from the terminal's input, unless it cannot do without.
func offScreen(e *clientcmdapi.ExecConfig) {
	if e != nil && e.InteractiveMode != clientcmdapi.AlwaysExecInteractiveMode {
		e.StdinUnavailable = true
		e.StdinUnavailableMessage = "benchtop has the terminal"
	}
}
