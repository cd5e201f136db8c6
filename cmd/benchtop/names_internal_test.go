package main

import (
	"strings"
	"testing"

	"benchtop/kube/inventory"
	"benchtop/kube/sku"
	"benchtop/ui"
)

func TestNamesThatNoTargetHas(t *testing.T) {
	ws := &inventory.Workspace{Namespace: "default", Name: "phi4-a100", InstanceType: "Standard_NC24ads_A100_v4"}
	sels := []ui.Selection{{Name: "A100", Workspace: ws}, {Name: "vm", URL: "http://h"}}
	for _, tt := range []struct {
		name   string
		given  []sku.Given
		priced []string
		want   string // "" = fine
	}{
		{"nothing said", nil, nil, ""},
		{"a target's name", []sku.Given{{Name: "vm", Instance: "Standard_NV36ads_A10_v5"}}, []string{"A100"}, ""},
		{"a workspace's name", []sku.Given{{Name: "phi4-a100", Instance: "x"}}, []string{"default/phi4-a100"}, ""},
		{"the SKU of a target, in other letters", nil, []string{"standard_nc24ads_a100_v4"}, ""},
		{"the SKU that --sku gives to one", []sku.Given{{Name: "vm", Instance: "Standard_NV36ads_A10_v5"}}, []string{"Standard_NV36ads_A10_v5"}, ""},
		{"a name mistyped in --sku", []sku.Given{{Name: "wm", Instance: "x"}}, nil,
			"--sku wm=x: no target has that name; there are A100, phi4-a100, default/phi4-a100, vm"},
		{"a SKU of no target", nil, []string{"Standard_NV36ads_A10_v5"},
			"--price Standard_NV36ads_A10_v5: no target has that name or SKU; there are A100, phi4-a100, default/phi4-a100, vm, Standard_NC24ads_A100_v4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := backendOptions{given: tt.given, priced: tt.priced}
			err := o.checkNames(sels)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || err.Error() != tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// What is wrong with a command line is one line for each fault, in the words of the flags.
func TestBadFlagsAreUsageErrorsInPlainWords(t *testing.T) {
	for args, want := range map[string]string{
		"--rates abc":             `error: --rates: rate "abc" is not a number; want req/s, like 0.5 or 16`,
		"--rates 1..8":            `error: --rates "1..8": a range needs a factor or a step, like 1..16x2 or 2..10+2`,
		"--rates 1..x":            `error: --rates "1..x": rate "" is not a number; want req/s, like 0.5 or 16`,
		"--rates ,":               `error: --rates: none given; want one or more request rates in req/s, like 1,2,4,8,16`,
		"--duration 5":            `error: --duration "5": want a time with a unit, like 30s or 2m; see benchtop run --help`,
		"--duration -1s":          `error: --duration must be positive, but is -1s`,
		"--seed -3":               `error: --seed "-3": want a whole number from 0 to 18446744073709551615; see benchtop run --help`,
		"--requests x":            `error: --requests "x": want a whole number; see benchtop run --help`,
		"--yes=maybe":             `error: --yes "maybe": want true or false; see benchtop run --help`,
		"--via foo":               `error: via must be auto, port-forward, proxy or direct, but is "foo"`,
		"--via simulated":         `error: --via simulated is the demo's own way; it goes with --demo`,
		"--stop-when foo":         `error: --stop-when "foo": want saturated or errors>5%`,
		"--gate ttft.p95@3<500ms": `error: --gate "ttft.p95@3<500ms": no step at 3 req/s is planned; the rates are 1,2`,
		"--sku wm=x":              `error: --sku wm=x: no target has that name; there are a`,
		"http://h:2 http://h:3 http://h:4 http://h:5 --dry-run": `error: 5 targets: at most 4 fit side by side; use several runs and compare them`,
	} {
		t.Setenv("BENCHTOP_RUNS", t.TempDir())
		got := invoke(t, append([]string{"run", "a=http://127.0.0.1:1", "--rates", "1,2"}, strings.Fields(args)...)...)
		if text := strings.TrimSpace(got.err); got.code != exitUsage || text != want {
			t.Errorf("%s: exit code %d\ngot  %s\nwant %s", args, got.code, text, want)
		}
	}
}
