package picture

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Lines is a chart of curves over common axes.
type Lines struct {
	Title        string
	XName, YName string // what the axes are, with the unit: "ms a token"
	Series       []Series
	// LogX and LogY count in powers of ten. Values of 0 and less have no place
	// there, and are counted.
	LogX, LogY bool
	YMin, YMax float64 // the ends of the y axis; both 0: those of the data
}

// Series is a curve: points joined in their order. Where X or Y is NaN or
// infinite the curve is broken.
type Series struct {
	Name string
	X, Y []float64 // as many; an empty X counts 0, 1, 2...
}

func (s Series) x(i int) float64 {
	if len(s.X) == 0 {
		return float64(i)
	}
	return s.X[i]
}

// maxSeries is how many can be told apart by colour, dashes and marks together.
const maxSeries = 28

// Check reports what keeps l from being drawn.
func (l Lines) Check() error {
	if len(l.Series) > maxSeries {
		return fmt.Errorf("picture: Lines %q: %d Series are more than the %d that can be told apart; draw fewer, or a Heat with a row for each", l.Title, len(l.Series), maxSeries)
	}
	for i, s := range l.Series {
		if len(s.X) != 0 && len(s.X) != len(s.Y) {
			return fmt.Errorf("picture: Lines %q: Series %d, %q, has %d X for %d Y; give one for each, or no X to count", l.Title, i, s.Name, len(s.X), len(s.Y))
		}
	}
	switch {
	case !(l.YMin <= l.YMax) || math.IsInf(l.YMin, 0) || math.IsInf(l.YMax, 0):
		return fmt.Errorf("picture: Lines %q: the y axis from YMin %v to YMax %v is empty or endless; give finite YMin < YMax, or 0 and 0 for the data's own", l.Title, l.YMin, l.YMax)
	case l.LogY && l.YMin <= 0 && l.YMax != 0:
		return fmt.Errorf("picture: Lines %q: YMin %v has no place on a logarithmic axis; give more than 0", l.Title, l.YMin)
	}
	return nil
}

// plot is what can be drawn of Lines: points with a place, and the axes.
type plot struct {
	x, y  axis
	parts [][]run // of each series, its unbroken parts
	notes []string
}

// run is an unbroken part of a curve; at are its places, from 0 to 1 on both axes.
type run struct {
	at   []point
	x, y []float64
}

func (l Lines) plot() plot {
	p := plot{x: axis{log: l.LogX}, y: axis{log: l.LogY}}
	xs, ys := newSpan(), newSpan()
	broken, nowhere := 0, 0
	for _, s := range l.Series {
		var parts []run
		var r run
		flush := func() {
			if len(r.x) > 0 {
				parts = append(parts, r)
			}
			r = run{}
		}
		for i, y := range s.Y {
			x := s.x(i)
			switch {
			case math.IsNaN(x+y) || math.IsInf(x, 0) || math.IsInf(y, 0):
				broken++
				flush()
			case l.LogX && x <= 0 || l.LogY && y <= 0:
				nowhere++
				flush()
			default:
				r.x, r.y = append(r.x, x), append(r.y, y)
				xs.add(x)
				ys.add(y)
			}
		}
		flush()
		p.parts = append(p.parts, parts)
	}
	p.x.fit(xs, 0)
	p.y.fit(ys, 0.05)
	if l.YMin != 0 || l.YMax != 0 {
		p.y.lo, p.y.hi = l.YMin, l.YMax
		if l.YMin == l.YMax {
			p.y.fit(span{l.YMin, l.YMax}, 0)
		}
	}
	beyond := 0
	for _, parts := range p.parts {
		for k := range parts {
			r := &parts[k]
			for i := range r.x {
				at := point{p.x.place(r.x[i]), p.y.place(r.y[i])}
				if at.y < 0 || at.y > 1 {
					beyond++
					at.y = min(max(at.y, 0), 1)
				}
				r.at = append(r.at, at)
			}
		}
	}
	for _, n := range []struct {
		n    int
		what string
	}{{broken, "NaN or infinite"}, {nowhere, "not above 0"}, {beyond, "beyond the axis, on its edge"}} {
		if n.n > 0 {
			p.notes = append(p.notes, fmt.Sprintf("%d %s", n.n, n.what))
		}
	}
	return p
}

// span is from the least to the greatest of what was added.
type span struct{ lo, hi float64 }

func newSpan() span           { return span{math.Inf(1), math.Inf(-1)} }
func (s *span) add(x float64) { s.lo, s.hi = min(s.lo, x), max(s.hi, x) }

// axis is a range of values.
type axis struct {
	lo, hi float64
	log    bool
}

// fit takes the range of a span and a share of it more at each end, but not
// across 0; a span of one value, or of none, gets a width.
func (a *axis) fit(s span, more float64) {
	if s.lo > s.hi {
		s = span{0, 1}
		if a.log {
			s = span{1, 10}
		}
	}
	if a.log {
		lo, hi := math.Log10(s.lo), math.Log10(s.hi)
		if lo == hi {
			lo, hi = lo-0.5, hi+0.5
		}
		d := more * (hi - lo)
		a.lo, a.hi = math.Pow(10, lo-d), math.Pow(10, hi+d)
		if a.lo == 0 || math.IsInf(a.hi, 0) {
			a.lo, a.hi = s.lo, s.hi
		}
		return
	}
	lo, hi := s.lo, s.hi
	if lo == hi {
		d := max(math.Abs(lo)/2, 0.5)
		lo, hi = lo-d, hi+d
	}
	d := more * (hi/2 - lo/2) * 2
	a.lo, a.hi = lo-d, hi+d
	if lo >= 0 && a.lo < 0 {
		a.lo = 0
	}
	if hi <= 0 && a.hi > 0 {
		a.hi = 0
	}
	if math.IsInf(a.lo, 0) || math.IsInf(a.hi, 0) {
		a.lo, a.hi = lo, hi
	}
}

// place is where a value lies: 0 at the axis's beginning, 1 at its end.
func (a axis) place(v float64) float64 {
	if a.log {
		return (math.Log10(v) - math.Log10(a.lo)) / (math.Log10(a.hi) - math.Log10(a.lo))
	}
	if d := a.hi - a.lo; !math.IsInf(d, 0) {
		return (v - a.lo) / d
	}
	return (v/2 - a.lo/2) / (a.hi/2 - a.lo/2) // the range of all floats is no float
}

// tick is a named place of an axis.
type tick struct {
	at   float64
	name string
}

// ticks are round values of the axis, about as many as wanted.
func (a axis) ticks(wanted int) []tick {
	wanted = max(wanted, 2)
	var out []tick
	if a.log {
		lo, hi := math.Log10(a.lo), math.Log10(a.hi)
		every := max(int(math.Ceil((hi-lo)/float64(wanted))), 1)
		factors := []float64{1}
		if (hi-lo)*3 <= float64(wanted) {
			factors = []float64{1, 2, 5}
		}
		for e := int(math.Floor(lo)); e <= int(math.Ceil(hi)); e++ {
			for _, f := range factors {
				v := f * math.Pow(10, float64(e))
				if at := a.place(v); e%every == 0 && at >= -1e-9 && at <= 1+1e-9 {
					out = append(out, tick{at, strconv.FormatFloat(v, 'g', 6, 64)})
				}
			}
		}
		if len(out) >= 2 {
			return out
		}
		// Less than a decade: round values of the plain kind, at their places.
		out = nil
	}
	raw := a.hi/float64(wanted) - a.lo/float64(wanted)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := power * 10
	for _, f := range []float64{1, 2, 5} {
		if f*power >= raw*(1-1e-9) {
			step = f * power
			break
		}
	}
	if !(step > 0) || math.IsInf(step, 0) || a.lo+step == a.lo || a.hi+step == a.hi {
		return []tick{{0, short(a.lo)}, {1, short(a.hi)}} // as fine as floats are
	}
	for k := math.Ceil(a.lo/step - 1e-9); k*step <= a.hi+step*1e-9 && !math.IsInf(k*step, 0); k++ {
		out = append(out, tick{a.place(k * step), round(k*step, step)})
	}
	return out
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// round writes a multiple of step without needless digits.
func round(v, step float64) string {
	if m := math.Abs(v); m >= 1e7 || (m != 0 && step < 1e-4) {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	s := strconv.FormatFloat(v, 'f', max(0, -int(math.Floor(math.Log10(step)+1e-9))), 64)
	whole, rest, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		rest = "." + rest
	}
	if strings.Trim(whole+rest, "0.") == "" {
		sign = ""
	}
	return sign + whole + rest
}

// String is l as plain text of 80 columns: braille dots for one curve, a mark
// for each where there are several.
func (l Lines) String() string { return l.Terminal(80, 0) }

// Display is l as text/plain, image/svg+xml and text/html.
func (l Lines) Display() map[string]string {
	if err := l.Check(); err != nil {
		return map[string]string{"text/plain": err.Error()}
	}
	svg := l.SVG()
	return map[string]string{"text/plain": l.String(), "image/svg+xml": svg, "text/html": svg}
}

// SVG is l on a white ground of its own. Series differ in colour, dashes and
// marks; points say their values under the pointer where they are not too many.
func (l Lines) SVG() string {
	if err := l.Check(); err != nil {
		return line1(err.Error()).svg()
	}
	return l.drawing().svg()
}

// PNG is what [Lines.SVG] shows, with two pixels to its unit.
func (l Lines) PNG() ([]byte, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	return l.drawing().png()
}

// WriteSVG makes or replaces a file with l as SVG; on an error the old file stays.
func (l Lines) WriteSVG(path string) error { return writeChecked(path, l.Check(), l.SVG) }

// WritePNG makes or replaces a file with [Lines.PNG]; on an error the old file stays.
func (l Lines) WritePNG(path string) error { return writePNG(path, l.PNG) }
