package report

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"benchtop/engine/record"
)

// maxGitHub is what a comment or a step summary section may hold with room to spare: GitHub refuses
// comments of more than 65,536 characters.
const maxGitHub = 60_000

// GitHub is the report as one Markdown text under 60 kB for a comment or $GITHUB_STEP_SUMMARY, with
// the charts as text. If it would be longer, sections are left out from the end, and it says so.
func GitHub(runs ...*record.Run) string {
	blocks := page(runs)
	for n := len(blocks); n > 0; n-- {
		shown := blocks[:n:n]
		if n < len(blocks) {
			shown = append(shown, block{text: fmt.Sprintf("%d parts of the report were left out to stay below %d kB.", len(blocks)-n, maxGitHub/1000), warning: true})
		}
		var b strings.Builder
		pageMarkdown(&b, pageTitle(Merge(runs...)), shown, (*chart).text)
		if b.Len() < maxGitHub {
			return b.String()
		}
	}
	return "# GPU benchmarks\n\nThe report is too long for this place.\n"
}

const barWidth = 40

// text draws the chart as horizontal bars in a code block, one line per point; the dashed lines of
// high percentiles are left out, as the table has them.
func (c *chart) text() string {
	var b strings.Builder
	lo, hi, _ := c.span()
	b.WriteString("```text\n" + strings.TrimSuffix(c.title, " and p95") + ": " + c.axis + "\n")
	width := 0
	for _, l := range c.lines {
		width = max(width, utf8.RuneCountInString(cut(l.name, 24)))
	}
	for _, x := range c.xs {
		for _, l := range c.lines {
			if l.dashed {
				continue
			}
			for _, p := range l.points {
				if p.x != x {
					continue
				}
				n := int(math.Round(c.yPart(p.y, lo, hi) * barWidth))
				mark := ""
				if p.bound {
					mark = "> "
				}
				if p.weak {
					mark = "◇ " + mark
				}
				fmt.Fprintf(&b, "%6s req/s  %-*s %s %s%s\n", rate(x), width, codeWord(cut(l.name, 24)), strings.Repeat("█", max(n, 1)), mark, c.format(p.y))
			}
		}
	}
	b.WriteString("```\n")
	return b.String()
}

// codeWord keeps text from ending a code block.
func codeWord(s string) string { return strings.ReplaceAll(record.Clean(s), "`", "'") }
