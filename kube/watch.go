package kube

import (
	"context"
	"math"
	"time"

	"benchtop/kube/inventory"

	"k8s.io/apimachinery/pkg/util/wait"
)

// settle is how long changes are gathered before a new picture is made of them.
const settle = 100 * time.Millisecond

// List returns a picture of the cluster: the watch's if it is current, else one that is read now.
// A picture with a Problem is also returned as an error.
func (c *Client) List(ctx context.Context) (*inventory.Cluster, error) {
	if cl := c.Cluster(); cl.Synced && cl.Live {
		return cl, nil
	}
	p, err := c.plan.get(ctx, c)
	if err != nil {
		return nil, problem(err, c.b)
	}
	f := newFeed(p, c.b.Dynamic)
	if err := f.listAll(ctx); err != nil {
		return nil, problem(err, c.b)
	}
	cl := c.picture(f)
	if cl.Problem != nil {
		return cl, cl.Problem
	}
	return cl, nil
}

// Watch keeps Cluster current until Close. It returns at once and may be called again. While the
// API server is away the last picture stays, with a Problem and Live false.
func (c *Client) Watch() {
	c.watchOnce.Do(func() { c.wg.Go(c.watch) })
}

func (c *Client) watch() {
	retry := wait.Backoff{Duration: time.Second, Factor: 1.5, Jitter: 0.2, Cap: 10 * time.Second, Steps: math.MaxInt32}
	for {
		p, err := c.plan.get(c.ctx, c)
		if err == nil {
			c.follow(p)
			return
		}
		cl := *c.Cluster()
		cl.Live, cl.Problem = false, problem(err, c.b)
		c.publish(&cl)
		if sleep(c.ctx, retry.Step()) != nil {
			return
		}
	}
}

// follow runs one reflector for each table, and publishes a picture after each burst of changes. What
// is only known of the workspaces' pods and machines comes after the workspaces: it is a hundred times as
// much, and the list is wanted first.
func (c *Client) follow(p *plan) {
	f := newFeed(p, c.b.Dynamic)
	run := func(ofMachines bool) {
		for _, s := range f.sources {
			if s.ofMachines() == ofMachines {
				c.wg.Go(func() { s.reflector().RunWithContext(c.ctx) })
			}
		}
	}
	run(false)
	c.publish(c.picture(f))
	for listed := false; ; {
		select {
		case <-c.ctx.Done():
			return
		case <-f.dirty:
		}
		c.publish(c.picture(f))
		if !listed && f.listed() {
			listed = true
			run(true)
		}
		if sleep(c.ctx, settle) != nil {
			return
		}
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
