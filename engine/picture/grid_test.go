package picture

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// TestGrid: all heats share a scale, lines fit, titles are there.
func TestGrid(t *testing.T) {
	g := Grid{Title: "layer <0>"}
	for _, name := range []string{"head 0", "head 1", "head 2", "head 3", "head 4"} {
		h := triangle(20)
		h.Title = name
		g.Heats = append(g.Heats, h)
	}
	g.Heats[3].Values[0] = 7
	for _, colors := range []int{0, 16, 1 << 24} {
		for _, width := range []int{20, 80, 120} {
			text := g.Terminal(width, colors)
			for _, l := range strings.Split(plain(text), "\n") {
				if columns.StringWidth(l) > width {
					t.Errorf("width %d: %q", width, l)
				}
			}
			for _, h := range g.Heats {
				if !strings.Contains(text, h.Title) {
					t.Errorf("no %s in %s", h.Title, text)
				}
			}
			if !strings.Contains(plain(text), " 7") || strings.Count(text, "@") > 4 && colors == 0 {
				t.Errorf("the scale is not shared:\n%s", text)
			}
		}
	}
	wellFormed(t, g.SVG())
	wellFormed(t, Grid{}.SVG())
	g.Heats[2].Rows = 3
	if err := g.Check(); err == nil || !strings.Contains(err.Error(), "heat 2") {
		t.Errorf("got %v", err)
	}
}

func TestSpark(t *testing.T) {
	if got := (Spark{Name: "ms", Values: []float32{0, 1, 2, 7}}).String(); got != "ms ▁▂▃█ 0 to 7" {
		t.Errorf("got %q", got)
	}
	for _, width := range []int{20, 40, 80} {
		got := Spark{Name: "loss", Values: make([]float32, 1000)}.Terminal(width, 0)
		if columns.StringWidth(got) > width || width > 20 && !strings.Contains(got, "1000 averaged") {
			t.Errorf("width %d: %q", width, got)
		}
	}
}

// TestSparkDrawn: the curve is whole but where values are not finite.
func TestSparkDrawn(t *testing.T) {
	nan := float32(math.NaN())
	for want, values := range map[string][]float32{"0 0": nil, "0 1": {3}, "1 0": {1, 2, 3}, "1 1": {1, 2, nan, 5}, "2 0": {1, 2, nan, 5, 4}} {
		s := Spark{Name: "a <b>\n", Values: values}
		svg := s.SVG()
		wellFormed(t, svg)
		if got := fmt.Sprint(strings.Count(svg, "<polyline"), strings.Count(svg, "<circle")); got != want {
			t.Errorf("%v: %s curves and points, want %s", values, got, want)
		}
		if data, err := s.PNG(); err != nil || len(data) < 100 {
			t.Error(len(data), err)
		}
	}
	if svg := (Spark{Values: make([]float32, 5000)}).SVG(); !strings.Contains(svg, "5000 averaged to 960") {
		t.Error("a spark of 5,000 values does not say that it is not the whole")
	}
}

func TestArrows(t *testing.T) {
	words := []string{"Once", " <a>", "日本"}
	a := Arrows{Title: "head", From: words, To: words, Weights: []float32{1, 0, 0, .25, .75, 0, .005, .095, .9}}
	svg := a.SVG()
	wellFormed(t, svg)
	if n := strings.Count(svg, "<line"); n != 5 || !strings.Contains(svg, "1 weights below 0.01") {
		t.Errorf("%d lines of 5:\n%s", n, svg)
	}
	if !strings.Contains(a.String(), "␣<a> → ␣<a> 0.75 Once 0.25") {
		t.Error(a.String())
	}
	for _, width := range []int{20, 40, 200} {
		for _, line := range strings.Split(a.Terminal(width, 256), "\n") {
			if n := columns.StringWidth(line); n > width {
				t.Errorf("%d columns, not %d: %q", n, width, line)
			}
		}
	}
	data, err := a.PNG()
	m, lines := decoded(t, data, err), 0
	for y := range m.Bounds().Dy() { // behind the first half of what reaches over
		if r, g, b, _ := m.At(420, y).RGBA(); r < b && g < b {
			lines++
		}
	}
	if lines < 12 {
		t.Errorf("%d pixels of five lines", lines)
	}
	a.Weights[4] = 1.5
	path := t.TempDir() + "/a.svg"
	if err := a.WriteSVG(path); err == nil || !strings.Contains(err.Error(), "From 1, To 1 is 1.5") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused picture left a file")
	}
}
