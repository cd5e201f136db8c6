package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTarget(t *testing.T) {
	tests := []struct {
		name, in string
		want     targetSpec
		wantErr  string
	}{
		{name: "workspace alone", in: "phi4", want: targetSpec{Workspace: "phi4"}},
		{name: "namespace", in: "default/phi4", want: targetSpec{Namespace: "default", Workspace: "phi4"}},
		{name: "named", in: "a10=default/phi4", want: targetSpec{Name: "a10", Namespace: "default", Workspace: "phi4"}},
		{name: "context alone", in: "aks-east:phi4", want: targetSpec{Context: "aks-east", Workspace: "phi4"}},
		{name: "context and namespace", in: "aks-east:bench/phi4", want: targetSpec{Context: "aks-east", Namespace: "bench", Workspace: "phi4"}},
		{name: "context that is an ARN", in: "arn:aws:eks:eu-west-1:1:cluster/c1:bench/phi4",
			want: targetSpec{Context: "arn:aws:eks:eu-west-1:1:cluster/c1", Namespace: "bench", Workspace: "phi4"}},
		{name: "context that is an ARN, no namespace", in: "arn:aws:eks:eu-west-1:1:cluster/c1:phi4",
			want: targetSpec{Context: "arn:aws:eks:eu-west-1:1:cluster/c1", Workspace: "phi4"}},
		{name: "workspace with dots", in: "phi4.v2", want: targetSpec{Workspace: "phi4.v2"}},
		{name: "url", in: "http://10.0.0.1:8000", want: targetSpec{URL: "http://10.0.0.1:8000"}},
		{name: "url with /v1", in: "https://h/x/v1/", want: targetSpec{URL: "https://h/x"}},
		{name: "url with only /v1", in: "https://h/v1", want: targetSpec{URL: "https://h"}},
		{name: "named url", in: "vm=http://[::1]:80/", want: targetSpec{Name: "vm", URL: "http://[::1]:80"}},
		{name: "empty", in: "", wantErr: `"" is not a workspace name`},
		{name: "empty after name", in: "a10=", wantErr: "is not a workspace name"},
		{name: "upper case", in: "default/Phi4", wantErr: `"Phi4" is not a workspace name`},
		{name: "empty namespace", in: "/phi4", wantErr: `"" is not a namespace`},
		{name: "host and port", in: "localhost:8000", wantErr: "did you mean http://localhost:8000?"},
		{name: "empty context", in: ":ns/phi4", wantErr: "context before ':' is empty"},
		{name: "too many slashes", in: "a/b/c", wantErr: `"a/b" is not a namespace`},
		{name: "name with a space", in: "a b=phi4", wantErr: "is not a workspace name"},
		{name: "name that is none before a URL", in: "é=http://h", wantErr: `"é=…": a name is 1 to 40 of`},
		{name: "no name before a URL", in: "=https://h", wantErr: `"=…": a name is 1 to 40 of`},
		{name: "other scheme", in: "ftp://h", wantErr: `scheme "ftp" is not known`},
		{name: "no host", in: "http://", wantErr: "the host is missing"},
		{name: "query", in: "http://h/?a=b", wantErr: "without ? or #"},
		{name: "garbage url", in: "http://h:x y", wantErr: "that URL cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseTarget(tt.in)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("parseTarget(%q) error = %v, want one with %q", tt.in, err, tt.wantErr)
				}
				return
			}
			tt.want.Raw = tt.in
			if err != nil {
				t.Fatalf("parseTarget(%q): %v", tt.in, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("parseTarget(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestParseTargetNeverShowsAPassword(t *testing.T) {
	for _, in := range []string{"https://u:hunter2@h/", "https://u:hunter2@h:bad port/", "x=https://u:hunter2@h/?q"} {
		_, err := parseTarget(in)
		if err == nil {
			t.Fatalf("parseTarget(%q) took a URL with a password", in)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("parseTarget(%q) shows the password: %v", in, err)
		}
	}
}

func TestParseTargetsRefusesANameTwice(t *testing.T) {
	_, err := parseTargets([]string{"a=x", "a=y", "b/c/d"})
	for _, want := range []string{`name "a" is given twice`, `"b/c" is not a namespace`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want one with %q", err, want)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"phi4", "a=b:c/d", "arn:a:cluster/x:n/w", "http://h/v1", "=:/", "a=http://u:p@h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseTarget(s)
		if err != nil {
			return
		}
		if (got.URL == "") == (got.Workspace == "") {
			t.Fatalf("parseTarget(%q) = %+v: want exactly one of URL and workspace", s, got)
		}
		if got.URL != "" {
			again, err := parseTarget(got.URL)
			if err != nil || again.URL != strings.TrimSuffix(again.URL, "/") {
				t.Fatalf("parseTarget(%q) gave the URL %q, which does not read back: %v", s, got.URL, err)
			}
		}
	})
}
