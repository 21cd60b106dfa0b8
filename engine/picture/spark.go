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

// Display is s as text/plain, image/svg+xml and text/html.
func (s Spark) Display() map[string]string {
	svg := s.SVG()
	return map[string]string{"text/plain": s.String(), "image/svg+xml": svg, "text/html": svg}
}

// SVG is s as a line of text high. Values that are not finite break the curve.
func (s Spark) SVG() string { return s.drawing().svg() }

// PNG is what [Spark.SVG] shows, with two pixels to its unit.
func (s Spark) PNG() ([]byte, error) { return s.drawing().png() }

// WriteSVG makes or replaces a file with s as SVG; on an error the old file stays.
func (s Spark) WriteSVG(path string) error { return writeFile(path, s.SVG()) }

// WritePNG makes or replaces a file with [Spark.PNG]; on an error the old file stays.
func (s Spark) WritePNG(path string) error { return writePNG(path, s.PNG) }

func (s Spark) drawing() drawing {
	name := columns.Truncate(clean1(s.Name), 60, "…")
	if len(s.Values) == 0 {
		return line1(name + " (no values)")
	}
	const wide, high, most = 240.0, 18.0, 960
	h := Heat{Rows: 1, Cols: len(s.Values), Values: s.Values}
	sc, r := h.scale(), h.reduce(1, most)
	after := flowSVG(fmt.Sprintf("%s to %s", number(sc.lo), number(sc.hi)), sc.beside())
	if r.cols < h.Cols {
		after = flowSVG(after, fmt.Sprintf("%d averaged to %d", h.Cols, r.cols))
	}
	x0 := 8.0
	if name != "" {
		x0 += float64(columns.StringWidth(name))*em + 8
	}
	return drawing{x0 + wide + 16 + float64(columns.StringWidth(after))*em, 30, name, func(c canvas) {
		c.text(8, 19, name, words{colour: ink})
		var path []point
		flush := func() {
			switch {
			case len(path) > 1:
				c.path(path, stroke{seriesColours[0], 1.5, nil})
			case len(path) == 1:
				c.mark(0, path[0], 2, seriesColours[0], "")
			}
			path = nil
		}
		for i, v := range r.values {
			level := sc.level(v)
			if level >= levels {
				flush()
				continue
			}
			x := wide / 2
			if r.cols > 1 {
				x = wide * float64(i) / float64(r.cols-1)
			}
			path = append(path, point{x0 + x, 24 - high*float64(level)/(levels-1)})
		}
		flush()
		c.text(x0+wide+8, 19, after, words{colour: dim})
	}}
}
