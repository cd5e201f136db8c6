package kaito

import (
	"fmt"
	"strings"

	"benchtop/kube/inventory"
)

// Judge sets State, Ready, Benchmarkable, Reason and Note of a parsed object; head is the pod that
// serves it, nil if none is known. Readiness is InferenceReady and ResourceReady, as kubectl-kaito
// has it, not status.state: that says NotReady for a workspace which serves but whose start-up
// benchmark could not be read.
func Judge(it *Item, head *Pod) {
	switch it.Kind {
	case inventory.KindInferenceSet:
		judgeSet(it)
		return
	case inventory.KindMultiRole:
		it.State, it.Ready = inventory.StateOther, it.isTrue("Ready")
		it.Reason = "prefill and decode are split over two InferenceSets behind a gateway: give the gateway's URL as the target"
		return
	case inventory.KindRAGEngine:
		it.State, it.Ready = inventory.StateOther, it.isTrue("ServiceReady")
		it.Reason = "a RAG service: its latency holds retrieval and a remote model, so it cannot be compared"
		return
	}
	if it.Tuning {
		it.State = inventory.StateTuning
		it.Reason = "a fine-tuning job: it has no endpoint"
		return
	}
	if it.Deleting {
		it.State, it.Reason = inventory.StateDeleting, "is being deleted"
		return
	}
	it.Ready = it.isTrue("InferenceReady") && it.isTrue("ResourceReady")
	if len(it.Conditions) == 0 {
		it.Ready = it.Declared == inventory.StateReady
	}
	// The conditions follow a restarted pod late, and Kaito's benchmark runs again in it.
	if head != nil && head.Running && !head.Ready {
		it.Ready = false
	}
	if it.Half {
		it.State = inventory.StateOther
		it.Reason = half(it)
		return
	}
	if !it.Ready {
		it.State, it.Reason = waiting(it, head)
		return
	}
	it.State, it.Benchmarkable = inventory.StateReady, true
	var notes []string
	if it.Template {
		notes = append(notes, "own pod template: the server is probed before a run")
	}
	if it.Runtime == runtimeTransformers {
		notes = append(notes, "transformers runtime: chat only, no vLLM metrics")
	}
	if c := it.condition("BenchmarkCompleted"); c.Status == "False" && it.Declared == "NotReady" {
		notes = append(notes, "Kaito calls it NotReady because its own start-up benchmark failed; it serves")
	}
	it.Note = strings.Join(notes, "; ")
}

// half says why one role of a MultiRoleInference alone is no target.
func half(it *Item) string {
	return "serves prefill or decode only, for MultiRoleInference " + it.Parent + ": give the gateway's URL as the target"
}

func judgeSet(it *Item) {
	it.State, it.Ready = inventory.StateSet, it.isTrue("InferenceSetReady")
	if it.Half {
		it.Reason = half(it)
		return
	}
	it.Reason = fmt.Sprintf("%d of %d replicas ready; a set has no endpoint of its own: choose a replica",
		it.ReadyReplicas, it.Replicas)
}

// waiting says in a word and a sentence what a workspace that is not ready waits for, from the most
// telling source: the pod, then the conditions.
func waiting(it *Item, head *Pod) (state, reason string) {
	resource, inference := it.condition("ResourceReady"), it.condition("InferenceReady")
	if resource.Status != "True" && (head == nil || head.Node == "") {
		return inventory.StateNoNode, because("no node yet", it.condition("NodeClaimReady"), it.condition("NodesReady"), resource)
	}
	if head == nil && failing(inference.Reason) {
		return inventory.StateFailing, because("not serving", inference)
	}
	if head == nil {
		return inventory.StatePending, because("not ready", inference, resource)
	}
	switch {
	case failing(head.Waiting) || head.Phase == "Failed":
		return inventory.StateFailing, join(first(head.Waiting, head.Phase), first(head.LastExit, head.Message))
	case head.Waiting == "ContainerCreating" || head.Waiting == "PodInitializing":
		return inventory.StatePulling, "pulling the image or preparing the volume"
	case head.Running && !head.Ready:
		reason = "loading the model"
		if it.StartupBenchmark {
			reason += "; then Kaito's own start-up benchmark runs" + benchmarkTakes
		}
		if head.LastExit != "" {
			reason += fmt.Sprintf("; restarted %d×, last: %s", head.Restarts, head.LastExit)
		}
		return inventory.StateStarting, reason
	case resource.Status != "True":
		return inventory.StatePending, because("node not ready", it.condition("NodesReady"), resource)
	}
	if failing(inference.Reason) {
		return inventory.StateFailing, because("not serving", inference)
	}
	return inventory.StatePending, because("not ready", inference)
}

const benchmarkTakes = " (about 3 minutes)"

// Benchmarking is the reason of a starting workspace whose server already answers: the Service leads to
// pods that are not ready too, so what runs there is Kaito's benchmark.
const Benchmarking = "the model is loaded, Kaito's own start-up benchmark runs" + benchmarkTakes

func failing(reason string) bool {
	for _, w := range []string{"Crash", "OOM", "Err", "BackOff", "Evicted", "Failed", "Pressure"} {
		if strings.Contains(reason, w) {
			return true
		}
	}
	return false
}

// because appends the first condition that is not met to what: "no node yet: NodeClaimNotReady,
// Ready NodeClaims are not enough".
func because(what string, cs ...inventory.Condition) string {
	for _, c := range cs {
		if c.Status != "" && c.Status != "True" {
			return join(what, strings.Trim(c.Reason+", "+c.Message, ", "))
		}
	}
	return what
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + ": " + b
}

func first(ss ...string) string {
	for _, s := range ss {
		if s != "" {
			return s
		}
	}
	return ""
}

func (it *Item) condition(kind string) inventory.Condition {
	for _, c := range it.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return inventory.Condition{}
}

func (it *Item) isTrue(kind string) bool { return it.condition(kind).Status == "True" }
