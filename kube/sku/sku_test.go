package sku_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"benchtop/kube/inventory"
	"benchtop/kube/sku"

	"github.com/google/go-cmp/cmp"
)

func TestLookup(t *testing.T) {
	tests := []struct {
		instance string
		gpu      string
		count    int
		gib      float64
	}{
		{"Standard_NV36ads_A10_v5", "A10", 1, 24},
		{"standard_nc24ADS_a100_v4", "A100", 1, 80},
		{"Standard_ND96asr_A100_v4", "A100", 8, 40},
		{"Standard_ND96asr_v4", "A100", 8, 40}, // Azure's own name of the one above
		{"Standard_NC40ads_H100_v5", "H100", 1, 94},
		{"Standard_ND96isr_H200_v5", "H200", 8, 141},
		{" p4d.24xlarge ", "A100", 8, 40},
		{"g6.48xlarge", "L4", 8, 24},
		{"Standard_NC16_A16", "A16", 2, 16},
		{"Standard_NC4as_T4_v3", "T4", 1, 16},
		{"Standard_D8s_v5", "", 0, 0},
		{"", "", 0, 0},
	}
	for _, tt := range tests {
		got, ok := sku.Lookup(tt.instance)
		if ok != (tt.gpu != "") || got.GPU != tt.gpu || got.Count != tt.count || got.MemoryGiB != tt.gib {
			t.Errorf("Lookup(%q) = %+v, %v; want %d × %s of %g GiB", tt.instance, got, ok, tt.count, tt.gpu, tt.gib)
		}
		if got.InstanceType != tt.instance {
			t.Errorf("Lookup(%q) renames it to %q", tt.instance, got.InstanceType)
		}
	}
}

func TestOfNode(t *testing.T) {
	a100 := map[string]string{"nvidia.com/gpu.product": "NVIDIA-A100-80GB-PCIe", "nvidia.com/gpu.count": "2", "nvidia.com/gpu.memory": "81920"}
	with := func(m map[string]string, kv ...string) map[string]string {
		out := map[string]string{}
		for k, v := range m {
			out[k] = v
		}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i]] = kv[i+1]
		}
		return out
	}
	const inst = "node.kubernetes.io/instance-type"
	tests := []struct {
		name             string
		labels, capacity map[string]string
		want             inventory.SKU
	}{
		{"an instance type of the table, without GPU labels",
			map[string]string{inst: "Standard_NV36ads_A10_v5"}, map[string]string{"nvidia.com/gpu": "1"},
			inventory.SKU{InstanceType: "Standard_NV36ads_A10_v5", GPU: "A10", Count: 1, MemoryGiB: 24, Source: "table"}},
		{"the table wins over the labels, whose product is kept",
			with(a100, inst, "Standard_NC24ads_A100_v4"), nil,
			inventory.SKU{InstanceType: "Standard_NC24ads_A100_v4", GPU: "A100", Product: "NVIDIA-A100-80GB-PCIe", Count: 1, MemoryGiB: 80, Source: "table"}},
		{"the older label of the instance type",
			map[string]string{"beta.kubernetes.io/instance-type": "g5.12xlarge"}, nil,
			inventory.SKU{InstanceType: "g5.12xlarge", GPU: "A10G", Count: 4, MemoryGiB: 24, Source: "table"}},
		{"a machine of one's own: the labels tell", a100, map[string]string{"nvidia.com/gpu": "2"},
			inventory.SKU{GPU: "A100", Product: "NVIDIA-A100-80GB-PCIe", Count: 2, MemoryGiB: 80, Source: "GPU labels"}},
		{"an unknown type with labels", with(a100, inst, "Standard_NX64ads_Z9_v9"), nil,
			inventory.SKU{InstanceType: "Standard_NX64ads_Z9_v9", GPU: "A100", Product: "NVIDIA-A100-80GB-PCIe", Count: 2, MemoryGiB: 80, Source: "GPU labels"}},
		{"an unknown type without labels: the capacity gives the count",
			map[string]string{inst: "Standard_NX64ads_Z9_v9"}, map[string]string{"nvidia.com/gpu": "2"},
			inventory.SKU{InstanceType: "Standard_NX64ads_Z9_v9", Count: 2, Source: "capacity"}},
		{"a vGPU of the whole GPU is the GPU",
			map[string]string{"nvidia.com/gpu.product": "NVIDIA-A10-24Q", "nvidia.com/gpu.count": "1", "nvidia.com/gpu.memory": "24512"}, nil,
			inventory.SKU{GPU: "A10", Product: "NVIDIA-A10-24Q", Count: 1, MemoryGiB: 24, Source: "GPU labels"}},
		{"a sixth of an A10 is not an A10",
			map[string]string{"nvidia.com/gpu.product": "NVIDIA-A10-4Q", "nvidia.com/gpu.count": "1", "nvidia.com/gpu.memory": "4096"}, nil,
			inventory.SKU{GPU: "A10 vGPU-4", Product: "NVIDIA-A10-4Q", Count: 1, MemoryGiB: 4, Source: "GPU labels"}},
		{"MIG, single strategy: the product and the capacity speak of slices",
			map[string]string{"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "nvidia.com/gpu.count": "7", "nvidia.com/gpu.memory": "9728"},
			map[string]string{"nvidia.com/gpu": "7"},
			inventory.SKU{GPU: "H100 mig-1g.10gb", Product: "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", Count: 7, MemoryGiB: 9.5, Source: "GPU labels"}},
		{"MIG, mixed strategy: each profile is a resource",
			with(a100, "nvidia.com/mig-3g.40gb.memory", "40192"), map[string]string{"nvidia.com/gpu": "0", "nvidia.com/mig-3g.40gb": "2"},
			inventory.SKU{GPU: "A100 mig-3g.40gb", Product: "NVIDIA-A100-80GB-PCIe", Count: 2, MemoryGiB: 39.3, Source: "GPU labels"}},
		{"the hints of karpenter-provider-azure",
			map[string]string{"karpenter.azure.com/sku-name": "Standard_NX1_v9", "karpenter.azure.com/sku-gpu-name": "A100", "karpenter.azure.com/sku-gpu-count": "4"}, nil,
			inventory.SKU{InstanceType: "Standard_NX1_v9", GPU: "A100", Count: 4, Source: "node label"}},
		{"a node without GPUs", map[string]string{inst: "Standard_D8s_v5"}, map[string]string{"cpu": "8"},
			inventory.SKU{InstanceType: "Standard_D8s_v5"}},
		{"nothing known", nil, nil, inventory.SKU{}},
		{"absurd values are unknown", map[string]string{"nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.count": "-3", "nvidia.com/gpu.memory": "1e99"},
			map[string]string{"nvidia.com/gpu": "99999999"},
			inventory.SKU{GPU: "L4", Product: "NVIDIA-L4", Source: "GPU labels"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, sku.OfNode(tt.labels, tt.capacity)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestPartition(t *testing.T) {
	whole := inventory.SKU{GPU: "A100", Count: 1, MemoryGiB: 80, Source: "table"}
	got := sku.Partition(whole, "mig-3g.40gb", 0)
	want := inventory.SKU{GPU: "A100 mig-3g.40gb", Count: 1, MemoryGiB: 40, Source: "table"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if again := sku.Partition(got, "3g.40gb", 2); again.GPU != "A100 mig-3g.40gb" || again.Count != 2 {
		t.Errorf("a partition of a partition is %+v", again)
	}
	if same := sku.Partition(whole, "half of it", 1); same != whole {
		t.Errorf("an unknown profile changes the SKU to %+v", same)
	}
	if only := sku.Partition(inventory.SKU{}, "1g.10gb", 1); only.GPU != "mig-1g.10gb" {
		t.Errorf("a slice of an unknown GPU is %q", only.GPU)
	}
}

func TestPlace(t *testing.T) {
	spot := func(kv ...string) string {
		m := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		switch s := sku.Spot(m); {
		case s == nil:
			return "unknown"
		case *s:
			return "spot"
		}
		return "on demand"
	}
	for _, tt := range []struct{ got, want string }{
		{spot("kubernetes.azure.com/scalesetpriority", "spot"), "spot"},
		{spot("kubernetes.azure.com/agentpool", "ws1"), "on demand"},
		{spot("karpenter.sh/capacity-type", "spot"), "spot"},
		{spot("karpenter.sh/capacity-type", "on-demand"), "on demand"},
		{spot("eks.amazonaws.com/capacityType", "SPOT"), "spot"},
		{spot("eks.amazonaws.com/capacityType", "ON_DEMAND"), "on demand"},
		{spot(), "unknown"},
		{sku.Region(map[string]string{"failure-domain.beta.kubernetes.io/region": "eastus"}), "eastus"},
		{sku.Zone(map[string]string{"topology.kubernetes.io/zone": "0"}), ""},
		{sku.Zone(map[string]string{"topology.kubernetes.io/zone": "eastus-1"}), "eastus-1"},
		{sku.Driver(map[string]string{"nvidia.com/cuda.driver-version.full": "580.95.05"}), "580.95.05"},
		{sku.Driver(map[string]string{"nvidia.com/cuda.driver.major": "535", "nvidia.com/cuda.driver.minor": "183", "nvidia.com/cuda.driver.rev": "01"}), "535.183.01"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func FuzzOfNode(f *testing.F) {
	f.Add("Standard_NV36ads_A10_v5", "NVIDIA-A10-24Q", "1", "24512", "3g.40gb")
	f.Add("", "NVIDIA-A100-80GB-PCIe-MIG-3g.40gb", "-1", "NaN", "1g.5gb+me")
	f.Fuzz(func(t *testing.T, inst, product, count, mem, profile string) {
		s := sku.OfNode(map[string]string{"node.kubernetes.io/instance-type": inst, "nvidia.com/gpu.product": product,
			"nvidia.com/gpu.count": count, "nvidia.com/gpu.memory": mem},
			map[string]string{"nvidia.com/gpu": count, "nvidia.com/mig-" + profile: count})
		s = sku.Partition(s, profile, 1)
		if s.Count < 0 || s.Count > 4096 || s.MemoryGiB < 0 || math.IsNaN(s.MemoryGiB) || math.IsInf(s.MemoryGiB, 0) {
			t.Errorf("absurd SKU %+v", s)
		}
	})
}

// usd is the price of all nodes, NaN if unknown.
func usd(p inventory.Price) float64 {
	if p.USDPerHour == nil {
		return math.NaN()
	}
	return *p.USDPerHour
}

func TestPrice(t *testing.T) {
	yes, no := true, false
	file := filepath.Join(t.TempDir(), "prices.yaml")
	text := "source: our agreement\ndate: 2026-11-01\nprices:\n" +
		"- {instance_type: Standard_NC24ads_A100_v4, region: eastus, usd_per_hour: 2.4}\n" +
		"- {instance_type: standard_nd96asr_v4, usd_per_hour: 20}\n" +
		"- {instance_type: Standard_NC24ads_A100_v4, usd_per_hour: 0.9, spot: true}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	book := func(file string, prices ...string) *sku.Book {
		b, err := sku.NewBook(prices, file)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	none := math.NaN()
	tests := []struct {
		name   string
		book   *sku.Book
		q      sku.Query
		want   float64
		source string
		why    string // part of
	}{
		{"built-in list", nil, sku.Query{Instance: "Standard_NV36ads_A10_v5", Region: "eastus", Nodes: 1}, 3.2, "Azure", ""},
		{"nodes multiply", &sku.Book{}, sku.Query{Instance: "Standard_NC24ads_A100_v4", Region: "swedencentral", Nodes: 2}, 9.55, "Azure", ""},
		{"an alias has the price of its other name", nil, sku.Query{Instance: "Standard_ND96asr_v4", Region: "eastus", Nodes: 1}, 27.197, "Azure", ""},
		{"the case of a region does not matter", nil, sku.Query{Instance: "standard_nv36ads_a10_v5", Region: "EastUS", Nodes: 1}, 3.2, "Azure", ""},
		{"no price of another region", nil, sku.Query{Instance: "Standard_ND96isr_H200_v5", Region: "eastus", Nodes: 1}, none, "", "no list price for Standard_ND96isr_H200_v5 in eastus"},
		{"no region", nil, sku.Query{Instance: "Standard_NV36ads_A10_v5", Nodes: 1}, none, "", "region unknown"},
		{"no type", nil, sku.Query{Region: "eastus", Nodes: 1}, none, "", "instance type unknown"},
		{"a type without a price", nil, sku.Query{Instance: "p4d.24xlarge", Region: "us-east-1", Nodes: 1}, none, "", "no list price for p4d.24xlarge"},
		{"spot is not on demand", nil, sku.Query{Instance: "Standard_NV36ads_A10_v5", Region: "eastus", Spot: &yes, Nodes: 1}, none, "", "spot machine"},
		{"said to be on demand", nil, sku.Query{Instance: "Standard_NV36ads_A10_v5", Region: "eastus", Spot: &no, Nodes: 1}, 3.2, "Azure", ""},
		{"nodes unknown", nil, sku.Query{Instance: "Standard_NV36ads_A10_v5", Region: "eastus"}, none, "Azure", "number of nodes"},
		{"the file wins over the list", book(file), sku.Query{Instance: "Standard_NC24ads_A100_v4", Region: "eastus", Nodes: 1}, 2.4, "our agreement", ""},
		{"the file's other region is not asked", book(file), sku.Query{Instance: "Standard_NC24ads_A100_v4", Region: "westus", Nodes: 1}, 4.775, "Azure", ""},
		{"the file's price for every region", book(file), sku.Query{Instance: "Standard_ND96asr_A100_v4", Region: "mars", Nodes: 1}, 20, "our agreement", ""},
		{"the file's spot price", book(file), sku.Query{Instance: "Standard_NC24ads_A100_v4", Region: "mars", Spot: &yes, Nodes: 1}, 0.9, "our agreement", ""},
		{"--price by SKU wins over the file", book(file, "Standard_NC24ads_A100_v4=1.5/h"), sku.Query{Instance: "standard_nc24ads_a100_v4", Region: "eastus", Nodes: 1}, 1.5, "--price", ""},
		{"--price by name wins over that by SKU", book("", "a100=$1", "Standard_NC24ads_A100_v4=1.5"),
			sku.Query{Names: []string{"x", "a100"}, Instance: "Standard_NC24ads_A100_v4", Nodes: 3}, 3, "--price", ""},
		{"--price by name needs no type", book("", "box=0.4"), sku.Query{Names: []string{"box"}, Nodes: 1}, 0.4, "--price", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.book.Price(tt.q)
			got := usd(p)
			if math.IsNaN(got) != math.IsNaN(tt.want) || math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("price is %v, want %v", got, tt.want)
			}
			if !strings.Contains(p.Source, tt.source) || (tt.source == "") != (p.Source == "") {
				t.Errorf("source is %q, want %q", p.Source, tt.source)
			}
			if p.Source == "" && p.Why == "" || !strings.Contains(p.Why, tt.why) {
				t.Errorf("why is %q, want %q", p.Why, tt.why)
			}
			if strings.Contains(p.Source, "Azure") && p.Date == "" {
				t.Error("a list price without a date")
			}
		})
	}
}

func TestBadPrices(t *testing.T) {
	for _, arg := range []string{"", "a10", "a10=", "=3", "a10=abc", "a10=0", "a10=-1", "a10=NaN", "a10=Inf", "a10=1e99"} {
		if _, err := sku.NewBook([]string{arg}, ""); err == nil {
			t.Errorf("--price %q is taken", arg)
		}
	}
	for name, text := range map[string]string{
		"not YAML":          "prices: [",
		"unknown key":       "price: []",
		"no type":           "prices: [{usd_per_hour: 1}]",
		"no price":          "prices: [{instance_type: x}]",
		"negative":          "prices: [{instance_type: x, usd_per_hour: -1}]",
		"date of no format": "date: yesterday\nprices: []",
		"too long":          strings.Repeat("# filler\n", 1<<17),
	} {
		file := filepath.Join(t.TempDir(), "p.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sku.NewBook(nil, file); err == nil {
			t.Errorf("a prices file that is %s is taken", name)
		}
	}
	if _, err := sku.NewBook(nil, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a prices file that is not there is taken")
	}
}

func TestParseSKU(t *testing.T) {
	got, err := sku.ParseSKU("a10=Standard_NV36ads_A10_v5@EastUS")
	if want := (sku.Given{Name: "a10", Instance: "Standard_NV36ads_A10_v5", Region: "eastus"}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if got, err := sku.ParseSKU("bench/x=g6.xlarge"); err != nil || got.Region != "" || got.Name != "bench/x" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, arg := range []string{"", "a10", "a10=", "=T4", "a10=@eastus", "a10=two words"} {
		if _, err := sku.ParseSKU(arg); err == nil {
			t.Errorf("--sku %q is taken", arg)
		}
	}
}
