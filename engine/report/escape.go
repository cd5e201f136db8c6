package report

import (
	"html"
	"strings"

	"benchtop/engine/record"
)

// md escapes text for Markdown: nothing in it starts a mark-up, a link, a tag or a table cell.
func md(s string) string { return markdown.Replace(record.Clean(s)) }

var markdown = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "#", `\#`, "~", `\~`, "!", `\!`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "&#64;", "://", "&#58;//", "www.", "www&#46;",
)

// xml escapes text for HTML, SVG and XML, in elements and quoted attributes. What XML cannot hold at
// all has been stripped by Clean.
func xml(s string) string {
	return html.EscapeString(record.Clean(s))
}

// mdTable writes a Markdown table; cells are escaped, numbers columns aligned right.
func mdTable(b *strings.Builder, header []string, right func(col int) bool, rows [][]string) {
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + c + " ")
		}
		b.WriteString("|\n")
	}
	escaped := func(cells []string) []string {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = md(c)
		}
		return out
	}
	line(escaped(header))
	rule := make([]string, len(header))
	for i := range rule {
		if rule[i] = "---"; right(i) {
			rule[i] = "---:"
		}
	}
	line(rule)
	for _, r := range rows {
		line(escaped(r))
	}
	b.WriteString("\n")
}
