package kaito_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"benchtop/kube/inventory"
	"benchtop/kube/kaito"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// object decodes YAML the way an API server's JSON is decoded.
func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

const served = `
metadata: {name: chat, namespace: team, creationTimestamp: "2026-08-25T09:12:44Z"}
resource: {instanceType: Standard_NC24ads_A100_v4, count: 1}
inference:
  preset: {name: phi-4-mini-instruct}
  config: chat-params
status:
  state: Ready
  targetNodeCount: 2
  workerNodes: [aks-1, aks-2]
  conditions:
  - {type: ResourceReady, status: "True"}
  - {type: InferenceReady, status: "True"}
  performance: {metrics: {peakTokensPerMinute: {value: "251834.12", unit: tokens/min}}}
`

func TestParseWorkspace(t *testing.T) {
	it := kaito.Parse(inventory.KindWorkspace, object(t, served))
	if it.Name != "chat" || it.Namespace != "team" || it.InstanceType != "Standard_NC24ads_A100_v4" || it.NodeCount != 2 ||
		it.Model != "phi-4-mini-instruct" || it.ConfigMap != "chat-params" || it.Runtime != kaito.RuntimeVLLM || !it.StartupBenchmark {
		t.Errorf("parsed as %+v", it)
	}
	if it.PeakTokensPerMinute == nil || *it.PeakTokensPerMinute != 251834.12 {
		t.Errorf("peak is %v", it.PeakTokensPerMinute)
	}
	if diff := cmp.Diff([]string{"aks-1", "aks-2"}, it.WorkerNodes); diff != "" {
		t.Error(diff)
	}
	if it.Created.Year() != 2026 {
		t.Errorf("created %v", it.Created)
	}
}

// edit applies changes to the served workspace: each is "path.to.key=YAML", or "path=-" to delete.
func edit(t *testing.T, changes ...string) map[string]any {
	t.Helper()
	obj := object(t, served)
	for _, c := range changes {
		path, value, _ := strings.Cut(c, "=")
		keys := strings.Split(path, ".")
		m := obj
		for _, k := range keys[:len(keys)-1] {
			next, ok := m[k].(map[string]any)
			if !ok {
				next = map[string]any{}
				m[k] = next
			}
			m = next
		}
		last := keys[len(keys)-1]
		if value == "-" {
			delete(m, last)
			continue
		}
		var v any
		if err := yaml.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		m[last] = v
	}
	return obj
}

func conditions(kv ...string) string {
	var b strings.Builder
	b.WriteString("status.conditions=[")
	for i := 0; i < len(kv); i += 3 {
		b.WriteString("{type: " + kv[i] + `, status: "` + kv[i+1] + `", reason: "` + kv[i+2] + `"},`)
	}
	return strings.TrimSuffix(b.String(), ",") + "]"
}

func TestModelBeforeContact(t *testing.T) {
	tests := []struct {
		name    string
		changes []string
		want    string
	}{
		{"a preset is its own id", nil, "phi-4-mini-instruct"},
		{"a Hugging Face id is served under its last part, in lower case", []string{"inference.preset.name=Qwen/Qwen2.5-Coder-7B-Instruct"}, "qwen2.5-coder-7b-instruct"},
		{"an old preset name has a new id", []string{"inference.preset.name=mistral-7b-instruct"}, "mistral-7b-instruct-v0.3"},
		{"a replica serves its set's name", []string{"metadata.labels={inferenceset.kaito.sh/created-by: qwen-set}"}, "qwen-set"},
		{"a replica by its owner", []string{"metadata.ownerReferences=[{kind: InferenceSet, name: qwen-set}]"}, "qwen-set"},
		{"a template tells nothing", []string{"inference={template: {spec: {}}}"}, ""},
		{"a slash at the end", []string{"inference.preset.name=org/"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := kaito.Parse(inventory.KindWorkspace, edit(t, tt.changes...)).Model; got != tt.want {
				t.Errorf("model is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	notReady := conditions("ResourceReady", "True", "ok", "InferenceReady", "False", "WorkspaceInferenceStatusPending")
	running := &kaito.Pod{Name: "chat-0", Node: "aks-1", Phase: "Running", Running: true}
	tests := []struct {
		name    string
		kind    inventory.Kind
		changes []string
		pod     *kaito.Pod
		state   string
		bench   bool
		reason  string // part of
		note    string // part of
	}{
		{name: "ready", state: inventory.StateReady, bench: true},
		{name: "serves although its own benchmark failed", state: inventory.StateReady, bench: true, note: "start-up benchmark failed",
			changes: []string{"status.state=NotReady", conditions("ResourceReady", "True", "", "InferenceReady", "True", "", "BenchmarkCompleted", "False", "BenchmarkFailed")}},
		{name: "restarted, and the conditions are late", state: inventory.StateStarting, reason: "start-up benchmark runs", pod: running},
		{name: "before Kaito 0.9: no state", state: inventory.StateReady, bench: true, changes: []string{"status.state=-"}},
		{name: "no conditions: the state must do", state: inventory.StateReady, bench: true, changes: []string{"status.conditions=-"}},
		{name: "neither conditions nor state", state: inventory.StatePending, reason: "not ready", changes: []string{"status.conditions=-", "status.state=-"},
			pod: &kaito.Pod{Node: "aks-1", Phase: "Pending"}},
		{name: "ready state, but inference is not", state: inventory.StateStarting, reason: "loading the model; then Kaito's own start-up benchmark",
			changes: []string{notReady}, pod: running},
		{name: "benchmark switched off", state: inventory.StateStarting, reason: "loading the model",
			changes: []string{notReady, `metadata.annotations={kaito.sh/disable-benchmark: "true"}`}, pod: running},
		{name: "no node", state: inventory.StateNoNode, reason: "no node yet: NodeClaimNotReady",
			changes: []string{conditions("ResourceReady", "False", "x", "NodeClaimReady", "False", "NodeClaimNotReady", "InferenceReady", "False", "y")}},
		{name: "no node for a pod that waits", state: inventory.StateNoNode, reason: "quota",
			changes: []string{conditions("ResourceReady", "False", "SkuQuotaExceeded: quota", "InferenceReady", "False", "y")}, pod: &kaito.Pod{Phase: "Pending"}},
		{name: "pulling", state: inventory.StatePulling, reason: "pulling", changes: []string{notReady},
			pod: &kaito.Pod{Node: "aks-1", Phase: "Pending", Waiting: "ContainerCreating"}},
		{name: "crash loop, out of memory", state: inventory.StateFailing, reason: "CrashLoopBackOff: OOMKilled", changes: []string{notReady},
			pod: &kaito.Pod{Node: "aks-1", Phase: "Running", Waiting: "CrashLoopBackOff", LastExit: "OOMKilled"}},
		{name: "image", state: inventory.StateFailing, reason: "ImagePullBackOff: no such tag", changes: []string{notReady},
			pod: &kaito.Pod{Node: "aks-1", Phase: "Pending", Waiting: "ImagePullBackOff", Message: "no such tag"}},
		{name: "failing, pods unreadable", state: inventory.StateFailing, reason: "ContainerOOMKilled",
			changes: []string{conditions("ResourceReady", "True", "", "InferenceReady", "False", "ContainerOOMKilled")}},
		{name: "restarted while loading", state: inventory.StateStarting, reason: "restarted 2×, last: OOMKilled", changes: []string{notReady},
			pod: &kaito.Pod{Node: "aks-1", Phase: "Running", Running: true, Restarts: 2, LastExit: "OOMKilled"}},
		{name: "tuning", state: inventory.StateTuning, reason: "no endpoint", changes: []string{"tuning={method: qlora}", "inference=-"}},
		{name: "being deleted", state: inventory.StateDeleting, reason: "deleted", changes: []string{`metadata.deletionTimestamp="2026-08-25T09:12:44Z"`}},
		{name: "own template", state: inventory.StateReady, bench: true, note: "own pod template", changes: []string{"inference={template: {spec: {}}}"}},
		{name: "transformers", state: inventory.StateReady, bench: true, note: "transformers runtime", changes: []string{"metadata.annotations={kaito.sh/runtime: transformers}"}},
		{name: "half of a MultiRoleInference", state: inventory.StateOther, reason: "prefill or decode only, for MultiRoleInference pd",
			changes: []string{"metadata.labels={multiroleinference.kaito.sh/created-by: pd, inferenceset.kaito.sh/created-by: pd-decode}"}},
		{name: "a set", kind: inventory.KindInferenceSet, state: inventory.StateSet, reason: "1 of 3 replicas ready",
			changes: []string{"spec={replicas: 3}", "status={readyReplicas: 1}"}},
		{name: "a set of a multi-role", kind: inventory.KindInferenceSet, state: inventory.StateSet, reason: "for MultiRoleInference pd",
			changes: []string{"spec={replicas: 1}", "metadata.ownerReferences=[{kind: MultiRoleInference, name: pd}]"}},
		{name: "multi-role", kind: inventory.KindMultiRole, state: inventory.StateOther, reason: "gateway", note: "prefill Standard_NC40ads_H100_v5, decode",
			changes: []string{"spec={model: {name: x}, roles: [{type: prefill, instanceType: Standard_NC40ads_H100_v5}, {type: decode}, 7]}"}},
		{name: "RAG", kind: inventory.KindRAGEngine, state: inventory.StateOther, reason: "RAG", changes: []string{"spec={}"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.kind == "" {
				tt.kind = inventory.KindWorkspace
			}
			it := kaito.Parse(tt.kind, edit(t, tt.changes...))
			kaito.Judge(&it, tt.pod)
			if it.State != tt.state || it.Benchmarkable != tt.bench {
				t.Errorf("state %q, benchmarkable %v; want %q, %v (%s)", it.State, it.Benchmarkable, tt.state, tt.bench, it.Reason)
			}
			if !strings.Contains(it.Reason, tt.reason) || !it.Benchmarkable && it.Reason == "" {
				t.Errorf("reason %q, want %q in it", it.Reason, tt.reason)
			}
			if !strings.Contains(it.Note, tt.note) {
				t.Errorf("note %q, want %q in it", it.Note, tt.note)
			}
		})
	}
}

func TestParsePartition(t *testing.T) {
	it := kaito.Parse(inventory.KindWorkspace, edit(t, "resource={labelSelector: {}, partition: {mode: mig, profile: 3g.40gb, count: 2}}", "status.targetNodeCount=-"))
	if it.InstanceType != "" || it.MIGProfile != "3g.40gb" || it.MIGCount != 2 || it.NodeCount != 1 {
		t.Errorf("parsed as %+v", it)
	}
}

func TestParsePod(t *testing.T) {
	p := kaito.ParsePod(object(t, `
metadata: {name: chat-0, namespace: team, uid: u-1, labels: {kaito.sh/workspace: chat}}
spec:
  nodeName: aks-1
  containers:
  - {name: sidecar, image: proxy, ports: [{containerPort: 9}]}
  - name: chat
    image: kaito-base:0.5.0
    command: [/bin/sh, -c, "python3 inference_api.py --served-model-name=phi --api-key=sesame --tensor-parallel-size=2"]
    ports: [{containerPort: 5000}]
    resources: {limits: {nvidia.com/mig-3g.40gb: "1", cpu: "4"}}
status:
  phase: Running
  conditions: [{type: Ready, status: "False"}]
  containerStatuses:
  - {name: sidecar, restartCount: 9}
  - name: chat
    restartCount: 2
    started: false
    imageID: "mcr/x@sha256:abc"
    state: {running: {}}
    lastState: {terminated: {reason: OOMKilled}}
`))
	want := kaito.Pod{Namespace: "team", Name: "chat-0", UID: "u-1", Workspace: "chat", Node: "aks-1", Phase: "Running", Running: true,
		Restarts: 2, LastExit: "OOMKilled", ImageDigest: "sha256:abc", MIGProfile: "3g.40gb", GPUs: 1,
		Flags: map[string]string{"served-model-name": "phi", "tensor-parallel-size": "2"}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := kaito.Parallelism(p.Flags); got != "TP2" {
		t.Errorf("parallelism %q", got)
	}
}

func TestFlags(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want map[string]string
	}{
		{"a shell line with quotes", []string{`python3 x.py --max-model-len='4 096' --kv-events-config='{"enable":true}' --dtype="bfloat16"`},
			map[string]string{"max-model-len": "4 096", "dtype": "bfloat16"}},
		{"value in the next word", []string{"--tensor-parallel-size", "4", "--enforce-eager", "--max-num-seqs", "8"},
			map[string]string{"tensor-parallel-size": "4", "enforce-eager": "true", "max-num-seqs": "8"}},
		{"underscores", []string{"--load_format=auto"}, map[string]string{"load-format": "auto"}},
		{"the later wins", []string{"--dtype=half --dtype=bfloat16"}, map[string]string{"dtype": "bfloat16"}},
		{"secrets and what is unknown are dropped", []string{"--api-key=k", "--api-key", "k2", "--ssl-keyfile=f", "--hf-token", "h", "--port=5000"}, map[string]string{}},
		{"a line that goes on", []string{"vllm serve \\\n --dtype=half; exit"}, map[string]string{"dtype": "half"}},
		{"nothing", nil, map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, kaito.Flags(tt.args)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestConfigFlags(t *testing.T) {
	conf := object(t, "vllm: {max-model-len: 8192, api-key: sesame, enable_prefix_caching: false, gpu-memory-utilization: 0.9}\nkv_cache_cpu_memory_utilization: 0.25\n")
	want := map[string]string{"max-model-len": "8192", "enable-prefix-caching": "false", "gpu-memory-utilization": "0.9", "kv-cache-cpu-memory-utilization": "0.25"}
	if diff := cmp.Diff(want, kaito.ConfigFlags(conf)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := kaito.Parallelism(map[string]string{"tensor-parallel-size": "8", "pipeline-parallel-size": "2", "data-parallel-size": "1"}); got != "TP8 PP2" {
		t.Errorf("parallelism %q", got)
	}
}

func TestParseService(t *testing.T) {
	tests := []struct {
		name, text string
		want       kaito.Service
	}{
		{"as Kaito makes it", "spec: {ports: [{name: ray, port: 6379, targetPort: 6379}, {name: http, port: 80, targetPort: 5000}]}", kaito.Service{Port: 80, Target: 5000}},
		{"no http port: the first", "spec: {ports: [{port: 8000}, {port: 9000}]}", kaito.Service{Port: 8000, Target: 8000}},
		{"target by name", "spec: {ports: [{port: 80, targetPort: web}]}", kaito.Service{Port: 80}},
		{"load balancer", "spec: {ports: [{port: 80, targetPort: 5000}]}\nstatus: {loadBalancer: {ingress: [{ip: 20.1.2.3}]}}",
			kaito.Service{Port: 80, Target: 5000, URL: "http://20.1.2.3:80"}},
		{"load balancer with an IPv6 address", "spec: {ports: [{port: 80, targetPort: 5000}]}\nstatus: {loadBalancer: {ingress: [{ip: '2001:db8::1'}]}}",
			kaito.Service{Port: 80, Target: 5000, URL: "http://[2001:db8::1]:80"}},
		{"load balancer by name", "spec: {ports: [{port: 80, targetPort: 5000}]}\nstatus: {loadBalancer: {ingress: [{hostname: lb-1.example.com}]}}",
			kaito.Service{Port: 80, Target: 5000, URL: "http://lb-1.example.com:80"}},
		{"a name that would lead elsewhere", "spec: {ports: [{port: 80, targetPort: 5000}]}\nstatus: {loadBalancer: {ingress: [{hostname: evil/@x}]}}", kaito.Service{Port: 80, Target: 5000}},
		{"ports out of range", "spec: {ports: [{port: 0}, {port: 70000}]}", kaito.Service{}},
		{"nothing", "{}", kaito.Service{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := kaito.ParseService(object(t, tt.text)); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestParseNodeAndScaler(t *testing.T) {
	n, labels, capacity := kaito.ParseNode(object(t, `
metadata: {name: aks-1, labels: {kaito.sh/workspace: chat, kaito.sh/workspacenamespace: team}}
status: {capacity: {nvidia.com/gpu: "1"}, conditions: [{type: Ready, status: "True"}]}
`))
	if n.Name != "aks-1" || !n.Ready || capacity["nvidia.com/gpu"] != "1" || kaito.MadeFor(labels) != "team/chat" {
		t.Errorf("node %+v, labels %v, capacity %v", n, labels, capacity)
	}
	if got := kaito.MadeFor(map[string]string{"karpenter.kaito.sh/workspace-name": "a", "karpenter.kaito.sh/workspace-namespace": "b"}); got != "b/a" {
		t.Errorf("Karpenter's node was made for %q", got)
	}
	if got := kaito.MadeFor(nil); got != "" {
		t.Errorf("a node without labels was made for %q", got)
	}
	s := kaito.ParseScaler(object(t, "kind: ScaledObject\nmetadata: {name: s, namespace: team}\nspec: {scaleTargetRef: {kind: InferenceSet, name: chat}}"))
	if want := (kaito.Scaler{Namespace: "team", Name: "s", Kind: "ScaledObject", TargetKind: "InferenceSet", TargetName: "chat"}); s != want {
		t.Errorf("got %+v", s)
	}
}

// Whatever an API server sends, nothing panics and nothing that can move a cursor gets through.
func FuzzParse(f *testing.F) {
	b, err := json.Marshal(object(f, served))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(b))
	f.Add(`{"metadata":{"name":"a\u001b[2Jb","labels":{"kaito.sh/workspace":7}},"status":{"conditions":[null,{"message":"\u202eevil"}],"workerNodes":[1,"x\n"]}}`)
	f.Add(`{"spec":{"containers":[{"args":["--dtype='"]},null],"ports":[{"port":1e300}]},"status":{"containerStatuses":{}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var obj map[string]any
		if json.Unmarshal([]byte(text), &obj) != nil {
			return
		}
		pod := kaito.ParsePod(obj)
		kaito.ConfigFlags(obj)
		kaito.ParseService(obj)
		kaito.ParseNode(obj)
		kaito.ParseScaler(obj)
		for _, kind := range []inventory.Kind{inventory.KindWorkspace, inventory.KindInferenceSet, inventory.KindMultiRole, inventory.KindRAGEngine} {
			it := kaito.Parse(kind, obj)
			kaito.Judge(&it, &pod)
			kaito.Judge(&it, nil)
			for _, s := range append([]string{it.Name, it.Namespace, it.Model, it.Reason, it.Note, it.State, it.InstanceType, pod.Name, pod.Message, pod.Flags["dtype"]}, it.WorkerNodes...) {
				if strings.IndexFunc(s, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }) >= 0 {
					t.Errorf("%q got through", s)
				}
			}
		}
	})
}
