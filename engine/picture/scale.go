package picture

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// scale maps values to levels and knows what lies beside it.
type scale struct {
	lo, hi             float32
	diverging          bool
	colours            *[256]rgb
	nan, pos, neg, out int // counts of NaN, +Inf, -Inf and finite values outside lo to hi
}

// scaleOf looks at all values; lo and hi are the data's when both are 0. A
// diverging scale has 0 in its middle.
func scaleOf(values []float32, lo, hi float32, diverging bool) scale {
	s := scale{diverging: diverging, colours: sequentialColours}
	if diverging {
		s.colours = divergingColours
	}
	dlo, dhi := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range values {
		switch {
		case v != v:
			s.nan++
		case v > math.MaxFloat32:
			s.pos++
		case v < -math.MaxFloat32:
			s.neg++
		default:
			dlo, dhi = min(dlo, v), max(dhi, v)
		}
	}
	if dlo > dhi {
		dlo, dhi = 0, 0
	}
	s.lo, s.hi = lo, hi
	if lo == 0 && hi == 0 {
		s.lo, s.hi = dlo, dhi
		if diverging {
			m := max(-dlo, dhi)
			s.lo, s.hi = -m, m
		}
	}
	if dlo < s.lo || dhi > s.hi {
		for _, v := range values {
			if (v < s.lo && v >= -math.MaxFloat32) || (v > s.hi && v <= math.MaxFloat32) {
				s.out++
			}
		}
	}
	return s
}

func (s scale) level(v float32) int {
	switch {
	case v != v:
		return levelNaN
	case v > math.MaxFloat32:
		return levelPos
	case v < -math.MaxFloat32:
		return levelNeg
	case s.hi <= s.lo:
		if s.diverging {
			return levels / 2
		}
		return 0
	}
	t := (float64(v) - float64(s.lo)) / (float64(s.hi) - float64(s.lo))
	return int(min(max(t, 0), 1)*(levels-1) + 0.5)
}

// beside says what is not on the scale: "" if everything is.
func (s scale) beside() string {
	var list []string
	for _, c := range []struct {
		n    int
		what string
	}{{s.nan, "NaN"}, {s.pos, "+Inf"}, {s.neg, "-Inf"}, {s.out, "outside"}} {
		if c.n > 0 {
			list = append(list, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(list, ", ")
}

func number(v float32) string { return strconv.FormatFloat(float64(v), 'g', 4, 32) }
