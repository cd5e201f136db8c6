package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
)

// provenance lists what each target was: a row a property, a column a target. Rows that tell the
// targets apart are marked; properties that nobody knows are left out.
func provenance(run *record.Run) listing {
	l := listing{cols: []string{"", "provenance"}, empty: "the run has no targets"}
	for _, t := range run.Targets {
		l.cols = append(l.cols, t.Name)
	}
	l.wide = len(l.cols)
	add := func(name string, of func(record.Target) string) {
		row, known := []string{"", name}, false
		for _, t := range run.Targets {
			v := of(t)
			known = known || v != ""
			row = append(row, cmp.Or(v, "–"))
		}
		for _, v := range row[2:] {
			if v != row[2] {
				row[0] = "≠"
			}
		}
		if known {
			l.rows = append(l.rows, row)
		}
	}
	for _, p := range properties {
		add(p.name, p.of)
	}
	flags := map[string]bool{}
	for _, t := range run.Targets {
		for k := range t.Flags {
			flags[k] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(flags)) {
		add("flag "+record.Clean(k), func(t record.Target) string { return record.Clean(t.Flags[k]) })
	}
	return l
}

// properties are what is shown of a target beside its flags.
var properties = []struct {
	name string
	of   func(record.Target) string
}{
	{"target", func(t record.Target) string {
		if t.URL != "" {
			return t.URL
		}
		return strings.Trim(t.Context+":"+t.Namespace+"/"+t.Workspace, ":/")
	}},
	{"model", func(t record.Target) string { return t.Model }},
	{"GPU", func(t record.Target) string {
		if t.GPU == "" {
			return ""
		}
		text := t.GPU
		if t.GPUCount > 0 {
			text = fmt.Sprintf("%d× %s", t.GPUCount, text)
		}
		if t.GPUMemoryGiB > 0 {
			text += fmt.Sprintf(" %g GiB", t.GPUMemoryGiB)
		}
		return text
	}},
	{"instance type", func(t record.Target) string { return t.InstanceType }},
	{"nodes", func(t record.Target) string { return number(t.Nodes) }},
	{"region", func(t record.Target) string { return t.Region }},
	{"spot", func(t record.Target) string {
		if t.Spot == nil {
			return ""
		}
		return map[bool]string{true: "yes", false: "no"}[*t.Spot]
	}},
	{"driver", func(t record.Target) string { return t.Driver }},
	{"price", func(t record.Target) string {
		if t.USDPerHour == nil {
			return ""
		}
		return strings.TrimSpace(fmt.Sprintf("$%.2f/h, %s %s", *t.USDPerHour, t.PriceSource, t.PriceDate))
	}},
	{"engine", func(t record.Target) string { return strings.TrimSpace(t.Engine + " " + t.EngineVersion) }},
	{"image", func(t record.Target) string { return t.ImageDigest }},
	{"max model length", func(t record.Target) string { return number(t.MaxModelLen) }},
	{"parallelism", func(t record.Target) string { return t.Parallelism }},
	{"CPU KV cache (LMCache)", lmcache},
	{"autoscaler", func(t record.Target) string { return t.Autoscaler }},
	{"Kaito's peak tokens/min", func(t record.Target) string {
		if t.PeakTokensPerMinute == nil {
			return ""
		}
		return fmt.Sprintf("%.0f", *t.PeakTokensPerMinute)
	}},
	{"via", func(t record.Target) string {
		if strings.HasPrefix(t.ViaReason, t.Via) {
			return t.ViaReason
		}
		return t.Via + ": " + t.ViaReason
	}},
	{"base latency", func(t record.Target) string {
		if t.BaseLatencyMS == nil {
			return ""
		}
		return fmt.Sprintf("%.3g ms", *t.BaseLatencyMS)
	}},
	{"endpoint", func(t record.Target) string { return t.Endpoint }},
	{"tokens counted by", func(t record.Target) string { return t.UsageMode }},
	{"prompts as", func(t record.Target) string { return t.PromptMode }},
}

// lmcache says what the flags tell of Kaito's KV cache in the CPU's memory. Where they are known and say
// nothing Kaito decides by model and engine, which is not guessed at here.
func lmcache(t record.Target) string {
	for _, flag := range []string{"kaito-kv-cache-cpu-memory-utilization", "kv-cache-cpu-memory-utilization"} {
		switch v := t.Flags[flag]; {
		case v == "0" || v == "0.0":
			return "off"
		case v != "":
			return v + " of the memory"
		}
	}
	if t.Workspace == "" || len(t.Flags) == 0 {
		return ""
	}
	return "not set"
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
