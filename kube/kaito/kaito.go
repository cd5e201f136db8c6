// Package kaito turns the objects of a Kaito cluster into inventory values.
//
// Input is the decoded JSON of one object (map[string]any); output is plain values with every string
// stripped of control characters and bounded. It knows Kaito 0.7 to 0.12: kaito.sh v1beta1 and
// v1alpha1, status fields that older versions lack, conditions instead of status.state. A Workspace
// has no .spec: resource, inference, tuning and status stand at the top.
//
//	it := kaito.Parse(inventory.KindWorkspace, obj.Object)
//	pod := kaito.ParsePod(podObj.Object)
//	kaito.Judge(&it, &pod)       // state, may it be benchmarked, why not
//
// Pure; malformed input gives zero values, never a panic. Imports kube/inventory only.
package kaito

import (
	"math"
	"strconv"
	"strings"
	"time"

	"benchtop/kube/inventory"
)

// Labels and annotations that Kaito sets or reads.
const (
	LabelWorkspace    = "kaito.sh/workspace" // on the pods and nodes of a workspace
	labelInferenceSet = "inferenceset.kaito.sh/created-by"
	labelMultiRole    = "multiroleinference.kaito.sh/created-by"

	annotationRuntime     = "kaito.sh/runtime"
	annotationNoBenchmark = "kaito.sh/disable-benchmark"
)

// Runtimes of a workspace.
const (
	RuntimeVLLM         = "vllm"
	runtimeTransformers = "transformers"
)

// Item is one Kaito object: what can be shown of it, and what is needed to find its pods and nodes.
type Item struct {
	inventory.Workspace
	Tuning      bool
	Half        bool     // one role, prefill or decode, of a MultiRoleInference
	Template    bool     // the user's own pod template instead of a preset
	WorkerNodes []string // names in status, the fallback when pods cannot be read
	MIGProfile  string   // of resource.partition
	MIGCount    int
	Deleting    bool
	// Declared is the state that the object gives itself (status.state), "" before Kaito 0.9.
	Declared string
}

// Parse reads a Workspace, InferenceSet, MultiRoleInference or RAGEngine.
func Parse(kind inventory.Kind, obj map[string]any) Item {
	meta := child(obj, "metadata")
	it := Item{Workspace: inventory.Workspace{
		Namespace: word(meta["namespace"]), Name: word(meta["name"]), Kind: kind,
		Created: when(meta["creationTimestamp"]),
	}}
	it.Deleting = meta["deletionTimestamp"] != nil
	status := child(obj, "status")
	it.Conditions = conditions(status)
	it.Declared = word(status["state"])
	switch kind {
	case inventory.KindWorkspace:
		parseWorkspace(&it, obj, meta, status)
	case inventory.KindInferenceSet:
		parseInferenceSet(&it, child(obj, "spec"), meta, status)
	case inventory.KindMultiRole:
		parseMultiRole(&it, child(obj, "spec"))
	case inventory.KindRAGEngine:
		it.InstanceType = word(dig(obj, "spec", "compute")["instanceType"])
	}
	return it
}

func parseWorkspace(it *Item, obj, meta, status map[string]any) {
	resource, inference := child(obj, "resource"), child(obj, "inference")
	parseResource(it, resource)
	if n, ok := whole(status["targetNodeCount"]); ok && n > 0 {
		it.NodeCount = n
	} else if n, ok := whole(resource["count"]); ok && n > 0 {
		it.NodeCount = n
	} else {
		it.NodeCount = 1
	}
	parseParent(it, meta)
	for _, n := range list(status["workerNodes"]) {
		if w := word(n); w != "" {
			it.WorkerNodes = append(it.WorkerNodes, w)
		}
	}
	it.Tuning = obj["tuning"] != nil
	parseInference(it, inference, child(meta, "annotations"))
	if it.Parent != "" && !it.Half && !it.Template {
		it.Model = it.Parent // Kaito 0.11 and later serve a set's replicas under the set's name
	}
	it.PeakTokensPerMinute = metric(status, "peakTokensPerMinute")
}

// parseParent finds the object that made this one.
func parseParent(it *Item, meta map[string]any) {
	labels := child(meta, "labels")
	it.Half = word(labels[labelMultiRole]) != ""
	it.Parent = firstWord(labels, labelMultiRole, labelInferenceSet)
	if it.Parent == "" {
		it.Parent, it.Half = owner(meta)
	}
}

// parseMultiRole reads which roles stand on which machines.
func parseMultiRole(it *Item, spec map[string]any) {
	it.Model = modelID(word(child(spec, "model")["name"]))
	var roles []string
	for _, v := range list(spec["roles"]) {
		r, _ := v.(map[string]any)
		if kind := word(r["type"]); kind != "" && len(roles) < maxRoles {
			roles = append(roles, strings.TrimSpace(kind+" "+word(r["instanceType"])))
		}
	}
	it.Note = strings.Join(roles, ", ")
}

// maxRoles bounds what is shown; Kaito has two.
const maxRoles = 4

func parseInferenceSet(it *Item, spec, meta, status map[string]any) {
	parseParent(it, meta)
	template := child(spec, "template")
	parseResource(it, child(template, "resource"))
	parseInference(it, child(template, "inference"), child(meta, "annotations"))
	it.Model = it.Name
	it.Replicas = 1
	if n, ok := whole(spec["replicas"]); ok {
		it.Replicas = n
	}
	it.ReadyReplicas, _ = whole(status["readyReplicas"])
	it.PeakTokensPerMinute = metric(status, "aggregatedPeakTokensPerMinute")
}

func parseResource(it *Item, resource map[string]any) {
	it.InstanceType = word(resource["instanceType"])
	part := child(resource, "partition")
	if word(part["mode"]) == "mig" || strings.Contains(word(part["profile"]), "gb") {
		it.MIGProfile = word(part["profile"])
		it.MIGCount = 1
		if n, ok := whole(part["count"]); ok && n > 0 {
			it.MIGCount = n
		}
	}
}

func parseInference(it *Item, inference, annotations map[string]any) {
	it.Runtime = RuntimeVLLM
	if word(annotations[annotationRuntime]) == runtimeTransformers {
		it.Runtime = runtimeTransformers
	}
	preset := word(child(inference, "preset")["name"])
	it.Preset = preset
	it.Model = modelID(preset)
	it.Template = inference["template"] != nil
	if it.Template {
		it.Runtime = "" // any container
	}
	it.ConfigMap = word(inference["config"])
	it.StartupBenchmark = preset != "" && it.Runtime == RuntimeVLLM &&
		word(annotations[annotationNoBenchmark]) != "true"
}

// legacyPresets maps preset names from before the model catalogue to the id that is served.
var legacyPresets = map[string]string{
	"mistral-7b":                    "mistral-7b-v0.3",
	"mistral-7b-instruct":           "mistral-7b-instruct-v0.3",
	"gemma-3-4b-instruct":           "gemma-3-4b-it",
	"gemma-3-27b-instruct":          "gemma-3-27b-it",
	"ministral-3-3b-instruct":       "ministral-3-3b-instruct-2512",
	"ministral-3-8b-instruct":       "ministral-3-8b-instruct-2512",
	"ministral-3-14b-instruct":      "ministral-3-14b-instruct-2512",
	"mistral-large-3-675b-instruct": "mistral-large-3-675b-instruct-2512",
}

// modelID is the id a standalone workspace of this preset serves, as far as can be told before
// contact: the last segment of the model's name in lower case.
func modelID(preset string) string {
	id := strings.ToLower(preset[strings.LastIndexByte(preset, '/')+1:])
	if v, ok := legacyPresets[id]; ok {
		return v
	}
	return id
}

// owner is the InferenceSet or MultiRoleInference that controls the object; half = the latter.
func owner(meta map[string]any) (name string, half bool) {
	for _, o := range list(meta["ownerReferences"]) {
		ref, _ := o.(map[string]any)
		switch word(ref["kind"]) {
		case string(inventory.KindInferenceSet), string(inventory.KindMultiRole):
			return word(ref["name"]), word(ref["kind"]) == string(inventory.KindMultiRole)
		}
	}
	return "", false
}

// metric reads a number that Kaito keeps as a string; nil = absent or no finite number.
func metric(status map[string]any, name string) *float64 {
	m := dig(status, "performance", "metrics", name)
	v, err := strconv.ParseFloat(word(m["value"]), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return nil
	}
	return &v
}

// maxConditions bounds what is kept of one object; Kaito writes about ten.
const maxConditions = 32

func conditions(status map[string]any) []inventory.Condition {
	var out []inventory.Condition
	for _, c := range list(status["conditions"]) {
		m, _ := c.(map[string]any)
		if m == nil || len(out) == maxConditions {
			continue
		}
		out = append(out, inventory.Condition{
			Type: word(m["type"]), Status: word(m["status"]), Reason: word(m["reason"]),
			Message: sentence(m["message"]), Since: when(m["lastTransitionTime"]),
		})
	}
	return out
}

// ParseNode reads a Node. Labels and capacity are what the SKU is learnt from.
func ParseNode(obj map[string]any) (n inventory.Node, labels, capacity map[string]string) {
	meta, status := child(obj, "metadata"), child(obj, "status")
	n.Name = word(meta["name"])
	for _, c := range conditions(status) {
		if c.Type == "Ready" {
			n.Ready = c.Status == "True"
		}
	}
	return n, words(child(meta, "labels")), words(child(status, "capacity"))
}

// MadeFor is the workspace, as namespace/name, for which a node was made, "" if its labels do not say:
// gpu-provisioner and Karpenter each have labels of their own, the user's own nodes have none.
func MadeFor(labels map[string]string) string {
	for _, k := range [][2]string{{"kaito.sh/workspacenamespace", LabelWorkspace},
		{"karpenter.kaito.sh/workspace-namespace", "karpenter.kaito.sh/workspace-name"}} {
		if ns, name := labels[k[0]], labels[k[1]]; ns != "" && name != "" {
			return ns + "/" + name
		}
	}
	return ""
}

// Scaler is an autoscaler and what it scales.
type Scaler struct {
	Namespace, Name string
	Kind            string // HorizontalPodAutoscaler, ScaledObject
	TargetKind      string
	TargetName      string
}

// ParseScaler reads a HorizontalPodAutoscaler or a KEDA ScaledObject.
func ParseScaler(obj map[string]any) Scaler {
	meta := child(obj, "metadata")
	ref := dig(obj, "spec", "scaleTargetRef")
	return Scaler{Namespace: word(meta["namespace"]), Name: word(meta["name"]), Kind: word(obj["kind"]),
		TargetKind: word(ref["kind"]), TargetName: word(ref["name"])}
}

// when reads an RFC 3339 time; zero = absent.
func when(v any) time.Time {
	t, _ := time.Parse(time.RFC3339, word(v))
	return t
}
