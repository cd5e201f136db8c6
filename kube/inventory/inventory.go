// Package inventory holds the plain values that describe a cluster to the rest of benchtop:
// workspaces, their nodes and GPU SKU, prices, ways to an endpoint, and problems. It has no
// behaviour beyond small derivations, no client-go, and imports the standard library and
// benchtop/escape only.
//
// nil and "" mean unknown, never zero. Every string that came from a cluster has been stripped of
// control and bidi characters before it gets here.
package inventory

import (
	"strings"
	"time"
)

// Kind is the kind of a benchmarkable object.
type Kind string

// The kinds benchtop recognises.
const (
	KindWorkspace    Kind = "Workspace"
	KindInferenceSet Kind = "InferenceSet"
	KindMultiRole    Kind = "MultiRoleInference"
	KindRAGEngine    Kind = "RAGEngine"
)

// Workspace is one object that the picker lists.
type Workspace struct {
	Context   string
	Namespace string
	Name      string
	Kind      Kind
	Parent    string // InferenceSet or MultiRoleInference that made it
	Created   time.Time

	Model        string // served model id as far as known before contact
	Preset       string
	Runtime      string // vllm, transformers
	InstanceType string
	SKU          SKU
	Nodes        []Node
	NodeCount    int // target count
	Ready        bool
	// State is one word for the table: Ready, Pending, NoNode, Pulling, Starting (loading the model,
	// then Kaito's own benchmark), Failing, Tuning, Deleting, Set (an InferenceSet), Other.
	State string
	// Benchmarkable says whether a run may be offered; Reason says why not.
	Benchmarkable bool
	Reason        string
	Conditions    []Condition
	Parallelism   string // "TP2", "DP4", "TP8 PP2"
	// PeakTokensPerMinute is Kaito's own start-up benchmark; nil = none.
	PeakTokensPerMinute *float64
	StartupBenchmark    bool   // it runs before the workspace becomes ready
	Autoscaler          string // what could add nodes, "" = nothing seen
	Replicas            int    // of an InferenceSet
	ReadyReplicas       int
	Restarts            int    // of its pod; while the cluster is watched, replacements count too
	LastExit            string // why its container ended last ("OOMKilled"), "" = it did not
	Pod                 string // pod to forward to, "" = unknown
	PodUID              string
	ImageDigest         string
	Flags               map[string]string // allow-listed vLLM flags
	LoadBalancer        string            // external URL, if any
	ServicePort         int
	ConfigMap           string // of inference.config, "" = none
	Price               Price
	Note                string // what a person should know beside the reason
	// Running and Waiting are the requests inside the server when it was last asked; nil = not
	// asked, or it would not say.
	Running, Waiting *float64
}

// The words of Workspace.State.
const (
	StateReady    = "Ready"
	StatePending  = "Pending"
	StateNoNode   = "NoNode"
	StatePulling  = "Pulling"
	StateStarting = "Starting" // loading the model, then Kaito's own benchmark
	StateFailing  = "Failing"
	StateTuning   = "Tuning"
	StateDeleting = "Deleting"
	StateSet      = "Set"
	StateOther    = "Other"
)

// Never says that no waiting makes it a target: it is a job, or a service of another kind, or it has
// replicas which are targets themselves.
func (w *Workspace) Never() bool {
	return w.State == StateTuning || w.State == StateOther || w.State == StateSet
}

// Condition is one status condition.
type Condition struct {
	Type    string
	Status  string // True, False, Unknown
	Reason  string
	Message string
	Since   time.Time
}

// Node is one machine under a workspace.
type Node struct {
	Name         string
	InstanceType string
	Region       string
	Zone         string
	Spot         *bool
	Ready        bool
	SKU          SKU
	Driver       string
}

// SKU is what hardware one node of a workspace has.
type SKU struct {
	InstanceType string
	GPU          string  // short name: "A100", "A100 mig-3g.40gb", "" = unknown
	Product      string  // as found: "NVIDIA-A100-80GB-PCIe"
	Count        int     // GPUs per node; 0 = unknown
	MemoryGiB    float64 // per GPU; 0 = unknown
	Source       string  // where it was learnt: node label, GFD, capacity, table, spec
}

// Price is what a workspace costs. USDPerHour covers all its nodes; nil = unknown, Why says why.
type Price struct {
	USDPerHour *float64
	PerNode    *float64
	Source     string // "built-in list", "--price", file path
	Date       string // of the list
	Region     string
	Spot       *bool
	Why        string
}

// Access is one capability and whether this user has it.
type Access struct {
	Capability string // list workspaces, read nodes, port-forward, service proxy
	Verb       string
	Resource   string // "pods/portforward"
	Namespace  string // "" = cluster-wide
	Name       string // of the one object it is about; "" = all
	Allowed    bool
	Reason     string
	Without    string // what still works without it
}

// Problem is why a cluster, or part of it, cannot be used, and the ways on.
type Problem struct {
	What string   // "can't reach the cluster"
	Why  string   // the cause
	Next []string // what to do
}

// Error is the problem in one line, so that a *Problem can be an error.
func (p *Problem) Error() string {
	s := p.What
	if p.Why != "" {
		s += ": " + p.Why
	}
	if len(p.Next) > 0 {
		s += " (" + strings.Join(p.Next, "; ") + ")"
	}
	return s
}

// Cluster is a picture of what is known at one moment; immutable.
type Cluster struct {
	Context    string
	Server     string
	Namespace  string // "" = all
	User       string
	Seq        uint64
	Synced     bool // the first list is complete
	Live       bool // the watch is up
	Simulated  bool
	Workspaces []Workspace
	Access     []Access
	Problem    *Problem // nil = fine
	Contexts   []string
	Namespaces []string
}
