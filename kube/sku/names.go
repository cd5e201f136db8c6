package sku

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	vgpuSuffix = regexp.MustCompile(`^(\d+)[ABCQV]$`)
	memToken   = regexp.MustCompile(`(?i)^\d+GB$`)
	migToken   = regexp.MustCompile(`^\d+g\.\d+gb(\+me)?$`)
)

// vendorWords and formWords are parts of a product label that do not name the GPU: who made it, and
// how it is plugged in.
var (
	vendorWords = wordSet("nvidia tesla amd instinct geforce quadro graphics")
	formWords   = wordSet("pcie sxm sxm2 sxm3 sxm4 sxm5 sxm6 hbm2 hbm2e hbm3 hbm3e nvl shared generation")
)

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}

// product is a device plugin's product label taken apart.
type product struct {
	gpu  string // "A100"
	mig  string // "3g.40gb"
	vgpu int    // GiB of a vGPU profile, 0 = whole GPU
}

// short is the name shown for the product: "A100", "A100 mig-3g.40gb", "A10 vGPU-8".
func (p product) short(wholeGiB float64) string {
	switch {
	case p.gpu == "":
		return ""
	case p.mig != "":
		return p.gpu + " mig-" + p.mig
	case p.vgpu > 0 && wholeGiB > 0 && float64(p.vgpu) < wholeGiB:
		return p.gpu + " vGPU-" + strconv.Itoa(p.vgpu)
	}
	return p.gpu
}

// parseProduct reads the value of nvidia.com/gpu.product, in which GPU Feature Discovery writes the
// driver's name with spaces as dashes: NVIDIA-A100-80GB-PCIe, NVIDIA-A10-24Q (a vGPU profile),
// NVIDIA-H100-80GB-HBM3-MIG-1g.10gb, Tesla-T4-SHARED.
func parseProduct(label string) product {
	var p product
	var keep []string
	words := strings.FieldsFunc(label, func(r rune) bool { return r == '-' || r == ' ' || r == '_' })
	for i, w := range words {
		low := strings.ToLower(w)
		switch m := vgpuSuffix.FindStringSubmatch(w); {
		case low == "mig" && i+1 < len(words):
		case migToken.MatchString(low):
			p.mig = low
		case m != nil && len(keep) > 0:
			p.vgpu, _ = strconv.Atoi(m[1])
		case vendorWords[low], formWords[low], memToken.MatchString(w):
		default:
			keep = append(keep, w)
		}
	}
	p.gpu = strings.Join(keep, " ")
	return p
}

// vgpuWhole is the memory in GiB of GPUs that clouds rent as vGPU profiles: a profile of the whole
// memory is the whole GPU (NVads A10 v5 shows NVIDIA-A10-24Q).
var vgpuWhole = map[string]float64{"A10": 24, "A16": 16, "A2": 16, "L4": 24, "T4": 16, "L40S": 48, "A40": 48}
