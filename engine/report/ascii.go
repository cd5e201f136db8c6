package report

import "strings"

// ASCII replaces every character beyond ASCII that this package writes of its own. What came from
// outside keeps its letters.
func ASCII(s string) string { return asciiText.Replace(s) }

var asciiText = strings.NewReplacer(
	"·", "|", "–", "-", "−", "-", "†", "*", "…", "..", "×", "x", "→", "->", "Δ", "change",
	"≥", ">=", "≤", "<=", "≠", "!", "µ", "u", "◇", "o", "█", "#",
)

// text is s as the options want it drawn.
func (o TableOptions) text(s string) string {
	if o.ASCII {
		return ASCII(s)
	}
	return s
}

// wrap is text in lines of the options' width.
func (o TableOptions) wrap(s string) string { return wrap(o.text(s), o.Width) }
