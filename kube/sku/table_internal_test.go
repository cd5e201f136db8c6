package sku

import (
	"testing"
)

// The built-in lists are read in full here, so that their use cannot fail.
func TestBuiltInLists(t *testing.T) {
	m, err := parseHardware(hardwareText)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for _, h := range m {
		types[h.name] = true
	}
	if len(types) < 57 { // what Kaito 0.12 knows
		t.Errorf("%d instance types, want at least Kaito's 57", len(types))
	}
	l, err := parseList(azurePrices)
	if err != nil {
		t.Fatal(err)
	}
	if l.source == "" || len(l.date) != len("2026-06-18") {
		t.Errorf("list has source %q, date %q", l.source, l.date)
	}
	regions := map[string]bool{}
	for k, byRegion := range l.onDemand {
		if _, ok := m[k]; !ok {
			t.Errorf("a price for %s, which the hardware table does not know", k)
		}
		for r := range byRegion {
			regions[r] = true
		}
	}
	if len(regions) < 40 {
		t.Errorf("prices in %d regions", len(regions))
	}
}

func TestBadLists(t *testing.T) {
	for _, text := range []string{"azure A10 1 24", "azure A10 x 24 T", "azure A10 0 24 T", "azure A10 1 -1 T"} {
		if _, err := parseHardware(text); err == nil {
			t.Errorf("hardware %q is taken", text)
		}
	}
	for _, text := range []string{"  3.2 eastus", "T\n  x eastus", "T\n  -1 eastus"} {
		if _, err := parseList(text); err == nil {
			t.Errorf("list %q is taken", text)
		}
	}
}

func TestProductNames(t *testing.T) {
	for label, want := range map[string]string{
		"NVIDIA-A100-80GB-PCIe":             "A100",
		"NVIDIA-A100-SXM4-40GB":             "A100",
		"NVIDIA-H100-80GB-HBM3":             "H100",
		"NVIDIA-H100-NVL":                   "H100",
		"NVIDIA-H200":                       "H200",
		"NVIDIA-L40S":                       "L40S",
		"NVIDIA-L40S-48Q":                   "L40S",
		"Tesla-T4":                          "T4",
		"Tesla-T4-SHARED":                   "T4",
		"Tesla-V100-PCIE-16GB":              "V100",
		"NVIDIA-A10-24Q":                    "A10",
		"NVIDIA-A10-8Q":                     "A10 vGPU-8",
		"NVIDIA-A100-80GB-PCIe-MIG-3g.40gb": "A100 mig-3g.40gb",
		"NVIDIA-GeForce-RTX-4090":           "RTX 4090",
		"NVIDIA-RTX-6000-Ada-Generation":    "RTX 6000 Ada",
		"AMD-Instinct-MI300X":               "MI300X",
		"":                                  "",
		"---":                               "",
	} {
		p := parseProduct(label)
		if got := p.short(vgpuWhole[p.gpu]); got != want {
			t.Errorf("%q is named %q, want %q", label, got, want)
		}
	}
}

func FuzzPrices(f *testing.F) {
	f.Add("a10=3.2/h", "prices: [{instance_type: x, usd_per_hour: 1}]")
	f.Add("a=$1e5", "source: \"\\e[2J\"\ndate: 2026-01-01")
	f.Fuzz(func(t *testing.T, arg, text string) {
		if name, usd, err := parsePrice(arg); err == nil && (name == "" || !sane(usd)) {
			t.Errorf("--price %q gives %q at %v", arg, name, usd)
		}
		if g, err := ParseSKU(arg); err == nil && (g.Name == "" || g.Instance == "") {
			t.Errorf("--sku %q gives %+v", arg, g)
		}
		l, err := parseFile([]byte(text))
		if err != nil {
			return
		}
		for _, regions := range l.onDemand {
			for region, usd := range regions {
				if !sane(usd) || region == "" {
					t.Errorf("price %v in %q", usd, region)
				}
			}
		}
	})
}
