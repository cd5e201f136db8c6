package kaito

import (
	"slices"
	"strings"

	"benchtop/kube/inventory"
)

// Pod is what is read of a pod under a workspace.
type Pod struct {
	Namespace, Name, UID string
	Workspace            string // label kaito.sh/workspace
	Node                 string
	Phase                string
	Ready                bool // condition Ready
	Running              bool // the server's container runs
	Waiting              string
	Message              string
	Restarts             int
	// LastExit is why the container ended last ("OOMKilled"), "" = it did not.
	LastExit    string
	ImageDigest string            // sha256:…, "" = not reported
	Flags       map[string]string // of its command line, allow-listed
	// MIGProfile and GPUs are what the server asks for.
	MIGProfile string
	GPUs       int
	Job        bool // of a tuning job
}

// ParsePod reads a pod. The server's container is the one with the workspace's name, else the first.
func ParsePod(obj map[string]any) Pod {
	meta, spec, status := child(obj, "metadata"), child(obj, "spec"), child(obj, "status")
	labels := child(meta, "labels")
	p := Pod{
		Namespace: word(meta["namespace"]), Name: word(meta["name"]), UID: word(meta["uid"]),
		Workspace: word(labels[LabelWorkspace]), Node: word(spec["nodeName"]),
		Phase: word(status["phase"]),
		Job:   firstWord(labels, "batch.kubernetes.io/job-name", "job-name") != "",
	}
	for _, c := range conditions(status) {
		switch {
		case c.Type == "Ready":
			p.Ready = c.Status == "True"
		case c.Type == "PodScheduled" && c.Status == "False":
			p.Waiting, p.Message = c.Reason, c.Message
		}
	}
	c := pick(list(spec["containers"]), p.Workspace)
	var args []string
	for _, a := range slices.Concat(list(c["command"]), list(c["args"])) {
		if s, ok := a.(string); ok && len(s) <= maxArg {
			args = append(args, s)
		}
	}
	p.Flags = Flags(args) // the arguments themselves are not kept: they may hold a key
	p.requests(dig(c, "resources", "limits"))
	p.containerStatus(pick(list(status["containerStatuses"]), word(c["name"])))
	return p
}

// maxArg bounds one argument that is read for flags.
const maxArg = 16 << 10

func pick(containers []any, name string) map[string]any {
	var first map[string]any
	for _, v := range containers {
		m, _ := v.(map[string]any)
		if m != nil && word(m["name"]) == name {
			return m
		}
		if first == nil {
			first = m
		}
	}
	return first
}

func (p *Pod) requests(limits map[string]any) {
	for k, v := range words(limits) {
		n := 0
		for _, r := range v {
			if r < '0' || r > '9' || n > 1000 {
				n = 0
				break
			}
			n = n*10 + int(r-'0')
		}
		if profile, ok := strings.CutPrefix(k, "nvidia.com/mig-"); ok && n > 0 {
			p.MIGProfile, p.GPUs = profile, n
		} else if (k == "nvidia.com/gpu" || k == "amd.com/gpu") && n > 0 && p.MIGProfile == "" {
			p.GPUs = n
		}
	}
}

func (p *Pod) containerStatus(st map[string]any) {
	p.Restarts, _ = whole(st["restartCount"])
	p.ImageDigest = digest(word(st["imageID"]))
	p.Running = child(st, "state")["running"] != nil
	if w := dig(st, "state", "waiting"); w != nil {
		p.Waiting, p.Message = word(w["reason"]), sentence(w["message"])
	}
	for _, t := range []map[string]any{dig(st, "state", "terminated"), dig(st, "lastState", "terminated")} {
		if t != nil && p.LastExit == "" {
			p.LastExit = firstWord(t, "reason")
		}
	}
}

func digest(imageID string) string {
	i := strings.LastIndex(imageID, "sha256:")
	if i < 0 {
		return ""
	}
	return inventory.Clean(imageID[i:], 80)
}
