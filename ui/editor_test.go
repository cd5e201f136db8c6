package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"benchtop/engine/record"
	"benchtop/ui/screen/fixture"
)

func TestPlanThroughTheEditor(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	path, err := writePlan(fixture.Plan())
	if err != nil {
		t.Fatal(err)
	}
	msg, ok := takePlan(path, "vi", nil).(editedMsg)
	if !ok || msg.err != nil {
		t.Fatalf("an unchanged plan is not taken over: %+v", msg)
	}
	if diff := cmp.Diff(fixture.Plan(), msg.plan); diff != "" {
		t.Errorf("the plan after the editor (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("the file of the plan is left behind")
	}
}

func TestPlanIsTypedAsOnTheCommandLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, []byte("rates: 1..16x2\nseed: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := record.DefaultPlan()
	want.Seed = 7
	msg := takePlan(path, "vi", nil).(editedMsg)
	if diff := cmp.Diff(want, msg.plan); msg.err != nil || diff != "" {
		t.Errorf("error %v, plan (-want +got):\n%s", msg.err, diff)
	}
}

func TestPlanThatCannotBeReadIsKept(t *testing.T) {
	for name, text := range map[string]string{
		"a field that does not exist": "ratez: [1]",
		"no YAML":                     "rates: [1",
		"a wrong type":                "rates: fast",
		"too long":                    "# " + strings.Repeat("x", record.MaxPlanFile),
	} {
		path := filepath.Join(t.TempDir(), "plan.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		msg := takePlan(path, "vi", nil).(editedMsg)
		if msg.err == nil || msg.keep != path {
			t.Errorf("%s: error %v, kept %q", name, msg.err, msg.keep)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: what was typed is lost: %v", name, err)
		}
	}
}

func TestEditedPlanFillsTheForm(t *testing.T) {
	x, d := drive(t)
	d.Press("enter")
	d.Await("answers through port-forward")
	p := fixture.Plan()
	p.Rates, p.Seed = []float64{3, 9}, 99
	d.Send(editedMsg{plan: p})
	d.ExpectLine("Rates", "[3,9")
	d.ExpectLine("Seed", "[99")
	p.Repeat = -1
	d.Send(editedMsg{plan: p})
	d.ExpectLine("Repeat", "✗ a whole number of at least 1")
	if _, ok := x.setup.Plan(); ok {
		t.Error("a wrong plan counts")
	}
}
