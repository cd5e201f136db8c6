package screen

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"benchtop/engine/record"
)

// Differences says in what targets differ beside GPU, price and place, "" if in nothing known: a
// comparison of GPUs is only one when the rest is equal.
func Differences(targets []record.Target) string {
	var out []string
	add := func(name string, of func(*record.Target) string) {
		values := make([]string, len(targets))
		for i := range targets {
			values[i] = of(&targets[i])
			if values[i] == "" {
				return // unknown for one: nothing can be said
			}
		}
		if same := len(slices.Compact(slices.Clone(values))) < 2; !same {
			out = append(out, name+" "+strings.Join(values, " / "))
		}
	}
	add("model", func(t *record.Target) string { return t.Model })
	add("engine", func(t *record.Target) string { return strings.TrimSpace(t.Engine + " " + t.EngineVersion) })
	add("max_model_len", func(t *record.Target) string {
		if t.MaxModelLen == 0 {
			return ""
		}
		return strconv.Itoa(t.MaxModelLen)
	})
	add("parallelism", func(t *record.Target) string { return t.Parallelism })
	add("endpoint", func(t *record.Target) string { return t.Endpoint })
	add("way", func(t *record.Target) string { return t.Via })
	for _, flag := range flagNames(targets) {
		add(flag, func(t *record.Target) string {
			if t.Flags == nil {
				return ""
			}
			if v := t.Flags[flag]; v != "" {
				return v
			}
			return "default"
		})
	}
	if len(out) == 0 {
		return ""
	}
	return "beside the GPU they differ in " + strings.Join(out, ", ")
}

func flagNames(targets []record.Target) []string {
	names := map[string]bool{}
	for i := range targets {
		for n := range targets[i].Flags {
			names[n] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
