package picture

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func curves() Lines {
	l := Lines{Title: "loss <a>", XName: "position", YName: "nats a token"}
	for k := range 3 {
		s := Series{Name: []string{"one", "日本", "with \x1b[31m"}[k]}
		for i := range 50 {
			s.X = append(s.X, float64(100*i))
			s.Y = append(s.Y, float64(k)+math.Exp(-float64(i)/10))
		}
		l.Series = append(l.Series, s)
	}
	return l
}

// shapes are what curves may be like.
func shapes() map[string]Lines {
	nan, inf := math.NaN(), math.Inf(1)
	long := Series{Name: "long"}
	for i := range 20000 {
		long.Y = append(long.Y, math.Sin(float64(i)/500))
	}
	return map[string]Lines{
		"three":   curves(),
		"none":    {},
		"empty":   {Series: []Series{{Name: "a"}}},
		"one":     {Series: []Series{{Y: []float64{5}}}},
		"flat":    {Series: []Series{{Y: []float64{0, 0, 0}}}},
		"gaps":    {Series: []Series{{Y: []float64{1, nan, 2, inf, -inf, 3}}}},
		"huge":    {Series: []Series{{Y: []float64{-math.MaxFloat64, math.MaxFloat64}}}},
		"tiny":    {Series: []Series{{Y: []float64{math.SmallestNonzeroFloat64, 0}}, {Y: []float64{1, 1 + 1e-15}}}},
		"log":     {LogX: true, LogY: true, Series: []Series{{X: []float64{0, 1, 10, 1e6}, Y: []float64{1, 1e-9, -1, 1e9}}}},
		"narrow":  {LogY: true, Series: []Series{{Y: []float64{4, 4.2}}}},
		"clipped": {YMin: 1, YMax: 2, Series: []Series{{Y: []float64{0, 1.5, 3}}}},
		"back":    {Series: []Series{{X: []float64{3, 1, 2}, Y: []float64{1, 2, 3}}}},
		"long":    {Series: []Series{long}},
	}
}

// TestLinesFit: no line is wider than asked for, every form can be read.
func TestLinesFit(t *testing.T) {
	for name, l := range shapes() {
		for _, width := range []int{20, 40, 80, 200} {
			for _, colors := range []int{0, 16, 256, 1 << 24} {
				for _, line := range strings.Split(plain(l.Terminal(width, colors)), "\n") {
					if w := columns.StringWidth(line); w > width || strings.Contains(line, "\x1b") {
						t.Errorf("%s: width %d, %d colours: %d columns: %q", name, width, colors, w, line)
					}
				}
			}
		}
		svg := l.SVG()
		wellFormed(t, svg)
		if strings.Contains(svg, "NaN\"") || strings.Contains(svg, "NaN,") || strings.Contains(svg, "Inf") {
			t.Errorf("%s: the SVG has places that are none:\n%.600s", name, svg)
		}
		data, err := l.PNG()
		decoded(t, data, err)
	}
}

// TestLinesPlace: dots stand where the values are.
func TestLinesPlace(t *testing.T) {
	got := Lines{Series: []Series{{Y: []float64{0, 1, 2, 3}}, {Y: []float64{3, 2, 1, 0}}}, YMin: 0, YMax: 3}.Terminal(20, 0)
	rows := strings.Split(got, "\n")[1:]
	if !strings.HasSuffix(rows[0], "o") || !strings.Contains(rows[0], "x") || strings.Index(rows[4], "o") > strings.Index(rows[4], "x") {
		t.Errorf("o should rise and x fall:\n%s", got)
	}
	if !strings.Contains(got, "o") || !strings.Contains(got, "3┤") && !strings.Contains(got, "2┤") {
		t.Errorf("no ticks:\n%s", got)
	}
	// A peak of one in 20,000 points is seen.
	l := Lines{Series: []Series{{Y: make([]float64, 20000)}}}
	l.Series[0].Y[12345] = 7
	at := l.plot().parts[0][0].at
	high := 0.0
	for _, p := range thin(at) {
		high = max(high, p.y)
	}
	if want := at[12345].y; high != want {
		t.Errorf("the peak is at %v, not %v", high, want)
	}
	if svg := l.SVG(); len(svg) > 100_000 || !strings.Contains(svg, "of 20000 points") {
		t.Errorf("%d bytes of SVG that do not say that they are fewer", len(svg))
	}
}

// TestTicks: round values inside the axis.
func TestTicks(t *testing.T) {
	for _, c := range []struct {
		a    axis
		n    int
		want string
	}{
		{axis{lo: 0, hi: 1}, 5, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{axis{lo: 0, hi: 4900}, 5, "0 1,000 2,000 3,000 4,000"},
		{axis{lo: -0.3, hi: 0.3}, 3, "-0.2 0.0 0.2"},
		{axis{lo: 1e-9, hi: 1e-8}, 2, "5e-09 1e-08"},
		{axis{lo: 1, hi: 1000, log: true}, 5, "1 10 100 1000"},
		{axis{lo: 1, hi: 10, log: true}, 5, "1 2 5 10"},
		{axis{lo: 3.9, hi: 4.3, log: true}, 3, "4.0 4.2"},
		{axis{lo: 1e-12, hi: 1e12, log: true}, 4, "1e-12 1e-06 1 1e+06 1e+12"},
	} {
		var got []string
		for _, tk := range c.a.ticks(c.n) {
			if tk.at < -1e-6 || tk.at > 1+1e-6 {
				t.Errorf("%v: tick %s at %v", c.a, tk.name, tk.at)
			}
			got = append(got, tk.name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v, want %s", c.a, got, c.want)
		}
	}
}

func TestLinesRefused(t *testing.T) {
	for want, l := range map[string]Lines{
		"2 X for 1 Y":     {Series: []Series{{X: make([]float64, 2), Y: make([]float64, 1)}}},
		"29 Series":       {Series: make([]Series, 29)},
		"from YMin 2":     {YMin: 2, YMax: 1},
		"YMin 0 has no":   {LogY: true, YMax: 1},
		"empty or endles": {YMax: math.Inf(1)},
	} {
		if err := l.WritePNG(t.TempDir() + "/a"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		wellFormed(t, l.SVG())
		_ = l.Terminal(20, 16)
	}
}

func TestBars(t *testing.T) {
	b := Bars{Title: "rates", Labels: []string{"f16", "q8_0 日本", "none", "lost\n"}, Values: []float64{10, 5, math.NaN(), -2.5}, Name: "tokens/s",
		Low: []float64{8, 5, 0, -5}, High: []float64{12, 5, 0, 0}}
	for _, width := range []int{20, 40, 80, 200} {
		for _, colors := range []int{0, 16, 1 << 24} {
			for _, line := range strings.Split(plain(b.Terminal(width, colors)), "\n") {
				if w := columns.StringWidth(line); w > width {
					t.Errorf("width %d: %d columns: %q", width, w, line)
				}
			}
		}
	}
	rows := strings.Split(b.String(), "\n")
	if solid, shaded := strings.Count(rows[1], "█"), strings.Count(rows[1], "▒"); solid-2*shaded < -2 || solid-2*shaded > 2 {
		t.Errorf("solid up to 8 of 12, shaded beyond:\n%s", b)
	}
	wellFormed(t, b.SVG())
	data, err := b.PNG()
	decoded(t, data, err)
	for want, b := range map[string]Bars{
		"1 Labels for 2":  {Labels: []string{"a"}, Values: make([]float64, 2)},
		"no bar can show": {Labels: []string{"a"}, Values: []float64{math.Inf(1)}},
		"0 Low and 1":     {Labels: []string{"a"}, Values: []float64{1}, High: []float64{1}},
		"is not from its": {Labels: []string{"a"}, Values: []float64{1}, Low: []float64{2}, High: []float64{3}},
		"more than 256":   {Labels: make([]string, 257), Values: make([]float64, 257)},
	} {
		if err := b.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestHistogram: every number is counted once.
func TestHistogram(t *testing.T) {
	var values []float32
	for i := range 1001 {
		values = append(values, float32(i)/100)
	}
	values = append(values, float32(math.NaN()), float32(math.Inf(-1)))
	for _, bins := range []int{-1, 1, 10, 1000} {
		h := Histogram("h", values, bins)
		sum := 0.0
		for _, v := range h.Values {
			sum += v
		}
		if sum != 1001 || !strings.Contains(h.String(), "2 NaN or infinite left out") {
			t.Errorf("%d bins hold %v values:\n%s", bins, sum, h)
		}
	}
	if h := Histogram("", values[:1000], 10); fmt.Sprint(h.Values) != "[100 100 100 100 100 100 100 100 100 100]" {
		t.Error(h.Values)
	}
	for _, v := range [][]float32{nil, {3, 3}, {float32(math.NaN())}} {
		wellFormed(t, Histogram("", v, 0).SVG())
	}
}
