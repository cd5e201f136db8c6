package kube

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"
	"benchtop/kube/sku"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
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
// themselves (a node has 15 KB) are dropped as soon as they are read.
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

func (s *source) Replace(objs []any, _ string) error {
	values := make(map[string]any, len(objs))
	for _, o := range objs {
		if u, ok := o.(*unstructured.Unstructured); ok {
			values[keyOf(u)] = s.parse(u.Object)
		}
	}
	s.set(func() { s.values, s.synced, s.err = values, true, nil })
	return nil
}

func (s *source) Resync() error { return nil }

func keyOf(u *unstructured.Unstructured) string { return u.GetNamespace() + "/" + u.GetName() }

// page is how many objects are asked for at a time.
const page = 500

// list reads the table once.
func (s *source) list(ctx context.Context) error {
	values := map[string]any{}
	opts := metav1.ListOptions{LabelSelector: s.selector, Limit: page}
	for {
		pageCtx, cancel := context.WithTimeout(ctx, apiTimeout)
		l, err := s.api.List(pageCtx, opts)
		cancel()
		if err != nil {
			s.set(func() { s.err, s.synced = err, s.optional })
			return err
		}
		for i := range l.Items {
			values[keyOf(&l.Items[i])] = s.parse(l.Items[i].Object)
		}
		if opts.Continue = l.GetContinue(); opts.Continue == "" {
			s.set(func() { s.values, s.synced, s.err = values, true, nil })
			return nil
		}
	}
}

// listAll reads every table once. An error of an optional one is kept with it.
func (f *feed) listAll(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, s := range f.sources {
		g.Go(func() error {
			if err := s.list(ctx); err != nil && !s.optional {
				return err
			}
			return nil
		})
	}
	return g.Wait()
}

// Transformer makes the reflector cut down the objects that it gathers while a list is streamed.
func (s *source) Transformer() cache.TransformFunc {
	return func(obj any) (any, error) {
		if u, ok := obj.(*unstructured.Unstructured); ok {
			slim(u)
		}
		return obj, nil
	}
}

// listWatch gives a reflector this table's objects; those of a list are cut down page by page.
func (s *source) listWatch(api dynamic.Interface) cache.ListerWatcher {
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = s.selector
			l, err := s.api.List(ctx, o)
			if err != nil {
				s.failed(err)
				return nil, err
			}
			for i := range l.Items {
				slim(&l.Items[i])
			}
			return l, nil
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = s.selector
			w, err := s.api.Watch(ctx, o)
			if err != nil {
				s.failed(err)
				return nil, err
			}
			s.set(func() { s.live, s.err = true, nil })
			return w, nil
		},
	}, api)
}

func (s *source) failed(err error) {
	s.set(func() {
		s.live, s.err = false, err
		if s.optional && (apierrors.IsNotFound(err) || apierrors.IsForbidden(err)) {
			s.synced = true // there is nothing to wait for
		}
	})
}

// slim drops what is never read of an object, which is most of a node, so that a list of 5,000 nodes
// does not stand in memory while it is taken in.
func slim(u *unstructured.Unstructured) {
	meta, _ := u.Object["metadata"].(map[string]any)
	delete(meta, "managedFields")
	switch u.GetKind() {
	case "Node":
		delete(u.Object, "spec")
		delete(meta, "annotations")
		if labels, ok := meta["labels"].(map[string]any); ok {
			maps.DeleteFunc(labels, func(k string, _ any) bool { return !readLabel(k) })
		}
		keep(u.Object, "status", "capacity", "conditions")
	case "Pod":
		delete(meta, "annotations")
		keep(u.Object, "spec", "nodeName", "containers")
	}
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

// keep leaves of the part of an object only the keys that are named.
func keep(obj map[string]any, part string, keys ...string) {
	if m, ok := obj[part].(map[string]any); ok {
		maps.DeleteFunc(m, func(k string, _ any) bool { return !slices.Contains(keys, k) })
	}
}
