package screen

import (
	"strings"

	"benchtop/ui/theme"
	"benchtop/ui/widget"
)

// Legend is the marker and name of each target, in at most room cells: names are shortened alike, so
// that none is left out; its marker tells a target apart where its name cannot.
func Legend(th *theme.Theme, names []string, room int) string {
	const gap, marker = 2, 2
	widths := make([]int, len(names))
	total := max(len(names)-1, 0) * gap
	longest := 0
	for i, n := range names {
		widths[i] = widget.Width(widget.Clean(n))
		longest = max(longest, widths[i])
		total += marker + widths[i]
	}
	for ; total > room && longest > 1; longest-- { // the longest ones give way first
		for i := range widths {
			if widths[i] == longest {
				widths[i]--
				total--
			}
		}
	}
	parts := make([]string, len(names))
	for i, n := range names {
		look := th.Target(i)
		parts[i] = look.Style.Render(look.Marker + " " + widget.Fit(widget.Clean(n), widths[i], th.Glyph.Ellipsis))
	}
	return strings.Join(parts, strings.Repeat(" ", gap))
}
