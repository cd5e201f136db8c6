package kube

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"
	"benchtop/kube/skim"
	"benchtop/kube/sku"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
)

// feed holds what was read of a cluster: one table for each resource and scope.
type feed struct {
	plan    *plan
	sources []*source
	dirty   chan struct{} // holds one token when something changed

	mu    sync.Mutex // guards lives
	lives map[string]life
}

// source is one table. It is the store of a reflector, and keeps parsed values only: the objects
// themselves are dropped as soon as they are read.
type source struct {
	want
	feed *feed
	api  dynamic.ResourceInterface

	mu     sync.Mutex // guards what follows
	values map[string]any
	synced bool
	live   bool
	err    error
}

func newFeed(p *plan, api dynamic.Interface) *feed {
	f := &feed{plan: p, dirty: make(chan struct{}, 1), lives: map[string]life{}}
	for _, w := range p.sources {
		f.sources = append(f.sources, &source{want: w, feed: f, values: map[string]any{},
			api: api.Resource(w.gvr).Namespace(w.namespace)})
	}
	return f
}

// life is what is remembered of a pod's name through its restarts and replacements.
type life struct {
	uid   string
	base  int // restarts and replacements before this pod
	count int
}

// age replaces the pod's restarts by the monotonic count over its predecessors too.
func (f *feed) age(p kaito.Pod) kaito.Pod {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := p.Namespace + "/" + p.Name
	l, seen := f.lives[key]
	if seen && l.uid != p.UID {
		l.base += l.count + 1
	}
	l.uid, l.count = p.UID, p.Restarts
	f.lives[key] = l
	p.Restarts += l.base
	return p
}

// parse turns an object into the value that is kept.
func (s *source) parse(obj map[string]any) any {
	switch s.gvr {
	case podsGVR:
		return s.feed.age(kaito.ParsePod(obj))
	case nodesGVR:
		return parseNode(obj)
	case hpaGVR, kedaGVR:
		return kaito.ParseScaler(obj)
	}
	return kaito.Parse(s.kind, obj)
}

// machine is a node and the workspace, as namespace/name, that its labels say it was made for.
type machine struct {
	inventory.Node
	workspace string
}

func parseNode(obj map[string]any) machine {
	n, labels, capacity := kaito.ParseNode(obj)
	n.InstanceType, n.Region, n.Zone = sku.InstanceType(labels), sku.Region(labels), sku.Zone(labels)
	n.Spot, n.Driver = sku.Spot(labels), sku.Driver(labels)
	n.SKU = sku.OfNode(labels, capacity)
	return machine{Node: n, workspace: kaito.MadeFor(labels)}
}

func (s *source) set(f func()) {
	s.mu.Lock()
	f()
	s.mu.Unlock()
	select {
	case s.feed.dirty <- struct{}{}:
	default:
	}
}

// The methods of cache.ReflectorStore.

func (s *source) Add(obj any) error { return s.Update(obj) }

func (s *source) Update(obj any) error {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("unexpected %T in a watch", obj)
	}
	v, key := s.parse(u.Object), keyOf(u)
	s.mu.Lock()
	same := reflect.DeepEqual(s.values[key], v)
	s.mu.Unlock()
	if !same { // a node's heartbeat changes nothing that is kept, and 5,000 nodes have 17 a second
		s.set(func() { s.values[key] = v })
	}
	return nil
}

func (s *source) Delete(obj any) error {
	switch o := obj.(type) {
	case *unstructured.Unstructured:
		s.set(func() { delete(s.values, keyOf(o)) })
	case cache.DeletedFinalStateUnknown:
		s.set(func() { delete(s.values, o.Key) })
	}
	return nil
}

// Replace has nothing to do: the list that it is for is in place, see listWatch.
func (s *source) Replace([]any, string) error { return nil }

func (s *source) Resync() error { return nil }

func keyOf(u *unstructured.Unstructured) string { return u.GetNamespace() + "/" + u.GetName() }

// page is how many objects are asked for at a time.
const page = 500

// read takes in the whole table, page by page, and returns the version that it is of.
func (s *source) read(ctx context.Context) (version string, err error) {
	values := map[string]any{}
	opts := metav1.ListOptions{LabelSelector: s.selector, Limit: page}
	for {
		pageCtx, cancel := context.WithTimeout(skim.Without(ctx, s.unread), apiTimeout)
		l, err := s.api.List(pageCtx, opts)
		cancel()
		if err != nil {
			return "", err
		}
		for i := range l.Items {
			values[keyOf(&l.Items[i])] = s.parse(l.Items[i].Object)
		}
		if opts.Continue = l.GetContinue(); opts.Continue == "" {
			s.set(func() { s.values, s.synced, s.err = values, true, nil })
			return l.GetResourceVersion(), nil
		}
	}
}

// listAll reads every table once. An error of an optional one is kept with it.
func (f *feed) listAll(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, s := range f.sources {
		g.Go(func() error {
			_, err := s.read(ctx)
			if err == nil {
				return nil
			}
			s.set(func() { s.err, s.synced = err, s.optional })
			if s.optional {
				return nil
			}
			return err
		})
	}
	return g.Wait()
}

// ofMachines says that the table is of what the workspaces run on.
func (s *source) ofMachines() bool { return s.gvr == podsGVR || s.gvr == nodesGVR }

// listed says that every table of workspaces has been read, or could not be.
func (f *feed) listed() bool {
	return !slices.ContainsFunc(f.sources, func(s *source) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return !s.optional && !s.synced && s.err == nil
	})
}

// reflector keeps the table current.
func (s *source) reflector() *cache.Reflector {
	return cache.NewReflectorWithOptions(s.listWatch(), &unstructured.Unstructured{}, s, cache.ReflectorOptions{
		Name: s.gvr.Resource,
		Backoff: &wait.Backoff{Duration: 500 * time.Millisecond, Factor: 1.6, Jitter: 0.2, Cap: 5 * time.Second,
			Steps: math.MaxInt32},
	})
}

// listWatch gives a reflector this table's objects. A list is taken in as it is read, so the reflector
// gets an empty one, which tells it from which version on to watch.
func (s *source) listWatch() cache.ListerWatcher {
	return paged{&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, _ metav1.ListOptions) (runtime.Object, error) {
			version, err := s.read(ctx)
			if err != nil {
				s.failed(err)
				return nil, err
			}
			l := &unstructured.UnstructuredList{}
			l.SetResourceVersion(version)
			return l, nil
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = s.selector
			w, err := s.api.Watch(skim.Without(ctx, s.unread), o)
			if err != nil {
				s.failed(err)
				return nil, err
			}
			s.set(func() { s.live, s.err = true, nil })
			return w, nil
		},
	}}
}

// paged keeps the reflector from asking for the list as a stream of events, which API servers do not
// compress: 5,000 nodes are 107 MB in a stream, a tenth of that in pages.
type paged struct{ *cache.ListWatch }

// IsWatchListSemanticsUnSupported is the reflector's question.
func (paged) IsWatchListSemanticsUnSupported() bool { return true }

func (s *source) failed(err error) {
	s.set(func() {
		s.live, s.err = false, err
		if s.optional && (apierrors.IsNotFound(err) || apierrors.IsForbidden(err)) {
			s.synced = true // there is nothing to wait for
		}
	})
}

// What is read of a node and of a pod, which is a small part of them: by the key that an object stands
// under, the keys that are read of it. The metadata is also that of the list.
var (
	nodeParts = map[string][]string{
		"metadata":   {"name", "labels", "resourceVersion", "continue"},
		"spec":       {},
		"status":     {"capacity", "conditions"},
		"conditions": {"type", "status"},
	}
	podParts = map[string][]string{
		"metadata":   {"namespace", "name", "uid", "labels", "resourceVersion", "continue"},
		"spec":       {"nodeName", "containers"},
		"containers": {"name", "command", "args", "resources"},
		"status":     {"phase", "conditions", "containerStatuses"},
	}
)

// unread says of a member of an API server's answer that parse does not look at it.
func (s *source) unread(parent, key string) bool {
	var parts map[string][]string
	switch s.gvr {
	case nodesGVR:
		if parent == "labels" {
			return !readLabel(key)
		}
		parts = nodeParts
	case podsGVR:
		parts = podParts
	default:
		return key == "managedFields"
	}
	keys, ok := parts[parent]
	return ok && !slices.Contains(keys, key)
}

// readLabel says that a node's label may tell the machine's type, place, GPU or workspace.
func readLabel(key string) bool {
	for _, part := range []string{"instance-type", "kaito.sh/", "nvidia.com/", "karpenter", "topology.kubernetes.io/",
		"failure-domain", "kubernetes.azure.com/", "agentpool", "capacityType"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}
