package screen

import (
	"strings"

	"benchtop/engine/verdict"
)

// Limit is the strictest limit that objectives put on a metric, in ms; 0 = none. Objectives that cannot be read are passed over: the plan was checked before.
func Limit(slo []string, m Metric) float64 {
	slos, err := verdict.ParseSLOs(slo)
	if err != nil {
		return 0
	}
	ms := 0.0
	name := strings.ToLower(m.String())
	for _, s := range slos {
		for _, l := range s.Limits {
			if l.Metric == name && (ms == 0 || l.MS < ms) {
				ms = l.MS
			}
		}
	}
	return ms
}
