package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/yaml"

	"benchtop/engine/record"
)

// ShowFormats are what Show can print.
var ShowFormats = []string{"table", "json", "yaml", "csv", "md"}

// Show prints a run: table is Text, json and yaml are run.json, csv is steps.csv, md a Markdown
// table.
func Show(w io.Writer, run *record.Run, format string, opt TableOptions) error {
	switch format {
	case "table":
		_, err := io.WriteString(w, Text(run, opt))
		return err
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(run)
	case "yaml":
		b, err := yaml.Marshal(run)
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	case "csv":
		return StepsCSV(w, run)
	case "md":
		var b strings.Builder
		b.WriteString(md(Answer(run)) + "\n\n" + md(headline(run)) + "\n\n")
		mdRows(&b, run)
		_, err := io.WriteString(w, b.String())
		return err
	}
	return fmt.Errorf("-o %q is not a format; want %s", format, strings.Join(ShowFormats, ", "))
}

// StepsCSV writes the runs' steps as steps.csv holds them, all tries, with one header.
func StepsCSV(w io.Writer, runs ...*record.Run) error {
	out := csv.NewWriter(w)
	_ = out.Write(record.StepsHeader()) // an error stays and is told by Error
	for _, run := range runs {
		for _, s := range run.Steps {
			_ = out.Write(record.StepRow(run, targetOf(run, s.Target), s))
		}
	}
	out.Flush()
	return out.Error()
}

// mdRows writes the table of Table as Markdown, with its footnotes.
func mdRows(b *strings.Builder, run *record.Run) {
	rows := Rows(run)
	if len(rows) == 0 {
		b.WriteString("No step has ended.\n")
		return
	}
	cols := tableCols(run)
	var header []string
	for _, c := range cols {
		header = append(header, strings.TrimSpace(c.group+" "+c.title))
	}
	mdTable(b, header, func(i int) bool { return !cols[i].left }, newGrid(cols, rows).cells)
	for _, n := range footnotes(run, rows) {
		b.WriteString("- " + md(n) + "\n")
	}
}
