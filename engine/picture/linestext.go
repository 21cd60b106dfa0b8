package picture

import (
	"math"
	"math/bits"
	"strings"
)

// Marks of series in text without colour.
const textMarks = "ox+*#%@&=abcdefghijklmnpqrst"

// Terminal is l as text that fits width columns, with colors colours: 1<<24,
// 256, 16, or 0. With colours, and for one curve, a character has 2 x 4 dots;
// curves without colour are told apart by marks, which take turns where two
// share a place.
func (l Lines) Terminal(width, colors int) string {
	width = max(width, 8)
	if err := l.Check(); err != nil {
		return err.Error()
	}
	var b strings.Builder
	if l.Title != "" {
		b.WriteString(columns.Truncate(clean1(l.Title), width, "…") + "\n")
	}
	if len(l.Series) == 0 {
		return b.String() + "(no series)"
	}
	p := l.plot()
	rows := min(max(width/5, 5), 16)
	yt := p.y.ticks(rows / 3)
	left := 0
	for _, t := range yt {
		left = max(left, columns.StringWidth(t.name))
	}
	left = min(left, max(width/3, 1))
	wide := max(width-left-2, 2)
	if named := len(l.Series) > 1 || l.Series[0].Name != ""; named {
		b.WriteString(flow(l.legend(colors, width), width) + "\n")
	}
	r := newRaster(wide, rows)
	for i, parts := range p.parts {
		for _, part := range parts {
			for k, at := range part.at {
				x, y := r.dot(at)
				if k == 0 {
					r.set(x, y, i)
					continue
				}
				fx, fy := r.dot(part.at[k-1])
				r.line(fx, fy, x, y, i)
			}
		}
	}
	labels := make([]string, rows)
	for _, t := range yt {
		labels[min(max(int(math.Round((1-t.at)*float64(rows-1))), 0), rows-1)] = t.name
	}
	for y := range rows {
		edge := "│"
		if labels[y] != "" {
			edge = "┤"
		}
		b.WriteString(columns.FillLeft(columns.Truncate(labels[y], left, "…"), left) + edge + r.row(y, len(l.Series), colors) + "\n")
	}
	// Labels of x stand under their ticks where they have room.
	base, names := []rune(strings.Repeat("─", wide)), []rune(strings.Repeat(" ", left+2+wide))
	free := 0
	for _, t := range p.x.ticks(max(wide/12, 2)) {
		at := min(int(t.at*float64(wide-1)+0.5), wide-1)
		n := len(t.name)
		from := min(max(left+1+at-n/2, 0), len(names)-n)
		if from < free || n > len(names) {
			continue
		}
		base[at] = '┬'
		copy(names[from:], []rune(t.name))
		free = from + n + 1
	}
	b.WriteString(strings.Repeat(" ", left) + "└" + string(base) + "\n")
	b.WriteString(strings.TrimRight(string(names), " "))
	var notes []string
	for _, n := range []struct{ before, name string }{{"up: ", l.YName}, {"right: ", l.XName}} {
		if n.name != "" {
			notes = append(notes, n.before+clean1(n.name))
		}
	}
	if notes = append(notes, p.notes...); len(notes) > 0 {
		b.WriteString("\n" + flow(notes, width))
	}
	return b.String()
}

// legend names the series as they are drawn.
func (l Lines) legend(colors, width int) []string {
	var out []string
	for i, s := range l.Series {
		name := columns.Truncate(clean1(s.Name), max(width-2, 1), "…")
		switch {
		case colors > 0:
			out = append(out, seriesPaint(i, colors)+"━\x1b[0m "+name)
		case len(l.Series) == 1:
			out = append(out, name)
		default:
			out = append(out, textMarks[i:i+1]+" "+name)
		}
	}
	return out
}

// raster is dots, 2 x 4 to a character, and which series they are of.
type raster struct {
	w, h int // characters
	dots []uint8
	of   []uint32 // of each character, a bit for each series
	last []int    // the series drawn last
}

func newRaster(w, h int) *raster {
	return &raster{w, h, make([]uint8, w*h), make([]uint32, w*h), make([]int, w*h)}
}

func (r *raster) dot(at point) (x, y int) {
	return int(at.x*float64(2*r.w-1) + 0.5), int((1-at.y)*float64(4*r.h-1) + 0.5)
}

func (r *raster) set(x, y, series int) {
	k := y/4*r.w + x/2
	r.dots[k] |= [4][2]uint8{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}[y%4][x%2]
	r.of[k] |= 1 << series
	r.last[k] = series
}

// line sets the dots nearest to a line.
func (r *raster) line(x0, y0, x1, y1, series int) {
	n := max(x1-x0, x0-x1, y1-y0, y0-y1, 1)
	for i := range n + 1 {
		f := float64(i) / float64(n)
		r.set(int(math.Round(float64(x0)+f*float64(x1-x0))), int(math.Round(float64(y0)+f*float64(y1-y0))), series)
	}
}

// row is a line of characters.
func (r *raster) row(y, series, colors int) string {
	var b strings.Builder
	was := -1
	for x := range r.w {
		k := y*r.w + x
		switch {
		case r.of[k] == 0:
			b.WriteByte(' ')
		case colors > 0:
			if r.last[k] != was {
				was = r.last[k]
				b.WriteString(seriesPaint(was, colors))
			}
			b.WriteRune(rune(0x2800 + int(r.dots[k])))
		case series == 1:
			b.WriteRune(rune(0x2800 + int(r.dots[k])))
		default:
			// They take turns along x.
			set := r.of[k]
			for range x % bits.OnesCount32(set) {
				set &= set - 1
			}
			b.WriteByte(textMarks[bits.TrailingZeros32(set)])
		}
	}
	out := strings.TrimRight(b.String(), " ")
	if colors > 0 && was >= 0 {
		out += "\x1b[0m"
	}
	return out
}
