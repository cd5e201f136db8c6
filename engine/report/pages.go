package report

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"benchtop/engine/record"
)

// Markdown is the report as one Markdown page; its charts are files beside it, NAME.svg.
func Markdown(runs ...*record.Run) string {
	var b strings.Builder
	pageMarkdown(&b, pageTitle(Merge(runs...)), page(runs), func(c *chart) string {
		return fmt.Sprintf("![%s](%s.svg)\n", md(c.title), c.id)
	})
	return b.String()
}

// Report writes the report on one or more runs into the folder out: report.md with its charts as
// SVG, and report.html, which needs no other file. It returns the paths.
func Report(out string, runs ...*record.Run) ([]string, error) {
	if len(runs) == 0 {
		return nil, errors.New("report: which run?")
	}
	e := exporter{run: Merge(runs...), out: out}
	err := e.pages(runs, "md", "html")
	return e.paths, err
}

// page exports one run in a format of pages or charts.
func (e *exporter) page(format string) error { return e.pages([]*record.Run{e.run}, format) }

func (e *exporter) pages(runs []*record.Run, formats ...string) error {
	text := func(name, s string) error {
		return e.file(name, func(w io.Writer) error { _, err := io.WriteString(w, s); return err })
	}
	var errs []error
	for _, f := range formats {
		switch f {
		case "md":
			errs = append(errs, text("report.md", Markdown(runs...)))
			errs = append(errs, e.svgs())
		case "html":
			errs = append(errs, text("report.html", HTML(runs...)))
		case "svg":
			errs = append(errs, e.svgs())
		case "png":
			for _, c := range charts(e.run) {
				errs = append(errs, e.file(c.id+".png", c.png))
			}
		}
	}
	return errors.Join(errs...)
}

func (e *exporter) svgs() error {
	var errs []error
	for _, c := range charts(e.run) {
		errs = append(errs, e.file(c.id+".svg", func(w io.Writer) error { _, err := io.WriteString(w, c.svg(true)); return err }))
	}
	return errors.Join(errs...)
}

// runName tells a run from others: the name it was given, and its id.
func runName(r *record.Run) string {
	if r.Name == "" {
		return orUnknown(r.ID)
	}
	return r.Name + " (" + orUnknown(r.ID) + ")"
}
