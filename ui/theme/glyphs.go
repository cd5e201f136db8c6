package theme

// Glyphs are one cell each, in every theme, but for Delta and Sep, which are used in running text
// and also take one cell.
type Glyphs struct {
	Cursor   string // row under the cursor
	Check    string // marked, done, fine
	Cross    string // failed, missing
	Dagger   string // p99 of fewer than 100 requests
	Ellipsis string // cut here
	Dot      string // pending, none
	Running  string // current step
	Skipped  string
	Warn     string
	Sep      string // between parts of a breadcrumb
	Delta    string
	Caret    string // text cursor between two characters
	Up, Down string // more above, more below
	AtLeast  string // a value that is a lower bound
	BarFull  string
	BarEmpty string
	Thumb    string // scroll bar
	Track    string
	// Axes and lines of charts.
	AxisY, AxisTick, AxisCorner, AxisX, AxisMark, AxisTickX string
	Limit                                                   string // SLO line
	Step, Note                                              string // vertical lines
	// Blocks are eight heights for sparklines, lowest first.
	Blocks [8]string
}

// Frame is the set of runes of a hand-made border.
type Frame struct {
	Horizontal, Vertical                       string
	TopLeft, TopRight, BottomLeft, BottomRight string
}

var (
	markers      = [targetCount]string{"●", "◆", "▲", "■"}
	hollows      = [targetCount]string{"○", "◇", "△", "□"}
	asciiMarkers = [targetCount]string{"o", "+", "^", "#"}
	asciiHollows = [targetCount]string{"O", "X", "A", "H"}
)

var unicodeGlyphs = Glyphs{
	Cursor: "▸", Check: "✓", Cross: "✗", Dagger: "†", Ellipsis: "…", Dot: "·", Running: "▶",
	Skipped: "–", Warn: "!", Sep: "›", Delta: "Δ", Caret: "▏", Up: "↑", Down: "↓",
	AtLeast: "↑", BarFull: "█", BarEmpty: "░", Thumb: "┃", Track: "│",
	AxisY: "│", AxisTick: "┤", AxisCorner: "└", AxisX: "─", AxisMark: "┴", AxisTickX: "┬",
	Limit: "╌", Step: "┊", Note: "┆",
	Blocks: [8]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
}

var asciiGlyphs = Glyphs{
	Cursor: ">", Check: "v", Cross: "x", Dagger: "*", Ellipsis: "~", Dot: ".", Running: ">",
	Skipped: "-", Warn: "!", Sep: ">", Delta: "d", Caret: "|", Up: "^", Down: "v",
	AtLeast: "^", BarFull: "#", BarEmpty: ".", Thumb: "#", Track: "|",
	AxisY: "|", AxisTick: "+", AxisCorner: "+", AxisX: "-", AxisMark: "+", AxisTickX: "+",
	Limit: "-", Step: ":", Note: "!",
	Blocks: [8]string{"_", ".", ":", "-", "=", "+", "*", "#"},
}

var (
	thin       = Frame{"─", "│", "╭", "╮", "╰", "╯"}
	thick      = Frame{"━", "┃", "┏", "┓", "┗", "┛"}
	asciiThin  = Frame{"-", "|", "+", "+", "+", "+"}
	asciiThick = Frame{"=", "#", "#", "#", "#", "#"}
)
