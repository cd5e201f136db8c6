package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestASCIIIsForPeopleOnly(t *testing.T) {
	l := func() listing {
		return listing{cols: []string{"gpu", "price"}, wide: 2, rows: [][]string{{"2× A10", "–"}, {"A100", "3.67"}}, objects: []string{"2× A10"}}
	}
	for _, tc := range []struct {
		name, format, want string
		ascii              bool
	}{
		{"a table", "table", "GPU     PRICE\n2× A10  –\nA100    3.67\n", false},
		{"a table in ASCII", "table", "GPU     PRICE\n2x A10  -\nA100    3.67\n", true},
		{"data stays as it is", "csv", "gpu,price\n2× A10,–\nA100,3.67\n", true},
	} {
		var out bytes.Buffer
		c := &cli{out: &out, errw: &out, ascii: tc.ascii, env: func(string) string { return "" }}
		if err := c.print(l(), tc.format); err != nil || out.String() != tc.want {
			t.Errorf("%s: %v\n got %q\nwant %q", tc.name, err, out.String(), tc.want)
		}
		if o := c.tableOptions(); o.ASCII != tc.ascii || o.Color || o.Width != 0 {
			t.Errorf("%s: table options %+v", tc.name, o)
		}
	}
}

// A locale or TERM speaks for a terminal, not for a file.
func TestNoTerminalIsNoPoorTerminal(t *testing.T) {
	var out bytes.Buffer
	c := &cli{out: &out, errw: &out, env: func(string) string { return "dumb" }}
	if c.drawn(&out) != &out {
		t.Error("what goes into a file is drawn for a terminal")
	}
	r := invoke(t, "--ascii", "show", "no-such-run-anywhere")
	if strings.ContainsFunc(r.err, func(c rune) bool { return c > '~' }) {
		t.Errorf("stderr with --ascii: %q", r.err)
	}
}
