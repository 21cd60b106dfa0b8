package picture

import (
	"fmt"
	"strings"
)

// Spark is a curve in one line of text.
type Spark struct {
	Name   string
	Values []float32
}

// String is s in 80 columns at most: its name, the curve from its least to its
// greatest value, and these two.
func (s Spark) String() string { return s.Terminal(80, 0) }

// Terminal is s in width columns at most. More values than fit are averaged,
// which is said.
func (s Spark) Terminal(width, _ int) string {
	if len(s.Values) == 0 {
		return columns.Truncate(clean1(s.Name)+" (no values)", width, "…")
	}
	h := Heat{Rows: 1, Cols: len(s.Values), Values: s.Values}
	sc := h.scale()
	before, after := "", fmt.Sprintf(" %s to %s", number(sc.lo), number(sc.hi))
	if s.Name != "" {
		before = columns.Truncate(clean1(s.Name), width/3, "…") + " "
	}
	if n := sc.beside(); n != "" {
		after += ", " + n
	}
	room := width - columns.StringWidth(before+after)
	if len(s.Values) > room {
		after += fmt.Sprintf(", %d averaged", len(s.Values))
		room = max(width-columns.StringWidth(before+after), 1)
	}
	const bars = "▁▂▃▄▅▆▇█"
	var b strings.Builder
	for _, v := range h.reduce(1, room).values {
		switch level := sc.level(v); level {
		case levelNaN:
			b.WriteByte('?')
		case levelPos:
			b.WriteByte('^')
		case levelNeg:
			b.WriteByte('v')
		default:
			b.WriteString(string([]rune(bars)[level*8/levels]))
		}
	}
	return columns.Truncate(before+b.String()+after, width, "…")
}
