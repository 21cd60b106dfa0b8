package picture

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func triangle(n int) Heat {
	h := Heat{Title: "layer 1 head <2>", RowName: "query", ColName: "key", Rows: n, Cols: n}
	words := []string{"Once", " there", " was", "\x1b[31m", "日本", "\n", "a&b"}
	for i := range n {
		h.RowLabels = append(h.RowLabels, words[i%len(words)])
		for j := range n {
			v := 0.0
			if j <= i {
				v = math.Exp(-float64(i-j) / 3)
			}
			h.Values = append(h.Values, float32(v))
		}
	}
	h.ColLabels = h.RowLabels
	return h
}

func wellFormed(t *testing.T, s string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("SVG: %v", err)
		}
	}
}

// TestFits: no line is wider than asked for, and only colours are sequences.
func TestFits(t *testing.T) {
	for _, n := range []int{1, 7, 30, 200} {
		for _, width := range []int{20, 40, 80, 200} {
			for _, colors := range []int{0, 16, 256, 1 << 24} {
				text := triangle(n).Terminal(width, colors)
				for _, line := range strings.Split(plain(text), "\n") {
					if w := columns.StringWidth(line); w > width || strings.Contains(line, "\x1b") {
						t.Errorf("%d cells, width %d, %d colours: a line of %d columns: %q", n, width, colors, w, line)
					}
				}
				if (colors == 0) == strings.Contains(text, "\x1b") {
					t.Errorf("%d colours: %q", colors, text)
				}
				if (n == 200) != strings.Contains(strings.ReplaceAll(plain(text), "\n", " "), "averaged") && width >= 80 && n != 30 {
					t.Errorf("%d cells, width %d: reduction is not told right:\n%s", n, width, plain(text))
				}
			}
		}
	}
}

func TestSVG(t *testing.T) {
	for _, n := range []int{0, 1, 7, 100, 1500} {
		d := triangle(n).Display()
		wellFormed(t, d["image/svg+xml"])
		if n == 1500 && !strings.Contains(d["image/svg+xml"], "1500 x 1500 averaged to 1024 x 1024") {
			t.Error("the SVG does not say that it is reduced")
		}
	}
}

// TestNotFinite: what is no number has colours and marks of its own and is counted, reduced or not.
func TestNotFinite(t *testing.T) {
	h := Heat{Rows: 1, Cols: 5, Values: []float32{1, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3}}
	for _, want := range []string{"1 NaN, 1 +Inf, 1 -Inf", "??^^vv@@", "1 ", " 3"} {
		if !strings.Contains(h.String(), want) {
			t.Errorf("no %q in:\n%s", want, h)
		}
	}
	big := triangle(300)
	big.Values[150*300] = float32(math.NaN())
	if s := big.String(); !strings.Contains(s, "1 NaN") || strings.Count(s, "?") != 2 {
		t.Errorf("NaN was averaged away:\n%s", s)
	}
}

// TestMaps: the sequential map grows lighter all the way, the diverging one to its middle and back.
func TestMaps(t *testing.T) {
	light := func(c rgb) float64 { return 0.2126*float64(c.r) + 0.7152*float64(c.g) + 0.0722*float64(c.b) }
	for i := 1; i < levels; i++ {
		if light(sequentialColours[i]) < light(sequentialColours[i-1])-0.6 {
			t.Errorf("viridis darkens at %d", i)
		}
		if d := light(divergingColours[i]) - light(divergingColours[i-1]); (i <= levels/2) != (d > 0) && math.Abs(d) > 0.8 {
			t.Errorf("the diverging map has a wrong step at %d: %v", i, d)
		}
	}
}

func decoded(t *testing.T, data []byte, err error) image.Image {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPNG(t *testing.T) {
	h := triangle(7)
	data, err := h.CellsPNG()
	m := decoded(t, data, err)
	want := viridis[len(viridis)-1] // the diagonal is the maximum
	if r, g, b, _ := m.At(0, 0).RGBA(); uint8(r>>8) != want.r || uint8(g>>8) != want.g || uint8(b>>8) != want.b {
		t.Errorf("the corner is %d %d %d", r>>8, g>>8, b>>8)
	}
	path := filepath.Join(t.TempDir(), "a.png")
	if err := h.WritePNG(path); err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(path)
	m = decoded(t, data, err)
	// Seven cells of the greatest value, 22 units a side, and the end of the legend; labels are dark.
	yellow, dark := 0, 0
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			r, g, b, _ := m.At(x, y).RGBA()
			switch {
			case uint8(r>>8) == want.r && uint8(g>>8) == want.g && uint8(b>>8) == want.b:
				yellow++
			case r>>8 < 0x40 && g>>8 < 0x40 && b>>8 < 0x40:
				dark++
			}
		}
	}
	if want := 7*44*44 + 8*20; yellow != want || dark < 500 {
		t.Errorf("%d yellow pixels, want %d; %d dark", yellow, want, dark)
	}
	_, err = triangle(600).PNG()
	if err != nil {
		t.Error(err)
	}
}

func BenchmarkHeat512(b *testing.B) {
	h := triangle(512)
	for name, f := range map[string]func(){
		"text24bit": func() { h.Terminal(200, 1<<24) }, "text": func() { _ = h.String() }, "svg": func() { h.SVG() },
		"png": func() { _, _ = h.PNG() }, "cells": func() { _, _ = h.CellsPNG() }, "display": func() { h.Display() },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for want, h := range map[string]Heat{
		"do not fit 3 Values": {Rows: 2, Cols: 2, Values: make([]float32, 3)},
		"1 RowLabels":         {Rows: 2, Cols: 1, Values: make([]float32, 2), RowLabels: []string{"a"}},
		"scale from Min 2":    {Rows: 1, Cols: 1, Values: make([]float32, 1), Min: 2, Max: 1},
		"no values":           {},
	} {
		path := filepath.Join(t.TempDir(), "a")
		if _, err := h.CellsPNG(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if err := h.WritePNG(path); err == nil && h.Check() != nil {
			t.Errorf("%s: written", want)
		}
		if _, err := os.Stat(path); err == nil && h.Check() != nil {
			t.Error("a refused picture left a file")
		}
		wellFormed(t, h.SVG())
		_ = h.String()
	}
}

// TestTriangle: what a query does not see is no cell, and is in no mean.
func TestTriangle(t *testing.T) {
	for _, n := range []int{1, 2, 5, 40, 300} {
		h := Heat{Rows: n, Cols: n, Triangle: true, Max: 1}
		for i := range n {
			for j := range n {
				h.Values = append(h.Values, float32(1))
				if j > i {
					h.Values[i*n+j] = 0
				}
			}
		}
		for _, width := range []int{40, 200} {
			for _, line := range strings.Split(h.Terminal(width, 0), "\n") {
				if cells := strings.TrimRight(strings.TrimLeft(line, " 0123456789"), " "); strings.HasPrefix(cells, "@") && strings.Trim(cells, "@") != "" {
					t.Errorf("%d in %d columns: %q", n, width, line)
				}
			}
			for _, colors := range []int{16, 256, 1 << 24} {
				text := h.Terminal(width, colors)
				if strings.Contains(text, "68;1;84") && n > 1 && strings.Count(text, "68;1;84") > 1 { // the least value is in the legend only
					t.Errorf("%d in %d columns: a cell of value 0:\n%q", n, width, text)
				}
				if w := columns.StringWidth(strings.Split(plain(text), "\n")[n/n]); w > width {
					t.Errorf("%d columns", w)
				}
			}
		}
		if n <= 40 {
			// A rectangle for the ground, for each cell, and for the legend.
			if got, want := strings.Count(h.SVG(), "<rect"), 1+n*(n+1)/2+40; got != want {
				t.Errorf("%d: %d rectangles, want %d", n, got, want)
			}
		}
		if text := h.Terminal(40, 0); n == 300 && !strings.Contains(text, "300 x 300: maxima of 64 x 36 blocks") {
			t.Error(text)
		}
		data, err := h.PNG()
		m := decoded(t, data, err)
		purple, yellow := viridis[0], viridis[len(viridis)-1]
		count := map[rgb]int{}
		for y := range m.Bounds().Dy() {
			for x := range m.Bounds().Dx() {
				r, g, b, _ := m.At(x, y).RGBA()
				count[rgb{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}]++
			}
		}
		if count[purple] > 8*20 || count[yellow] < 100 { // the legend's
			t.Errorf("%d: %d pixels of value 0, %d of 1", n, count[purple], count[yellow])
		}
	}
}
