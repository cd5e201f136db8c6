package kube_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"benchtop/kube"
	"benchtop/kube/inventory"
)

// eventually polls until ok or the limit, and says how long it took.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !ok() {
		if time.Since(start) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(start)
}

func synced(t *testing.T, c *kube.Client) {
	t.Helper()
	c.Watch()
	eventually(t, 20*time.Second, "the watch is complete", func() bool { return c.Cluster().Synced && c.Cluster().Live })
}

// midStream starts a long reply, makes the fault once tokens flow, and returns the reply's error and
// how long after the fault it came.
func midStream(t *testing.T, way *kube.Way, fault func()) (time.Duration, error) {
	t.Helper()
	hc := clientOf(t, way)
	ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, _, err := stream(ctx, hc, way.BaseURL)
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("the reply ended before the fault: %v", err)
	case <-time.After(700 * time.Millisecond):
	}
	fault()
	start := time.Now()
	err := <-done
	return time.Since(start), err
}

func TestE2ETunnelCut(t *testing.T) {
	c := openE2E(t, "", kube.Config{Namespace: "default"})
	startSSE(t, 6000, 10*time.Millisecond)
	synced(t, c)
	way := connectE2E(t, c, kube.ViaPortForward)
	took, err := midStream(t, way, func() { control(t, "drop?pod=default/custom-vllm-0") })
	t.Logf("the reply failed %v after the cut: %v", took.Round(time.Millisecond), err)
	if err == nil {
		t.Error("a cut reply counts as complete")
	}
	if took > 6*time.Second {
		t.Errorf("the cut was noticed after %v; a ping a second should bound it", took)
	}
	if ready, _, reason := way.Watch(); ready || reason == "" {
		t.Errorf("Watch says ready=%v %q after a cut", ready, reason)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := way.Reconnect(ctx); err != nil {
		t.Fatalf("Reconnect: %v", err)
	}
	if ready, _, reason := way.Watch(); !ready {
		t.Errorf("not ready after Reconnect: %s", reason)
	}
}

func TestE2EServerCut(t *testing.T) {
	c := openE2E(t, "", kube.Config{Namespace: "default"})
	startSSE(t, 6000, 10*time.Millisecond)
	synced(t, c)
	for _, via := range []string{kube.ViaPortForward, kube.ViaProxy} {
		way := connectE2E(t, c, via)
		took, err := midStream(t, way, func() { control(t, "drop?pod=default/custom-vllm-0&what=conns") })
		t.Logf("%s: the reply failed %v after the cut: %v", via, took.Round(time.Millisecond), err)
		if err == nil {
			t.Errorf("%s: a cut reply counts as complete", via)
		}
		if took > 6*time.Second {
			t.Errorf("%s: noticed after %v", via, took)
		}
	}
}

func TestE2EAPIServerAway(t *testing.T) {
	c := openE2E(t, "", kube.Config{Namespace: "default"})
	startSSE(t, 6000, 10*time.Millisecond)
	synced(t, c)
	way := connectE2E(t, c, kube.ViaPortForward)
	took, err := midStream(t, way, func() { control(t, "apiserver?down=4s") })
	t.Logf("the reply failed %v after the start of the outage: %v", took.Round(time.Millisecond), err)
	if err == nil {
		t.Error("a reply through an API server that is away counts as complete")
	}
	var p *inventory.Problem
	eventually(t, 10*time.Second, "the picture has a problem", func() bool { p = c.Cluster().Problem; return p != nil })
	t.Log(p)
	if len(c.Cluster().Workspaces) == 0 {
		t.Error("the last picture is gone")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	start := time.Now()
	if err := way.Reconnect(ctx); err != nil {
		t.Fatalf("Reconnect: %v", err)
	}
	t.Logf("reconnected after another %v", time.Since(start).Round(time.Millisecond))
	took = eventually(t, 20*time.Second, "the watch is back", func() bool { cl := c.Cluster(); return cl.Live && cl.Problem == nil })
	t.Logf("watch back after another %v", took.Round(time.Millisecond))
}

func TestE2EAPIServerHangs(t *testing.T) {
	c := openE2E(t, "", kube.Config{Namespace: "default"})
	startSSE(t, 6000, 10*time.Millisecond)
	synced(t, c)
	way := connectE2E(t, c, kube.ViaPortForward)
	hc := clientOf(t, way)
	go func() { _, _, _ = stream(t.Context(), hc, way.BaseURL) }()
	control(t, "apiserver?down=6s&mode=hang")
	took := eventually(t, 10*time.Second, "Watch tells of a stall", func() bool { ready, _, _ := way.Watch(); return !ready })
	_, _, reason := way.Watch()
	t.Logf("stall told after %v: %s", took.Round(time.Millisecond), reason)
	eventually(t, 15*time.Second, "the stall is over", func() bool { ready, _, _ := way.Watch(); return ready })
}

func TestE2EPodReplaced(t *testing.T) {
	c := openE2E(t, "", kube.Config{Namespace: "default"})
	startSSE(t, 6000, 10*time.Millisecond)
	synced(t, c)
	way := connectE2E(t, c, kube.ViaPortForward)
	_, before, _ := way.Watch()
	took, err := midStream(t, way, func() { deletePod(t, "custom-vllm-0") })
	t.Logf("the reply failed %v after the pod was deleted: %v", took.Round(time.Millisecond), err)
	if err == nil {
		t.Error("a reply of a pod that went away counts as complete")
	}
	eventually(t, 20*time.Second, "the replacement is counted", func() bool { _, n, _ := way.Watch(); return n == before+1 })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := way.Reconnect(ctx); err != nil {
		t.Fatalf("Reconnect: %v", err)
	}
}

func deletePod(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("KUBELAB_DIR")
	if dir == "" {
		t.Skip("needs KUBELAB_DIR, the state directory of a test lab")
	}
	out, err := exec.Command("kubectl", "--kubeconfig", filepath.Join(dir, "kubeconfig"), "-n", "default", "delete", "pod", name,
		"--grace-period=1", "--wait=false").CombinedOutput()
	if err != nil {
		t.Skipf("kubectl: %v: %s", err, out)
	}
}

func TestE2EWorkspaceFlaps(t *testing.T) {
	c := openE2E(t, "", kube.Config{Namespace: "default"})
	startSSE(t, 10, 10*time.Millisecond)
	synced(t, c)
	way := connectE2E(t, c, kube.ViaPortForward)
	control(t, "workspace?name=default/custom-vllm&ready=false&reason=ContainerOOMKilled")
	took := eventually(t, 10*time.Second, "Watch tells of it", func() bool { ready, _, _ := way.Watch(); return !ready })
	_, _, reason := way.Watch()
	t.Logf("told after %v: %s", took.Round(time.Millisecond), reason)
	waited := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go func() {
		_, err := c.WaitReady(ctx, "default", "custom-vllm", nil)
		waited <- err
	}()
	control(t, "workspace?name=default/custom-vllm&ready=true")
	if err := <-waited; err != nil {
		t.Errorf("WaitReady: %v", err)
	}
}
