package report_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"benchtop/engine/record"
	"benchtop/engine/report"
)

// unpack extracts a bundle and returns its folder.
func unpack(t *testing.T, b []byte) string {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	root, folder := t.TempDir(), ""
	for tr := tar.NewReader(gz); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return filepath.Join(root, folder)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !filepath.IsLocal(h.Name) {
			t.Fatalf("the tar holds %q", h.Name)
		}
		folder = filepath.Dir(h.Name)
		text, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		write(t, root, h.Name, string(text))
	}
}

func TestBundleOpensElsewhereAndHidesNames(t *testing.T) {
	dir, run := generate(t, 11, []float64{8}, 120)
	secrets := []string{"aks-contoso-prod", "team-blue", "aks-gpu-12345", "mila", "workstation-7", "vllm.contoso.example", "10.20.30.40"}
	run.Client.Hostname = "workstation-7"
	run.Targets[0].Context, run.Targets[0].Namespace, run.Targets[0].NodeNames = "aks-contoso-prod", "team-blue", []string{"aks-gpu-12345"}
	run.Targets[0].URL = "https://vllm.contoso.example:8443/base"
	run.Plan.Targets = []string{"a10=aks-contoso-prod:team-blue/phi4"}
	run.Notes = []record.Note{{Text: "mila: node aks-gpu-12345 in team-blue is cordoned"}}
	run.Labels = map[string]string{"owner": "mila"}
	run.Steps[0].ErrorSamples = map[string]string{"connect": "dial vllm.contoso.example:8443: refused", "proxy": "dial tcp 10.20.30.40:443: refused"}
	key, err := report.BundleKey(filepath.Join(t.TempDir(), "sub", "key"))
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	opt := report.BundleOptions{Key: key, Users: []string{"mila"}}
	if err := report.Bundle(&a, dir, run, opt); err != nil {
		t.Fatal(err)
	}
	if err := report.Bundle(&b, dir, run, opt); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two bundles of one run differ")
	}
	folder := unpack(t, a.Bytes())
	got, err := record.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if report.Answer(got) != report.Answer(run) || len(got.Steps) != len(run.Steps) {
		t.Error("the bundle says something else")
	}
	if got.Targets[0].Namespace == "" || got.Targets[0].Namespace == "team-blue" || got.Targets[1].Namespace != "default" {
		t.Errorf("namespaces %q and %q", got.Targets[0].Namespace, got.Targets[1].Namespace)
	}
	if !strings.Contains(got.Notes[0].Text, got.Targets[0].Namespace) || !strings.Contains(got.Notes[0].Text, "is cordoned") {
		t.Errorf("note %q", got.Notes[0].Text)
	}
	n := 0
	for _, err := range record.Requests(folder) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 240 {
		t.Errorf("%d requests, want 240", n)
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(files) != 3 {
		t.Errorf("files %v", files)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			if strings.Contains(string(text), s) {
				t.Errorf("%s holds %q", filepath.Base(f), s)
			}
		}
	}
	if run.Targets[0].Namespace != "team-blue" {
		t.Error("bundling changed the run")
	}
}

func TestBundleKeyIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	a, err := report.BundleKey(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := report.BundleKey(path)
	if err != nil || !bytes.Equal(a, b) || len(a) != 32 {
		t.Errorf("keys of %d and %d bytes, %v", len(a), len(b), err)
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %v", st.Mode().Perm())
	}
}
