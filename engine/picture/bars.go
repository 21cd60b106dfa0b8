package picture

import (
	"fmt"
	"math"
	"strings"
)

// Bars is a value for each of some names, from 0 on, as bars below one another.
type Bars struct {
	Title  string
	Labels []string  // as many as Values
	Values []float64 // NaN: there is none
	// Low and High are the least and greatest measurements of each value, where
	// it has some; empty, or as many as Values.
	Low, High []float64
	Name      string // what the values are, with the unit
	note      string
}

const maxBars = 256

// Check reports what keeps b from being drawn.
func (b Bars) Check() error {
	n := len(b.Values)
	switch {
	case len(b.Labels) != n:
		return fmt.Errorf("picture: Bars %q: %d Labels for %d Values; give one for each", b.Title, len(b.Labels), n)
	case n > maxBars:
		return fmt.Errorf("picture: Bars %q: %d Values are more than %d; draw Lines, or a Histogram of them", b.Title, n, maxBars)
	case len(b.Low) != len(b.High) || len(b.Low) != 0 && len(b.Low) != n:
		return fmt.Errorf("picture: Bars %q: %d Low and %d High for %d Values; give both for each, or none", b.Title, len(b.Low), len(b.High), n)
	}
	for i, v := range b.Values {
		if math.IsInf(v, 0) {
			return fmt.Errorf("picture: Bars %q: the value of %q is %v, which no bar can show", b.Title, b.Labels[i], v)
		}
		if low, high := b.ends(i); !math.IsNaN(v) && !(low <= v && v <= high) || math.IsInf(low, 0) || math.IsInf(high, 0) {
			return fmt.Errorf("picture: Bars %q: the value %v of %q is not from its Low %v to its High %v", b.Title, v, b.Labels[i], low, high)
		}
	}
	return nil
}

// ends are the least and the greatest of a value.
func (b Bars) ends(i int) (low, high float64) {
	if len(b.Low) == 0 || math.IsNaN(b.Values[i]) {
		return b.Values[i], b.Values[i]
	}
	return b.Low[i], b.High[i]
}

// axis reaches from 0, or what is less, to the greatest.
func (b Bars) axis() axis {
	s := span{0, 0}
	for i, v := range b.Values {
		if !math.IsNaN(v) {
			low, high := b.ends(i)
			s.add(low)
			s.add(high)
		}
	}
	if s.lo == s.hi {
		s.hi = 1
	}
	return axis{lo: s.lo, hi: s.hi}
}

// Histogram counts how many of the values lie in each of bins ranges as wide as
// one another; with bins below 1 there are as many as the square root of the
// number of values, 40 at most. What is no number is left out, which is said.
func Histogram(title string, values []float32, bins int) Bars {
	s, n := newSpan(), 0
	for _, v := range values {
		if x := float64(v); !math.IsNaN(x) && !math.IsInf(x, 0) {
			s.add(x)
			n++
		}
	}
	h := Bars{Title: title, Name: "values"}
	if left := len(values) - n; left > 0 {
		h.note = fmt.Sprintf("%d NaN or infinite left out", left)
	}
	if n == 0 {
		return h
	}
	if bins < 1 {
		bins = min(max(int(math.Sqrt(float64(n))), 1), 40)
	}
	if s.lo == s.hi {
		h.Labels, h.Values = []string{short(s.lo)}, []float64{float64(n)}
		return h
	}
	bins = min(bins, maxBars)
	step := (s.hi - s.lo) / float64(bins)
	h.Values = make([]float64, bins)
	for i := range bins {
		h.Labels = append(h.Labels, fmt.Sprintf("%.3g to %.3g", s.lo+float64(i)*step, s.lo+float64(i+1)*step))
	}
	for _, v := range values {
		if x := float64(v); !math.IsNaN(x) && !math.IsInf(x, 0) {
			h.Values[min(int((x-s.lo)/step), bins-1)]++
		}
	}
	return h
}

// figure is a value beside its bar.
func figure(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case math.Abs(v) >= 1000 && math.Abs(v) < 1e15:
		return round(math.Round(v), 1)
	}
	return fmt.Sprintf("%.3g", v)
}

// String is b as plain text of 80 columns.
func (b Bars) String() string { return b.Terminal(80, 0) }

// Terminal is b as text that fits width columns; with colours bars have one. A
// bar is solid up to the least measurement and shaded up to the greatest.
func (b Bars) Terminal(width, colors int) string {
	width = max(width, 8)
	if err := b.Check(); err != nil {
		return err.Error()
	}
	var out strings.Builder
	if b.Title != "" {
		out.WriteString(columns.Truncate(clean1(b.Title), width, "…") + "\n")
	}
	if len(b.Values) == 0 {
		return out.String() + flow(b.notes("(no values)"), width)
	}
	left, right := 1, 1
	for i, v := range b.Values {
		left = max(left, columns.StringWidth(clean1(b.Labels[i])))
		right = max(right, len(figure(v)))
	}
	left = min(left, max(width/2-right, width/3, 1))
	cells := max(min(width-left-right-3, 40), 1)
	a := b.axis()
	at := func(v float64) int { return min(max(int(a.place(v)*float64(cells)+0.5), 0), cells) }
	zero := at(0)
	for i, v := range b.Values {
		line := columns.FillRight(columns.Truncate(clean1(b.Labels[i]), left, "…"), left) + "  "
		if !math.IsNaN(v) {
			low, high := b.ends(i)
			l, h := at(low), at(high)
			bar := make([]rune, cells)
			for c := range bar {
				bar[c] = ' '
				switch {
				case c >= l && c < h:
					bar[c] = '▒'
				case c >= zero && c < l, c >= h && c < zero:
					bar[c] = '█'
				}
			}
			text := string(bar)
			if colors > 0 {
				text = seriesPaint(0, colors) + text + "\x1b[0m"
			}
			line += text + " "
		}
		out.WriteString(strings.TrimRight(line+figure(v), " ") + "\n")
	}
	return strings.TrimSuffix(out.String()+flow(b.notes(), width), "\n")
}

func (b Bars) notes(list ...string) []string {
	for _, n := range []string{clean1(b.Name), b.note} {
		if n != "" {
			list = append(list, n)
		}
	}
	return list
}

// Display is b as text/plain, image/svg+xml and text/html.
func (b Bars) Display() map[string]string {
	if err := b.Check(); err != nil {
		return map[string]string{"text/plain": err.Error()}
	}
	svg := b.SVG()
	return map[string]string{"text/plain": b.String(), "image/svg+xml": svg, "text/html": svg}
}

// SVG is b on a white ground of its own, each bar with a line from its least to
// its greatest measurement.
func (b Bars) SVG() string {
	if err := b.Check(); err != nil {
		return line1(err.Error()).svg()
	}
	return b.drawing().svg()
}

// PNG is what [Bars.SVG] shows, with two pixels to its unit.
func (b Bars) PNG() ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	return b.drawing().png()
}

// WriteSVG makes or replaces a file with b as SVG; on an error the old file stays.
func (b Bars) WriteSVG(path string) error { return writeChecked(path, b.Check(), b.SVG) }

// WritePNG makes or replaces a file with [Bars.PNG]; on an error the old file stays.
func (b Bars) WritePNG(path string) error { return writePNG(path, b.PNG) }

func (b Bars) drawing() drawing {
	if len(b.Values) == 0 {
		return line1(flowSVG(b.notes(b.Title + ": no values")...))
	}
	const wide, line = 380.0, 20.0
	left, right := 1, 1
	for i, v := range b.Values {
		left = max(left, columns.StringWidth(b.label(i)))
		right = max(right, len(figure(v)))
	}
	title, notes := clean1(b.Title), flowSVG(b.notes()...)
	x0, y0 := float64(left)*em+18, 12.0
	if title != "" {
		y0 += 18
	}
	bottom := y0 + line*float64(len(b.Values))
	w := max(x0+wide+float64(right)*em+20, float64(columns.StringWidth(title))*boldEm+20, float64(columns.StringWidth(notes))*em+x0+10)
	h := bottom + 24
	if notes != "" {
		h += 16
	}
	a := b.axis()
	at := func(v float64) float64 { return x0 + a.place(v)*wide }
	return drawing{w, h, title, func(c canvas) {
		if title != "" {
			c.text(8, 18, title, words{bold: true, colour: ink})
		}
		for _, t := range a.ticks(5) {
			x := x0 + t.at*wide
			c.path([]point{{x, y0}, {x, bottom}}, stroke{rule, 1, nil})
			c.text(x, bottom+16, t.name, words{anchor: middle, colour: ink})
		}
		for i, v := range b.Values {
			y := y0 + line*float64(i)
			c.text(x0-6, y+14, b.label(i), words{anchor: end, colour: ink})
			if math.IsNaN(v) {
				c.text(x0+4, y+14, "-", words{colour: dim})
				continue
			}
			low, high := b.ends(i)
			from, to := at(min(v, 0)), at(max(v, 0))
			c.rect(from, y+4, max(to-from, 0.5), line-8, seriesColours[0], fmt.Sprintf("%s: %s", b.label(i), figure(v)))
			if low < high {
				m := y + line/2
				c.path([]point{{at(low), m}, {at(high), m}}, stroke{ink, 1.2, nil})
				for _, e := range []float64{at(low), at(high)} {
					c.path([]point{{e, m - 3}, {e, m + 3}}, stroke{ink, 1.2, nil})
				}
			}
			c.text(at(max(high, 0))+5, y+14, figure(v), words{colour: ink})
		}
		c.path([]point{{at(0), y0}, {at(0), bottom}}, stroke{dim, 1, nil})
		if notes != "" {
			c.text(x0, h-8, notes, words{colour: dim})
		}
	}}
}

func (b Bars) label(i int) string { return columns.Truncate(clean1(b.Labels[i]), 48, "…") }
