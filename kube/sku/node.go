package sku

import (
	"sort"
	"strconv"
	"strings"

	"benchtop/kube/inventory"
)

// The node labels that name an instance type, newest first.
var instanceLabels = []string{
	"node.kubernetes.io/instance-type",
	"beta.kubernetes.io/instance-type",
	"karpenter.azure.com/sku-name",
}

// InstanceType is the instance type a node's labels name, "" if none does.
func InstanceType(labels map[string]string) string { return first(labels, instanceLabels...) }

// Region is the region a node's labels name, "" if none does.
func Region(labels map[string]string) string {
	return first(labels, "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
}

// Zone is the zone a node's labels name. Azure writes "0" for "no zone", which is given as "".
func Zone(labels map[string]string) string {
	z := first(labels, "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
	if z == "0" {
		return ""
	}
	return z
}

// Spot says whether a node is a spot machine; nil = its labels do not tell.
func Spot(labels map[string]string) *bool {
	yes, no := true, false
	for _, v := range []string{labels["kubernetes.azure.com/scalesetpriority"], labels["karpenter.sh/capacity-type"],
		labels["eks.amazonaws.com/capacityType"]} {
		switch strings.ToLower(strings.ReplaceAll(v, "_", "-")) {
		case "spot":
			return &yes
		case "regular", "on-demand":
			return &no
		}
	}
	// AKS labels spot nodes and leaves the others without.
	if first(labels, "kubernetes.azure.com/agentpool", "agentpool") != "" {
		return &no
	}
	return nil
}

// Driver is the GPU driver's version as GPU Feature Discovery labels it, "" if it does not run.
func Driver(labels map[string]string) string {
	if v := first(labels, "nvidia.com/cuda.driver-version.full"); v != "" {
		return v
	}
	parts := []string{}
	for _, k := range []string{"major", "minor", "rev"} {
		if v := labels["nvidia.com/cuda.driver."+k]; v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, ".")
}

// OfNode says what GPUs a node has. In order: the instance type looked up in the table, GPU Feature
// Discovery's labels, the device plugin's capacity (a count only), and the hints of
// karpenter-provider-azure. What one source does not know the next may fill in; Source names the
// one that named the GPU, or gave the count when none did. MIG and fractional vGPU are named by the
// labels whatever the table says, because the table knows whole machines only.
func OfNode(labels, capacity map[string]string) inventory.SKU {
	s, _ := Lookup(InstanceType(labels))
	s.Product = labels["nvidia.com/gpu.product"]
	p := parseProduct(s.Product)
	whole := vgpuWhole[p.gpu]
	part := p.mig != "" || p.vgpu > 0 && float64(p.vgpu) < whole
	if p.gpu != "" && (s.GPU == "" || part) {
		s.GPU, s.Source = p.short(whole), "GPU labels"
		s.Count = number(labels["nvidia.com/gpu.count"])
		s.MemoryGiB = mib(labels["nvidia.com/gpu.memory"])
		if p.vgpu > 0 {
			s.MemoryGiB = float64(p.vgpu)
		}
	}
	if g := labels["karpenter.azure.com/sku-gpu-name"]; s.GPU == "" && g != "" {
		s.GPU, s.Source = parseProduct(g).short(0), "node label"
		s.Count = number(labels["karpenter.azure.com/sku-gpu-count"])
	}
	profile, slices := migCapacity(capacity)
	if profile != "" && p.mig == "" {
		s = migSKU(s, labels, profile, slices)
	}
	if n := gpuCapacity(capacity); n > 0 && (s.Count == 0 || p.mig != "") {
		s.Count = n
		if s.Source == "" {
			s.Source = "capacity"
		}
	}
	return s
}

// Partition narrows a node's SKU to the part of it that a workspace was given: n slices of a MIG
// profile ("3g.40gb", with or without "mig-"). n < 1 counts as one.
func Partition(s inventory.SKU, profile string, n int) inventory.SKU {
	profile = strings.TrimPrefix(strings.ToLower(profile), "mig-")
	if !migToken.MatchString(profile) {
		return s
	}
	base, _, _ := strings.Cut(s.GPU, " mig-")
	s.GPU = strings.TrimSpace(base + " mig-" + profile)
	s.Count = max(n, 1)
	_, gb, _ := strings.Cut(strings.TrimSuffix(profile, "+me"), ".")
	if gib, err := strconv.ParseFloat(strings.TrimSuffix(gb, "gb"), 64); err == nil {
		s.MemoryGiB = gib
	}
	return s
}

// migCapacity finds the MIG profile of a node in the mixed strategy, in which each profile is a
// resource of its own. With several profiles it returns the first in name order.
func migCapacity(capacity map[string]string) (profile string, n int) {
	var names []string
	for k, v := range capacity {
		if p, ok := strings.CutPrefix(k, "nvidia.com/mig-"); ok && number(v) > 0 && migToken.MatchString(p) {
			names = append(names, p)
		}
	}
	if len(names) == 0 {
		return "", 0
	}
	sort.Strings(names)
	return names[0], number(capacity["nvidia.com/mig-"+names[0]])
}

func migSKU(s inventory.SKU, labels map[string]string, profile string, n int) inventory.SKU {
	s = Partition(s, profile, n)
	if m := mib(labels["nvidia.com/mig-"+profile+".memory"]); m > 0 {
		s.MemoryGiB = m
	}
	if s.Source == "" {
		s.Source = "capacity"
	}
	return s
}

func gpuCapacity(capacity map[string]string) int {
	for _, k := range []string{"nvidia.com/gpu", "amd.com/gpu", "aws.amazon.com/neuroncore", "aws.amazon.com/neuron"} {
		if n := number(capacity[k]); n > 0 {
			return n
		}
	}
	return 0
}

func first(m map[string]string, keys ...string) string {
	for _, k := range keys {
		if v := m[k]; v != "" {
			return v
		}
	}
	return ""
}

// number reads a count; what is not one, or is absurd, is 0 = unknown.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 || n > 4096 {
		return 0
	}
	return n
}

// mib reads MiB as GiB, rounded to a tenth: drivers report a little less than the nominal size.
func mib(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n <= 0 || n > 16<<20 {
		return 0
	}
	return float64(int(n/1024*10+0.5)) / 10
}
