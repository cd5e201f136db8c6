package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"benchtop/engine/record"
	"benchtop/engine/report"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// outputFormats are what -o takes where a list is printed.
var outputFormats = []string{"table", "wide", "json", "yaml", "csv", "md"}

// addOutputFlag adds -o with the formats given, the first being the default.
func addOutputFlag(cmd *cobra.Command, to *string, formats ...string) {
	cmd.Flags().StringVarP(to, "output", "o", formats[0], "`format`: "+strings.Join(formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// checkOutput refuses a format that is not one of formats.
func checkOutput(got string, formats ...string) error {
	if slices.Contains(formats, got) {
		return nil
	}
	return usage(fmt.Errorf("-o %q is not a format; want %s", got, orWords(formats)))
}

// A listing is one list in all its forms: rows for people, objects for programs.
type listing struct {
	cols    []string
	wide    int // columns from this one on are shown by wide, csv and md only
	rows    [][]string
	objects any // what json and yaml print; never nil
	empty   string
	// headless leaves out the line of titles; the columns are as wide as with it.
	headless bool
	// widths are the least widths of the columns, which a table that needs more widens; nil = none.
	widths []int
}

// print writes a listing to stdout in the format.
func (c *cli) print(l listing, format string) error {
	if _, ascii := c.drawn(c.out).(asciiWriter); ascii && (format == "table" || format == "wide") {
		for _, row := range l.rows { // before they are measured
			for i := range row {
				row[i] = report.ASCII(row[i])
			}
		}
	}
	return l.print(c.out, c.errw, format)
}

// print writes the listing in the format. An empty table is said in words on msg, so that stdout
// stays data.
func (l listing) print(w, msg io.Writer, format string) error {
	switch format {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(l.objects)
	case "yaml":
		b, err := yaml.Marshal(l.objects)
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	case "csv":
		return l.csv(w)
	case "md":
		return l.markdown(w)
	}
	if len(l.rows) == 0 {
		_, err := fmt.Fprintln(msg, l.empty)
		return err
	}
	n := l.wide
	if format == "wide" {
		n = len(l.cols)
	}
	return l.table(w, n)
}

// table pads the first n columns with two spaces between them.
func (l listing) table(w io.Writer, n int) error {
	widths := l.widths
	if widths == nil {
		widths = make([]int, n)
	}
	all := append([][]string{upper(l.cols)}, l.rows...)
	for _, row := range all {
		for i := range n {
			widths[i] = max(widths[i], runewidth.StringWidth(row[i]))
		}
	}
	if l.headless {
		all = all[1:]
	}
	var b strings.Builder
	for _, row := range all {
		var line strings.Builder
		for i := range n {
			line.WriteString(runewidth.FillRight(row[i], widths[i]+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (l listing) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write(l.cols) // a failed write is kept and told by Error
	for _, row := range l.rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = record.CSVText(cell)
		}
		_ = out.Write(safe)
	}
	out.Flush()
	return out.Error()
}

// markdownText keeps a cell's text from being read as Markdown or HTML.
var markdownText = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`)

func (l listing) markdown(w io.Writer) error {
	var b strings.Builder
	row := func(cells []string, replace func(string) string) {
		for _, c := range cells {
			b.WriteString("| " + replace(c) + " ")
		}
		b.WriteString("|\n")
	}
	row(l.cols, markdownText.Replace)
	row(l.cols, func(string) string { return "---" })
	for _, r := range l.rows {
		row(r, markdownText.Replace)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func upper(words []string) []string {
	out := make([]string, len(words))
	for i, s := range words {
		out[i] = strings.ToUpper(s)
	}
	return out
}

// orWords joins words as "a, b or c".
func orWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
