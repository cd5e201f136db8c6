package report

import (
	"fmt"
	"strings"

	"benchtop/engine/record"
)

const htmlStyle = `:root{color-scheme:light dark;--fg:#1f2328;--mut:#59636e;--bg:#fff;--line:#d1d9e0;--hi:#f6f8fa;--warn:#9a6700}
@media screen and (prefers-color-scheme:dark){:root{--fg:#e6edf3;--mut:#9198a1;--bg:#0d1117;--line:#30363d;--hi:#151b23;--warn:#d29922}}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--fg);background:var(--bg);max-width:76rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.7rem}h2{font-size:1.25rem;border-bottom:1px solid var(--line);padding-bottom:.25rem;margin-top:2rem}
.answer{font-size:1.15rem;font-weight:600}.warn{border-left:4px solid var(--warn);padding:.25rem .75rem;background:var(--hi)}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{border:1px solid var(--line);padding:.3rem .55rem;text-align:right;white-space:nowrap}th{background:var(--hi);white-space:normal;vertical-align:bottom}th.x,td.x{text-align:left}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr));gap:1rem}.charts svg{width:100%;height:auto;border:1px solid var(--line);border-radius:6px}
pre{background:var(--hi);border:1px solid var(--line);border-radius:6px;padding:.75rem;overflow-x:auto;font-size:.85rem}footer{color:var(--mut);font-size:.85rem;margin-top:2rem}
@media print{body{max-width:none;margin:0}.charts{grid-template-columns:1fr 1fr}h2{break-after:avoid}table,svg,pre{break-inside:avoid}.scroll{overflow:visible}table{font-size:.62rem}}
`

// HTML is the report as one page that needs no other file and no network, in light, dark and print.
func HTML(runs ...*record.Run) string {
	run := Merge(runs...)
	var b strings.Builder
	title := xml(pageTitle(run))
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n" +
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">` + "\n" +
		"<title>" + title + "</title>\n<style>" + htmlStyle + svgStyle + "</style>\n</head>\n<body>\n<h1>" + title + "</h1>\n")
	inCharts := false
	for i, k := range page(runs) {
		if inCharts && k.chart == nil {
			b.WriteString("</div>\n")
			inCharts = false
		}
		if k.heading != "" {
			b.WriteString("<h2>" + xml(k.heading) + "</h2>\n")
		}
		k.html(&b, i == 0)
		if k.chart != nil {
			if !inCharts {
				b.WriteString("<div class=\"charts\">\n")
				inCharts = true
			}
			b.WriteString(k.chart.svg(false))
		}
	}
	fmt.Fprintf(&b, "<footer>benchtop %s, run %s</footer>\n</body>\n</html>\n", xml(orUnknown(run.Version)), xml(orUnknown(run.ID)))
	return b.String()
}

func (k *block) html(b *strings.Builder, first bool) {
	if k.text != "" {
		class := ""
		if k.warning {
			class = ` class="warn"`
		} else if first {
			class = ` class="answer"`
		}
		b.WriteString("<p" + class + ">" + xml(k.text) + "</p>\n")
	}
	if len(k.rows) > 0 {
		k.table(b)
	}
	if len(k.items) > 0 {
		b.WriteString("<ul>\n")
		for _, it := range k.items {
			b.WriteString("<li>" + xml(it) + "</li>\n")
		}
		b.WriteString("</ul>\n")
	}
	if k.code != "" {
		b.WriteString("<pre>" + codeText(k.code) + "</pre>\n")
	}
}

// codeText keeps the line breaks that xml would turn into blanks.
func codeText(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = xml(l)
	}
	return strings.Join(lines, "\n")
}

func (k *block) table(b *strings.Builder) {
	row := func(tag string, cells []string) {
		b.WriteString("<tr>")
		for i, c := range cells {
			class := ""
			if i < k.left || k.header[i] == "state" {
				class = ` class="x"`
			}
			b.WriteString("<" + tag + class + ">" + xml(c) + "</" + tag + ">")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("<div class=\"scroll\"><table>\n<thead>")
	row("th", k.header)
	b.WriteString("</thead>\n<tbody>\n")
	for _, r := range k.rows {
		row("td", r)
	}
	b.WriteString("</tbody></table></div>\n")
}
