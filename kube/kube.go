// Package kube finds the Kaito workspaces of a cluster, the machines under them and the way to
// their endpoints, and keeps the picture current.
//
//	c, err := kube.Open(ctx, kube.Config{Flags: flags})   // err is an *inventory.Problem
//	defer c.Close()
//	cluster, err := c.List(ctx)          // one picture, now
//	c.Watch()                            // keeps c.Cluster() current from here on
//	ws, err := c.Find(ctx, "default", "phi4-mini-a10")
//	way, err := c.Connect(ctx, ws, kube.ViaAuto)
//
// Everything degrades by what this user may do: without nodes the SKU comes from the workspace's
// own instance type, without a cluster-wide list the known namespaces are read one by one, without
// port-forward there is the service proxy. Access says what is missing.
//
// Cluster values are immutable and may be shared; Cluster() never blocks. Client-side throttling is
// off. Nothing is ever written to stdout or stderr: the libraries' own logs are dropped. A Client
// owns its goroutines; Close waits for them.
//
// Imports kube/* and client-go's dynamic client; never engine or ui.
package kube

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"
	"benchtop/kube/sku"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Config is how a cluster is opened.
type Config struct {
	Flags *Flags // nil = what kubectl would use
	// Namespace restricts the picture; "" = what -n says, else every namespace this user may list.
	Namespace string
	// Namespaces are tried, beside those of the kubeconfig, when the cluster-wide list is not allowed.
	Namespaces []string
	Prices     *sku.Book   // nil = the built-in list
	Given      []sku.Given // what the user said of instance types (--sku)
	// Interactive lets a log-in plugin read from the terminal while Open runs.
	Interactive bool
}

// Backend is the cluster behind a Client: a real one, or one that is embedded in this process.
type Backend struct {
	Context, Server, User string
	Contexts              []string
	Namespace             string   // the context's own
	Namespaces            []string // others that the kubeconfig names on this cluster
	Dynamic               dynamic.Interface
	// Served lists the resources of Kaito's API group that the cluster serves, and at which version.
	Served func(ctx context.Context) (Served, error)
	// REST is how pods and services are reached; nil = by Endpoint only.
	REST *rest.Config
	// Endpoint, if not nil, gives the URL that stands for a workspace's endpoint; "" = none.
	Endpoint  func(namespace, name string) string
	Simulated bool
	// Close, if not nil, is called at the end.
	Close func()
}

// Client is one cluster. Its methods are safe for concurrent use.
type Client struct {
	b    Backend
	conf Config

	current atomic.Pointer[inventory.Cluster]
	seq     atomic.Uint64
	outages atomic.Int64 // times the watch was lost
	plan    planner

	ctx    context.Context // ends at Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	watchOnce sync.Once
	mu        sync.Mutex
	changed   chan struct{} // closed and replaced when current changes; guarded by mu
}

// Open reads the kubeconfig and makes sure that the cluster answers and serves Kaito's API. The
// error is an *inventory.Problem with the ways on.
func Open(ctx context.Context, conf Config) (*Client, error) {
	if conf.Flags == nil {
		conf.Flags = NewFlags()
	}
	if conf.Namespace == "" {
		conf.Namespace = conf.Flags.Namespace()
	}
	quiet()
	b, err := conf.Flags.backend()
	if err != nil {
		return nil, err
	}
	c := New(b, conf)
	if err := c.first(ctx); err != nil {
		_ = c.Close()
		return nil, problem(err, b)
	}
	return c, nil
}

// New makes a Client of a cluster that is already open; nothing is asked of it yet.
func New(b Backend, conf Config) *Client {
	quiet()
	if conf.Prices == nil {
		conf.Prices = &sku.Book{}
	}
	c := &Client{b: b, conf: conf, changed: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.current.Store(c.blank())
	return c
}

// blank is the picture before anything is known.
func (c *Client) blank() *inventory.Cluster {
	return &inventory.Cluster{Context: c.b.Context, Server: c.b.Server, User: c.b.User, Namespace: c.conf.Namespace,
		Contexts: c.b.Contexts, Simulated: c.b.Simulated}
}

// Cluster is the watch's latest picture; never nil, and blank before Watch.
func (c *Client) Cluster() *inventory.Cluster { return c.current.Load() }

// Ping asks the cluster for one small answer. While a log-in plug-in runs it blocks.
func (c *Client) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	_, err := c.b.Served(ctx)
	return err
}

// Close ends the watch, waits for its goroutines and drops the connections. Ways that were handed
// out have their own Close.
func (c *Client) Close() error {
	c.cancel()
	c.wg.Wait()
	if c.b.Close != nil {
		c.b.Close()
	}
	return nil
}

// publish makes cl the latest picture and wakes who waits for a change.
func (c *Client) publish(cl *inventory.Cluster) {
	cl.Seq = c.seq.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current.Load().Live && !cl.Live {
		c.outages.Add(1)
	}
	c.current.Store(cl)
	close(c.changed)
	c.changed = make(chan struct{})
}

// change returns a channel that is closed at the next change of Cluster.
func (c *Client) change() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// StateStarting is the Workspace.State of one whose server is coming up, and Benchmarking the reason
// if that already answers.
const (
	StateStarting = inventory.StateStarting
	Benchmarking  = kaito.Benchmarking
)

// apiTimeout bounds one call that is not a watch.
const apiTimeout = 20 * time.Second
