package main

import (
	"context"
	"fmt"
	"net"
	"sync"

	"benchtop/engine/sim"
	"benchtop/kube/demo"
)

// demoContext is the name of the embedded cluster's context.
const demoContext = "demo"

// demoServers are the simulated vLLM servers behind the embedded cluster's workspaces, on loopback
// ports of this process. Close ends them.
type demoServers struct {
	urls    map[string]string // namespace/name → base URL
	servers []*sim.Server
	wg      sync.WaitGroup
}

// startDemoServers starts one server for each workspace that can be benchmarked, behind a simulated
// network path.
func startDemoServers(ctx context.Context) (*demoServers, error) {
	ctx = context.WithoutCancel(ctx) // a stopped sweep still waits for its replies
	d := &demoServers{urls: map[string]string{}}
	for workspace, profile := range map[string]string{demo.A10: "a10", demo.A100: "a100"} {
		if err := d.start(ctx, workspace, profile); err != nil {
			d.Close()
			return nil, fmt.Errorf("demo: %w", err)
		}
	}
	return d, nil
}

func (d *demoServers) start(ctx context.Context, workspace, profile string) error {
	p, err := sim.ProfileByName(profile)
	if err != nil {
		return err
	}
	srv, err := sim.New(sim.Config{Profile: p, Path: true})
	if err != nil {
		return err
	}
	d.servers = append(d.servers, srv)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.urls[workspace] = "http://" + l.Addr().String()
	d.wg.Go(func() {
		// Close ends it; there is nobody left to tell of another end, and the sweep sees it.
		_ = srv.Serve(ctx, l)
	})
	return nil
}

// Close cuts all connections and waits for the servers.
func (d *demoServers) Close() {
	for _, s := range d.servers {
		s.Close()
	}
	d.wg.Wait()
}
