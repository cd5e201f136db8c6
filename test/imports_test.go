package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A pkg is what `go list -json` says of one package.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// listPackages returns the packages of this module with everything they import, also indirectly.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "benchtop/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("reading go list: %v", err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) < 10 {
		t.Fatalf("go list names %d packages; the module has more", len(pkgs))
	}
	return pkgs
}

// under says whether path is prefix or lies below it.
func under(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func underAny(path string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return under(path, p) })
}

// A rule says what the packages below from must not import. Unless direct is set, they must not
// reach it through others either.
type rule struct {
	why    string
	from   []string
	except []string // packages below from that may
	direct bool
	not    []string
}

var rules = []rule{
	{why: "engine builds and tests without cluster and terminal",
		from: []string{"benchtop/engine"},
		not:  []string{"benchtop/kube", "benchtop/ui", "benchtop/cmd", "k8s.io/client-go", "github.com/charmbracelet/bubbletea"}},
	{why: "kube knows nothing of load and screens",
		from: []string{"benchtop/kube"},
		not:  []string{"benchtop/engine", "benchtop/ui", "benchtop/cmd", "github.com/charmbracelet/bubbletea"}},
	{why: "the interface sees a cluster as plain values",
		from: []string{"benchtop/ui"},
		not:  []string{"benchtop/cmd", "k8s.io/client-go", "k8s.io/cli-runtime"}},
	{why: "the inventory is plain values",
		from: []string{"benchtop/kube/inventory"},
		not:  []string{"k8s.io", "sigs.k8s.io", "net/http"}},
	{why: "charts are drawn, they know nothing of runs and clusters",
		from: []string{"benchtop/ui/chart", "benchtop/ui/theme", "benchtop/ui/widget"},
		not:  []string{"benchtop/engine", "benchtop/kube"}},
	{why: "client-go stays in kube, kube/transport and kube/demo",
		from:   []string{"benchtop"},
		except: []string{"benchtop/kube", "benchtop/kube/transport", "benchtop/kube/demo"},
		direct: true,
		not:    []string{"k8s.io/client-go", "k8s.io/cli-runtime", "k8s.io/streaming"}},
	{why: "the typed clientset costs 11 MB of memory and most of the binary",
		from:   []string{"benchtop"},
		direct: true,
		not:    []string{"k8s.io/client-go/kubernetes"}},
	{why: "Bubble Tea stays in ui and cmd",
		from:   []string{"benchtop/engine", "benchtop/kube", "benchtop/test"},
		direct: true,
		not:    []string{"github.com/charmbracelet/bubbletea", "github.com/NimbleMarkets/ntcharts"}},
}

// pure lists what the small packages may import of this module.
var pure = map[string][]string{
	"benchtop/engine/arrival": {},
	"benchtop/engine/stats":   {},
	"benchtop/engine/openai":  {"benchtop/escape"},
	"benchtop/engine/record":  {"benchtop/engine/stats", "benchtop/escape"},
	"benchtop/engine/verdict": {"benchtop/engine/stats", "benchtop/engine/record"},
	"benchtop/engine/report":  {"benchtop/engine/stats", "benchtop/engine/record", "benchtop/engine/verdict"},
	"benchtop/engine/sim":     {"benchtop/engine/openai", "benchtop/engine/arrival"},
	"benchtop/escape":         {},
	"benchtop/kube/inventory": {"benchtop/escape"},
	"benchtop/kube/sku":       {"benchtop/kube/inventory"},
	"benchtop/kube/kaito":     {"benchtop/kube/inventory"},
	"benchtop/kube/skim":      {},
}

func TestImportDirection(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, r := range rules {
			if !underAny(p.ImportPath, r.from...) || slices.Contains(r.except, p.ImportPath) {
				continue
			}
			for _, d := range reached(p, r) {
				if underAny(d, r.not...) {
					t.Errorf("%s imports %s: %s", p.ImportPath, d, r.why)
				}
			}
		}
		allowed, ok := pure[p.ImportPath]
		for _, d := range p.Imports {
			if ok && under(d, "benchtop") && !slices.Contains(allowed, d) {
				t.Errorf("%s imports %s; of this module it may import %v only", p.ImportPath, d, allowed)
			}
		}
	}
}

// reached is what rule r looks at: a package's own imports, its tests' included, or all.
func reached(p pkg, r rule) []string {
	if r.direct {
		return slices.Concat(p.Imports, p.TestImports, p.XTestImports)
	}
	return p.Deps
}
