package main

import (
	"testing"

	"benchtop/engine/record"
	"benchtop/kube"
	"benchtop/kube/inventory"
	"benchtop/kube/sku"
	"benchtop/ui"
)

func given(t *testing.T, skus, prices []string) backendOptions {
	t.Helper()
	c := &cli{env: func(string) string { return "" }}
	opt, err := c.backendOptions(&clusterFlags{skus: skus, prices: prices})
	if err != nil {
		t.Fatal(err)
	}
	return opt
}

func usd(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// What the user says by a target's name holds for a workspace of which the cluster does not tell.
func TestSKUByTargetName(t *testing.T) {
	ws := inventory.Workspace{Namespace: "bench", Name: "qwen", InstanceType: "Standard_NC24ads_A100_v4", NodeCount: 2}
	list := (&sku.Book{}).Price(sku.Query{Instance: ws.InstanceType, Region: "eastus", Nodes: 2})
	for _, tc := range []struct {
		name         string
		skus, prices []string
		region, gpu  string
		usd          float64
	}{
		{"nothing said", nil, nil, "", "", 0},
		{"said by the target's name", []string{"q=Standard_NC24ads_A100_v4@eastus"}, nil, "eastus", "A100", usd(list.USDPerHour)},
		{"said of another", []string{"p=Standard_NC24ads_A100_v4@eastus"}, nil, "", "", 0},
		{"priced by the target's name", nil, []string{"q=1.5"}, "", "", 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBackend(given(t, tc.skus, tc.prices), runOptions{})
			defer b.Close()
			info := b.workspaceTarget(ui.Selection{Name: "q", Workspace: &ws}, &kube.Way{}).Info
			if info.Region != tc.region || info.GPU != tc.gpu || usd(info.USDPerHour) != tc.usd {
				t.Errorf("region %q, GPU %q, $%v/h", info.Region, info.GPU, usd(info.USDPerHour))
			}
		})
	}
}

func TestCompleteLeavesUnknownUnknown(t *testing.T) {
	opt := given(t, []string{"a10=Standard_NV36ads_A10_v5@eastus"}, nil)
	other, a10 := record.Target{Name: "other"}, record.Target{Name: "a10"}
	opt.complete(&other)
	opt.complete(&a10)
	if other.Nodes != 0 || other.USDPerHour != nil || other.GPU != "" {
		t.Errorf("%+v was invented", other)
	}
	if a10.GPU != "A10" || a10.Nodes != 1 || usd(a10.USDPerHour) == 0 || a10.PriceDate == "" {
		t.Errorf("%+v", a10)
	}
}
