package chart

import (
	"math"
	"strings"

	"benchtop/ui/theme"
)

// Sparkline shows the newest values in exactly w cells, one glyph of eight heights a value, from 0
// to their maximum; it is filled up at the left. NaN, infinite and negative values are blank.
func Sparkline(th *theme.Theme, values []float64, w int) string {
	if w <= 0 {
		return ""
	}
	if len(values) > w {
		values = values[len(values)-w:]
	}
	top := 0.0
	for _, v := range values {
		if finite(v) {
			top = math.Max(top, v)
		}
	}
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", w-len(values)))
	for _, v := range values {
		if !finite(v) || v < 0 {
			b.WriteByte(' ')
			continue
		}
		i := 0
		if top > 0 {
			i = min(int(v/top*8), 7)
		}
		b.WriteString(th.Glyph.Blocks[i])
	}
	return b.String()
}
