package experiment

import (
	"fmt"
	"slices"
	"strconv"
)

// Figure is a quantity that was measured several times.
type Figure struct {
	Median    float64
	Low, High float64 // the least and the greatest
	N         int     // how often; 0: never
}

// figure is the Figure of some values.
func figure(x []float64) Figure {
	if len(x) == 0 {
		return Figure{}
	}
	s := slices.Sorted(slices.Values(x))
	n := len(s)
	return Figure{Median: (s[(n-1)/2] + s[n/2]) / 2, Low: s[0], High: s[n-1], N: n}
}

// text is the median, and half of what lies between the least and the greatest.
func (f Figure) text(format func(x float64) string) string {
	switch f.N {
	case 0:
		return "-"
	case 1:
		return format(f.Median)
	}
	return format(f.Median) + " ±" + format((f.High-f.Low)/2)
}

// perSecond, seconds and the like write quantities as tables do.
func perSecond(x float64) string {
	if x < 100 {
		return fmt.Sprintf("%.1f/s", x)
	}
	return thousands(int(x+0.5)) + "/s"
}

func seconds(x float64) string {
	switch {
	case x < 0.01:
		return fmt.Sprintf("%.1f ms", x*1000)
	case x < 10:
		return thousands(int(x*1000+0.5)) + " ms"
	}
	return fmt.Sprintf("%.1f s", x)
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

// small writes a divergence: three digits, however small it is.
func small(x float64) string {
	if x == 0 {
		return "0"
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// thousands writes a number with commas: 10,240.
func thousands(n int) string {
	s := strconv.Itoa(n)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
