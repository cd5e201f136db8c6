package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"
	"benchtop/kube/transport"
)

// The ways to a target (--via).
const (
	ViaAuto        = "auto"
	ViaPortForward = "port-forward"
	ViaProxy       = "proxy"
	ViaDirect      = "direct"
)

// Way is a standing way to a workspace's endpoint. Exactly one of Dial and RoundTripper is set, or
// neither: then BaseURL is dialled directly.
type Way struct {
	Name    string // port-forward, proxy, direct; "simulated" for an embedded cluster
	Reason  string // why this one, and why not the ones before it
	BaseURL string
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	// RoundTripper refuses requests with an API key, which the API server cannot pass on.
	RoundTripper http.RoundTripper
	// RTT is the median of five small GETs made when the way was opened.
	RTT time.Duration
	// Watch says how the target is, without blocking: whether it is ready and reachable, the
	// monotonic count of its pod's restarts and replacements, and what is wrong.
	Watch func() (ready bool, restarts int, reason string)
	// Cuts is the monotonic count of the times the way broke or stalled under what goes over it.
	Cuts func() int
	// Reconnect waits until the target is ready again and reopens the way; it returns when a small
	// GET is answered, or when ctx ends.
	Reconnect func(ctx context.Context) error
	// Close ends the way and everything that goes over it.
	Close func() error
}

// Connect opens a way to the workspace. ViaAuto takes the one that distorts least among those that
// work: direct (from inside the cluster, or through a load balancer), then port-forward, then the
// API server's proxy. A way that was asked for by name is the only one tried.
func (c *Client) Connect(ctx context.Context, ws inventory.Workspace, via string) (*Way, error) {
	c.Watch()
	var tries []func() (*Way, error)
	if c.b.Endpoint != nil {
		tries = append(tries, func() (*Way, error) { return c.embedded(ws) })
	} else {
		svc := c.service(ctx, ws)
		if via == ViaDirect || via == ViaAuto || via == "" {
			tries = append(tries, func() (*Way, error) { return c.direct(ws, svc) })
		}
		if via == ViaPortForward || via == ViaAuto || via == "" {
			tries = append(tries, func() (*Way, error) { return c.portForward(ctx, ws, svc) })
		}
		if via == ViaProxy || via == ViaAuto || via == "" {
			tries = append(tries, func() (*Way, error) { return c.proxy(ctx, ws, svc) })
		}
	}
	if len(tries) == 0 {
		return nil, fmt.Errorf("--via %q: want auto, port-forward, proxy or direct", via)
	}
	var refused []string
	for _, try := range tries {
		way, err := c.opened(ctx, try)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if !errors.Is(err, errNotHere) || via == ViaDirect {
				refused = append(refused, inventory.Clean(err.Error(), 300))
			}
			continue
		}
		if len(refused) > 0 {
			way.Reason += "; not " + strings.Join(refused, "; not ")
		}
		return way, nil
	}
	return nil, &inventory.Problem{What: fmt.Sprintf("no way to %s/%s", ws.Namespace, ws.Name), Why: strings.Join(refused, "; "),
		Next: []string{"give the endpoint's URL as the target", "see what is missing with: benchtop rbac"}}
}

// opened opens a way and measures it.
func (c *Client) opened(ctx context.Context, open func() (*Way, error)) (*Way, error) {
	way, err := open()
	if err != nil {
		return nil, err
	}
	rtt, proto, err := way.measure(ctx)
	if err != nil {
		_ = way.Close()
		return nil, err
	}
	way.RTT = rtt
	if way.RoundTripper != nil && proto < 2 {
		way.Reason += " (over HTTP/1.1, on which the API server cuts some streamed replies)"
	}
	return way, nil
}

// errNotHere says that a way does not apply, which is worth no line.
var errNotHere = errors.New("no load balancer, and not inside the cluster")

// service reads the workspace's Service; one that cannot be read is assumed to be as Kaito makes it.
func (c *Client) service(ctx context.Context, ws inventory.Workspace) kaito.Service {
	s := kaito.Service{}
	if obj, err := c.get(ctx, servicesGVR, ws.Namespace, ws.Name); err == nil {
		s = kaito.ParseService(obj.Object)
	}
	if s.Port == 0 {
		s.Port = kaito.ServicePort
	}
	if s.Target == 0 {
		s.Target = kaito.TargetPort
	}
	return s
}

func (c *Client) embedded(ws inventory.Workspace) (*Way, error) {
	url := c.b.Endpoint(ws.Namespace, ws.Name)
	if url == "" {
		return nil, &inventory.Problem{What: fmt.Sprintf("%s/%s has no endpoint", ws.Namespace, ws.Name), Why: ws.Reason}
	}
	way := &Way{Name: "simulated", Reason: "a simulated server in this process", BaseURL: url, Close: noClose}
	c.follows(way, ws, stands, nothing)
	return way, nil
}

// The parts of a way that is no more than an address.
func noClose() error                { return nil }
func stands() (bool, int, string)   { return true, 0, "" }
func nothing(context.Context) error { return nil }

func (c *Client) direct(ws inventory.Workspace, svc kaito.Service) (*Way, error) {
	way := &Way{Name: ViaDirect, Close: noClose}
	switch {
	case c.inside():
		way.BaseURL = fmt.Sprintf("http://%s.%s.svc:%d", ws.Name, ws.Namespace, svc.Port)
		way.Reason = "the Service itself, from inside the cluster"
	case svc.URL != "":
		way.BaseURL = svc.URL
		way.Reason = "the Service's load balancer"
	default:
		return nil, fmt.Errorf("direct: %w", errNotHere)
	}
	c.follows(way, ws, stands, nothing)
	return way, nil
}

// inside says that this process runs in a pod of this very cluster: a kubeconfig may point to another
// one, in which the same names mean other things.
func (c *Client) inside() bool {
	host := os.Getenv("KUBERNETES_SERVICE_HOST")
	if host == "" || c.b.REST == nil {
		return false
	}
	if _, err := os.Stat("/var/run/secrets/kubernetes.io/serviceaccount"); err != nil {
		return false // the variable alone may be a leftover
	}
	server, _, err := net.SplitHostPort(hostOf(c.b.Server))
	if err != nil {
		server = hostOf(c.b.Server)
	}
	return server == host || strings.HasPrefix(server, "kubernetes.default")
}

func (c *Client) portForward(ctx context.Context, ws inventory.Workspace, svc kaito.Service) (*Way, error) {
	pod := ws.Pod
	if pod == "" {
		pod = ws.Name + "-0"
	}
	if err := c.mustMay(ctx, canForward, ws.Namespace, pod); err != nil {
		get := canForward
		get.verb = "get" // enough for WebSocket before Kubernetes 1.35
		if c.mustMay(ctx, get, ws.Namespace, pod) != nil {
			return nil, err
		}
	}
	f, err := transport.NewForwarder(c.b.REST, transport.Pod{Namespace: ws.Namespace, Name: pod, Port: svc.Target}, transport.Options{})
	if err != nil {
		return nil, err
	}
	if err := f.Open(ctx); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("port-forward to pod %s/%s: %w", ws.Namespace, pod, err)
	}
	way := &Way{Name: ViaPortForward, Dial: f.Dial, Close: f.Close,
		BaseURL: fmt.Sprintf("http://%s:%d", pod, svc.Target),
		Reason:  fmt.Sprintf("port-forward to pod %s over %s", pod, f.Protocol())}
	c.follows(way, ws, f.State, func(ctx context.Context) error {
		f.Reset() // a tunnel does not reach the successor of its pod
		return f.Open(ctx)
	})
	return way, nil
}

func (c *Client) proxy(ctx context.Context, ws inventory.Workspace, svc kaito.Service) (*Way, error) {
	if err := c.mustMay(ctx, canProxy, ws.Namespace, fmt.Sprintf("%s:%d", ws.Name, svc.Port)); err != nil {
		return nil, err
	}
	p, err := transport.NewProxy(c.b.REST, ws.Namespace, ws.Name, svc.Port)
	if err != nil {
		return nil, err
	}
	way := &Way{Name: ViaProxy, RoundTripper: p, BaseURL: p.BaseURL(), Close: p.Close,
		Reason: "the API server's proxy to Service " + ws.Name}
	c.follows(way, ws, func() (bool, int, string) {
		ok, cuts, reason := c.apiServer()
		if held := p.Held(); held > 0 {
			cuts += held
			reason = cmp.Or(reason, "a log-in held requests up")
		}
		return ok, cuts, reason
	}, nothing)
	return way, nil
}

// apiServer is the state of a way that needs nothing but the API server, as the watch sees it.
func (c *Client) apiServer() (ok bool, outages int, reason string) {
	outages = int(c.outages.Load())
	if cl := c.Cluster(); cl.Synced && !cl.Live {
		return false, outages, "the API server is away"
	}
	return true, outages, ""
}

// mustMay asks before the attempt, because an access review names the missing right.
func (c *Client) mustMay(ctx context.Context, cap capability, namespace, name string) error {
	ok, _, err := c.review(ctx, cap, namespace, name)
	switch {
	case (err != nil || ok) && c.b.REST == nil:
		return fmt.Errorf("%s: this cluster has no API server to go through", cap.name)
	case err != nil || ok:
		return nil // the attempt itself will tell
	}
	return fmt.Errorf("%s: verb %s on %s is missing in namespace %s", cap.name, cap.verb, cap.full(), namespace)
}
