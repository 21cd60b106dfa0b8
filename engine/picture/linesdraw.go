package picture

import "fmt"

// seriesColours can be told apart without seeing red and green, and on white and
// on black (Okabe and Ito 2008, without their black and yellow, with a grey).
var (
	seriesColours = []rgb{{0, 114, 178}, {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {86, 180, 233}, {230, 159, 0}, {120, 120, 120}}
	series16      = []int{94, 31, 32, 95, 96, 33, 90}
	seriesDashes  = [][]float64{nil, {7, 3}, {2, 3}, {9, 3, 2, 3}}
)

func seriesStroke(i int) stroke {
	return stroke{seriesColours[i%len(seriesColours)], 1.8, seriesDashes[i%len(seriesDashes)]}
}

// seriesPaint is the escape sequence of a series in a terminal.
func seriesPaint(i, colors int) string {
	c := seriesColours[i%len(seriesColours)]
	switch {
	case colors >= 1<<24:
		return fmt.Sprintf("\x1b[38;2;%d;%d;%dm", c.r, c.g, c.b)
	case colors >= 256:
		return fmt.Sprintf("\x1b[38;5;%dm", cube(c))
	}
	return fmt.Sprintf("\x1b[%dm", series16[i%len(series16)])
}

const (
	plotWide, plotHigh = 500.0, 240.0
	maxMarks           = 60 // points of a series with a mark each; more have none but at their ends
)

func (l Lines) drawing() drawing {
	if len(l.Series) == 0 {
		return line1(l.Title + ": no series")
	}
	p := l.plot()
	xt, yt := p.x.ticks(8), p.y.ticks(6)
	left := 0
	for _, t := range yt {
		left = max(left, columns.StringWidth(t.name))
	}
	x0, y0 := float64(left)*em+16, 12.0
	if l.YName != "" {
		x0 += 16
	}
	title := clean1(l.Title)
	if title != "" {
		y0 += 18
	}
	// The legend stands in lines above the curves, where it hides none of them.
	type entry struct {
		x, y float64
		name string
	}
	var legend []entry
	x, y := x0, y0
	for _, s := range l.Series {
		name := columns.Truncate(clean1(s.Name), 60, "…")
		long := 34 + float64(columns.StringWidth(name))*em + 16
		if x > x0 && x+long > x0+plotWide {
			x, y = x0, y+16
		}
		legend = append(legend, entry{x, y + 8, name})
		x += long
	}
	named := len(l.Series) > 1 || l.Series[0].Name != ""
	if named {
		y0 = y + 24
	}
	right := x0 + plotWide
	w := max(right+14, float64(columns.StringWidth(title))*boldEm+20)
	for i, t := range xt { // the last label may reach beyond its axis
		if end := x0 + t.at*plotWide + float64(columns.StringWidth(t.name))*em/2 + 6; i == len(xt)-1 {
			w = max(w, end)
		}
	}
	for _, e := range legend {
		w = max(w, e.x+34+float64(columns.StringWidth(e.name))*em+8)
	}
	notes := flowSVG(p.notes...)
	for _, parts := range p.parts {
		if n := count(parts); n > thinAbove {
			notes = flowSVG(notes, fmt.Sprintf("of %d points the least and greatest of each stretch", n))
			break
		}
	}
	w = max(w, float64(columns.StringWidth(notes))*em+20)
	h := y0 + plotHigh + 24
	if l.XName != "" {
		h += 16
	}
	if notes != "" {
		h += 16
	}
	return drawing{w, h, title, func(c canvas) {
		if title != "" {
			c.text(8, 18, title, words{bold: true, colour: ink})
		}
		for _, t := range yt {
			at := y0 + (1-t.at)*plotHigh
			c.path([]point{{x0, at}, {right, at}}, stroke{rule, 1, nil})
			c.text(x0-6, at+4, t.name, words{anchor: end, colour: ink})
		}
		for _, t := range xt {
			at := x0 + t.at*plotWide
			c.path([]point{{at, y0}, {at, y0 + plotHigh}}, stroke{rule, 1, nil})
			c.text(at, y0+plotHigh+16, t.name, words{anchor: middle, colour: ink})
		}
		c.path([]point{{x0, y0}, {x0, y0 + plotHigh}, {right, y0 + plotHigh}}, stroke{dim, 1, nil})
		if l.YName != "" {
			c.text(14, y0+plotHigh/2, clean1(l.YName), words{up: true, anchor: middle, colour: dim})
		}
		if l.XName != "" {
			c.text(x0+plotWide/2, y0+plotHigh+32, clean1(l.XName), words{anchor: middle, colour: dim})
		}
		for i, parts := range p.parts {
			l.draw(c, i, parts, x0, y0)
		}
		if named {
			for i, e := range legend {
				s := seriesStroke(i)
				c.path([]point{{e.x, e.y}, {e.x + 28, e.y}}, s)
				c.mark(i%markers, point{e.x + 14, e.y}, 3.2, s.colour, "")
				c.text(e.x+34, e.y+4, e.name, words{colour: ink})
			}
		}
		if notes != "" {
			c.text(8, h-8, notes, words{colour: dim})
		}
	}}
}

func count(parts []run) int {
	n := 0
	for _, r := range parts {
		n += len(r.x)
	}
	return n
}

// draw draws a series: its parts as paths, its points as marks.
func (l Lines) draw(c canvas, i int, parts []run, x0, y0 float64) {
	s := seriesStroke(i)
	place := func(at point) point { return point{x0 + at.x*plotWide, y0 + (1-at.y)*plotHigh} }
	total := count(parts)
	for _, r := range parts {
		var path []point
		for _, at := range thin(r.at) {
			path = append(path, place(at))
		}
		if len(path) > 1 {
			c.path(path, s)
		}
		for k, at := range r.at {
			if total <= maxMarks || k == 0 && len(r.at) == 1 {
				c.mark(i%markers, place(at), 3.2, s.colour, fmt.Sprintf("%s %s: %s", clean1(l.Series[i].Name), short(r.x[k]), short(r.y[k])))
			}
		}
	}
	if total > maxMarks { // marks of another place for each series, so that they are seen apart
		for k := 1; k <= 4; k++ {
			r := parts[(len(parts)-1)*k/4]
			j := (len(r.at) - 1) * ((4*k + i) % 17) / 17
			c.mark(i%markers, place(r.at[j]), 3.2, s.colour, fmt.Sprintf("%s %s: %s", clean1(l.Series[i].Name), short(r.x[j]), short(r.y[j])))
		}
	}
}

// thinAbove is more points than a curve's picture can show.
const thinAbove = 4 * plotWide

// thin keeps of very many points the first, last, least and greatest of each
// stretch of half a unit, so that no peak is lost. Points that go back along x
// are kept as they are.
func thin(at []point) []point {
	if len(at) <= thinAbove {
		return at
	}
	var out []point
	for from := 0; from < len(at); {
		to, low, high := from, from, from
		cell := int(at[from].x * plotWide * 2)
		for ; to < len(at) && int(at[to].x*plotWide*2) == cell; to++ {
			if at[to].y < at[low].y {
				low = to
			}
			if at[to].y > at[high].y {
				high = to
			}
		}
		last := -1
		for _, k := range []int{from, min(low, high), max(low, high), to - 1} {
			if k != last {
				out = append(out, at[k])
			}
			last = k
		}
		from = to
	}
	return out
}
